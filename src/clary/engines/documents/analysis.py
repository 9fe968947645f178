"""What is understood of a sheet: as much as was asked for."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from clary.engines.documents.adapters import LabelledAnswer, LabelledPage, Learned, adapted_answer
from clary.engines.documents.contract import Page
from clary.engines.documents.forms.fields import find_fields
from clary.engines.documents.layout.parts import find_layout
from clary.engines.documents.queries import answer
from clary.engines.documents.queries.candidates import Candidate, candidates_of
from clary.engines.documents.sheets import Pixels, Sheet
from clary.engines.documents.signatures import find_signatures
from clary.engines.documents.tables.assembly import find_tables
from clary.engines.documents.understanding import Answer, Question, Understanding

LOOKED_AT_DOTS_PER_INCH = 150
"""Ruling lines and check boxes show well so."""


def analysed(
    sheet: Sheet,
    features: Collection[str],
    questions: Sequence[Question] = (),
    learned: Mapping[str, Learned] | None = None,
) -> Understanding:
    """Understands a page.

    Args:
        sheet: the page that was read.
        features: of `calls.FEATURES`.
        questions: to the page.
        learned: what adapters know about some of them, by the questions' texts.
    """
    page = sheet.page
    picture = grey(sheet)
    tables = find_tables(page, picture)
    selections, key_values = find_fields(page, picture, tables)
    layout = find_layout(page, tables, key_values, picture) if "layout" in features else ()
    answers: tuple[Answer, ...] = ()
    if "queries" in features:
        answers = answer(page, questions, key_values, selections, tables)
        if learned:
            candidates = candidates_of(page, key_values, selections, tables)
            answers = _adapted(questions, answers, learned, candidates)
    wanted = bool({"forms", "tables"} & set(features))
    return Understanding(
        page.number,
        selections=selections if wanted else (),
        key_values=key_values if "forms" in features else (),
        tables=tables if "tables" in features else (),
        layout=layout,
        signatures=find_signatures(page, picture) if "signatures" in features else (),
        answers=answers,
    )


def labelled_page(sheet: Sheet, answers: Sequence[LabelledAnswer]) -> LabelledPage:
    """A page from which an adapter can learn.

    Args:
        answers: what the page answers.
    """
    picture = grey(sheet)
    tables = find_tables(sheet.page, picture)
    selections, key_values = find_fields(sheet.page, picture, tables)
    return LabelledPage(tuple(candidates_of(sheet.page, key_values, selections, tables)), tuple(answers))


def _adapted(
    questions: Sequence[Question],
    answers: Sequence[Answer],
    learned: Mapping[str, Learned],
    candidates: Sequence[Candidate],
) -> tuple[Answer, ...]:
    """The answers, those to questions that adapters know by what they have learned."""
    found = [one for one in answers if questions[one.question].text not in learned]
    for place, question in enumerate(questions):
        if question.text in learned:
            passage = adapted_answer(learned[question.text], question.text, candidates)
            if passage is not None:
                found.append(Answer(place, passage))
    return tuple(sorted(found, key=lambda one: one.question))


def upright(sent: Pixels, page: Page) -> NDArray[np.uint8]:
    """The grey picture of a page that was read before, turned as it was to be read.

    Args:
        sent: [height, width, 3] RGB, the page as it came in.
        page: what was read.
    """
    rows, columns = sent.shape[:2]
    lies = round(page.rotation_degrees / 90) % 2 == 1
    width, height = (rows, columns) if lies else (columns, rows)
    a, b, c, d, e, f = page.to_sent
    across, down = np.array([a / width, b / height, c]) * columns, np.array([d / width, e / height, f]) * rows
    to_sent = np.array([across, down])
    to_sent[:, 2] += 0.5 * (to_sent[:, 0] + to_sent[:, 1]) - 0.5  # of the pixels' middles
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    picture = cv2.cvtColor(sent, cv2.COLOR_RGB2GRAY)
    turned = cv2.warpAffine(picture, to_sent, (width, height), flags=flags, borderValue=255)
    return np.asarray(turned, dtype=np.uint8)


def grey(sheet: Sheet) -> NDArray[np.uint8]:
    """The upright page as [rows, columns] grey values."""
    return np.asarray(cv2.cvtColor(sheet.pixels(LOOKED_AT_DOTS_PER_INCH), cv2.COLOR_RGB2GRAY), dtype=np.uint8)
