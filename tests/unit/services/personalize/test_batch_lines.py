"""A line of a batch that does not fit is told in the errors; it never ends the job."""

from __future__ import annotations

import pytest

from clary.services.personalize.programs import batch
from clary.services.personalize.programs.answers import BadRequest


@pytest.mark.parametrize(
    "line",
    [
        "{",
        "[" * 100_000,
        "[]",
        '{"userId": "u", "context": 5}',
        '{"userId": "u", "context": {"DEVICE": {}}}',
        '{"userId": "u", "filterValues": {"G": ["a"]}}',
        '{"userId": "u", "filterValues": null}',
        '{"userId": "u", "itemList": "abc"}',
        '{"userId": "u", "itemList": [{}]}',
    ],
)
def test_a_line_of_the_wrong_shape_is_refused(line: str) -> None:
    with pytest.raises(BadRequest):
        batch._read(line)


def test_a_line_that_fits_is_read_as_it_stands() -> None:
    line = '{"userId": "u", "context": {"DEVICE": "tv"}, "filterValues": {"G": "a"}, "itemList": ["x"]}'
    assert batch._read(line)["itemList"] == ["x"]
