"""The `properties` of events, items and users: JSON in camel case, checked against a schema."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

import orjson

from clary.services.personalize.datasets.schema_rules import Column
from clary.services.personalize.errors import InvalidInputException

_WORD = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


def parsed(text: str | None, member: str) -> dict[str, Any]:
    """The object that a `properties` text holds, {} for none.

    Raises:
        InvalidInputException: it is not a JSON object.
    """
    if not text:
        return {}
    try:
        value = orjson.loads(text)  # it takes nothing that it could not write again
    except ValueError as error:
        raise InvalidInputException(f"{member} is not valid JSON: {error}") from error
    if not isinstance(value, dict):
        raise InvalidInputException(f"{member} must be a JSON object.")
    return value


def plain(name: str) -> str:
    """What `numberOfRatings` and `NUMBER_OF_RATINGS` have in common."""
    return re.sub(r"[^A-Z0-9]", "", name.upper())


def checked(properties: dict[str, Any], columns: Sequence[Column], member: str) -> dict[str, Any]:
    """The values of the columns that are named, in the columns' types; what the schema does not know is left out.

    Raises:
        InvalidInputException: a value does not fit its column.
    """
    by_name = {plain(column.name): column for column in columns}
    found = {}
    for name, value in properties.items():
        column = by_name.get(plain(name))
        if column is not None:
            found[column.name] = _value(value, column, f"{member}.{name}")
    return found


def require(values: dict[str, Any], columns: Sequence[Column], member: str, *, given: frozenset[str]) -> None:
    """Checks that every column that cannot be null has a value.

    Args:
        given: columns whose values come from elsewhere.

    Raises:
        InvalidInputException: one is missing.
    """
    missing = [
        column.name
        for column in columns
        if not column.nullable and column.name not in given and values.get(column.name) in (None, "")
    ]
    if missing:
        raise InvalidInputException(f"{member}: the schema requires a value for {missing}.")


def _value(value: Any, column: Column, member: str) -> Any:
    if value is None:
        if column.nullable:
            return None
        raise InvalidInputException(f"{member}: {column.name} cannot be null.")
    if column.type == "string":
        if isinstance(value, list) and column.categorical:
            value = "|".join(map(str, value))
        text = value if isinstance(value, str) else json.dumps(value)
        if column.longest and len(text) > column.longest:
            raise InvalidInputException(f"{member}: Length cannot be more than {column.longest} characters.")
        return text
    if column.type == "boolean":
        texts = {"true": True, "false": False}
        found = value if isinstance(value, bool) else texts.get(str(value).lower())
        if found is None:
            raise InvalidInputException(f"{member}: {column.name} must be of type boolean.")
        return found
    try:
        if isinstance(value, bool):
            raise ValueError("a boolean")
        number = float(value)
        if column.type in ("int", "long"):
            if number != int(number) or abs(number) >= 2**63:
                raise ValueError("not a whole number")
            return int(value)
        if number - number != 0:
            raise ValueError("not finite")
    except (TypeError, ValueError, OverflowError) as error:
        raise InvalidInputException(f"{member}: {column.name} must be of type {column.type}.") from error
    return number
