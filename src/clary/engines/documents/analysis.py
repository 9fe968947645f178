"""What is understood of a sheet: as much as was asked for."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from clary.engines.documents.forms.fields import find_fields
from clary.engines.documents.layout.parts import find_layout
from clary.engines.documents.queries import answer
from clary.engines.documents.sheets import Sheet
from clary.engines.documents.tables.assembly import find_tables
from clary.engines.documents.understanding import Answer, Question, Understanding

LOOKED_AT_DOTS_PER_INCH = 150
"""Ruling lines and check boxes show well so."""


def analysed(sheet: Sheet, features: Collection[str], questions: Sequence[Question] = ()) -> Understanding:
    """Understands a page.

    Args:
        sheet: the page that was read.
        features: of `calls.FEATURES`.
        questions: to the page.
    """
    page = sheet.page
    picture = grey(sheet)
    tables = find_tables(page, picture)
    selections, key_values = find_fields(page, picture, tables)
    layout = find_layout(page, tables, key_values, picture) if "layout" in features else ()
    answers: tuple[Answer, ...] = ()
    if "queries" in features:
        answers = answer(page, questions, key_values, selections, tables)
    wanted = bool({"forms", "tables"} & set(features))
    return Understanding(
        page.number,
        selections=selections if wanted else (),
        key_values=key_values if "forms" in features else (),
        tables=tables if "tables" in features else (),
        layout=layout,
        answers=answers,
    )


def grey(sheet: Sheet) -> NDArray[np.uint8]:
    """The upright page as [rows, columns] grey values."""
    return np.asarray(cv2.cvtColor(sheet.pixels(LOOKED_AT_DOTS_PER_INCH), cv2.COLOR_RGB2GRAY), dtype=np.uint8)
