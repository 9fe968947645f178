"""How well languages are told, how many texts a second and in how much memory.

.venv/bin/python -m benchmarks.text_language [--write]

Reads the development part of language_id: 6,000 sentences in 75 languages. Clary says "no" for Norwegian, of which the
set knows Bokmal ("nb") and Nynorsk ("nn"). py3langid alone beside it.
"""

from __future__ import annotations

import resource
import time
from collections import Counter
from collections.abc import Callable

from benchmarks.report import machine, table
from benchmarks.text.labelled import csv_rows
from benchmarks.text.page import publish

_SAME = {"no": "nb", "zh-TW": "zh"}


def row_of(name: str, answer: Callable[[str], str], rows: list[dict[str, str]]) -> list[str]:
    """Returns a row of the table."""
    wrong: Counter[str] = Counter()
    start = time.process_time()
    answers = [answer(row["text"]) for row in rows]
    seconds = time.process_time() - start
    for row, found in zip(rows, answers, strict=True):
        wrong[row["language"]] += _SAME.get(found, found) != row["language"]
    totals = Counter(row["language"] for row in rows)
    short = [(row, found) for row, found in zip(rows, answers, strict=True) if len(row["text"]) <= 50]
    short_right = sum(_SAME.get(found, found) == row["language"] for row, found in short)
    weak = ", ".join(
        f"{language} {100 - 100 * count / totals[language]:.0f}"
        for language, count in wrong.most_common()
        if count / totals[language] > 0.1
    )
    accuracy = 100 * (1 - sum(wrong.values()) / len(rows))
    return [name, f"{accuracy:.1f}", f"{100 * short_right / len(short):.1f}", f"{len(rows) / seconds:,.0f}", weak]


def main() -> None:
    from clary.engines.text.language import LanguageDetector

    detector = LanguageDetector.load()
    rows = csv_rows("language_id/dev/sentences.csv")

    def clary(text: str) -> str:
        found = detector.detect(text)
        return found[0]["language"] if found else ""

    ours = row_of("Clary", clary, rows)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    alone = LanguageIdentifier.from_model_file(MODEL_FILE)
    peer = row_of("py3langid", lambda text: alone.classify(text)[0], rows)
    head = ("model", "accuracy %", "up to 50 characters %", "texts per CPU-s", "languages under 90 %")
    shown = table(head, [ours, peer])
    publish("text_language", f"{shown}\n\nPeak memory of the process with Clary's alone: {memory} MB. {machine()}.")


if __name__ == "__main__":
    main()
