"""Amounts and dates as they are printed."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from clary.engines.documents.amounts import amounts_in, currency_of
from clary.engines.documents.dates import dates_in, parse_date


@pytest.mark.parametrize(
    ("text", "value", "currency"),
    [
        ("TOTAL RM 31.00", "31.00", "MYR"),
        ("$1,007.50", "1007.50", "USD"),
        ("1.234,56 €", "1234.56", "EUR"),
        ("29,99", "29.99", None),
        ("CHF 1'250.00", "1250.00", "CHF"),
        ("(12.00)", "-12.00", None),
        ("-£3.20", "-3.20", "GBP"),
        ("1,250", "1250", None),
    ],
)
def test_amounts_are_read_in_the_ways_of_many_countries(text: str, value: str, currency: str | None) -> None:
    (found,) = amounts_in(text)
    assert (found.value, found.currency) == (Decimal(value), currency)


def test_shares_and_dates_are_no_amounts() -> None:
    assert [str(found.value) for found in amounts_in("6% on 12/03/18: 4.00")] == ["4.00"]


def test_the_currency_of_a_page_is_the_one_it_names_most() -> None:
    assert currency_of("Total RM 3.00, paid RM 5.00, formerly $ 1") == "MYR"
    assert currency_of("nothing here") is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("25 MAR 2018", date(2018, 3, 25)),
        ("March 25th, 2018", date(2018, 3, 25)),
        ("2018-03-25", date(2018, 3, 25)),
        ("25.03.18", date(2018, 3, 25)),
        ("3/25/2018", date(2018, 3, 25)),
        ("02 juillet 2015", date(2015, 7, 2)),
        ("25/03/201812:04", date(2018, 3, 25)),
        ("20180325", date(2018, 3, 25)),
        ("31/02/2018", None),
        ("no date", None),
    ],
)
def test_dates_are_read_in_many_forms(text: str, expected: date | None) -> None:
    assert parse_date(text) == expected


def test_only_a_doubtful_date_depends_on_the_country() -> None:
    assert parse_date("02/03/2020", month_first=True) == date(2020, 2, 3)
    assert parse_date("02/03/2020") == date(2020, 3, 2)
    assert parse_date("25/03/2020", month_first=True) == date(2020, 3, 25)


def test_dates_know_where_they_stand() -> None:
    text = "from 1 May 2020 to 2020-06-01"
    assert [text[one.start : one.end] for one in dates_in(text)] == ["1 May 2020", "2020-06-01"]
