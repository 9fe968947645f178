"""Conditions of policy statements: operators that compare a value of the request with those in the policy."""

from __future__ import annotations

import base64
import binascii
import ipaddress
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache

from clary.core.policy_patterns import Pattern, pattern

Values = str | Sequence[str]
Context = Mapping[str, Values]
"""The condition keys of a request, in lower case ("aws:sourceip"); several values only for multi-valued keys."""

Test = Callable[[str, Pattern, Context], bool]


def value_of(context: Context, name: str) -> str | None:
    """The single value of a key, None when the request has none or several."""
    value = context.get(name)
    if value is None or isinstance(value, str):
        return value
    return value[0] if len(value) == 1 else None


def _text(wanted: Pattern, context: Context) -> str | None:
    """A policy's value with its variables filled in; None when one of them has no value."""
    return wanted.filled(lambda name: value_of(context, name))


def _string(given: str, wanted: Pattern, context: Context) -> bool:
    return wanted.matches(given, lambda name: value_of(context, name))


def _arn(given: str, wanted: Pattern, context: Context) -> bool:
    """ARNs are compared part by part, so that a wildcard does not reach over a colon."""
    text = _text(wanted, context)
    if text is None:
        return False
    given_parts, wanted_parts = given.split(":", 5), text.split(":", 5)
    if wanted.text == "*":
        return True
    if len(given_parts) != len(wanted_parts):
        return False
    return all(pattern(want).matches(give) for give, want in zip(given_parts, wanted_parts, strict=True))


def _numbers(compare: Callable[[float, float], bool]) -> Test:
    def test(given: str, wanted: Pattern, context: Context) -> bool:
        try:
            return compare(float(given), float(_text(wanted, context) or ""))
        except ValueError:
            return False

    return test


def _dates(compare: Callable[[float, float], bool]) -> Test:
    def test(given: str, wanted: Pattern, context: Context) -> bool:
        try:
            return compare(date_seconds(given), date_seconds(_text(wanted, context) or ""))
        except ValueError:
            return False

    return test


@lru_cache(maxsize=1024)
def date_seconds(text: str) -> float:
    """A date of a policy (ISO 8601, or epoch seconds) in seconds since 1970.

    Raises:
        ValueError: it is neither.
    """
    try:
        return float(text)
    except ValueError:
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _bool(given: str, wanted: Pattern, context: Context) -> bool:
    return given.lower() == (_text(wanted, context) or "").lower()


def _ip(given: str, wanted: Pattern, context: Context) -> bool:
    try:
        return ipaddress.ip_address(given) in _network(_text(wanted, context) or "")
    except ValueError:
        return False


@lru_cache(maxsize=1024)
def _network(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    return ipaddress.ip_network(text, strict=False)


def _binary(given: str, wanted: Pattern, context: Context) -> bool:
    try:
        return base64.b64decode(given, validate=True) == base64.b64decode(wanted.text, validate=True)
    except (binascii.Error, ValueError):
        return False


@dataclass(frozen=True, slots=True)
class Operator:
    """One operator.

    Attributes:
        negated: whether it holds when no value of the policy fits, also for a key that the request lacks.
        wildcards, ignore_case: how the policy's values are read.
    """

    test: Test
    negated: bool = False
    wildcards: bool = False
    ignore_case: bool = False


def _pair(
    name: str, negative: str, test: Test, *, wildcards: bool = False, ignore_case: bool = False
) -> dict[str, Operator]:
    return {
        name.lower(): Operator(test, False, wildcards, ignore_case),
        negative.lower(): Operator(test, True, wildcards, ignore_case),
    }


OPERATORS: Mapping[str, Operator] = {
    **_pair("StringEquals", "StringNotEquals", _string),
    **_pair("StringEqualsIgnoreCase", "StringNotEqualsIgnoreCase", _string, ignore_case=True),
    **_pair("StringLike", "StringNotLike", _string, wildcards=True),
    **_pair("ArnEquals", "ArnNotEquals", _arn),
    **_pair("ArnLike", "ArnNotLike", _arn),
    **_pair("NumericEquals", "NumericNotEquals", _numbers(lambda a, b: a == b)),
    "numericlessthan": Operator(_numbers(lambda a, b: a < b)),
    "numericlessthanequals": Operator(_numbers(lambda a, b: a <= b)),
    "numericgreaterthan": Operator(_numbers(lambda a, b: a > b)),
    "numericgreaterthanequals": Operator(_numbers(lambda a, b: a >= b)),
    **_pair("DateEquals", "DateNotEquals", _dates(lambda a, b: a == b)),
    "datelessthan": Operator(_dates(lambda a, b: a < b)),
    "datelessthanequals": Operator(_dates(lambda a, b: a <= b)),
    "dategreaterthan": Operator(_dates(lambda a, b: a > b)),
    "dategreaterthanequals": Operator(_dates(lambda a, b: a >= b)),
    **_pair("IpAddress", "NotIpAddress", _ip),
    "bool": Operator(_bool),
    "binaryequals": Operator(_binary),
}
"""Operators by lower-case name; `Null`, `...IfExists` and the set prefixes are read by `Condition.parse`."""


@dataclass(frozen=True, slots=True)
class Condition:
    """One operator with one key.

    Attributes:
        key: the condition key in lower case.
        values: the policy's values; one that fits is enough.
        quantifier: "" for keys of one value, "forallvalues" or "foranyvalue" for sets.
        if_exists: whether a request without the key passes.
        null: for the `Null` operator, whether the key must be absent; None for all others.
    """

    operator: Operator | None
    key: str
    values: tuple[Pattern, ...]
    quantifier: str = ""
    if_exists: bool = False
    null: bool | None = None

    @classmethod
    def parse(cls, operator: str, key: str, values: Sequence[str], *, variables: bool) -> Condition:
        """Reads one entry of a `Condition` block.

        Raises:
            ValueError: there is no such operator.
        """
        name = operator.lower()
        quantifier, colon, rest = name.partition(":")
        if colon:
            if quantifier not in ("forallvalues", "foranyvalue"):
                raise ValueError(operator)
            name = rest
        else:
            quantifier = ""
        if name == "null":
            return cls(None, key.lower(), (), null=bool(values) and values[0].lower() == "true")
        if_exists = name.endswith("ifexists")
        known = OPERATORS.get(name.removesuffix("ifexists"))
        if known is None:
            raise ValueError(operator)
        patterns = tuple(
            pattern(value, variables=variables, wildcards=known.wildcards, ignore_case=known.ignore_case)
            for value in values
        )
        return cls(known, key.lower(), patterns, quantifier, if_exists)

    @property
    def names(self) -> frozenset[str]:
        """The condition keys it looks at, in lower case."""
        return frozenset((self.key,)).union(*(value.names for value in self.values))

    def holds(self, context: Context) -> bool:
        """Whether the request meets it."""
        given = context.get(self.key)
        if self.null is not None:
            return (given is None) is self.null
        assert self.operator is not None
        if given is None or (not isinstance(given, str) and not given):
            if self.quantifier == "forallvalues" or self.if_exists:
                return True
            return self.operator.negated and self.quantifier != "foranyvalue"
        texts = (given,) if isinstance(given, str) else given
        if self.quantifier == "forallvalues" or (not self.quantifier and self.operator.negated):
            return all(self._one(text, context) for text in texts)
        return any(self._one(text, context) for text in texts)

    def _one(self, text: str, context: Context) -> bool:
        operator = self.operator
        assert operator is not None
        return any(operator.test(text, value, context) for value in self.values) is not operator.negated
