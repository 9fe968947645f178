"""The expressions of metrics: `SAMPLECOUNT()`, `SUM(Items.COLUMN)` and `SUM(Interactions.COLUMN)`."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from clary.services.personalize.datasets.schema_rules import Column
from clary.services.personalize.datasets.schema_tables import INTERACTIONS, ITEMS
from clary.services.personalize.errors import InvalidInputException

SUM, SAMPLE_COUNT = "sum", "samplecount"
_COUNT = re.compile(r"\s*SAMPLECOUNT\s*\(\s*\)\s*", re.IGNORECASE)
_SUM = re.compile(r"\s*SUM\s*\(\s*(\w+)\s*\.\s*(\w+)\s*\)\s*", re.IGNORECASE)
_DATASETS = {"items": ITEMS, "interactions": INTERACTIONS}


@dataclass(frozen=True, slots=True)
class Expression:
    """What is added up.

    Attributes:
        function: `SUM` or `SAMPLE_COUNT`.
        dataset, column: of a sum; "" of a count.
    """

    function: str
    dataset: str = ""
    column: str = ""


def parsed(text: str) -> Expression:
    """Reads an expression.

    Raises:
        InvalidInputException: it is none.
    """
    if _COUNT.fullmatch(text):
        return Expression(SAMPLE_COUNT)
    found = _SUM.fullmatch(text)
    dataset = _DATASETS.get(found[1].lower()) if found else None
    if found is None or dataset is None:
        raise InvalidInputException(
            f"The expression {text!r} is not valid: it must be SAMPLECOUNT(), SUM(Items.COLUMN_NAME) or "
            "SUM(Interactions.COLUMN_NAME)."
        )
    return Expression(SUM, dataset, found[2])


def check(text: str, schemas: Mapping[str, Sequence[Column]]) -> None:
    """Checks an expression against the schemas of a group.

    Args:
        schemas: data set type -> its columns.

    Raises:
        InvalidInputException: it is none, or names a column that is not there or holds no numbers.
    """
    expression = parsed(text)
    if expression.function != SUM:
        return
    columns = {column.name.upper(): column for column in schemas.get(expression.dataset, ())}
    column = columns.get(expression.column.upper())
    if column is None or not column.is_number:
        numbers = sorted(found.name for found in columns.values() if found.is_number) or "none"
        raise InvalidInputException(
            f"The expression {text!r} is not valid: the {expression.dataset} dataset has no numeric column "
            f"{expression.column} (numeric columns: {numbers})."
        )
