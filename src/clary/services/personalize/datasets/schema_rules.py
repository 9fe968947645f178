"""Avro schemas as Personalize reads them: parsed, checked, and turned into columns.

Pure: used by CreateSchema and CreateDataset, by the import of data and by `clary personalize validate`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from clary.services.personalize.datasets import schema_tables as tables
from clary.services.personalize.datasets.schema_tables import RULES, Rules

_PRIMITIVES = frozenset({"string", "int", "long", "float", "double", "boolean", "null"})
NUMERIC = frozenset({"int", "long", "float", "double"})
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_EXAMPLE = (
    '{"type": "record", "name": "Interactions", "namespace": "com.amazonaws.personalize.schema", "fields": [...],'
    ' "version": "1.0"}'
)


class SchemaError(ValueError):
    """A schema breaks a rule; the message names the field and the rule."""


@dataclass(frozen=True, slots=True)
class Column:
    """A field of a schema.

    Attributes:
        type: "string", "int", "long", "float", "double" or "boolean".
        nullable: whether a value may be missing.
        categorical, textual: the attributes of a string.
    """

    name: str
    type: str
    nullable: bool = False
    categorical: bool = False
    textual: bool = False

    @property
    def is_number(self) -> bool:
        """Whether its values are numbers."""
        return self.type in NUMERIC

    @property
    def longest(self) -> int:
        """The most characters that a value may have; 0 where there is no limit."""
        if self.type != "string":
            return 0
        if self.name in tables.ID_COLUMNS:
            return tables.LONGEST_ID
        if self.textual:
            return tables.LONGEST_TEXT
        if self.name == "RECOMMENDATION_ID":
            return tables.LONGEST_RECOMMENDATION_ID
        if self.name == "EVENT_TYPE":
            return tables.LONGEST_EVENT_TYPE
        return tables.LONGEST_CATEGORICAL


def columns_of(schema: str) -> list[Column]:
    """The columns of an Avro schema, in its order.

    Raises:
        SchemaError: it is not JSON, not a flat Avro record, or a field breaks a rule.
    """
    try:
        value = json.loads(schema)
    except (ValueError, RecursionError) as error:
        raise SchemaError(f"The schema is not valid JSON: {error}") from error
    if not isinstance(value, dict) or value.get("type") != "record" or not isinstance(value.get("fields"), list):
        raise SchemaError(f"The schema is not a valid Avro schema: it must be a record such as {_EXAMPLE}")
    if not isinstance(value.get("name"), str) or not value["name"]:
        raise SchemaError("The schema is not a valid Avro schema: the record has no name")
    if not value["fields"]:
        raise SchemaError("The schema has no fields")
    columns = [_column(field) for field in value["fields"]]
    seen: dict[str, str] = {}
    for column in columns:
        plain = re.sub(r"[^A-Z0-9]", "", column.name.upper())
        if plain in seen:
            raise SchemaError(
                f"Field names must be unique: {column.name!r} and {seen[plain]!r} differ in case or underscores only"
            )
        seen[plain] = column.name
    if sum(column.textual for column in columns) > 1:
        names = [column.name for column in columns if column.textual]
        raise SchemaError(f"A schema can have one textual field only, this one has {names}")
    return columns


def _column(field: Any) -> Column:
    if not isinstance(field, dict) or not isinstance(field.get("name"), str):
        raise SchemaError("The schema is not a valid Avro schema: every field is an object with a name and a type")
    name = field["name"]
    if not _NAME.fullmatch(name):
        raise SchemaError(f"Field {name!r}: names consist of letters, digits and underscores")
    types = field.get("type")
    types = types if isinstance(types, list) else [types]
    unknown = [kind for kind in types if not isinstance(kind, str) or kind not in _PRIMITIVES]
    if unknown:
        raise SchemaError(
            f"Field {name}: type {json.dumps(unknown[0])} is not supported. Supported types are boolean, double, "
            "float, int, long, null and string; records, arrays, maps and enums are not"
        )
    plain = [kind for kind in types if kind != "null"]
    if len(plain) != 1:
        raise SchemaError(f"Field {name}: a field has one type, and may add null to it: {json.dumps(types)}")
    flags = {}
    for flag in ("categorical", "textual"):
        flags[flag] = field.get(flag, False)
        if not isinstance(flags[flag], bool):
            raise SchemaError(f"Field {name}: {flag} is true or false")
        if flags[flag] and plain[0] != "string":
            raise SchemaError(f"Field {name}: only fields of type string can be {flag}")
    if flags["categorical"] and flags["textual"]:
        raise SchemaError(f"Field {name}: a field is either categorical or textual")
    return Column(name, plain[0], "null" in types, flags["categorical"], flags["textual"])


def check_for_dataset(columns: Sequence[Column], dataset_type: str, domain: str = tables.CUSTOM) -> None:
    """Checks a schema against what a type of data set requires.

    Args:
        dataset_type: "INTERACTIONS", "ITEMS", ...
        domain: "", "ECOMMERCE" or "VIDEO_ON_DEMAND".

    Raises:
        SchemaError: with the field and the rule.
    """
    rules = RULES.get((domain, dataset_type))
    if rules is None:
        raise SchemaError(f"A data set group of the domain {domain} has no data set of type {dataset_type}")
    by_name = {column.name: column for column in columns}
    missing = [entry.split()[0] for entry in rules.required if entry.split()[0] not in by_name]
    if missing:
        raise SchemaError(f"The schema of an {dataset_type} data set is missing the required fields: {missing}")
    for entry in (*rules.required, *rules.reserved):
        name, kind = entry.split()
        if name in by_name:
            _check_type(by_name[name], kind, is_required=entry in rules.required)
    _check_metadata(columns, rules, dataset_type)


def _check_type(column: Column, kind: str, *, is_required: bool) -> None:
    wanted, _, null = kind.partition("+")
    if wanted == "any":
        fits = column.is_number
    elif wanted == "categorical":
        fits = column.categorical
    elif wanted == "textual":
        fits = column.textual
    elif wanted == "string":
        categorical = column.categorical and column.name != "EVENT_TYPE"
        fits = column.type == "string" and not column.textual and not categorical
    elif wanted == "long":
        fits = column.type in ("long", "int") if column.name != "TIMESTAMP" else column.type == "long"
    else:
        fits = column.type in ("float", "double")
    words = {"any": "a numeric type", "categorical": "a categorical string", "textual": "a textual string"}
    if not fits:
        what = "required" if is_required else "reserved"
        raise SchemaError(f"The {what} field {column.name} must be {words.get(wanted, f'of type {wanted}')}")
    if column.nullable and null != "null" and not (wanted == "categorical"):
        raise SchemaError(f"The required field {column.name} cannot be null")


def _check_metadata(columns: Sequence[Column], rules: Rules, dataset_type: str) -> None:
    required = {entry.split()[0] for entry in rules.required}
    reserved = {entry.split()[0] for entry in rules.reserved}
    metadata = [column for column in columns if column.name not in required | reserved]
    if len(columns) - len(required) < rules.least_metadata:
        raise SchemaError(
            f"The schema of an {dataset_type} data set needs at least {rules.least_metadata} metadata field beside "
            f"{sorted(required)}"
        )
    if len(metadata) > rules.most_metadata:
        raise SchemaError(
            f"The schema of an {dataset_type} data set can have at most {rules.most_metadata} metadata fields, this "
            f"one has {len(metadata)}"
        )
    for column in columns:
        if column.textual and not rules.texts:
            raise SchemaError(f"Field {column.name}: only ITEMS schemas can have textual fields")
