"""Pages that nobody prints: empty, without area, with endless words. Nothing falls over, nothing takes long."""

from __future__ import annotations

import time
from collections.abc import Iterable
from datetime import date

import numpy as np
import pytest

from clary.engines.documents.contract import Box, Line, Page, Word
from clary.engines.documents.expense import find_expenses
from clary.engines.documents.forms import find_fields
from clary.engines.documents.identity import find_identities
from clary.engines.documents.layout import find_layout
from clary.engines.documents.lending import classify
from clary.engines.documents.queries import answer
from clary.engines.documents.signatures import find_signatures
from clary.engines.documents.tables import find_tables
from clary.engines.documents.understanding import Question

LIMIT_SECONDS = 20.0
"""Of CPU time: a hundred times what such pages take."""


def of_words(words: Iterable[Word]) -> Page:
    return Page(1, 1275, 1650, tuple(Line((word,), word.box) for word in words))


def grid(text: str, across: int, down: int) -> Page:
    return of_words(
        Word(text, Box(column / across, row / down, (column + 0.8) / across, (row + 0.7) / down), 0.9)
        for row in range(down)
        for column in range(across)
    )


ODD = {
    "empty": of_words([]),
    "no area": of_words([Word("x", Box(0.5, 0.5, 0.5, 0.5), 0.0)]),
    "one on another": of_words([Word("Total:", Box(0.1, 0.1, 0.3, 0.2), 0.9)] * 60),
    "endless word": of_words([Word("a1" * 60_000, Box(0, 0, 1, 1), 0.9)]),
    "endless brackets": of_words([Word("(" * 60_000, Box(0, 0, 1, 1), 0.9)]),
    "fillers": grid("<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<", 4, 60),
    "colons": grid("a:b:c:d:e:", 10, 40),
    "dots": grid("1.1.1.1.1.1.1.1", 10, 40),
    "amounts": grid("1,234.00", 30, 60),
}


@pytest.mark.parametrize("name", ODD)
def test_odd_pages_are_understood_as_far_as_they_can_be(name: str) -> None:
    page = ODD[name]
    picture = np.full((1650, 1275), 255, np.uint8)
    started = time.process_time()
    tables = find_tables(page, picture)
    selections, fields = find_fields(page, picture, tables)
    parts = find_layout(page, tables, fields, picture)
    find_signatures(page, picture)
    answer(page, [Question("What is the total amount?")], fields, selections, tables)
    find_expenses([page])
    find_identities([page], date(2026, 1, 1))
    classify(page)
    assert sorted(line for part in parts for line in part.lines) == list(range(len(page.lines)))
    assert time.process_time() - started < LIMIT_SECONDS


def test_noise_is_no_page_full_of_check_boxes() -> None:
    noise = np.random.default_rng(7).integers(0, 255, (800, 600), np.uint8)
    page = of_words([Word("noise", Box(0.1, 0.1, 0.2, 0.12), 0.3)])
    selections, _ = find_fields(page, noise)
    assert len(selections) < 20
