"""What the text engine is asked and what it answers.

Answers cross a process boundary, so they are plain dicts, lists, strings and numbers; the types below name their
members. Offsets count characters, which are Unicode code points, from the start of the text: `text[begin:end]` is the
piece that is meant. Confidences lie in 0..1. Texts go in as lists, and answers come back in the same order; an empty
text is a right question and has an answer.

Languages are RFC 5646 tags: "en", "pt", "zh" (simplified), "zh-TW" (traditional). A call refuses a language for which
it has no measured model with the reason "unsupported-language" and the languages it has in `details["languages"]`.
"""

from __future__ import annotations

from typing import Final, TypedDict

SENTIMENTS: Final = ("positive", "negative", "neutral", "mixed")
"""The classes of sentiment, in the order that ties are broken."""

TOXICITIES: Final = (
    "profanity",
    "hate_speech",
    "insult",
    "graphic",
    "harassment_or_abuse",
    "sexual",
    "violence_or_threat",
)
"""The kinds of toxic content."""

UNSUPPORTED_LANGUAGE: Final = "unsupported-language"
"""The reason of a refusal: the call has no model of this quality for the language."""

SentimentScores = dict[str, float]
"""A confidence for each of SENTIMENTS; they sum to 1."""


class DetectedLanguage(TypedDict):
    """A language that a text may be written in.

    Attributes:
        language: RFC 5646 tag.
        score: confidence.
    """

    language: str
    score: float


class Sentiment(TypedDict):
    """What a text feels.

    Attributes:
        sentiment: one of SENTIMENTS, the one of highest confidence.
        scores: the confidence of each; they sum to 1.
    """

    sentiment: str
    scores: SentimentScores


class TargetMention(TypedDict):
    """A place where a text names somebody or something it may feel about.

    Attributes:
        text: the piece, `whole[begin:end]`.
        begin: first character.
        end: character after the last.
        score: confidence that this is a mention.
        group_score: confidence that it means the same as the mention that describes its group.
        type: "PERSON", "LOCATION", "ORGANIZATION", "COMMERCIAL_ITEM", "EVENT", "DATE", "QUANTITY", "TITLE",
            "ATTRIBUTE" (a part or property that is judged: the food, the battery) or "OTHER".
        sentiment: what the text feels about it, and how sure that is.
    """

    text: str
    begin: int
    end: int
    score: float
    group_score: float
    type: str
    sentiment: Sentiment


class Target(TypedDict):
    """One somebody or something, with all its mentions.

    Attributes:
        mentions: in the order of the text; at least one.
        descriptive: indexes into `mentions` of those that describe it best ("Ana", not "she").
    """

    mentions: list[TargetMention]
    descriptive: list[int]


class Toxicity(TypedDict):
    """How toxic a text is.

    Attributes:
        toxicity: confidence that it is toxic at all.
        labels: the confidence of each of TOXICITIES; they are independent and need not sum to 1.
    """

    toxicity: float
    labels: dict[str, float]
