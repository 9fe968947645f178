import time
from itertools import pairwise

import pytest

from clary.engines.text.times_and_amounts import find, find_dates


@pytest.mark.parametrize(
    ("text", "dates", "amounts"),
    [
        ("On 25 May 2012 at 8:30 a.m. we paid $3.5 million.", ["25 May 2012", "8:30 a.m."], ["$3.5 million"]),
        ("We met two weeks ago, in the 1990s.", ["two weeks ago", "the 1990s"], []),
        ("It weighs 4.2 kg and 12% is fat.", [], ["4.2 kg", "12%"]),
        ("See you next Friday at noon.", ["next Friday", "noon"], []),
        ("Between 2004 and 2007 about 3,400 people left.", ["2004", "2007"], ["3,400"]),
        ("It took two hours on 2023-06-14.", ["2023-06-14"], ["two hours"]),
        ("She may have one.", [], []),
        ("Rent: €1,200 per month; call at five past ten.", ["five past ten"], ["€1,200"]),
        ("a the of", [], []),
        ("", [], []),
    ],
)
def test_dates_and_amounts_are_found(text: str, dates: list[str], amounts: list[str]) -> None:
    found = find(text)
    assert [text[span.begin : span.end] for span in found if span.type == "DATE"] == dates
    assert [text[span.begin : span.end] for span in found if span.type == "QUANTITY"] == amounts
    assert [text[span.begin : span.end] for span in find_dates(text)] == dates


def test_spans_do_not_overlap_and_stand_in_order() -> None:
    found = find("On Monday, 5 May 2012, between 10 and 20 people paid $5-$6 for 3 kg at 5 o'clock " * 20)
    assert all(one.end <= other.begin for one, other in pairwise(found))


@pytest.mark.parametrize(
    "unit",
    ["1", "1 ", "1,", "1.", "1-", "one ", "one-", "one hundred ", "may ", "may 1 ", "the ", "$", "$1", "last ", "5:"],
)
def test_hostile_text_takes_time_proportional_to_its_length(unit: str) -> None:
    def seconds(characters: int) -> float:
        text = unit * (characters // len(unit))
        start = time.process_time()
        find(text)
        return time.process_time() - start

    assert seconds(40_000) < 8 * seconds(10_000) + 0.5  # four times is linear, sixteen quadratic
