"""Values for the engine's host and back."""

from __future__ import annotations

import numpy as np
import pytest

from clary.engines.documents.contract import Box
from clary.engines.documents.papers import Expense, ExpenseField, ExpenseGroup, Identity, IdentityField
from clary.engines.documents.plain_values import from_plain, to_plain
from clary.engines.documents.understanding import (
    Answer,
    KeyValue,
    LayoutKind,
    LayoutPart,
    Passage,
    SelectionElement,
    Understanding,
)

PASSAGE = Passage("Ann Lee", Box(0.1, 0.2, 0.3, 0.4), 0.9, (3, 4))
ITEM = LayoutPart(LayoutKind.TEXT, PASSAGE.box, 0.8, (1,))
VALUES = [
    Understanding(
        2,
        (SelectionElement(PASSAGE.box, True, 0.7),),
        (KeyValue(PASSAGE, None, 0.5), KeyValue(PASSAGE, PASSAGE, 0.5, 0)),
        layout=(LayoutPart(LayoutKind.LIST, PASSAGE.box, 0.8, (1,), (ITEM,)),),
        answers=(Answer(0, PASSAGE),),
    ),
    Expense((1,), (ExpenseField("total", PASSAGE, 0.9, 1, groups=(ExpenseGroup(("vendor",), "1-0"),)),), ()),
    Identity("passport", (1,), (IdentityField("first-name", "", 0.99),)),
]


def is_plain(value: object) -> bool:
    """Whether nothing but what a host can carry is in a value."""
    if isinstance(value, dict):
        return all(isinstance(key, str) and is_plain(item) for key, item in value.items())
    if isinstance(value, list):
        return all(is_plain(item) for item in value)
    return value is None or type(value) in (str, int, float, bool)


def test_numbers_of_numpy_become_plain_ones():
    plain = to_plain(KeyValue(PASSAGE, None, np.float64(0.5)))
    assert type(plain["confidence"]) is float


@pytest.mark.parametrize("value", VALUES, ids=lambda value: type(value).__name__)
def test_values_come_back_as_they_were(value: object) -> None:
    plain = to_plain(value)
    assert is_plain(plain)
    assert from_plain(type(value), plain) == value
