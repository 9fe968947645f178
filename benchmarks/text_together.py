"""How long all Detect operations take on one text of 1 KB: eight requests with boto3, one after the other.

.venv/bin/python -m benchmarks.text_together [--write]

Every round asks about another text, so that nothing is remembered from one round to the next. What several operations
read alike (`DetectEntities`, `DetectSyntax`, ...) is read once for a text: the first of them pays for the others. "In
the engine" is the same without a server, in this process.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from typing import Any

from benchmarks.clary_server import running_clary
from benchmarks.report import machine, table
from benchmarks.text.page import publish
from clary.engines.text.host import load

ROUNDS = 40
REVIEW = (
    "We stayed at the Harbour View Hotel in Lisbon for {} nights in March with my wife Ana and our two children. "
    "The room was clean and large, and the view over the river Tagus was wonderful. Breakfast, however, took far "
    "too long, and nobody at the desk could tell us why. When we asked the manager, Mr. Pedro Alves, he promised "
    "to call us back, but he never did. I wrote to bookings@harbourview.example on {} March 2024 and called +351 "
    "21 555 0182 twice without an answer. The spa cost {} euros a person, which was much more than the 30 euros "
    "that the website of Booking.com had shown us. On the other hand, the staff of the little restaurant next "
    "door were friendly and quick, and their grilled fish was the best that we have eaten in Portugal. They even "
    "gave our daughter a small present for her birthday. All in all we liked the town far more than the hotel, "
    "and next year we will try the Avenida Palace instead. If you only want a quiet bed near the station, it may "
    "do, but do not expect anybody to help you there."
)
"""About 1 KB of what people write."""
Ask = Callable[[str], object]


def requests(comprehend: Any) -> dict[str, Ask]:
    """Every Detect operation, by name."""

    def in_english(operation: Callable[..., object]) -> Ask:
        return lambda text: operation(Text=text, LanguageCode="en")

    return {
        "DetectDominantLanguage": lambda text: comprehend.detect_dominant_language(Text=text),
        "DetectSentiment": in_english(comprehend.detect_sentiment),
        "DetectTargetedSentiment": in_english(comprehend.detect_targeted_sentiment),
        "DetectEntities": in_english(comprehend.detect_entities),
        "DetectKeyPhrases": in_english(comprehend.detect_key_phrases),
        "DetectSyntax": in_english(comprehend.detect_syntax),
        "DetectPiiEntities": in_english(comprehend.detect_pii_entities),
        "DetectToxicContent": lambda text: comprehend.detect_toxic_content(
            TextSegments=[{"Text": text}], LanguageCode="en"
        ),
    }


def calls() -> dict[str, Ask]:
    """The same, asked of the engine."""
    engine = load()

    def in_english(method: Callable[..., object]) -> Ask:
        return lambda text: method([text], "en")

    return {
        "DetectDominantLanguage": lambda text: engine.detect_language([text]),
        "DetectSentiment": in_english(engine.sentiment),
        "DetectTargetedSentiment": in_english(engine.targeted_sentiment),
        "DetectEntities": in_english(engine.entities),
        "DetectKeyPhrases": in_english(engine.key_phrases),
        "DetectSyntax": in_english(engine.syntax),
        "DetectPiiEntities": in_english(engine.pii),
        "DetectToxicContent": in_english(engine.toxicity),
    }


def text_of(number: int) -> str:
    """One of many texts of the same length, in which the words differ a little; 1,000 bytes, as toxicity's limit is."""
    return REVIEW.format(number % 90 + 10, number % 20 + 10, number * 7 % 80 + 15)[:1_000]


def median_milliseconds(asked: dict[str, Ask], first: int) -> list[float]:
    """Medians over the rounds, of each operation and of all of a round together."""
    taken: list[list[float]] = []
    for number in range(first, first + ROUNDS + 3):
        text = text_of(number)
        row = []
        for ask in asked.values():
            start = time.perf_counter()
            ask(text)
            row.append(1000 * (time.perf_counter() - start))
        taken.append([*row, sum(row)])
    return [statistics.median(column) for column in zip(*taken[3:], strict=True)]


def main() -> None:
    with running_clary() as server:
        served = median_milliseconds(requests(server.client("comprehend")), 0)
    alone = median_milliseconds(calls(), 0)
    rows = [
        [name, f"{one:.1f}", f"{other:.1f}"]
        for name, one, other in zip([*calls(), "together"], served, alone, strict=True)
    ]
    head = (f"1 KB of English, medians of {ROUNDS} texts", "with boto3, ms", "in the engine, ms")
    publish("text_together", f"{table(head, rows)}\n\n{machine()}.")


if __name__ == "__main__":
    main()
