"""Which of the things that stand on a page answers a question."""

from __future__ import annotations

import re
from collections.abc import Sequence
from difflib import SequenceMatcher

from clary.engines.documents.addresses import address_likeness
from clary.engines.documents.amounts import amounts_in
from clary.engines.documents.contract import Page
from clary.engines.documents.dates import dates_in
from clary.engines.documents.forms.labels import name_likeness
from clary.engines.documents.queries.candidates import EMAIL, PHONE, Candidate, candidates_of
from clary.engines.documents.queries.terms import Wanted, terms_of, wanted_by
from clary.engines.documents.understanding import (
    Answer,
    KeyValue,
    Passage,
    Question,
    SelectionElement,
    Table,
)

LEAST_SCORE = 0.46
"""Below it a question has no answer on the page."""
NUMBERED = re.compile(r"\d{1,2}[a-z]?\.\s\D{3}")
"""How names of fields begin on forms that number them."""
OF_FIELDS = 0.85
"""The trust in candidates that are values of fields."""
MOST_LETTERS = 400
"""Of a value that are looked at."""
VAGUE = frozenset(
    {"number", "date", "name", "amount", "total", "identifier", "current", "address", "type", "code", "rate"}
)
"""Terms that many names share; alone they tell little."""


def answer(
    page: Page,
    questions: Sequence[Question],
    key_values: Sequence[KeyValue],
    selections: Sequence[SelectionElement] = (),
    tables: Sequence[Table] = (),
) -> tuple[Answer, ...]:
    """Answers questions from what stands on a page.

    Args:
        page: with its words.
        questions: in natural language.
        key_values: of the page.
        selections: of the page.
        tables: of the page.

    Returns:
        At most one answer for each question; a question that the page does not answer has none.
    """
    candidates = candidates_of(page, key_values, selections, tables)
    found = []
    for number, question in enumerate(questions):
        best = best_candidate(question.text, candidates)
        if best is not None:
            found.append(Answer(number, best))
    return tuple(found)


def best_candidate(question: str, candidates: Sequence[Candidate]) -> Passage | None:
    """The passage that answers a question best, with the confidence that it does; None where none is likely."""
    asked = terms_of(question)
    wanted = wanted_by(question)
    if not asked:
        return None
    scored = [(score(asked, wanted, candidate), candidate) for candidate in candidates]
    top, chosen = max(scored, key=lambda one: one[0], default=(0.0, None))
    if chosen is None or top < LEAST_SCORE:
        return None
    value = _fitting(chosen.value, wanted)
    return Passage(value.text, value.box, min(0.99, top) * value.confidence, value.words)


def score(asked: Sequence[str], wanted: Wanted, candidate: Candidate) -> float:
    """How well a candidate answers, 0 to about 1.1.

    Args:
        asked: terms of the question.
        wanted: the kind of value it asks for.
    """
    weights = {term: 0.45 if term in VAGUE else 1.0 for term in asked}
    whole = sum(weights.values())
    names = candidate.names[:12]
    matched = sum(weight * _best_match(term, names) for term, weight in weights.items())
    near = sum(
        weight * max(0.0, 0.6 * _best_match(term, candidate.around) - _best_match(term, names))
        for term, weight in weights.items()
    )
    if matched == 0:
        return 0.0
    recall = min(1.0, (matched + near) / whole)
    named = sum(0.45 if term in VAGUE else 1.0 for term in names)
    hit = sum((0.45 if term in VAGUE else 1.0) * _best_match(term, asked) for term in names)
    precision = hit / max(named, 1e-9)
    fit = _fit(candidate.value.text[:MOST_LETTERS], wanted, candidate.trust >= OF_FIELDS)
    own = terms_of(candidate.value.text[:MOST_LETTERS])
    echo = sum(1 for term in own if term in asked) / max(1, len(own))
    return (0.66 * recall + 0.34 * precision) * (0.72 + 0.28 * candidate.trust) * fit * (0.5 if echo > 0.7 else 1.0)


def _best_match(term: str, names: Sequence[str]) -> float:
    """How well a term is among others: 1 where it is, less where one is spelled nearly like it."""
    if term in names:
        return 1.0
    if len(term) < 4:
        return 0.0
    best = 0.0
    for name in names:
        if len(name) >= 4 and (name.startswith(term) or term.startswith(name)):
            best = max(best, 0.8)
        elif abs(len(name) - len(term)) <= 2 and len(term) >= 5 and not _are_opposites(term, name):
            ratio = SequenceMatcher(None, term, name).ratio()
            best = max(best, 0.85 * ratio if ratio > 0.8 else 0.0)
    return best


def _are_opposites(one: str, other: str) -> bool:
    """Whether two words name both sides of one thing: who employs and who is employed, pays and is paid."""
    return one[:-2] == other[:-2] and {one[-2:], other[-2:]} in ({"er", "ee"}, {"or", "ee"})


def _fit(text: str, wanted: Wanted, of_field: bool = False) -> float:
    """How well a value's looks agree with the kind of value that is asked for; what fields hold is no name of one."""
    digits = sum(character.isdigit() for character in text)
    letters = sum(character.isalpha() for character in text)
    if text.rstrip().endswith(":") or not (digits or letters):
        return 0.4
    if (name_likeness(text) > 1.3 or NUMBERED.match(text)) and not of_field and wanted is not Wanted.YES_OR_NO:
        # The name of another field.
        return 0.62
    if wanted is Wanted.DATE:
        dated = next(dates_in(text), None) is not None
        return 1.08 if dated else 0.85 if digits >= 4 and letters <= digits else 0.55
    if wanted is Wanted.AMOUNT:
        amounts = list(amounts_in(text))
        exact = any(amount.exact or amount.currency for amount in amounts)
        return 1.06 if exact else 0.9 if amounts or "%" in text else 0.5
    if wanted is Wanted.NUMBER:
        return 1.04 if digits >= max(1, letters // 2) else 0.85 if digits else 0.55
    if wanted is Wanted.PHONE:
        return 1.08 if PHONE.search(text) else 0.75 if digits >= 7 else 0.4
    if wanted is Wanted.EMAIL:
        return 1.1 if EMAIL.search(text) else 0.4
    if wanted is Wanted.ADDRESS:
        return 1.05 if address_likeness(text) >= 1.5 else 0.85 if letters > digits else 0.6
    if wanted is Wanted.NAME:
        return 1.04 if letters and not digits and len(text.split()) <= 7 else 0.7
    if wanted is Wanted.YES_OR_NO:
        return 1.05 if re.fullmatch(r"\W*(yes|no|true|false|[xX]|n/?a)\W*", text, re.IGNORECASE) else 0.8
    return 1.0 if len(text.split()) <= 30 else 0.8


def _fitting(value: Passage, wanted: Wanted) -> Passage:
    """The part of a value that is of the wanted kind, where it holds more than that."""
    spans: list[tuple[int, int]] = []
    if wanted is Wanted.DATE:
        spans = [(one.start, one.end) for one in dates_in(value.text)]
    elif wanted is Wanted.PHONE:
        spans = [match.span() for match in PHONE.finditer(value.text)]
    elif wanted is Wanted.EMAIL:
        spans = [match.span() for match in EMAIL.finditer(value.text)]
    if len(spans) != 1:
        return value
    start, end = spans[0]
    return Passage(value.text[start:end], value.box, value.confidence, value.words)
