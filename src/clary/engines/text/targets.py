"""Who and what a text names, which mentions mean the same, and what the text feels about each."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from clary.engines.text.contract import Entity, Sentiment, SyntaxToken, Target, TargetMention
from clary.engines.text.opinions import Mentioned

_PERSONAL: Final = frozenset({"he", "him", "his", "himself", "she", "her", "hers", "herself"})
_SINGULAR: Final = frozenset({"it", "its", "itself"})
_PRONOUNS: Final = _PERSONAL | _SINGULAR | {"they", "them", "their", "theirs", "themselves"}
_PRONOUN: Final = re.compile(r"\b(?:" + "|".join(sorted(_PRONOUNS)) + r")\b", re.IGNORECASE)
_SENTENCE_END: Final = re.compile(r"[.!?](?:\s|$)|\n")
_LITTLE_WORDS: Final = "the a an this that these those my your our his her their its mr mrs ms dr sir"
_PEOPLE_WORDS: Final = """
waiter waiters waitress waitresses waitstaff staff server servers owner owners manager managers chef chefs cook
bartender bartenders hostess host man woman men women boy girl guy guys people person president senator governor
minister doctor doctors nurse nurses teacher teachers actor actors actress director author singer player players
friend friends wife husband mother father son daughter child children kids boss clerk driver drivers customer
customers seller employee employees team crew busboy maitre
"""
_LITTLE: Final = frozenset(_LITTLE_WORDS.split())
_PEOPLE: Final = frozenset(_PEOPLE_WORDS.split())
_NOT_AT_EDGES: Final = frozenset({"PUNCT", "SYM", "CCONJ", "ADP", "AUX", "SCONJ", "PART", "PRON"})
_GOING_ON: Final = frozenset({"AUX", "PRON", "SCONJ"})
"""What stands in no name: with it the sentence goes on."""
_AFTER_FINITE_VERBS: Final = frozenset({"AUX", "DET", "PART", "PRON", "SCONJ"})
_ADDRESSED: Final = re.compile(
    r"(?<!\w)(?:(?:Mr|Mrs|Ms|Dr|Prof|Sen|Rep|Gov)\.?|Miss|Sir|Lady|Lord|President|Senator|Governor|Judge|Justice|Secretary|"
    r"Speaker|Mayor|Chancellor|Director|General|Captain|King|Queen|Pope|Prime Minister)[ \u00a0]$"
)
"""How a person is addressed, before the name: it belongs to the mention, as NewsMTSC's authors mark it."""
_LONGEST_ADDRESS: Final = 16
_NAMED: Final = frozenset({"PERSON", "LOCATION", "ORGANIZATION", "COMMERCIAL_ITEM", "EVENT", "TITLE", "OTHER"})
_PRONOUN_SENTENCES: Final = 2
"""A pronoun means something of its own sentence or of so many before."""


@dataclass(slots=True)
class _Group:
    mentions: list[TargetMention]
    keys: set[str]
    type: str
    last: int


def given(text: str, entities: Sequence[Entity]) -> list[tuple[int, int]]:
    """Returns the stretches that are mentions in any case: named things, persons with how they are addressed, "he" and
    "she", and other pronouns with something to mean.
    """
    spans: list[tuple[int, int]] = []
    for one in entities:
        if one["type"] in _NAMED:
            before = _ADDRESSED.search(text, max(0, one["begin"] - _LONGEST_ADDRESS), one["begin"])
            begin = before.start() if before and one["type"] == "PERSON" else one["begin"]
            spans.append((max(begin, spans[-1][1] if spans else 0), one["end"]))
    named = len(spans)
    for pronoun in _PRONOUN.finditer(text):
        means = pronoun.group().lower() in _PERSONAL or any(end <= pronoun.start() for _, end in spans)
        if means and not any(begin < pronoun.end() and pronoun.start() < end for begin, end in spans[:named]):
            spans.append(pronoun.span())
    return spans


def nominal(
    mentioned: Sequence[Mentioned], words: Sequence[SyntaxToken], given: Sequence[tuple[int, int]]
) -> list[Mentioned]:
    """Cuts off what names nothing: verbs that go on a sentence, and little words at either end.

    Args:
        mentioned: mentions of a text in order.
        words: its words with their parts of speech.
        given: the mentions that stay as they are.

    Returns:
        The mentions in order; one without a word that names is left out.
    """
    kept, certain, at = [], set(given), 0
    for one in mentioned:
        if (one.begin, one.end) in certain:
            kept.append(one)
            continue
        while at < len(words) and words[at]["end"] <= one.begin:
            at += 1
        last = at
        while last < len(words) and words[last]["begin"] < one.end:
            last += 1
        naming = _naming(words[at:last])
        if naming:
            begin, end = max(one.begin, naming[0]["begin"]), min(one.end, naming[-1]["end"])
            kept.append(Mentioned(begin, end, one.score, one.feelings))
    return kept


def _naming(words: Sequence[SyntaxToken]) -> Sequence[SyntaxToken]:
    """Returns the words of a stretch that name something: "the man" of "the man who was with"."""
    first = 0
    while first < len(words) and words[first]["tag"] in _NOT_AT_EDGES:
        first += 1
    last = first
    while last < len(words) and words[last]["tag"] not in _GOING_ON:
        behind = words[last + 1]["tag"] if last + 1 < len(words) else ""
        if words[last]["tag"] == "VERB" and behind in _AFTER_FINITE_VERBS:
            break
        last += 1
    while last > first and words[last - 1]["tag"] in _NOT_AT_EDGES | {"DET"}:
        last -= 1
    return words[first:last]


def targets(text: str, mentioned: Sequence[Mentioned], entities: Sequence[Entity]) -> list[Target]:
    """Puts mentions into groups.

    Mentions that share their words mean the same ("Ana Diaz", "Diaz"; "the food", "food"), and a pronoun means the
    nearest before it that it can mean.

    Args:
        text: the whole text.
        mentioned: its mentions in order.
        entities: what it names, for the types of mentions.

    Returns:
        Groups in the order of their first mentions.
    """
    groups: list[_Group] = []
    for one in mentioned:
        piece = text[one.begin : one.end]
        if piece.lower() in _PRONOUNS:
            _add_pronoun(text, groups, one, piece)
            continue
        kind, score = _type(one, piece, entities)
        words = _words(piece)
        best = max(groups, key=lambda group: _shared(words, group, kind), default=None)
        shared = _shared(words, best, kind) if best else 0.0
        mention = _mention(one, piece, kind, shared if best and shared else 1.0, score)
        if best and shared:
            best.mentions.append(mention)
            best.keys |= words
            best.last = one.end
        else:
            groups.append(_Group([mention], words, kind, one.end))
    return [{"mentions": group.mentions, "descriptive": [_descriptive(group.mentions)]} for group in groups]


def _add_pronoun(text: str, groups: list[_Group], one: Mentioned, piece: str) -> None:
    near = [
        group
        for group in groups
        if _may_mean(piece.lower(), group)
        if len(_SENTENCE_END.findall(text[group.last : one.begin])) <= _PRONOUN_SENTENCES
    ]
    if near:
        nearest = max(near, key=lambda group: group.last)
        nearest.mentions.append(_mention(one, piece, nearest.type, 1 / len(near), one.score))
        nearest.last = one.end
    elif piece.lower() in _PERSONAL:  # somebody whom the text does not name
        mention = _mention(one, piece, "PERSON", 1.0, one.score)
        groups.append(_Group([mention], {piece.lower()}, "PERSON", one.end))


def _may_mean(pronoun: str, group: _Group) -> bool:
    """Says whether a pronoun fits: "he" and "she" persons, "it" all else, "they" both."""
    if pronoun in _PERSONAL:
        return group.type == "PERSON"
    return pronoun not in _SINGULAR or group.type != "PERSON"


def _type(one: Mentioned, piece: str, entities: Sequence[Entity]) -> tuple[str, float]:
    for entity in entities:
        if entity["begin"] < one.end and one.begin < entity["end"] and entity["type"] in _NAMED:
            return entity["type"], min(one.score, entity["score"])
    words = _words(piece)
    if words & _PEOPLE:
        return "PERSON", one.score
    return ("ATTRIBUTE" if piece.islower() else "OTHER"), one.score


def _words(piece: str) -> set[str]:
    return {word for word in re.findall(r"\w+", piece.lower()) if word not in _LITTLE} or {piece.lower()}


def _shared(words: set[str], group: _Group, kind: str) -> float:
    """Returns how much of the shorter of the two is in the other, if that is all of it and the types agree."""
    fits = words <= group.keys or (kind == "PERSON" and group.keys <= words)
    return len(words & group.keys) / len(words | group.keys) if fits and group.type == kind else 0.0


def _mention(one: Mentioned, piece: str, kind: str, group_score: float, score: float) -> TargetMention:
    return {
        "text": piece,
        "begin": one.begin,
        "end": one.end,
        "score": score,
        "group_score": group_score,
        "type": kind,
        "sentiment": _sentiment(one.feelings),
    }


def _sentiment(feelings: tuple[float, float, float]) -> Sentiment:
    """What is as good as bad is mixed: the part that both have in common counts as such."""
    positive, negative, neutral = feelings
    both = min(positive, negative)
    scores = {"positive": positive - both / 2, "negative": negative - both / 2, "neutral": neutral, "mixed": both}
    return {"sentiment": max(scores, key=scores.__getitem__), "scores": scores}


def _descriptive(mentions: Sequence[TargetMention]) -> int:
    named = [index for index, one in enumerate(mentions) if one["text"].lower() not in _PRONOUNS]
    return max(
        named, default=0, key=lambda index: (len(_words(mentions[index]["text"])), mentions[index]["score"], -index)
    )
