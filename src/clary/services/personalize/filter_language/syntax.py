"""What a filter expression says, as values."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

Value = str | float


@dataclass(frozen=True, slots=True)
class Field:
    """`Items.GENRES`: a column of a data set, or with `CurrentUser` of the user who is answered.

    Attributes:
        dataset: "ITEMS", "USERS", "INTERACTIONS", "ACTIONS", "ACTION_INTERACTIONS" or "CURRENTUSER".
        name: in upper case.
        position: where it stands, from 1.
    """

    dataset: str
    name: str
    position: int = 0


@dataclass(frozen=True, slots=True)
class Placeholder:
    """`$GENRE`: a value, or a list of values, that comes with each request."""

    name: str
    position: int = 0


@dataclass(frozen=True, slots=True)
class Membership:
    """`field IN (values)`, `field NOT IN (values)`; the value "*" stands for any."""

    field: Field
    values: tuple[Value | Placeholder, ...]
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Comparison:
    """`field operator value`; the operator is "=", "<", "<=", ">" or ">="."""

    field: Field
    operator: str
    value: Value | Placeholder | Field


@dataclass(frozen=True, slots=True)
class All:
    """Conditions joined with AND."""

    conditions: tuple[Membership | Comparison, ...]


@dataclass(frozen=True, slots=True)
class Condition:
    """Alternatives joined with OR; AND binds closer."""

    alternatives: tuple[All, ...]

    def leaves(self) -> Iterator[Membership | Comparison]:
        """Every single condition."""
        for alternative in self.alternatives:
            yield from alternative.conditions


@dataclass(frozen=True, slots=True)
class Clause:
    """One INCLUDE or EXCLUDE.

    Attributes:
        include: whether what matches stays (or goes).
        subject: "ItemID", "UserID" or "ActionID".
        where: what must hold of them.
        guard: what must hold of the current user for the clause to count (IF); None: it always counts.
    """

    include: bool
    subject: str
    where: Condition
    guard: Condition | None = None

    def leaves(self) -> Iterator[Membership | Comparison]:
        """Every single condition."""
        yield from self.where.leaves()
        if self.guard is not None:
            yield from self.guard.leaves()


@dataclass(frozen=True, slots=True)
class Expression:
    """Clauses joined with `|`: what passes them all is answered."""

    clauses: tuple[Clause, ...]

    def placeholders(self) -> dict[str, bool]:
        """The names of the placeholders, and whether each stands for a list."""
        found: dict[str, bool] = {}
        for clause in self.clauses:
            for leaf in clause.leaves():
                if isinstance(leaf, Membership):
                    found |= {value.name: True for value in leaf.values if isinstance(value, Placeholder)}
                elif isinstance(leaf.value, Placeholder):
                    found.setdefault(leaf.value.name, False)
        return found

    @property
    def subject(self) -> str:
        """What is filtered."""
        return self.clauses[0].subject
