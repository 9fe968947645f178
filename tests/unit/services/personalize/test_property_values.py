"""Properties of events, items and users are read in camel case and held against the schema."""

from __future__ import annotations

import pytest

from clary.services.personalize.datasets.property_values import checked, parsed, require
from clary.services.personalize.errors import InvalidInputException

from .schemas import GENRES, ITEM, NEW, YEAR, columns

RATINGS = {"name": "NUMBER_OF_RATINGS", "type": "long"}
PRICE = {"name": "PRICE", "type": "float"}
COLUMNS = columns(ITEM, GENRES, YEAR, NEW, RATINGS, PRICE)


def test_names_in_camel_case_find_their_columns_and_unknown_ones_are_left_out() -> None:
    text = '{"numberOfRatings": "12", "genres": ["A", "B"], "new": "True", "price": 3, "YEAR": null, "colour": "red"}'
    assert checked(parsed(text, "properties"), COLUMNS, "properties") == {
        "NUMBER_OF_RATINGS": 12,
        "GENRES": "A|B",
        "NEW": True,
        "PRICE": 3.0,
        "YEAR": None,
    }


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "not valid JSON"),
        ("[1]", "must be a JSON object"),
        ('{"numberOfRatings": null}', "cannot be null"),
        ('{"numberOfRatings": 1.5}', "type long"),
        ('{"numberOfRatings": true}', "type long"),
        ('{"numberOfRatings": 1e300}', "type long"),
        ('{"price": "dear"}', "type float"),
        ('{"price": NaN}', "not valid JSON"),
        ('{"price": "NaN"}', "type float"),
        (r'{"genres": "\ud800"}', "not valid JSON"),
        ('{"genres": ' + "[" * 100_000, "not valid JSON"),
        ('{"new": "perhaps"}', "type boolean"),
        ('{"genres": "' + "x" * 1001 + '"}', "more than 1000"),
    ],
)
def test_a_value_that_does_not_fit_is_refused_with_its_place(text: str, said: str) -> None:
    with pytest.raises(InvalidInputException, match=said):
        checked(parsed(text, "items[0].properties"), COLUMNS, "items[0].properties")


def test_columns_that_cannot_be_null_must_have_a_value() -> None:
    with pytest.raises(InvalidInputException, match=r"\['PRICE'\]"):
        require({"ITEM_ID": "a", "NUMBER_OF_RATINGS": 0}, COLUMNS, "items[0]", given=frozenset())
    require({"ITEM_ID": "a", "NUMBER_OF_RATINGS": 0, "PRICE": 0.0}, COLUMNS, "items[0]", given=frozenset())
