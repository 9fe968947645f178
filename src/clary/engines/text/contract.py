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
        type: "PERSON", "LOCATION", "ORGANIZATION", "COMMERCIAL_ITEM", "EVENT", "DATE", "QUANTITY", "MOVIE", "BOOK",
            "MUSIC", "GAME", "SOFTWARE", "ATTRIBUTE" (a part or property that is judged: the food, the battery) or
            "OTHER".
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


ENTITY_TYPES: Final = (
    "PERSON",
    "LOCATION",
    "ORGANIZATION",
    "COMMERCIAL_ITEM",
    "EVENT",
    "DATE",
    "QUANTITY",
    "TITLE",
    "OTHER",
)
"""The types of entities."""

PARTS_OF_SPEECH: Final = (
    "ADJ",
    "ADP",
    "ADV",
    "AUX",
    "CONJ",
    "CCONJ",
    "DET",
    "INTJ",
    "NOUN",
    "NUM",
    "O",
    "PART",
    "PRON",
    "PROPN",
    "PUNCT",
    "SCONJ",
    "SYM",
    "VERB",
)
"""The tags of words: those of Universal Dependencies, whose X is "O" here ("CONJ" is their old word for both kinds)."""


class Entity(TypedDict):
    """Somebody or something that a text names.

    Attributes:
        type: one of ENTITY_TYPES; a recogniser of the user's own has its own types.
        text: the piece, `whole[begin:end]`.
        begin: first character.
        end: character after the last.
        score: confidence of type and extent.
    """

    type: str
    text: str
    begin: int
    end: int
    score: float


class KeyPhrase(TypedDict):
    """A noun phrase.

    Attributes:
        text: the piece, `whole[begin:end]`.
        begin: first character.
        end: character after the last.
        score: confidence.
    """

    text: str
    begin: int
    end: int
    score: float


class SyntaxToken(TypedDict):
    """A word, a number or a sign of a text.

    Attributes:
        text: the piece, `whole[begin:end]`.
        begin: first character.
        end: character after the last.
        tag: one of PARTS_OF_SPEECH.
        score: confidence of the tag.
    """

    text: str
    begin: int
    end: int
    tag: str
    score: float


class PersonalDatum(TypedDict):
    """A piece of personal data.

    Attributes:
        type: its type, one of `personal_data.TYPES`.
        begin: first character.
        end: character after the last.
        score: confidence.
    """

    type: str
    begin: int
    end: int
    score: float
