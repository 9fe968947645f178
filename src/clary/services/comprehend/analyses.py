"""The analyses of the text engine: which of its methods answers what, for texts of which size."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from clary.services.comprehend import answers

SHORT_BYTES = 5_000
LONG_BYTES = 100_000
JOB_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Analysis:
    """One way to look at texts.

    Attributes:
        method: of the text engine; it takes `texts`, and `language` where one is asked for.
        answer: the engine's answer for a text in AWS's members.
        most_bytes: of a text in a request.
        most_job_bytes: of a document in a job.
        asks_language: whether the request names a language.
    """

    method: str
    answer: answers.Answer
    most_bytes: int
    most_job_bytes: int
    asks_language: bool = True


ANALYSES: Mapping[str, Analysis] = {
    "language": Analysis("detect_language", answers.languages, LONG_BYTES, JOB_BYTES, asks_language=False),
    "entities": Analysis("entities", answers.entities, LONG_BYTES, JOB_BYTES),
    "key_phrases": Analysis("key_phrases", answers.key_phrases, LONG_BYTES, JOB_BYTES),
    "sentiment": Analysis("sentiment", answers.sentiment, SHORT_BYTES, SHORT_BYTES),
    "targeted_sentiment": Analysis("targeted_sentiment", answers.targets, SHORT_BYTES, SHORT_BYTES),
    "syntax": Analysis("syntax", answers.syntax, SHORT_BYTES, SHORT_BYTES),
    "pii": Analysis("pii", answers.pii_entities, LONG_BYTES, JOB_BYTES),
    "toxicity": Analysis("toxicity", answers.toxicity, 1_000, 1_000),
}


def size_of(text: str) -> int:
    """The bytes of a text in UTF-8; half of a surrogate pair, which is no character, counts as if it were one."""
    return len(text.encode("utf-8", "surrogatepass"))


def arguments(analysis: Analysis, texts: Sequence[str], language: str) -> dict[str, Any]:
    """What the engine's method is called with."""
    asked: dict[str, Any] = {"texts": list(texts)}
    return {**asked, "language": language} if analysis.asks_language else asked
