"""What an engine's host can carry, and back."""

from __future__ import annotations

import pytest

from clary.engines.documents.contract import Box
from clary.engines.documents.papers import Expense, ExpenseField, ExpenseGroup, LineItemGroup
from clary.engines.documents.plain_values import from_plain, to_plain
from clary.engines.documents.understanding import (
    Cell,
    KeyValue,
    LayoutKind,
    LayoutPart,
    Passage,
    SelectionElement,
    Table,
    Understanding,
)

NAME = Passage("Name:", Box(0.1, 0.1, 0.2, 0.2), 0.9, (0,))
VALUE = Passage("Ana", Box(0.3, 0.1, 0.4, 0.2), 0.8, (1,))
PLACE = Box(0.0, 0.0, 1.0, 1.0)


@pytest.mark.parametrize(
    "value",
    [
        Understanding(1),
        Understanding(
            2, key_values=(KeyValue(NAME, VALUE, 0.7), KeyValue(NAME, None, 0.6), KeyValue(NAME, None, 0.5, 0))
        ),
        Understanding(3, selections=(SelectionElement(PLACE, False, 0.5),), tables=(Table(PLACE, 0, 0, (), 0.5),)),
        Understanding(4, tables=(Table(PLACE, 1, 1, (Cell(1, 1, 1, 1, PLACE, "", 0.0),), 0.5, titles=(NAME,)),)),
        Understanding(
            5, layout=(LayoutPart(LayoutKind.LIST, PLACE, 0.5, (1,), (LayoutPart(LayoutKind.TEXT, PLACE, 1),)),)
        ),
        Expense((1,), (ExpenseField("total", VALUE, 0.9, 1, groups=(ExpenseGroup((), "a"),)),), (LineItemGroup(()),)),
        Expense((), (), ()),
    ],
)
def test_a_value_comes_back_as_it_went(value):
    assert from_plain(type(value), to_plain(value)) == value
