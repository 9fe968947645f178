"""Who and what a text names, which mentions mean the same, and what the text feels about each."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from clary.engines.text import references, works
from clary.engines.text.contract import Entity, Sentiment, SyntaxToken, Target, TargetMention
from clary.engines.text.opinions import Mentioned
from clary.engines.text.references import PERSONAL, POSSESSIVE, PRONOUN, PRONOUNS

_SENTENCE_END: Final = re.compile(r"[.!?](?:\s|$)|\n")
_LITTLE_WORDS: Final = "the a an this that these those my your our his her their its mr mrs ms dr sir"
_PEOPLE_WORDS: Final = """
waiter waiters waitress waitresses waitstaff staff server servers owner owners manager managers chef chefs cook cooks
bartender bartenders hostess host man woman men women boy girl guy guys people person president senator governor
minister doctor doctors nurse nurses teacher teachers actor actors actress director author singer player players
friend friends wife husband mother father son daughter child children kids boss clerk driver drivers customer
customers seller sellers employee employees team crew busboy maitre receptionist receptionists patient patients analyst
analysts lawyer lawyers agent agents guest guests neighbour neighbours neighbor neighbors colleague colleagues officer
officers representative representatives technician technicians assistant assistants student students parent parents
"""
_AFTER_HEAD: Final = re.compile(r"(?<=\w) (?:of|from|at|in|with|for|who|that)\b")
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


_NOUNS: Final = frozenset({"NOUN", "PROPN"})
_SURE_DEED: Final = 0.6
_TIMES_AND_AMOUNTS: Final = frozenset({"DATE", "QUANTITY"})
_OF_WORK: Final = "TITLE"


@dataclass(slots=True)
class _Group:
    mentions: list[TargetMention]
    keys: set[str]
    type: str
    last: int
    gender: str
    is_plural: bool | None
    remoteness: int


def given(text: str, entities: Sequence[Entity], words: Sequence[SyntaxToken] = ()) -> list[tuple[int, int]]:
    """Returns the stretches that are mentions in any case: named things, persons with how they are addressed, "he" and
    "she", and other pronouns with something to mean.

    Args:
        text: the whole text.
        entities: what it names.
        words: its words with their parts of speech; "it" and "they" may mean any noun before them.
    """
    spans: list[tuple[int, int]] = []
    for one in entities:
        if one["type"] in _NAMED:
            before = _ADDRESSED.search(text, max(0, one["begin"] - _LONGEST_ADDRESS), one["begin"])
            begin = before.start() if before and one["type"] == "PERSON" else one["begin"]
            spans.append((max(begin, spans[-1][1] if spans else 0), one["end"]))
    named = spans.copy()
    first_name = named[0][1] if named else len(text)
    first_noun = next((word["end"] for word in words if word["tag"] == "NOUN"), len(text))
    at = 0
    for pronoun in PRONOUN.finditer(text):
        while at < len(named) and named[at][1] <= pronoun.start():
            at += 1
        if (at < len(named) and named[at][0] < pronoun.end()) or references.is_expletive(text, pronoun.start()):
            continue
        is_alone = pronoun.group().lower() not in POSSESSIVE
        if (
            pronoun.group().lower() in PERSONAL
            or first_name <= pronoun.start()
            or (is_alone and first_noun <= pronoun.start())
        ):
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
        The mentions in order, whole words, without overlap; one that names nothing is left out.
    """
    kept: list[Mentioned] = []
    certain, at = set(given), 0
    for one in mentioned:
        if (one.begin, one.end) in certain:
            while kept and kept[-1].end > one.begin:  # what was widened into it
                kept.pop()
            kept.append(one)
            continue
        while at < len(words) and words[at]["end"] <= one.begin:
            at += 1
        last = at
        while last < len(words) and words[last]["begin"] < one.end:
            last += 1
        naming = _naming(words[at:last])
        if _names(naming, one.score) and (not kept or kept[-1].end <= naming[0]["begin"]):
            kept.append(Mentioned(naming[0]["begin"], naming[-1]["end"], one.score, one.feelings))
    return kept


def _names(words: Sequence[SyntaxToken], score: float) -> bool:
    """Whether words name something: a noun among them does, and a deed ("served", "waiting") that is sure."""
    return any(
        word["tag"] in _NOUNS
        or (word["tag"] == "VERB" and score >= _SURE_DEED and word["text"].lower().endswith(("ed", "ing")))
        for word in words
    )


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


def targets(
    text: str, mentioned: Sequence[Mentioned], entities: Sequence[Entity], words: Sequence[SyntaxToken] = ()
) -> list[Target]:
    """Puts mentions into groups.

    Mentions that share their words mean the same ("Ana Diaz", "Diaz"; "the food", "food"), and a pronoun means the
    nearest before it that it can mean.

    Args:
        text: the whole text.
        mentioned: its mentions in order.
        entities: what it names, for the types of mentions.
        words: its words with their parts of speech.

    Returns:
        Groups in the order of their first mentions.
    """
    groups: list[_Group] = []
    for one in _with_whole_dates(mentioned, entities):
        piece = text[one.begin : one.end]
        if piece.lower() in PRONOUNS:
            _add_pronoun(text, groups, one, words)
            continue
        kind, score = _type(one, piece, entities)
        keys = _words(piece)
        best = max(groups, key=lambda group: _shared(keys, group, kind), default=None)
        shared = _shared(keys, best, kind) if best else 0.0
        mention = _mention(one, piece, kind, shared if best and shared else 1.0, score)
        if best and shared:
            best.mentions.append(mention)
            best.keys |= keys
            best.last = one.end
            best.gender = references.gender(piece, best.gender)
            best.remoteness = min(best.remoteness, references.remoteness(text, words, one.begin, kind == "PERSON"))
        else:
            remoteness = references.remoteness(text, words, one.begin, kind == "PERSON")
            plural = references.is_plural(_head(piece)) if kind not in _NAMED else None
            groups.append(_Group([mention], keys, kind, one.end, references.gender(piece), plural, remoteness))
    for group in groups:
        if group.type == _OF_WORK:
            shown = works.kind_of(text, ((one["begin"], one["end"]) for one in group.mentions))
            for mention in group.mentions:
                mention["type"] = shown
    return [{"mentions": group.mentions, "descriptive": [_descriptive(group.mentions)]} for group in groups]


def _with_whole_dates(mentioned: Sequence[Mentioned], entities: Sequence[Entity]) -> Iterator[Mentioned]:
    """Yields the mentions; one that is part of a date or an amount is all of it, once."""
    spans = [(one["begin"], one["end"]) for one in entities if one["type"] in _TIMES_AND_AMOUNTS]
    until = 0
    for one in mentioned:
        place = bisect_right(spans, one.begin, key=lambda span: span[0]) - 1
        if place >= 0 and one.end <= spans[place][1]:
            one = Mentioned(*spans[place], one.score, one.feelings)
        if one.begin >= until:
            until = one.end
            yield one


def _add_pronoun(text: str, groups: list[_Group], one: Mentioned, words: Sequence[SyntaxToken]) -> None:
    piece = text[one.begin : one.end]
    pronoun = piece.lower()
    near = [
        (away, group)
        for group in groups
        if references.fits(pronoun, group.type, group.gender, group.is_plural)
        if group.type not in _TIMES_AND_AMOUNTS
        if not references.acts_upon_it(words, group.last, one.begin, pronoun)
        if (away := len(_SENTENCE_END.findall(text[group.last : one.begin]))) <= _PRONOUN_SENTENCES
    ]
    if near:
        _, nearest = min(near, key=lambda found: _preference(pronoun, *found))
        nearest.mentions.append(_mention(one, piece, nearest.type, 1 / len(near), one.score))
        nearest.last = one.end
        nearest.gender = references.gender(piece, nearest.gender)
    elif pronoun in PERSONAL:  # somebody whom the text does not name
        mention = _mention(one, piece, "PERSON", 1.0, one.score)
        groups.append(_Group([mention], {pronoun}, "PERSON", one.end, references.gender(piece), None, 0))


def _preference(pronoun: str, away: int, group: _Group) -> tuple[int, int, bool, int]:
    """What a pronoun means least: what is sentences away, mere places, who may be of the other gender, what is far."""
    of_unknown_gender = pronoun in PERSONAL and not group.gender
    return away, group.remoteness, of_unknown_gender, -group.last


def _type(one: Mentioned, piece: str, entities: Sequence[Entity]) -> tuple[str, float]:
    for entity in entities:
        touches = entity["begin"] < one.end and one.begin < entity["end"]
        is_it = (one.begin, one.end) == (entity["begin"], entity["end"])
        if is_it or (touches and entity["type"] in _NAMED):
            return entity["type"], min(one.score, entity["score"])
    if _head(piece).lower() in _PEOPLE:
        return "PERSON", one.score
    return ("ATTRIBUTE" if piece.islower() else "OTHER"), one.score


def _head(piece: str) -> str:
    """Returns the noun that the others of a mention describe: "staff" of "the staff of the hotel"."""
    words = _AFTER_HEAD.split(piece)[0].split()
    return words[-1] if words else ""


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
    named = [index for index, one in enumerate(mentions) if one["text"].lower() not in PRONOUNS]
    return max(
        named, default=0, key=lambda index: (len(_words(mentions[index]["text"])), mentions[index]["score"], -index)
    )
