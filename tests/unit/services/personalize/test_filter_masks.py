"""Filters give the same items as reading the rules row by row does."""

from __future__ import annotations

import random
from typing import Any

import pytest

from clary.engines.recommendation.vocabulary import Vocabulary
from clary.services.personalize.events.event_store import Row
from clary.services.personalize.filter_language.parser import parse
from clary.services.personalize.filter_language.values import FilterValueError, read_values
from clary.services.personalize.programs.filter_masks import Circumstances, FilterMasks
from clary.services.personalize.programs.row_tables import RowTable

from .schemas import GENRES, ITEM, NEW, YEAR, columns

ROWS: dict[str, dict[str, Any]] = {
    "a": {"GENRES": "Action|Drama", "YEAR": 1990, "NEW": True},
    "b": {"GENRES": "Drama", "YEAR": 2000, "NEW": False},
    "c": {"GENRES": None, "YEAR": None, "NEW": None},
    "d": {"GENRES": "Actions", "YEAR": 2010, "NEW": True},
}


@pytest.fixture
def masks() -> FilterMasks:
    """The rows above, and an item "e" that only the log knows."""
    ids = Vocabulary(["e"])
    table = RowTable(columns(ITEM, GENRES, YEAR, NEW), "ITEM_ID", ids)
    table.fill(None, [Row(name, {"ITEM_ID": name, **row}, 0.0) for name, row in ROWS.items()])
    return FilterMasks(table)


def passing(masks: FilterMasks, text: str, who: Circumstances | None = None, **values: str) -> str:
    """The items that pass, in one word."""
    expression = parse(text)
    circumstances = who or Circumstances()
    read = read_values(expression, values)
    circumstances = Circumstances(circumstances.user, circumstances.done, circumstances.types, read)
    found = masks.mask(expression, circumstances)
    return "".join(sorted(name for name, one in zip("eabcd", found, strict=True) if one))


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ('INCLUDE ItemID WHERE Items.GENRES IN ("Action")', "a"),
        ('INCLUDE ItemID WHERE Items.GENRES IN ("Action","Drama")', "ab"),
        ('INCLUDE ItemID WHERE Items.GENRES IN ("*")', "abd"),
        ('INCLUDE ItemID WHERE Items.GENRES NOT IN ("Drama")', "cde"),
        ('EXCLUDE ItemID WHERE Items.GENRES IN ("Drama")', "cde"),
        ('INCLUDE ItemID WHERE Items.GENRES IN ("nothing")', ""),
        ("INCLUDE ItemID WHERE Items.YEAR >= 2000", "bd"),
        ("INCLUDE ItemID WHERE Items.YEAR = 1990", "a"),
        ("INCLUDE ItemID WHERE Items.YEAR IN (1990, 2010)", "ad"),
        ('INCLUDE ItemID WHERE Items.NEW = "true"', "ad"),
        ('INCLUDE ItemID WHERE Items.ITEM_ID IN ("a", "e", "zzz")', "ae"),
        ('INCLUDE ItemID WHERE Items.YEAR > 1995 AND Items.GENRES = "Drama" OR Items.YEAR < 1995', "ab"),
        ('INCLUDE ItemID WHERE Items.YEAR > 1980 | EXCLUDE ItemID WHERE Items.GENRES IN ("Drama")', "d"),
    ],
)
def test_rows_pass_by_their_values(masks: FilterMasks, text: str, wanted: str) -> None:
    assert passing(masks, text) == wanted


def test_placeholders_take_the_values_of_the_request(masks: FilterMasks) -> None:
    text = "INCLUDE ItemID WHERE Items.GENRES IN ($G) AND Items.YEAR > $Y"
    assert passing(masks, text, G='"Action","Drama"', Y="1995") == "b"
    assert passing(masks, text, G='"Action"', Y="1980") == "a"


@pytest.mark.parametrize("where", ["YEAR > $YEAR", "YEAR = $YEAR", "YEAR IN ($YEAR)"])
def test_a_number_is_compared_with_numbers_alone(masks: FilterMasks, where: str) -> None:
    expression = parse(f"INCLUDE ItemID WHERE Items.{where}")
    for sent in ("1990", '"1990"'):
        masks.check(expression, read_values(expression, {"YEAR": sent}))
    with pytest.raises(FilterValueError, match="YEAR is compared with YEAR, a number; 'old' is none"):
        masks.check(expression, read_values(expression, {"YEAR": '"old"'}))
    texts = parse("INCLUDE ItemID WHERE Items.GENRES IN ($G) | EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ($E)")
    masks.check(texts, read_values(texts, {"G": '"old"', "E": "click"}))


def test_what_the_user_did_is_asked_by_the_type_of_event_in_any_case(masks: FilterMasks) -> None:
    who = Circumstances(done=[0, 1, 2, -1], types=["click", "watch", "click", "click"])
    assert passing(masks, 'EXCLUDE ItemID WHERE Interactions.event_type IN ("*")', who) == "cd"
    assert passing(masks, 'EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("CLICK")', who) == "acd"
    assert passing(masks, 'INCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("watch")', who) == "a"


def test_the_current_user_is_compared_and_can_be_a_condition(masks: FilterMasks) -> None:
    who = Circumstances(user={"BORN": 2000, "TASTE": "Drama|Horror"})
    assert passing(masks, "INCLUDE ItemID WHERE Items.YEAR >= CurrentUser.BORN", who) == "bd"
    assert passing(masks, "INCLUDE ItemID WHERE Items.GENRES = CurrentUser.TASTE", who) == "ab"
    guarded = 'EXCLUDE ItemID WHERE Items.GENRES IN ("Drama") IF CurrentUser.BORN > 1999'
    assert passing(masks, guarded, who) == "cde"
    assert passing(masks, guarded, Circumstances(user={"BORN": 1950})) == "abcde"
    assert passing(masks, guarded) == "abcde"


def test_many_random_rows_pass_exactly_when_the_rules_say_so() -> None:
    dice = random.Random(5)
    rows = {
        f"i{number}": {
            "GENRES": "|".join(dice.sample("ABCDE", dice.randrange(4))) or None,
            "YEAR": dice.choice([None, *range(1990, 2000)]),
        }
        for number in range(300)
    }
    table = RowTable(columns(ITEM, GENRES, YEAR), "ITEM_ID", Vocabulary())
    table.fill(None, [Row(name, {"ITEM_ID": name, **row}, 0.0) for name, row in rows.items()])
    expression = parse('INCLUDE ItemID WHERE Items.GENRES IN ("A","B") AND Items.YEAR > 1994 OR Items.YEAR = 1991')
    found = FilterMasks(table).mask(expression, Circumstances())
    for name, passes in zip(rows, found, strict=True):
        row = rows[name]
        genres, year = (row["GENRES"] or "").split("|"), row["YEAR"]
        assert passes == ((bool({"A", "B"} & set(genres)) and year is not None and year > 1994) or year == 1991), name
