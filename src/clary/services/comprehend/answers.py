"""What the text engine answers, in the members of Comprehend's shapes: for requests and for the lines of jobs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

ENGLISH_NAMES = {"positive": "Positive", "negative": "Negative", "neutral": "Neutral", "mixed": "Mixed"}
_MOST_LANGUAGES = 5
_LEAST_LANGUAGE_SCORE = 0.01

Members = dict[str, Any]
Answer = Callable[[Any], Members]


def sentiment(found: Mapping[str, Any]) -> Members:
    """A sentiment and the confidence of each class."""
    scores = {ENGLISH_NAMES[name]: value for name, value in found["scores"].items()}
    return {"Sentiment": found["sentiment"].upper(), "SentimentScore": scores}


def languages(found: Sequence[Mapping[str, Any]]) -> Members:
    """The likeliest languages; the first always, others where there is something to say for them."""
    kept = [one for number, one in enumerate(found) if number == 0 or one["score"] >= _LEAST_LANGUAGE_SCORE]
    return {"Languages": [{"LanguageCode": one["language"], "Score": one["score"]} for one in kept[:_MOST_LANGUAGES]]}


def entities(found: Sequence[Mapping[str, Any]]) -> Members:
    """Entities in the order of the text."""
    return {
        "Entities": [
            {
                "Score": one["score"],
                "Type": one["type"],
                "Text": one["text"],
                "BeginOffset": one["begin"],
                "EndOffset": one["end"],
            }
            for one in found
        ]
    }


def key_phrases(found: Sequence[Mapping[str, Any]]) -> Members:
    """Key phrases in the order of the text."""
    return {
        "KeyPhrases": [
            {"Score": one["score"], "Text": one["text"], "BeginOffset": one["begin"], "EndOffset": one["end"]}
            for one in found
        ]
    }


def syntax(found: Sequence[Mapping[str, Any]]) -> Members:
    """Tokens with their parts of speech, numbered from 1."""
    return {
        "SyntaxTokens": [
            {
                "TokenId": number,
                "Text": one["text"],
                "BeginOffset": one["begin"],
                "EndOffset": one["end"],
                "PartOfSpeech": {"Tag": one["tag"], "Score": one["score"]},
            }
            for number, one in enumerate(found, 1)
        ]
    }


def targets(found: Sequence[Mapping[str, Any]]) -> Members:
    """Groups of mentions with what the text feels about each."""
    return {
        "Entities": [
            {
                "DescriptiveMentionIndex": list(group["descriptive"]),
                "Mentions": [_mention(mention) for mention in group["mentions"]],
            }
            for group in found
        ]
    }


def _mention(found: Mapping[str, Any]) -> Members:
    return {
        "Score": found["score"],
        "GroupScore": found["group_score"],
        "Text": found["text"],
        "Type": found["type"],
        "MentionSentiment": sentiment(found["sentiment"]),
        "BeginOffset": found["begin"],
        "EndOffset": found["end"],
    }


def pii_entities(found: Sequence[Mapping[str, Any]]) -> Members:
    """Where personal information stands; what it says is not repeated."""
    return {
        "Entities": [
            {"Score": one["score"], "Type": one["type"], "BeginOffset": one["begin"], "EndOffset": one["end"]}
            for one in found
        ]
    }


def pii_labels(found: Sequence[Mapping[str, Any]]) -> Members:
    """The types of personal information in a text, each with its surest place's confidence, surest first."""
    best: dict[str, float] = {}
    for one in found:
        best[one["type"]] = max(one["score"], best.get(one["type"], 0.0))
    ordered = sorted(best.items(), key=lambda item: (-item[1], item[0]))
    return {"Labels": [{"Name": name, "Score": score} for name, score in ordered]}


def toxicity(found: Mapping[str, Any]) -> Members:
    """How toxic a text is, and in which way."""
    labels = [{"Name": name.upper(), "Score": score} for name, score in found["labels"].items()]
    return {"Labels": labels, "Toxicity": found["toxicity"]}


def classes(found: Sequence[Mapping[str, Any]], *, several: bool, page: int | None = None) -> Members:
    """The users' own classes (one holds) or labels (several may).

    Args:
        found: "name" and "score", surest first.
        page: the page of a document that they are of, None for a text.
    """
    of_page = {} if page is None else {"Page": page}
    return {
        "Labels" if several else "Classes": [{"Name": one["name"], "Score": one["score"], **of_page} for one in found]
    }
