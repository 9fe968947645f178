from datetime import UTC, datetime
from typing import Any

import pytest

from clary.core.errors import ValidationException
from clary.services.sagemaker.search_expression import compile_expression

JOB: dict[str, Any] = {
    "TrainingJobName": "offer-7",
    "CreationTime": datetime(2026, 3, 1, 12, tzinfo=UTC),
    "BillableTimeInSeconds": 42,
    "EnableNetworkIsolation": True,
    "HyperParameters": {"eta": "0.3", "objective": "binary:logistic", "dotted.name": "1"},
    "FinalMetricDataList": [{"MetricName": "validation:auc", "Value": 0.93}],
    "Tags": [{"Key": "team", "Value": "offers"}, {"Key": "a.b", "Value": "c"}],
    "InputDataConfig": [
        {"ChannelName": "train", "DataSource": {"S3DataSource": {"S3Uri": "s3://one/train"}}},
        {"ChannelName": "validation", "DataSource": {"S3DataSource": {"S3Uri": "s3://two/validation"}}},
    ],
}
PROPERTIES = frozenset({*JOB, "Metrics", "FailureReason"})


def holds(expression: dict[str, Any]) -> bool:
    return compile_expression(expression, PROPERTIES)(JOB)


def one(name: str, how: str | None = None, value: str | None = None) -> dict[str, Any]:
    return {
        "Name": name,
        **({"Operator": how} if how else {}),
        **({"Value": value} if value is not None else {}),
    }


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        (one("TrainingJobName", None, "offer-7"), True),
        (one("TrainingJobName", "Equals", "offer"), False),
        (one("TrainingJobName", "NotEquals", "offer"), True),
        (one("FailureReason", "NotEquals", "x"), True),
        (one("TrainingJobName", "Contains", "fer-"), True),
        (one("TrainingJobName", "In", "other, offer-7"), True),
        (one("TrainingJobName", "In", "other,offer"), False),
        (one("FailureReason", "Exists"), False),
        (one("FailureReason", "NotExists"), True),
        (one("Metrics.validation:auc", "GreaterThan", "0.9"), True),
        (one("Metrics.validation:auc", "LessThanOrEqualTo", "0.9"), False),
        (one("Metrics.validation:auc", "GreaterThanOrEqualTo", "0.93"), True),
        (one("BillableTimeInSeconds", "LessThan", "42"), False),
        (one("BillableTimeInSeconds", "Equals", "42.0"), True),
        (one("HyperParameters.eta", "LessThan", "0.5"), True),
        (one("HyperParameters.eta", "LessThan", "1"), True),
        (one("HyperParameters.eta", "Equals", "0"), True),  # an integer makes decimals integers
        (one("HyperParameters.objective", "Equals", "binary:logistic"), True),
        (one("HyperParameters.dotted.name", "Equals", "1"), True),
        (one("HyperParameters.gamma", "Exists"), False),
        (one("Tags.team", "Equals", "offers"), True),
        (one("Tags.a.b", "Equals", "c"), True),
        (one("Tags.owner", "Exists"), False),
        (one("EnableNetworkIsolation", "Equals", "true"), True),
        (one("CreationTime", "GreaterThan", "2026-03-01T11:59:59"), True),
        (one("CreationTime", "LessThan", "2026-03-01T12:00:00+01:00"), False),
        (one("InputDataConfig.ChannelName", "Equals", "validation"), True),
    ],
)
def test_each_operator_compares_as_the_property_type_asks(condition: dict[str, Any], expected: bool) -> None:
    assert holds({"Filters": [condition]}) is expected


def test_filters_are_joined_by_and_unless_or_is_asked_for() -> None:
    filters = [one("TrainingJobName", None, "offer-7"), one("BillableTimeInSeconds", None, "1")]
    assert not holds({"Filters": filters})
    assert holds({"Filters": filters, "Operator": "Or"})


def test_subexpressions_nest() -> None:
    never = {"Filters": [one("TrainingJobName", None, "other")]}
    always = {"Filters": [one("TrainingJobName", "Exists")]}
    assert holds({"SubExpressions": [never, {"SubExpressions": [always]}], "Operator": "Or"})
    assert not holds({"SubExpressions": [never, always]})


def test_nested_filters_must_hold_for_one_and_the_same_element() -> None:
    def nested(channel: str, bucket: str) -> dict[str, Any]:
        return {
            "NestedFilters": [
                {
                    "NestedPropertyName": "InputDataConfig",
                    "Filters": [
                        one("InputDataConfig.ChannelName", "Equals", channel),
                        one("InputDataConfig.DataSource.S3DataSource.S3Uri", "Contains", bucket),
                    ],
                }
            ]
        }

    assert holds(nested("train", "s3://one"))
    assert not holds(nested("train", "s3://two"))


def test_an_expression_of_endless_depth_is_refused() -> None:
    expression: dict[str, Any] = {"Filters": [one("TrainingJobName", "Exists")]}
    for _ in range(5000):
        expression = {"SubExpressions": [expression]}
    with pytest.raises(ValidationException, match="at most 50"):
        holds(expression)


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ({}, "at least one"),
        ({"Filters": [one("Nonsense", "Exists")]}, "Unknown property name: Nonsense"),
        ({"Filters": [one("TrainingJobName", "Equals")]}, "needs a Value"),
        ({"Filters": [one("TrainingJobName", "GreaterThan", "a")]}, "not supported for the text property"),
        ({"Filters": [one("CreationTime", "GreaterThan", "yesterday")]}, "YYYY-mm-dd"),
        (
            {"Filters": [one("TrainingJobName", "Contains", "a"), one("TrainingJobName", "Contains", "b")]},
            "'CONTAINS' operator usage limit of 1 exceeded.",
        ),
        ({"SubExpressions": [{"Filters": [one("TrainingJobName", "Exists")] * 20}] * 3}, "at most 50"),
    ],
)
def test_an_expression_that_breaks_a_rule_is_refused(expression: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationException, match=message):
        holds(expression)
