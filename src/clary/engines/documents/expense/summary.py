"""The labelled values of a bill: amounts, dates, numbers."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from clary.engines.documents.amounts import Amount, amounts_in
from clary.engines.documents.dates import dates_in
from clary.engines.documents.expense.labels import AMOUNTS, NOT_A_TOTAL, OTHERS, Form, Label
from clary.engines.documents.rows import Row
from clary.engines.documents.understanding import Passage

IDENTIFIER = re.compile(r"[#*]?[A-Za-z]{0,12}[A-Za-z0-9_./\\-]*\d[A-Za-z0-9_./\\-]*(?:\s?-\s?\d+)?")

PHONE = re.compile(r"[+(]?\d[\d\s()./-]{4,22}\d")


@dataclass(frozen=True, slots=True)
class Finding:
    """A labelled value.

    Attributes:
        row: number of the row the label stands in.
        amount: of an amount.
        weight: how sure the label is; the higher the better.
    """

    kind: str
    row: int
    label: Passage
    value: Passage
    weight: float
    amount: Amount | None = None


def find_labelled(rows: Sequence[Row], month_first: bool) -> list[Finding]:
    """All labelled values, in the order of reading; several of one kind are possible.

    Args:
        rows: of a page, words of all columns side by side.
        month_first: how dates such as 02/03/2020 are meant.
    """
    found: list[Finding] = []
    for number, row in enumerate(rows):
        for label, start, end in _matches(row.text):
            finding = _value(label, start, end, number, rows, month_first)
            if finding is not None:
                found.append(finding)
    return found


def _matches(text: str) -> list[tuple[Label, int, int]]:
    """The labels in a row; where two overlap, the longer one."""
    every = [
        (label, match.start(), match.end()) for label in (*AMOUNTS, *OTHERS) for match in label.pattern.finditer(text)
    ]
    every.sort(key=lambda one: (one[1] - one[2], -one[0].weight))
    kept: list[tuple[Label, int, int]] = []
    for label, start, end in every:
        same_form = [other for other in kept if other[0].form is label.form]
        if all(end <= other[1] or start >= other[2] for other in same_form):
            kept.append((label, start, end))
    return sorted(kept, key=lambda one: one[1])


def _value(label: Label, start: int, end: int, number: int, rows: Sequence[Row], month_first: bool) -> Finding | None:
    row = rows[number]
    rest = row.text[end:]
    weight = label.weight
    if label.kind == "total" and NOT_A_TOTAL.search(_vicinity(row.text, start, end)):
        weight -= 3.0
    if start > 0 and row.text[:start].strip(" *#-:().") and label.form is Form.AMOUNT:
        # A label that begins in the middle of a row of words is seldom one.
        before = row.text[:start]
        weight -= 0.4 if any(character.isdigit() for character in before) else 0.15
    place = row.passage(start, end)
    inside = _typed(label.form, rest, month_first)
    if inside is not None:
        first, last, amount = inside
        return Finding(label.kind, number, place, row.passage(end + first, end + last), weight, amount)
    if label.form is Form.TEXT and rest.strip(" :.-"):
        text = rest.lstrip(" :.-")
        return Finding(label.kind, number, place, row.passage(len(row.text) - len(text), len(row.text)), weight)
    return _below(label, place, start, end, number, rows, month_first, weight)


def _vicinity(text: str, start: int, end: int) -> str:
    """The text around a label, from the amount before it to the amount behind it."""
    amounts = [amount for amount in amounts_in(text) if amount.exact]
    first = max((amount.end for amount in amounts if amount.end <= start), default=0)
    last = min((amount.start for amount in amounts if amount.start >= end), default=len(text))
    return text[first:last]


def _typed(form: Form, text: str, month_first: bool) -> tuple[int, int, Amount | None] | None:
    """The first value of a form in the text behind a label, and its place; of amounts the last one."""
    if form is Form.AMOUNT:
        amounts = list(amounts_in(text))
        exact = [amount for amount in amounts if amount.exact or amount.currency]
        chosen = exact[-1] if exact else None
        return None if chosen is None else (chosen.start, chosen.end, chosen)
    if form is Form.DATE:
        one = next(dates_in(text, month_first), None)
        return None if one is None or one.start > 30 else (one.start, one.end, None)
    if form is Form.IDENTIFIER:
        return _identifier(text)
    if form is Form.PHONE:
        match = PHONE.search(text)
        return None if match is None or match.start() > 14 else (*match.span(), None)
    return None


def _identifier(text: str) -> tuple[int, int, None] | None:
    """The first number that is neither a date nor an amount."""
    match = IDENTIFIER.search(text)
    if match is None or match.start() > 14 or sum(character.isdigit() for character in match.group()) < 2:
        return None
    others = [(one.start, one.end) for one in dates_in(text)]
    others += [(amount.start, amount.end) for amount in amounts_in(text) if amount.exact]
    if any(start <= match.start() < end for start, end in others):
        return None
    return match.start(), match.end(), None


def _below(
    label: Label,
    place: Passage,
    start: int,
    end: int,
    number: int,
    rows: Sequence[Row],
    month_first: bool,
    weight: float,
) -> Finding | None:
    """The value under a label, as under the head of a column."""
    row = rows[number]
    tokens = row.between(start, end)
    left, right = tokens[0].left, tokens[-1].right
    for lower in range(number + 1, min(len(rows), number + 3)):
        below = rows[lower]
        if below.top - row.bottom > 2.5 * row.height:
            return None
        for segment in below.segments(0.9 if label.form is not Form.TEXT else 1.6):
            overlap = min(segment.right, right) - max(segment.left, left)
            beside = label.form is Form.AMOUNT and len(row.segments(3.0)) == 1 and segment.left > left
            if overlap <= 0 and not (beside and lower == number + 1 and len(below.tokens) <= 3):
                continue
            inside = _typed(label.form, segment.text, month_first)
            if inside is None and label.form is not Form.TEXT:
                continue
            first, last, amount = inside or (0, len(segment.text), None)
            return Finding(label.kind, lower, place, segment.passage(first, last), weight - 0.6, amount)
    return None


def choose_total(findings: Sequence[Finding], rows: Sequence[Row]) -> Finding | None:
    """Which of the amounts is what the bill comes to."""
    values = {kind: [one.amount.value for one in findings if one.kind == kind and one.amount] for kind in KINDS}
    given = {cash - back for cash in values["amount-paid"] for back in values["change"] if cash >= back}
    candidates = [
        one for one in findings if one.kind in ("total", "amount-due") and one.amount and one.amount.value != 0
    ]
    if not candidates:
        return None
    rounded = [one.row for one in findings if one.kind == "rounding"]
    counts: dict[Decimal, int] = {}
    for row in rows:
        for amount in amounts_in(row.text):
            if amount.exact:
                counts[amount.value] = counts.get(amount.value, 0) + 1

    def score(one: Finding) -> float:
        assert one.amount is not None
        value = one.weight - (0.9 if one.kind == "amount-due" else 0.0)
        value += 1.2 if one.amount.value in given else 0.0
        value += 0.25 * min(3, counts.get(one.amount.value, 0))
        value += 0.9 if any(row < one.row <= row + 3 for row in rounded) else 0.0
        value += 0.3 * one.row / max(1, len(rows))
        largest = max(candidate.amount.value for candidate in candidates if candidate.amount)
        return value + 0.4 * float(one.amount.value / largest if largest > 0 else 0)

    return max(candidates, key=score)


KINDS = ("amount-paid", "change", "total", "subtotal", "tax", "rounding")


def largest_amount(rows: Sequence[Row], findings: Sequence[Finding]) -> Finding | None:
    """The largest amount that is neither given nor given back: the total of a bill that does not name it."""
    paid = {(one.row, one.value.box) for one in findings if one.kind in ("amount-paid", "change", "discount")}
    best: Finding | None = None
    for number, row in enumerate(rows):
        for amount in amounts_in(row.text):
            passage = row.passage(amount.start, amount.end)
            more = best is None or best.amount is None or amount.value > best.amount.value
            if amount.exact and more and (number, passage.box) not in paid:
                best = Finding("total", number, passage, passage, 0.5, amount)
    return best


def best_of(findings: Sequence[Finding], kind: str) -> Finding | None:
    """The surest value of a kind, the first among equals."""
    return max((one for one in findings if one.kind == kind), key=lambda one: one.weight, default=None)
