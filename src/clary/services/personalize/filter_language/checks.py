"""Does an expression fit the data sets it names?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from clary.services.personalize.datasets.schema_rules import Column
from clary.services.personalize.filter_language.syntax import (
    Clause,
    Comparison,
    Expression,
    Field,
    Membership,
    Placeholder,
)
from clary.services.personalize.filter_language.tokens import FilterError

_OF_SUBJECT = {
    "ItemID": frozenset({"ITEMS", "INTERACTIONS"}),
    "UserID": frozenset({"USERS"}),
    "ActionID": frozenset({"ACTIONS", "ACTION_INTERACTIONS"}),
}
_LOGS = frozenset({"INTERACTIONS", "ACTION_INTERACTIONS"})
MOST_PLACEHOLDERS = 25


def check(expression: Expression, schemas: Mapping[str, Sequence[Column]]) -> None:
    """Checks fields, types and what may stand together.

    Args:
        schemas: the columns of each type of data set that the group has.

    Raises:
        FilterError: with the position of the field that does not fit.
    """
    if len(expression.placeholders()) > MOST_PLACEHOLDERS:
        raise FilterError(f"An expression can have at most {MOST_PLACEHOLDERS} placeholders", 1)
    for clause in expression.clauses:
        _check_datasets(clause)
        for leaf in clause.leaves():
            _check_leaf(leaf, schemas)


def _check_datasets(clause: Clause) -> None:
    allowed = _OF_SUBJECT[clause.subject]
    first: Field | None = None
    for leaf in clause.where.leaves():
        if leaf.field.dataset not in allowed:
            names = " or ".join(sorted(allowed))
            raise FilterError(f"{clause.subject} is filtered by fields of {names}", leaf.field.position)
        first = first or leaf.field
        if leaf.field.dataset != first.dataset:
            raise FilterError(
                f"{first.dataset} and {leaf.field.dataset} cannot be mixed: join two expressions with |",
                leaf.field.position,
            )
    for leaf in clause.guard.leaves() if clause.guard else ():
        if leaf.field.dataset != "CURRENTUSER":
            raise FilterError("IF asks for fields of CurrentUser", leaf.field.position)


def _check_leaf(leaf: Membership | Comparison, schemas: Mapping[str, Sequence[Column]]) -> None:
    column = _column(leaf.field, schemas)
    if isinstance(leaf, Membership):
        for value in leaf.values:
            if isinstance(value, str) and column.is_number and value != "*":
                raise FilterError(f"{column.name} is a number; it cannot be {value!r}", leaf.field.position)
        return
    if leaf.field.dataset in _LOGS:
        raise FilterError(f"{column.name} of {leaf.field.dataset} is compared with IN and NOT IN", leaf.field.position)
    if isinstance(leaf.value, Field):
        if leaf.value.dataset != "CURRENTUSER":
            raise FilterError("A field is compared with values or with fields of CurrentUser", leaf.value.position)
        other = _column(leaf.value, schemas)
        if other.is_number != column.is_number:
            raise FilterError(f"{column.name} and {other.name} are of different types", leaf.value.position)
    if leaf.operator != "=" and not column.is_number:
        raise FilterError(f"{column.name} is not a number; only = and IN compare it", leaf.field.position)
    is_text = isinstance(leaf.value, str)
    if not isinstance(leaf.value, Field | Placeholder) and column.type != "boolean" and is_text == column.is_number:
        raise FilterError(f"{column.name} is of type {column.type}, {leaf.value!r} is not", leaf.field.position)


def _column(field: Field, schemas: Mapping[str, Sequence[Column]]) -> Column:
    dataset = "USERS" if field.dataset == "CURRENTUSER" else field.dataset
    columns = schemas.get(dataset)
    if columns is None:
        raise FilterError(f"The dataset group has no {dataset} dataset", field.position)
    column = next((column for column in columns if column.name.upper() == field.name), None)
    if column is None:
        raise FilterError(f"The schema of {dataset} has no field {field.name}", field.position)
    if dataset in _LOGS and field.name != "EVENT_TYPE":
        raise FilterError(f"Of {dataset} only EVENT_TYPE can be filtered", field.position)
    if column.textual:
        raise FilterError(f"{field.name} is textual and cannot be filtered", field.position)
    return column
