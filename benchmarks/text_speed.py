"""How many English sentences of 27 words each analysis answers a second, and how soon it answers one alone.

make bench-peers && .venv/bin/python -m benchmarks.text_speed [--write]

All in this process, which uses all processors. Every sentence is another one, so that nothing is remembered. VADER
beside the sentiment where its environment was made.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from benchmarks.report import machine, table
from benchmarks.text.labelled import SENTENCE, median_milliseconds_of
from benchmarks.text.page import publish
from benchmarks.text.vader import asked_of_vader
from clary.engines.text.host import load

TEXTS = 2_000
ALONE = 200


def sentences(count: int, name: str) -> list[str]:
    """So many sentences that no other analysis has read."""
    return [f"{SENTENCE} {name} {number}" for number in range(count)]


def row_of(name: str, answer: Callable[[list[str]], object]) -> list[str]:
    """Returns a row of the table."""
    answer(sentences(64, f"{name} first"))
    texts = sentences(TEXTS, name)
    cpu, wall = time.process_time(), time.perf_counter()
    answer(texts)
    seconds, cpu_seconds = time.perf_counter() - wall, time.process_time() - cpu
    alone = median_milliseconds_of(answer, sentences(ALONE, f"{name} alone"))
    return [name, f"{TEXTS / seconds:,.0f}", f"{TEXTS / cpu_seconds:,.0f}", f"{alone:.1f}"]


def main() -> None:
    engine = load()
    rows = [
        row_of("language", engine.detect_language),
        row_of("sentiment", lambda texts: engine.sentiment(texts, "en")),
        row_of("targeted sentiment", lambda texts: engine.targeted_sentiment(texts, "en")),
        row_of("entities", lambda texts: engine.entities(texts, "en")),
        row_of("key phrases", lambda texts: engine.key_phrases(texts, "en")),
        row_of("syntax", lambda texts: engine.syntax(texts, "en")),
        row_of("personal data", lambda texts: engine.pii(texts, "en")),
        row_of("toxicity", lambda texts: engine.toxicity(texts, "en")),
    ]
    theirs = asked_of_vader(sentences(TEXTS, "VADER"))
    if theirs is not None:
        alone = f"{1000 * theirs['alone_seconds']:.2f}"
        counts = (TEXTS / theirs["seconds"], TEXTS / theirs["cpu_seconds"])
        rows.append(["sentiment, VADER", *(f"{count:,.0f}" for count in counts), alone])
    head = ("sentences of 27 words", "a second", "a CPU second", "one alone, median ms")
    publish("text_speed", f"{table(head, rows)}\n\n{machine()}.")


if __name__ == "__main__":
    main()
