"""VADER, asked through its standard input and output: run by the Python of `.venv-vader`.

Reads a JSON list of texts; writes {"compound": [a number from -1 to 1 for each], "seconds": wall, "cpu_seconds": of the
process, "alone_seconds": the median of single texts}.
"""

import json
import sys
import time
from concurrent.futures import ThreadPoolExecutor

from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

texts = json.load(sys.stdin)
analyzer = SentimentIntensityAnalyzer()


def compound(text: str) -> float:
    score: float = analyzer.polarity_scores(text)["compound"]
    return score


compound(texts[0])
cpu, wall = time.process_time(), time.perf_counter()
with ThreadPoolExecutor(2) as threads:
    found = list(threads.map(compound, texts, chunksize=16))
seconds, cpu_seconds = time.perf_counter() - wall, time.process_time() - cpu
alone = []
for text in texts[:100]:
    start = time.perf_counter()
    compound(text)
    alone.append(time.perf_counter() - start)
answer = {
    "compound": found,
    "seconds": seconds,
    "cpu_seconds": cpu_seconds,
    "alone_seconds": sorted(alone)[len(alone) // 2],
}
json.dump(answer, sys.stdout)
