"""Loan files: which paper each page belongs to, what it says, whether it is signed."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from clary.engines.documents.contract import Page
from clary.engines.documents.dates import dates_in
from clary.engines.documents.expense import find_expenses
from clary.engines.documents.forms import find_fields
from clary.engines.documents.identity import find_identities
from clary.engines.documents.lending.kinds import EXPENSE_KINDS, IDENTITY_KINDS, KINDS, UNCLASSIFIED, PaperKind
from clary.engines.documents.papers import LendingDocument, LendingField, LendingPage, LendingSummary
from clary.engines.documents.queries.answering import best_candidate
from clary.engines.documents.queries.candidates import candidates_of
from clary.engines.documents.rows import rows_of
from clary.engines.documents.signatures import find_signatures
from clary.engines.documents.tables import find_tables
from clary.engines.documents.understanding import Signature

LEAST_EVIDENCE = 3.0
"""Below it a page is of no known kind: a title, or three of the words of a kind."""
PAGE_OF = re.compile(r"\bpage\s*(\d{1,3})\s*(?:of|/)\s*(\d{1,3})\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class LendingSheet:
    """A page of a loan file.

    Attributes:
        picture: [rows, columns] grey values of the upright page; None where it is not at hand.
    """

    page: Page
    picture: NDArray[np.uint8] | None = None


def read_loan_file(sheets: Iterable[LendingSheet], today: date) -> tuple[tuple[LendingPage, ...], LendingSummary]:
    """Reads a loan file.

    Args:
        sheets: its pages.
        today: to tell the century of years of two digits.

    Returns:
        One result for each page, and the summary of all.
    """
    pages: list[LendingPage] = []
    undated: set[int] = set()
    for sheet in sheets:
        last = pages[-1] if pages else None
        pages.append(_page(sheet, last, today))
        signatures = pages[-1].signatures
        if signatures and not all(_is_dated(sheet.page, signature) for signature in signatures):
            undated.add(sheet.page.number)
    return tuple(pages), _summary(pages, undated)


def classify(page: Page, last: str | None = None) -> tuple[str, float, bool]:
    """Tells the kind of a page.

    Args:
        page: with its words.
        last: the kind of the page before it; a page that says it goes on is of the same.

    Returns:
        The kind, the confidence, and whether a new paper begins with the page.
    """
    text = "\n".join(row.text for row in rows_of(page))
    head = text[: max(400, len(text) // 4)]
    weights: list[tuple[float, PaperKind, bool]] = []
    for kind in KINDS:
        evidence, titled = kind.evidence(text)
        in_head = titled and kind.evidence(head)[1]
        weights.append((evidence + (1.5 if in_head else 0.0), kind, titled))
    weights.sort(key=lambda one: -one[0])
    best, kind, titled = weights[0]
    numbered = PAGE_OF.search(text)
    goes_on = numbered is not None and int(numbered.group(1)) > 1
    if best < LEAST_EVIDENCE or (last == kind.name and goes_on):
        if last not in (None, UNCLASSIFIED) and goes_on:
            return str(last), 0.7, False
        return UNCLASSIFIED, 1 - 0.15 * best, True
    shares = [math.exp(min(weight, 12.0)) for weight, _, _ in weights[:4]]
    sure = shares[0] / sum(shares) * min(1.0, 0.55 + 0.09 * best)
    return kind.name, sure, titled or last != kind.name


def _page(sheet: LendingSheet, last: LendingPage | None, today: date) -> LendingPage:
    page = sheet.page
    kind, sure, begins = classify(page, last.kind if last else None)
    goes_on = last is not None and last.kind == kind and not begins
    number = last.number_in_document + 1 if goes_on and last is not None else 1
    signatures = find_signatures(page, sheet.picture) if sheet.picture is not None else ()
    expense = next(iter(find_expenses([page])), None) if kind in EXPENSE_KINDS else None
    identity = find_identities([page], today)[0] if kind in IDENTITY_KINDS else None
    fields = _fields(sheet, kind)
    return LendingPage(page.number, kind, number, sure, 0.9 if goes_on else 0.8, fields, signatures, expense, identity)


def _fields(sheet: LendingSheet, name: str) -> tuple[LendingField, ...]:
    """Asks a page what is asked of its kind."""
    kind = next((kind for kind in KINDS if kind.name == name), None)
    if kind is None or not kind.questions:
        return ()
    tables = find_tables(sheet.page, sheet.picture)
    selections, key_values = find_fields(sheet.page, sheet.picture, tables)
    candidates = candidates_of(sheet.page, key_values, selections, tables)
    found = []
    for field_kind, question in kind.questions.items():
        answer = best_candidate(question, candidates)
        if answer is not None:
            key = next(
                (field.key for field in key_values if field.value is not None and field.value.words == answer.words),
                None,
            )
            found.append(LendingField(field_kind, (answer,), answer.confidence, key))
    return _each_once(found)


def _each_once(fields: Sequence[LendingField]) -> tuple[LendingField, ...]:
    """Of fields with the same words on the page the surest alone: a page says one thing at one place."""
    surest: dict[tuple[int, ...], LendingField] = {}
    for one in fields:
        words = one.values[0].words
        if words not in surest or one.confidence > surest[words].confidence:
            surest[words] = one
    return tuple(one for one in fields if not one.values[0].words or surest[one.values[0].words] is one)


def _is_dated(page: Page, signature: Signature) -> bool:
    """Whether a date stands beside a signature or close below it."""
    for row in rows_of(page):
        top, bottom = row.top / page.height, row.bottom / page.height
        reach = 3 * row.height / page.height
        near = bottom > signature.box.top - reach and top < signature.box.bottom + reach
        if near and next(dates_in(row.text), None) is not None:
            return True
    return False


def _summary(pages: Sequence[LendingPage], undated: set[int]) -> LendingSummary:
    splits: dict[str, list[list[int]]] = {}
    for page in pages:
        if page.kind == UNCLASSIFIED:
            continue
        papers = splits.setdefault(page.kind, [])
        if page.number_in_document > 1 and papers:
            papers[-1].append(page.page)
        else:
            papers.append([page.page])
    signed = {page.page for page in pages if page.signatures}
    documents = []
    for kind, papers in splits.items():
        numbers = [number for paper in papers for number in paper]
        documents.append(
            LendingDocument(
                kind,
                tuple(tuple(paper) for paper in papers),
                tuple(number for number in numbers if number in signed),
                tuple(number for number in numbers if number in undated),
            )
        )
    return LendingSummary(tuple(documents), tuple(page.page for page in pages if page.kind == UNCLASSIFIED))
