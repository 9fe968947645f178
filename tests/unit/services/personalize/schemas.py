"""Schemas and rows that the tests share."""

from __future__ import annotations

import json
from typing import Any

from clary.services.personalize.datasets.schema_rules import Column, columns_of

USER = {"name": "USER_ID", "type": "string"}
ITEM = {"name": "ITEM_ID", "type": "string"}
TIME = {"name": "TIMESTAMP", "type": "long"}
TYPE = {"name": "EVENT_TYPE", "type": "string"}
VALUE = {"name": "EVENT_VALUE", "type": ["null", "float"]}
GENRES = {"name": "GENRES", "type": ["null", "string"], "categorical": True}
YEAR = {"name": "YEAR", "type": ["null", "int"]}
NEW = {"name": "NEW", "type": ["null", "boolean"]}


def schema(*fields: dict[str, Any], name: str = "Interactions") -> str:
    """An Avro schema as JSON."""
    namespace = "com.amazonaws.personalize.schema"
    return json.dumps(
        {"type": "record", "name": name, "namespace": namespace, "fields": list(fields), "version": "1.0"}
    )


def columns(*fields: dict[str, Any]) -> list[Column]:
    """Fields as columns."""
    return columns_of(schema(*fields))
