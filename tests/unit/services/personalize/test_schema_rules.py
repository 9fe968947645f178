"""Which schemas Personalize takes, and what it says of the others."""

from __future__ import annotations

from typing import Any

import pytest

from clary.services.personalize.datasets.schema_rules import SchemaError, check_for_dataset, columns_of

from .schemas import GENRES, ITEM, TIME, TYPE, USER, VALUE, columns, schema

TEXT = {"name": "PLOT", "type": "string", "textual": True}
PRICE = {"name": "PRICE", "type": "float"}
CATEGORY = {"name": "CATEGORY_L1", "type": ["string"], "categorical": True}
CREATED = {"name": "CREATION_TIMESTAMP", "type": "long"}


def test_columns_tell_type_nullability_and_attributes() -> None:
    found = {column.name: column for column in columns(USER, VALUE, GENRES, TEXT)}
    assert (found["USER_ID"].type, found["USER_ID"].nullable) == ("string", False)
    assert (found["EVENT_VALUE"].type, found["EVENT_VALUE"].nullable) == ("float", True)
    assert found["GENRES"].categorical and found["GENRES"].nullable
    assert found["PLOT"].textual
    assert [found[name].longest for name in ("USER_ID", "GENRES", "PLOT", "EVENT_VALUE")] == [256, 1000, 20_000, 0]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "not valid JSON"),
        ("[" * 100_000, "not valid JSON"),
        ("[]", "not a valid Avro schema"),
        ('{"type": "enum", "name": "x", "fields": []}', "not a valid Avro schema"),
        ('{"type": "record", "fields": [{"name": "A", "type": "string"}]}', "no name"),
        ('{"type": "record", "name": "x", "fields": []}', "no fields"),
        (schema({"name": "A B", "type": "string"}), "letters, digits and underscores"),
        (schema({"name": "A"}), "not supported"),
        (schema({"name": "A", "type": {"type": "array", "items": "string"}}), "not supported"),
        (schema({"name": "A", "type": "bytes"}), "not supported"),
        (schema({"name": "A", "type": ["string", "int"]}), "has one type"),
        (schema({"name": "A", "type": ["null"]}), "has one type"),
        (schema({"name": "A", "type": "long", "categorical": True}), "type string"),
        (schema({"name": "A", "type": "string", "categorical": "yes"}), "true or false"),
        (schema({"name": "A", "type": "string", "categorical": True, "textual": True}), "either"),
        (schema(USER, {"name": "userId", "type": "string"}), "unique"),
        (schema(TEXT, {**TEXT, "name": "B"}), "one textual"),
    ],
)
def test_a_broken_schema_is_refused_with_the_rule(text: str, said: str) -> None:
    with pytest.raises(SchemaError, match=said):
        columns_of(text)


@pytest.mark.parametrize(
    ("fields", "kind", "domain"),
    [
        ((USER, ITEM, TIME), "INTERACTIONS", ""),
        ((USER, ITEM, TIME, TYPE, VALUE, GENRES), "INTERACTIONS", ""),
        ((ITEM, GENRES), "ITEMS", ""),
        ((ITEM, TEXT, CREATED), "ITEMS", ""),
        ((USER, GENRES), "USERS", ""),
        ((ITEM, PRICE, CATEGORY), "ITEMS", "ECOMMERCE"),
        ((ITEM, {**GENRES, "type": "string"}, CREATED), "ITEMS", "VIDEO_ON_DEMAND"),
        ((USER, ITEM, TIME, TYPE), "INTERACTIONS", "VIDEO_ON_DEMAND"),
        (({"name": "ACTION_ID", "type": "string"}, {"name": "VALUE", "type": ["null", "long"]}), "ACTIONS", ""),
    ],
)
def test_a_schema_that_has_what_its_data_set_needs_is_taken(
    fields: tuple[dict[str, Any], ...], kind: str, domain: str
) -> None:
    check_for_dataset(columns(*fields), kind, domain)


@pytest.mark.parametrize(
    ("fields", "kind", "domain", "said"),
    [
        ((USER, ITEM), "INTERACTIONS", "", r"missing the required fields: \['TIMESTAMP'\]"),
        ((USER, ITEM, TIME), "INTERACTIONS", "ECOMMERCE", r"\['EVENT_TYPE'\]"),
        ((USER, ITEM, {**TIME, "type": "int"}), "INTERACTIONS", "", "TIMESTAMP must be of type long"),
        (({**USER, "type": ["string", "null"]}, ITEM, TIME), "INTERACTIONS", "", "USER_ID cannot be null"),
        (({**USER, "type": "long"}, ITEM, TIME), "INTERACTIONS", "", "USER_ID must be of type string"),
        ((USER, ITEM, TIME, {**VALUE, "type": "string"}), "INTERACTIONS", "", "reserved field EVENT_VALUE"),
        ((USER, ITEM, TIME, TEXT), "INTERACTIONS", "", "only ITEMS"),
        ((USER, ITEM, TIME, *({"name": f"C{n}", "type": "int"} for n in range(6))), "INTERACTIONS", "", "at most 5"),
        ((ITEM,), "ITEMS", "", "at least 1 metadata field"),
        ((USER,), "USERS", "", "at least 1 metadata field"),
        ((ITEM, PRICE, {**CATEGORY, "categorical": False}), "ITEMS", "ECOMMERCE", "categorical string"),
        ((ITEM, GENRES), "ITEMS", "ECOMMERCE", r"\['PRICE', 'CATEGORY_L1'\]"),
        ((USER, GENRES), "ACTIONS", "ECOMMERCE", "no data set of type ACTIONS"),
    ],
)
def test_a_schema_that_does_not_fit_its_data_set_is_refused_with_field_and_rule(
    fields: tuple[dict[str, Any], ...], kind: str, domain: str, said: str
) -> None:
    with pytest.raises(SchemaError, match=said):
        check_for_dataset(columns(*fields), kind, domain)
