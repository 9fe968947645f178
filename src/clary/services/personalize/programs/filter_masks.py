"""Which items, users or actions pass a filter expression: one bit each, computed column by column."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from clary.services.personalize.datasets.schema_rules import Column
from clary.services.personalize.datasets.schema_tables import ID_COLUMNS
from clary.services.personalize.filter_language.syntax import (
    Clause,
    Comparison,
    Condition,
    Expression,
    Field,
    Membership,
    Placeholder,
    Value,
)
from clary.services.personalize.filter_language.values import FilterValueError
from clary.services.personalize.programs.row_tables import RowTable

Mask = NDArray[np.bool_]
_LOGS = frozenset({"INTERACTIONS", "ACTION_INTERACTIONS"})
_MOST_CACHED = 256


@dataclass(frozen=True, slots=True)
class Circumstances:
    """Who is answered.

    Attributes:
        user: columns of the current user by upper-case name.
        done: [n] item codes of what the user did.
        types: [n] the lower-case event type of each.
        values: the values of the placeholders.
    """

    user: Mapping[str, Any] = field(default_factory=dict)
    done: Sequence[int] = ()
    types: Sequence[str] = ()
    values: Mapping[str, tuple[Value, ...]] = field(default_factory=dict)


class FilterMasks:
    """Filters the rows of one table.

    Args:
        table: the rows; None where the group has no such data set: then only what users did can be asked.
        count: how many rows there are without a table.
    """

    def __init__(self, table: RowTable | None, count: int = 0) -> None:
        self._table = table
        self._count = len(table.ids) if table is not None else count
        self._columns = {column.name.upper(): column for column in table.columns} if table is not None else {}
        self._rows: dict[str, NDArray[np.int64]] = {}
        self._cached: dict[tuple[Any, ...], Mask] = {}

    def check(self, expression: Expression, values: Mapping[str, tuple[Value, ...]]) -> None:
        """Checks the values of placeholders against the columns that they are compared with.

        Raises:
            FilterValueError: names the placeholder, the value and the column.
        """
        for clause in expression.clauses:
            for leaf in clause.where.leaves():
                column = self._columns.get(leaf.field.name)
                if column is None or not column.is_number or leaf.field.dataset in _LOGS:
                    continue
                for sent in leaf.values if isinstance(leaf, Membership) else (leaf.value,):
                    if isinstance(sent, Placeholder):
                        _check_numbers(sent.name, values[sent.name], column)

    def mask(self, expression: Expression, who: Circumstances) -> Mask:
        """[rows] what passes every clause."""
        allowed = np.ones(self._count, bool)
        for clause in expression.clauses:
            if clause.guard is not None and not _holds(clause.guard, who):
                continue
            matching = self._where(clause, who)
            allowed &= matching if clause.include else ~matching
        return allowed

    def _where(self, clause: Clause, who: Circumstances) -> Mask:
        found = np.zeros(self._count, bool)
        for alternative in clause.where.alternatives:
            matching = np.ones(self._count, bool)
            for leaf in alternative.conditions:
                matching &= self._leaf(leaf, who)
            found |= matching
        return found

    def _leaf(self, leaf: Membership | Comparison, who: Circumstances) -> Mask:
        if leaf.field.dataset in _LOGS:
            return self._did(leaf, who)
        if isinstance(leaf, Membership):
            values = _resolved(leaf.values, who)
            mask = self._cache(("in", leaf.field.name, values), lambda: self._among(leaf.field, values))
            return ~mask if leaf.negated else mask
        wanted = _operand(leaf.value, who)
        if leaf.operator == "=":
            return self._cache(("in", leaf.field.name, wanted), lambda: self._among(leaf.field, wanted))
        number = _number(wanted)
        if number is None:
            return np.zeros(self._count, bool)
        key = ("compare", leaf.field.name, leaf.operator, number)
        return self._cache(key, lambda: self._compared(leaf.field, leaf.operator, number))

    def _cache(self, key: tuple[Any, ...], compute: Any) -> Mask:
        found = self._cached.get(key)
        if found is None:
            if len(self._cached) >= _MOST_CACHED:
                self._cached.clear()
            found = self._cached[key] = compute()
        return found

    def _did(self, leaf: Membership | Comparison, who: Circumstances) -> Mask:
        mask = np.zeros(self._count, bool)
        if isinstance(leaf, Membership):
            wanted = {str(value).lower() for value in _resolved(leaf.values, who)}
            done = [
                item
                for item, kind in zip(who.done, who.types, strict=True)
                if ("*" in wanted or kind in wanted) and 0 <= item < self._count
            ]
            mask[done] = True
            return ~mask if leaf.negated else mask
        return mask

    def _among(self, place: Field, values: tuple[Value, ...]) -> Mask:
        """The rows that have one of the values in a column."""
        table = self._table
        mask = np.zeros(self._count, bool)
        if table is None:
            return mask
        if place.name in ID_COLUMNS:
            codes = table.ids.codes([str(value) for value in values])
            mask[codes[codes >= 0]] = True
            return table.present[: self._count].copy() if "*" in values else mask
        column = self._columns[place.name]
        if column.is_number:
            numbers = table.numbers(column.name)
            if "*" in values:
                return ~np.isnan(numbers)
            known = [number for number in (_as_number(value) for value in values) if number is not None]
            return np.isin(numbers, known)
        return self._with_category(column, values)

    def _with_category(self, column: Column, values: tuple[Value, ...]) -> Mask:
        assert self._table is not None
        mask = np.zeros(self._count, bool)
        categories = self._table.categories(column)
        if column.name not in self._rows:
            self._rows[column.name] = np.repeat(np.arange(len(categories.starts) - 1), np.diff(categories.starts))
        rows = self._rows[column.name]
        if "*" in values:
            mask[rows] = True
            return mask
        texts = [_text(value, column) for value in values]
        codes = self._table.parts[column.name].codes(texts)
        mask[rows[np.isin(categories.codes, codes[codes >= 0])]] = True
        return mask

    def _compared(self, place: Field, operator: str, number: float) -> Mask:
        if self._table is None:
            return np.zeros(self._count, bool)
        numbers = self._table.numbers(self._columns[place.name].name)
        with np.errstate(invalid="ignore"):
            if operator == "<":
                return np.asarray(numbers < number)
            if operator == "<=":
                return np.asarray(numbers <= number)
            if operator == ">":
                return np.asarray(numbers > number)
            return np.asarray(numbers >= number)


def _check_numbers(name: str, values: Sequence[Value], column: Column) -> None:
    wrong = next((value for value in values if value != "*" and _as_number(value) is None), None)
    if wrong is not None:
        raise FilterValueError(f"filterValues: {name} is compared with {column.name}, a number; {wrong!r} is none.")


def _resolved(values: Sequence[Value | Placeholder], who: Circumstances) -> tuple[Value, ...]:
    found: list[Value] = []
    for value in values:
        if isinstance(value, Placeholder):
            found += who.values[value.name]
        else:
            found.append(value)
    return tuple(found)


def _operand(value: Value | Placeholder | Field, who: Circumstances) -> tuple[Value, ...]:
    """What a column is compared with: of a user's categorical column all parts."""
    if isinstance(value, Placeholder):
        return who.values[value.name]
    if isinstance(value, Field):
        return _of_user(value, who)
    return (value,)


def _of_user(place: Field, who: Circumstances) -> tuple[Value, ...]:
    found = who.user.get(place.name)
    if found is None:
        return ()
    if isinstance(found, bool):
        return ("true" if found else "false",)
    if isinstance(found, str):
        return tuple(part for part in found.split("|") if part)
    return (float(found),)


def _holds(condition: Condition, who: Circumstances) -> bool:
    """Whether the current user fulfils a condition."""
    return any(all(_user_leaf(leaf, who) for leaf in alternative.conditions) for alternative in condition.alternatives)


def _user_leaf(leaf: Membership | Comparison, who: Circumstances) -> bool:
    mine = _of_user(leaf.field, who)
    if isinstance(leaf, Membership):
        wanted = _resolved(leaf.values, who)
        among = bool(mine) and ("*" in wanted or any(_equal(one, value) for one in mine for value in wanted))
        return among != leaf.negated
    wanted = _operand(leaf.value, who)
    if leaf.operator == "=":
        return any(_equal(one, value) for one in mine for value in wanted)
    left, right = _number(mine), _number(wanted)
    if left is None or right is None:
        return False
    return {"<": left < right, "<=": left <= right, ">": left > right, ">=": left >= right}[leaf.operator]


def _equal(left: Value, right: Value) -> bool:
    if isinstance(left, float) or isinstance(right, float):
        return _as_number(left) == _as_number(right)
    return left == right


def _number(values: tuple[Value, ...]) -> float | None:
    return _as_number(values[0]) if len(values) == 1 else None


def _as_number(value: Value) -> float | None:
    try:
        return float(value)
    except ValueError:
        return None


def _text(value: Value, column: Column) -> str:
    """A value as it stands in a column of strings: 1990.0 was written as 1990."""
    if isinstance(value, float):
        return str(int(value)) if value == int(value) else str(value)
    return value.lower() if column.type == "boolean" else value
