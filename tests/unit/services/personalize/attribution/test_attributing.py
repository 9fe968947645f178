from __future__ import annotations

import pytest

from clary.services.personalize.attribution.expressions import SAMPLE_COUNT, SUM, Expression, check, parsed
from clary.services.personalize.attribution.reports import table
from clary.services.personalize.datasets.schema_rules import Column
from clary.services.personalize.datasets.schema_tables import INTERACTIONS, ITEMS
from clary.services.personalize.errors import InvalidInputException
from clary.services.personalize.programs.attributing import UNDEFINED, Happening, added_up, source_of
from clary.services.personalize.serving.recommendation_ids import is_from, recommendation_id

SHOP, OTHER = "arn:aws:personalize:us-east-1:1:campaign/shop", "arn:aws:personalize:us-east-1:1:campaign/other"
COLUMNS = {ITEMS: [Column("PRICE", "float"), Column("NAME", "string")]}


def test_a_recommendation_id_tells_who_answered_and_no_two_are_equal() -> None:
    first, second = recommendation_id(SHOP), recommendation_id(SHOP)
    assert first != second
    assert is_from(first, SHOP)
    assert not is_from(first, OTHER)
    assert not is_from("RID-nonsense", SHOP)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("SAMPLECOUNT()", Expression(SAMPLE_COUNT)),
        (" samplecount ( ) ", Expression(SAMPLE_COUNT)),
        ("SUM(Items.PRICE)", Expression(SUM, ITEMS, "PRICE")),
        ("sum( interactions.event_value )", Expression(SUM, INTERACTIONS, "event_value")),
    ],
)
def test_expressions_are_read_in_any_case(text: str, wanted: Expression) -> None:
    assert parsed(text) == wanted


@pytest.mark.parametrize(
    "text", ["", "COUNT()", "SUM()", "SUM(PRICE)", "SUM(Users.AGE)", "SUM(Items.PRICE) + 1", "SUM(Items.PRICE"]
)
def test_other_expressions_are_refused_with_the_text(text: str) -> None:
    with pytest.raises(InvalidInputException, match="is not valid"):
        parsed(text)


@pytest.mark.parametrize("text", ["SUM(Items.NAME)", "SUM(Items.WEIGHT)", "SUM(Interactions.PRICE)"])
def test_a_sum_is_of_a_numeric_column_that_is_there(text: str) -> None:
    check("SUM(Items.price)", COLUMNS)
    with pytest.raises(InvalidInputException, match="no numeric column"):
        check(text, COLUMNS)


def test_values_are_added_up_by_quarter_of_an_hour_and_source() -> None:
    metrics = [
        {"metricName": "n", "eventType": "Click", "expression": "SAMPLECOUNT()"},
        {"metricName": "paid", "eventType": "buy", "expression": "SUM(Items.PRICE)"},
        {"metricName": "seconds", "eventType": "buy", "expression": "SUM(Interactions.EVENT_VALUE)"},
    ]
    source = {"EVENT_ATTRIBUTION_SOURCE": "mail"}
    found = [
        Happening("click", "a", 899, source),
        Happening("CLICK", "a", 900, source),
        Happening("click", "b", 1799, source),
        Happening("buy", "a", 1000, {"EVENT_VALUE": 2.5}),
        Happening("buy", "no-price", 1000, {"EVENT_VALUE": None}),
        Happening("look", "a", 1000, source),
    ]
    lines = added_up(iter(found), metrics, {"PRICE": {"a": 10.0}}, [])
    told = [(line["metric"], line["source"], line["window"], line["value"]) for line in lines]
    assert told == [
        ("n", "mail", 0, 1.0),
        ("n", "mail", 900, 2.0),
        ("paid", UNDEFINED, 900, 10.0),
        ("seconds", UNDEFINED, 900, 2.5),
    ]


def test_what_an_event_says_of_its_source_comes_before_its_recommendation() -> None:
    identifier = recommendation_id(SHOP)
    assert source_of({"RECOMMENDATION_ID": identifier}, [OTHER, SHOP]) == SHOP
    assert source_of({"RECOMMENDATION_ID": identifier, "EVENT_ATTRIBUTION_SOURCE": "mail"}, [SHOP]) == "mail"
    assert source_of({"RECOMMENDATION_ID": "RID-of-elsewhere"}, [SHOP]) == UNDEFINED
    assert source_of({}, [SHOP]) == UNDEFINED


def test_names_with_commas_stay_one_column_of_a_report() -> None:
    line = {"metric": "a,b", "eventType": "x", "value": 1.0, "function": "sum", "source": "s", "window": 900}
    assert table([line]).splitlines()[1] == '"a,b",x,1.0,sum,s,900'
