"""Which pages numbers and ranges name."""

from __future__ import annotations

import pytest

from clary.services.textract.errors import InvalidParameterException
from clary.services.textract.queries import check_pages, names_page, of_page


@pytest.mark.parametrize(
    ("pages", "named"),
    [(["1"], [1]), (["2-3"], [2, 3]), (["*"], [1, 2, 3, 4]), (["3-*"], [3, 4]), (["1", "4-4"], [1, 4])],
)
def test_numbers_ranges_and_stars_name_pages(pages, named):
    check_pages(pages, "Pages")
    assert [number for number in range(1, 5) if names_page(pages, number)] == named


@pytest.mark.parametrize("pages", [["0"], ["2-1"], ["1-2-3"], ["-"], ["*-1"], ["1", "*"]])
def test_other_texts_are_refused(pages):
    with pytest.raises(InvalidParameterException, match="Member"):
        check_pages(pages, "Member")


def test_queries_without_pages_mean_the_first():
    queries = [{"Text": "a"}, {"Text": "b", "Pages": ["2"]}]
    assert [of_page(queries, number) for number in (1, 2, 3)] == [[queries[0]], [queries[1]], []]
