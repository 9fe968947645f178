"""The hyperparameter table of an algorithm: one list of rows that gives validation, tuning ranges and documentation.

Values arrive as strings, because that is how CreateTrainingJob carries them. A `Domain` turns a string into a value
or says in words which values there are; a `Rule` judges several values together.
"""

from __future__ import annotations

import difflib
import json
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

Rule = Callable[[Mapping[str, Any]], "Sequence[str]"]
"""Takes the values that parsed, gives one sentence for each that does not go with another."""


class HyperparameterError(ValueError):
    """Hyperparameters are wrong.

    Args:
        problems: one sentence each.
    """

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = tuple(problems)


class Domain(Protocol):
    """The values that a hyperparameter may have."""

    @property
    def type_name(self) -> str:
        """SageMaker's word for the type: Integer, Continuous, Categorical or FreeText."""
        ...

    def parse(self, text: str) -> Any:
        """The value that `text` stands for.

        Raises:
            ValueError: it is not one of the values; the message completes "value 'x' ...".
        """
        ...

    def describe(self) -> str:
        """The values in words, for the documentation."""
        ...


@dataclass(frozen=True, slots=True)
class Interval:
    """An interval of numbers; an infinite end is always open."""

    low: float = -math.inf
    high: float = math.inf
    low_open: bool = False
    high_open: bool = False

    def __contains__(self, value: float) -> bool:
        above = value > self.low if self.low_open else value >= self.low
        below = value < self.high if self.high_open else value <= self.high
        return above and below

    def __str__(self) -> str:
        left = "(" if self.low_open or math.isinf(self.low) else "["
        right = ")" if self.high_open or math.isinf(self.high) else "]"
        return f"{left}{_number(self.low)}, {_number(self.high)}{right}"


def _number(value: float) -> str:
    """A number as a person writes it: no trailing ".0", the infinities as signs."""
    if math.isinf(value):
        return "-∞" if value < 0 else "∞"
    return str(int(value)) if value == int(value) and abs(value) < 1e15 else repr(value)


@dataclass(frozen=True, slots=True)
class Integer:
    """Whole numbers of an interval."""

    interval: Interval = Interval()
    type_name: str = "Integer"

    def parse(self, text: str) -> int:
        """See `Domain`."""
        try:
            value = int(text)
        except ValueError:
            raise ValueError("is not an integer") from None
        if value not in self.interval:
            raise ValueError(f"is not in the range {self.interval}")
        return value

    def describe(self) -> str:
        """See `Domain`."""
        return f"integer in {self.interval}"


@dataclass(frozen=True, slots=True)
class Continuous:
    """Finite real numbers of an interval."""

    interval: Interval = Interval()
    type_name: str = "Continuous"

    def parse(self, text: str) -> float:
        """See `Domain`."""
        try:
            value = float(text)
        except ValueError:
            raise ValueError("is not a number") from None
        if not math.isfinite(value) or value not in self.interval:
            raise ValueError(f"is not in the range {self.interval}")
        return value

    def describe(self) -> str:
        """See `Domain`."""
        return f"float in {self.interval}"


@dataclass(frozen=True, slots=True)
class Categorical:
    """One of a few words; upper and lower case are told apart unless `ignore_case`."""

    choices: tuple[str, ...]
    ignore_case: bool = False
    type_name: str = "Categorical"

    def parse(self, text: str) -> str:
        """See `Domain`."""
        value = text.lower() if self.ignore_case else text
        if value not in self.choices:
            raise ValueError(f"is not one of {', '.join(self.choices)}")
        return value

    def describe(self) -> str:
        """See `Domain`."""
        return ", ".join(f"`{choice}`" for choice in self.choices)


BOOLEAN = Categorical(("true", "false"), ignore_case=True)
"""`true` or `false`; Python's `True` and `False`, which the SDK's `str()` makes, mean the same."""


@dataclass(frozen=True, slots=True)
class CommaList:
    """Words separated by commas.

    Attributes:
        choices: the words there are.
        accepts: says of a word that is none of them whether it is good all the same ("error@0.7"); it may raise
            ValueError with its own sentence.
        also: those further words, for the documentation.
    """

    choices: tuple[str, ...]
    accepts: Callable[[str], bool] | None = None
    also: str = ""
    type_name: str = "FreeText"

    def parse(self, text: str) -> tuple[str, ...]:
        """See `Domain`."""
        words = tuple(word.strip() for word in text.strip("[]() ").replace("'", "").replace('"', "").split(","))
        for word in words:
            if word not in self.choices and not (self.accepts and self.accepts(word)):
                near = difflib.get_close_matches(word, self.choices, 1)
                hint = f" (did you mean '{near[0]}'?)" if near else ""
                raise ValueError(f"has '{word}', which is not one of {', '.join(self.choices)}{hint}")
        return words

    def describe(self) -> str:
        """See `Domain`."""
        return "comma-separated: " + ", ".join(f"`{word}`" for word in self.choices) + self.also


@dataclass(frozen=True, slots=True)
class NumberTuple:
    """Numbers in brackets or separated by commas: "(1,0,-1)", "[0.1, 0.9]", "0.5"."""

    interval: Interval = Interval()
    whole: bool = False
    type_name: str = "FreeText"

    def parse(self, text: str) -> tuple[float, ...]:
        """See `Domain`."""
        words = [word.strip() for word in text.strip().strip("()[]").split(",") if word.strip()]
        try:
            values = tuple(int(word) if self.whole else float(word) for word in words)
        except ValueError:
            raise ValueError(f"is not a list of {'integers' if self.whole else 'numbers'}") from None
        if not values or any(value not in self.interval for value in values):
            raise ValueError(f"is not a list of values in {self.interval}")
        return values

    def describe(self) -> str:
        """See `Domain`."""
        return f"list of {'integers' if self.whole else 'floats'} in {self.interval}"


@dataclass(frozen=True, slots=True)
class NestedList:
    """Lists of whole numbers in a list, as JSON: "[[0,1],[2,3,4]]"."""

    low: int = 0
    type_name: str = "FreeText"

    def parse(self, text: str) -> list[list[int]]:
        """See `Domain`."""
        try:
            value = json.loads(text.replace("(", "[").replace(")", "]"))
        except (ValueError, RecursionError):
            value = None
        if not isinstance(value, list) or not all(isinstance(row, list) for row in value):
            raise ValueError("is not a list of lists of integers")
        if not all(type(item) is int and item >= self.low for row in value for item in row):
            raise ValueError(f"has an item that is not an integer from {self.low} on")
        return value

    def describe(self) -> str:
        """See `Domain`."""
        return f"list of lists of integers from {self.low} on"


@dataclass(frozen=True, slots=True)
class Tunable:
    """The range that a tuning job should search: `low` to `high` (linear unless `scale` says otherwise)."""

    low: float
    high: float
    scale: str = "Linear"

    def __str__(self) -> str:
        return f"{_number(self.low)} to {_number(self.high)}"


@dataclass(frozen=True, slots=True)
class Hyperparameter:
    """A row of the table.

    Attributes:
        default: as the documentation writes it; an algorithm passes on only what the user gave.
        note: why the value has no effect today; such a value is accepted, checked and logged.
    """

    name: str
    domain: Domain
    help: str
    default: str = ""
    required: bool = False
    tunable: Tunable | None = None
    note: str = ""


class HyperparameterTable:
    """All hyperparameters of an algorithm, in the order of the documentation.

    Args:
        rows: names are unique.
        rules: called with what parsed when all required values are there.
    """

    def __init__(self, rows: Sequence[Hyperparameter], rules: Sequence[Rule] = ()) -> None:
        self._rows = {row.name: row for row in rows}
        if len(self._rows) != len(rows):
            raise ValueError("a hyperparameter stands twice in the table")
        self._rules = tuple(rules)

    def __iter__(self) -> Iterator[Hyperparameter]:
        return iter(self._rows.values())

    def __len__(self) -> int:
        return len(self._rows)

    def __contains__(self, name: object) -> bool:
        return name in self._rows

    def __getitem__(self, name: str) -> Hyperparameter:
        return self._rows[name]

    @property
    def tunable(self) -> tuple[Hyperparameter, ...]:
        """The rows with a range for tuning."""
        return tuple(row for row in self if row.tunable is not None)

    def problems(self, values: Mapping[str, str]) -> list[str]:
        """What is wrong with `values`: one sentence each, which names the hyperparameter, its value and the rule."""
        return self._examine(values)[1]

    def parse(self, values: Mapping[str, str]) -> dict[str, Any]:
        """The values with their Python types; nothing is added for what was not given.

        Raises:
            HyperparameterError: at least one is wrong.
        """
        parsed, problems = self._examine(values)
        if problems:
            raise HyperparameterError(problems)
        return parsed

    def _examine(self, values: Mapping[str, str]) -> tuple[dict[str, Any], list[str]]:
        """The values that parse, and the sentences about the others."""
        parsed: dict[str, Any] = {}
        problems = [
            f"Missing required hyperparameter: {row.name}" for row in self if row.required and row.name not in values
        ]
        for name, raw in values.items():
            row = self._rows.get(name)
            if row is None:
                problems.append(self._unknown(name))
                continue
            text = unquoted(raw)
            try:
                parsed[name] = row.domain.parse(text)
            except ValueError as error:
                problems.append(f"Hyperparameter {name}: value '{text}' {error}")
        if not problems:
            for rule in self._rules:
                problems.extend(rule(parsed))
        return parsed, problems

    def _unknown(self, name: str) -> str:
        """The sentence about a name that the table does not have."""
        near = difflib.get_close_matches(name, self._rows, 1)
        hint = f" (did you mean '{near[0]}'?)" if near else ""
        return f"Extraneous hyperparameter found: {name}{hint}"

    def markdown(self) -> str:
        """The table as Markdown."""
        lines = ["| name | values | default | tuning range | what it does |", "|---|---|---|---|---|"]
        for row in self:
            default = "**required**" if row.required else (f"`{row.default}`" if row.default else "")
            text = f"{row.help} {row.note}".strip().replace("|", "\\|")
            values = row.domain.describe().replace("|", "\\|")
            lines.append(f"| `{row.name}` | {values} | {default} | {row.tunable or ''} | {text} |")
        return "\n".join(lines) + "\n"


def unquoted(text: str) -> str:
    """A value without blanks around it and without the quotes that clients who JSON-encode strings add."""
    text = text.strip()
    if len(text) >= 2 and text[0] == text[-1] == '"':
        return text[1:-1]
    return text
