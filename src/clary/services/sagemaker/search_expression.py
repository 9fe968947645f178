"""Search expressions: filters, nested filters and subexpressions, evaluated over a resource as Search shows it."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from clary.core.errors import ValidationException

Resource = Mapping[str, Any]
Test = Callable[[Resource], bool]

MOST_PARTS = 50
_ORDERINGS: Mapping[str, Callable[[Any, Any], bool]] = {
    "GreaterThan": operator.gt,
    "GreaterThanOrEqualTo": operator.ge,
    "LessThan": operator.lt,
    "LessThanOrEqualTo": operator.le,
}


def compile_expression(expression: Mapping[str, Any], properties: frozenset[str]) -> Test:
    """Makes a test of an expression.

    Args:
        properties: the first parts of the property names that the resource has ("Tags", "CreationTime", ...).

    Raises:
        ValidationException: the expression is empty, too large, names no property, or gives an operator a value that
            it cannot have.
    """
    if _parts(expression) > MOST_PARTS:
        raise ValidationException(f"A SearchExpression can hold at most {MOST_PARTS} filters and subexpressions.")
    if sum(filter_.get("Operator") == "Contains" for filter_ in _all_filters(expression)) > 1:
        raise ValidationException("'CONTAINS' operator usage limit of 1 exceeded.")
    return _compile(expression, properties)


def values_of(resource: Resource, name: str) -> list[Any]:
    """The values of a property: several where the path leads through a list, none where it is not there.

    `Metrics.NAME` is the final value of a metric, `Tags.KEY` the value of a tag; metric names, tag keys and
    hyperparameters may hold dots themselves.
    """
    first, _, rest = name.partition(".")
    if first == "Metrics" and rest:
        return [metric["Value"] for metric in resource.get("FinalMetricDataList", []) if metric["MetricName"] == rest]
    if first == "Tags" and rest:
        return [tag["Value"] for tag in resource.get("Tags", []) if tag["Key"] == rest]
    if first in ("HyperParameters", "Environment") and rest:
        return [resource[first][rest]] if rest in resource.get(first, {}) else []
    return list(_walk(resource, name.split(".")))


def _walk(value: Any, path: Sequence[str]) -> Iterator[Any]:
    if isinstance(value, list):
        for element in value:
            yield from _walk(element, path)
    elif not path:
        if value is not None:
            yield value
    elif isinstance(value, Mapping) and path[0] in value:
        yield from _walk(value[path[0]], path[1:])


def _all_filters(expression: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield from expression.get("Filters", [])
    for nested in expression.get("NestedFilters", []):
        yield from nested["Filters"]
    for inner in expression.get("SubExpressions", []):
        yield from _all_filters(inner)


def _parts(expression: Mapping[str, Any], depth: int = 0) -> int:
    """How many filters and subexpressions there are; more than `MOST_PARTS` is not counted to the end."""
    if depth > MOST_PARTS:
        return MOST_PARTS + 1
    inner = expression.get("SubExpressions", [])
    own = len(expression.get("Filters", [])) + len(inner)
    nested = sum(len(one["Filters"]) + 1 for one in expression.get("NestedFilters", []))
    return own + nested + sum(_parts(one, depth + 1) for one in inner)


def _compile(expression: Mapping[str, Any], properties: frozenset[str]) -> Test:
    tests = [_filter(one, properties) for one in expression.get("Filters", [])]
    tests += [_nested(one, properties) for one in expression.get("NestedFilters", [])]
    tests += [_compile(one, properties) for one in expression.get("SubExpressions", [])]
    if not tests:
        raise ValidationException(
            "A SearchExpression must hold at least one filter, nested filter or subexpression: this one is empty."
        )
    combine = any if expression.get("Operator") == "Or" else all
    return lambda resource: combine(test(resource) for test in tests)


def _nested(nested: Mapping[str, Any], properties: frozenset[str]) -> Test:
    """One and the same element of a list satisfies all the filters."""
    name = nested["NestedPropertyName"]
    _require_property(name, properties)
    tests = []
    for one in nested["Filters"]:
        if not one["Name"].startswith(f"{name}."):
            raise ValidationException(f"The nested filter {one['Name']} does not begin with {name}.")
        relative = {**one, "Name": one["Name"].removeprefix(f"{name}.")}
        tests.append(_filter(relative, frozenset({relative["Name"].partition(".")[0]})))

    def holds(resource: Resource) -> bool:
        elements = resource.get(name, [])
        elements = elements if isinstance(elements, list) else [elements]
        return any(all(test(element) for test in tests) for element in elements)

    return holds


def _filter(one: Mapping[str, Any], properties: frozenset[str]) -> Test:
    name, how = one["Name"], one.get("Operator", "Equals")
    _require_property(name, properties)
    if how == "Exists":
        return lambda resource: bool(values_of(resource, name))
    if how == "NotExists":
        return lambda resource: not values_of(resource, name)
    wanted = one.get("Value")
    if wanted is None:
        raise ValidationException(f"The filter on {name} needs a Value for the operator {how}.")
    truncate = name.startswith("HyperParameters.") and _is_integer(wanted)
    if how == "NotEquals":
        return lambda resource: not any(_equal(value, wanted, truncate) for value in values_of(resource, name))
    compare = _comparison(name, how, wanted, truncate)
    return lambda resource: any(compare(value) for value in values_of(resource, name))


def _comparison(name: str, how: str, wanted: str, truncate: bool) -> Callable[[Any], bool]:
    if how == "Equals":
        return lambda value: _equal(value, wanted, truncate)
    if how == "Contains":
        return lambda value: wanted in str(value)
    if how == "In":
        choices = {choice.strip() for choice in wanted.split(",")}
        return lambda value: str(value) in choices
    ordering = _ORDERINGS[how]

    def compare(value: Any) -> bool:
        pair = _comparable(value, wanted, truncate)
        if pair is None:
            if isinstance(value, str) and _number(wanted) is not None:
                return False  # a hyperparameter of other jobs may be a word
            raise ValidationException(f"The operator {how} is not supported for the text property {name}.")
        return ordering(*pair)

    return compare


def _require_property(name: str, properties: frozenset[str]) -> None:
    if name.partition(".")[0] not in properties:
        raise ValidationException(
            f"Unknown property name: {name}. Valid ones begin with {', '.join(sorted(properties))}."
        )


def _equal(value: Any, wanted: str, truncate: bool) -> bool:
    if isinstance(value, bool):
        return wanted.lower() == str(value).lower()
    pair = _comparable(value, wanted, truncate)
    return str(value) == wanted if pair is None else bool(pair[0] == pair[1])


def _comparable(value: Any, wanted: str, truncate: bool) -> tuple[Any, Any] | None:
    """Both sides as numbers or as times; None when they are text."""
    if isinstance(value, datetime):
        return value, moment(wanted)
    if isinstance(value, bool):
        return None
    left, right = _number(value), _number(wanted)
    if left is None or right is None:
        return None
    return (float(int(left)) if truncate and left == left and abs(left) != float("inf") else left), right


def _number(value: Any) -> float | None:
    try:
        return float(value)
    except (TypeError, ValueError):
        return None


def _is_integer(text: str) -> bool:
    return text.strip().lstrip("+-").isdecimal()


def moment(text: str) -> datetime:
    """Reads the time of a filter, in UTC where it names no zone.

    Raises:
        ValidationException: it is not ISO 8601.
    """
    try:
        read = datetime.fromisoformat(text)
    except ValueError as error:
        raise ValidationException(f"Invalid time {text!r}: the form is YYYY-mm-ddTHH:MM:SS.") from error
    return read if read.tzinfo else read.replace(tzinfo=UTC)
