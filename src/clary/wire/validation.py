"""Checks parameters against the model's constraints and says what AWS says."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from clary.core.errors import ServiceError, ValidationException
from clary.wire import patterns, quirks
from clary.wire.echo import shown
from clary.wire.errors import InvalidArgument, InvalidRequest, MalformedXML
from clary.wire.models import OperationModel, Shape
from clary.wire.protocol import Protocol

_MAX_ERRORS = 100
_MISSING_PARAMETER = "MissingParameter"

Path = tuple[str, ...]


class ValidationError(ServiceError):
    """A parameter breaks a rule (query protocol)."""


class MissingRequestBodyError(ServiceError):
    """A body is required (XML protocols)."""

    fmt = "Request Body is empty"


@dataclass(frozen=True, slots=True)
class Violation:
    """One broken constraint.

    Attributes:
        path: member names and list positions from the request down.
        constraint: AWS's sentence about it.
        value: what was sent, as AWS prints it; None where nothing was.
        kind: "null", "length", "range", "pattern" or "enum".
        shape: the constrained shape.
        is_sensitive: whether the value must not be repeated.
    """

    path: Path
    constraint: str
    value: str | None
    kind: str
    shape: Shape
    is_sensitive: bool = False

    def __str__(self) -> str:
        subject = "Value null" if self.value is None else "Value" if self.is_sensitive else f"Value '{self.value}'"
        return f"{subject} at '{'.'.join(self.path)}' failed to satisfy constraint: {self.constraint}"


Check = Callable[[Any, Path, list[Violation]], None]


def violations(operation: OperationModel, parameters: Mapping[str, Any]) -> list[Violation]:
    """Every constraint of the model that the parameters break, at most a hundred, in the model's order."""
    found: list[Violation] = []
    shape = operation.input_shape
    check = None if shape is None else _check_of(shape)
    if check is not None:
        check(parameters, (), found)
    return found


def validate(operation: OperationModel, parameters: Mapping[str, Any], protocol: Protocol | None = None) -> None:
    """Checks presence, length, range, pattern and enumeration.

    Args:
        protocol: what the request was written in; it decides the error's code and words. JSON's without one.

    Raises:
        ServiceError: a constraint is broken: `ValidationException` with AWS's text; `ValidationError` for the query
            protocol and the APIs that once spoke it; what an operation models as `MissingParameter` where nothing
            else is wrong; `MalformedXML`, `InvalidArgument` or `InvalidRequest` for rest-xml.
    """
    found = violations(operation, parameters)
    if not found:
        return
    name = None if protocol is None else protocol.name
    if name == "rest-xml":
        raise _xml_error(operation, found[0])
    missing = next((shape for shape in operation.error_shapes if shape.error_code == _MISSING_PARAMETER), None)
    if missing is not None and all(violation.kind == "null" for violation in found):
        raise _error_class(missing.name)(f"The parameter {_form_name(found[0].path)} is required.")
    plural = "s" if len(found) > 1 else ""
    text = f"{len(found)} validation error{plural} detected: {'; '.join(map(str, found))}"
    if name == "query" or operation.service.is_query_compatible:
        raise ValidationError(text)
    raise _coded_error(operation, text)


def _form_name(path: Path) -> str:
    """A place in the request as a form names it: `MetricData.member.1.MetricName`."""
    parts = [part if part == "member" or part.isdigit() else part[:1].upper() + part[1:] for part in path]
    for index in range(len(parts) - 1):
        if parts[index].isdigit() and parts[index + 1] == "member":
            parts[index], parts[index + 1] = parts[index + 1], parts[index]
    return ".".join(parts)


def _coded_error(operation: OperationModel, text: str) -> ServiceError:
    code = quirks.VALIDATION_CODES.get(operation.service.target_prefix or "")
    if code is None:
        modelled = {shape.name for shape in operation.error_shapes}
        if "ValidationException" in modelled or "ValidationError" not in modelled:
            return ValidationException(text)
        code = "ValidationError"
    return _error_class(code)(text)


def _error_class(code: str) -> type[ServiceError]:
    return type(code, (ServiceError,), {"__doc__": "A parameter breaks a rule of the model."})


def _xml_error(operation: OperationModel, violation: Violation) -> ServiceError:
    shape = violation.shape
    quirk = quirks.ENUMERATION_ERRORS.get(shape.name)
    if quirk is not None and violation.kind == "enum":
        return _error_class(quirk[0])(quirk[1])
    top = _top_member(operation, violation.path[0])
    if top is None or top[1].location is None:
        is_body = len(violation.path) == 1 and violation.kind == "null" and operation.input_payload is not None
        return MissingRequestBodyError() if is_body else MalformedXML()
    name = top[1].location_name or top[0]
    if violation.kind == "null":
        what = "header" if top[1].location == "header" else "parameter"
        return InvalidRequest(f"Missing required {what} for this request: {name}")
    shown = None if violation.is_sensitive else violation.value
    return InvalidArgument(f"{name}: {violation.constraint}", ArgumentName=name, ArgumentValue=shown)


def _top_member(operation: OperationModel, name: str) -> tuple[str, Shape] | None:
    members = {} if operation.input_shape is None else operation.input_shape.members
    return next(((own, member) for own, member in members.items() if _as_told(own) == name), None)


def _as_told(name: str) -> str:
    """A member's name as AWS's messages write it."""
    return name[:1].lower() + name[1:]


_UNMADE = object()


def _check_of(shape: Shape) -> Check | None:
    """The function that checks values of a shape, None when there is nothing to check."""
    made: Any = shape.compiled.get("check", _UNMADE)
    if made is _UNMADE:
        maker = _MAKERS.get(shape.type_name)
        made = shape.compiled["check"] = None if maker is None else maker(shape)
    check: Check | None = made
    return check


def _add(found: list[Violation], violation: Violation) -> None:
    if len(found) < _MAX_ERRORS:
        found.append(violation)


def _structure(shape: Shape) -> Check | None:
    if shape.is_document:
        return None
    table: list[tuple[str, str, Shape, Check | None, bool]] = []
    complete = False

    def check(value: Any, path: Path, found: list[Violation]) -> None:
        nonlocal complete
        if not complete:
            required = frozenset(shape.required)
            rows = [
                (name, _as_told(name), member, _check_of(member), name in required)
                for name, member in shape.members.items()
            ]
            table[:] = [row for row in rows if row[3] is not None or row[4]]
            complete = True
        for name, told, member, check_member, is_required in table:
            item = value.get(name)
            if item is not None:
                if check_member is not None:
                    check_member(item, (*path, told), found)
            elif is_required:
                _add(found, Violation((*path, told), "Member must not be null", None, "null", member))

    return check


def _constraints(shape: Shape) -> list[str]:
    """The sentences about a scalar shape, in the order in which AWS lists them."""
    traits = shape.traits
    noun = "value" if shape.type_name in _NUMBERS else "length"
    sentences = []
    if traits.get("max") is not None:
        sentences.append(f"Member must have {noun} less than or equal to {_number(traits['max'])}")
    if traits.get("min") is not None:
        sentences.append(f"Member must have {noun} greater than or equal to {_number(traits['min'])}")
    if traits.get("pattern") is not None:
        sentences.append(_pattern_sentence(traits["pattern"]))
    if traits.get("enum"):
        sentences.append(_enum_sentence(traits["enum"]))
    return sentences


_NUMBERS = frozenset({"byte", "short", "integer", "long", "float", "double", "bigInteger", "bigDecimal"})


def _number(bound: float) -> str:
    return str(int(bound)) if bound == int(bound) else str(bound)


def _pattern_sentence(pattern: str) -> str:
    return f"Member must satisfy regular expression pattern: {pattern}"


def _enum_sentence(values: list[str]) -> str:
    return f"Member must satisfy enum value set: [{', '.join(values)}]"


def _bounds(shape: Shape, measure: Callable[[Any], float]) -> Check | None:
    """Checks minimum and maximum of what `measure` says of a value."""
    low, high = shape.traits.get("min"), shape.traits.get("max")
    if low is None and high is None:
        return None
    is_number = shape.type_name in _NUMBERS
    noun, kind = ("value", "range") if is_number else ("length", "length")
    low_bound = float("-inf") if low is None else float(low)
    high_bound = float("inf") if high is None else float(high)

    def check(value: Any, path: Path, found: list[Violation]) -> None:
        size = measure(value)
        if size < low_bound:
            sentence = f"Member must have {noun} greater than or equal to {_number(low_bound)}"
        elif size > high_bound:
            sentence = f"Member must have {noun} less than or equal to {_number(high_bound)}"
        else:
            return
        _add(found, Violation(path, sentence, shown(value), kind, shape, shape.is_sensitive))

    return check


def _string(shape: Shape) -> Check | None:
    bounds = _bounds(shape, len)
    pattern: str | None = shape.traits.get("pattern")
    enum = frozenset(shape.traits.get("enum") or ())
    if bounds is None and pattern is None and not enum:
        return None

    # What is far too long has been told so, and matching it might take long.
    longest_matched = 2 * float(shape.traits.get("max") or patterns.MAX_CHECKED_CHARACTERS)

    def check(value: Any, path: Path, found: list[Violation]) -> None:
        if bounds is not None:
            bounds(value, path, found)
        if pattern is not None and len(value) <= longest_matched and not patterns.matches(pattern, value):
            sentence = _pattern_sentence(pattern)
            _add(found, Violation(path, sentence, shown(value), "pattern", shape, shape.is_sensitive))
        if enum and value not in enum:
            sentence = _enum_sentence(shape.traits["enum"])
            _add(found, Violation(path, sentence, shown(value), "enum", shape, shape.is_sensitive))

    return check


def _list(shape: Shape) -> Check | None:
    bounds = _bounds(shape, len)

    def check(value: Any, path: Path, found: list[Violation]) -> None:
        if bounds is not None:
            bounds(value, path, found)
        element = shape.member
        check_element = _check_of(element)
        is_nested = element.type_name in ("structure", "list", "map")
        for position, item in enumerate(value, 1):
            if item is None:
                where = (*path, str(position), "member")
                _add(found, Violation(where, "Member must not be null", None, "null", element))
            elif check_element is None:
                continue
            elif is_nested:
                check_element(item, (*path, str(position), "member"), found)
            elif _breaks(check_element, item):
                sentence = f"Member must satisfy constraint: [{', '.join(_constraints(element))}]"
                is_sensitive = shape.is_sensitive or element.is_sensitive
                _add(found, Violation(path, sentence, shown(value), _kind(element), element, is_sensitive))
                break

    return check


def _breaks(check: Check, value: Any) -> bool:
    broken: list[Violation] = []
    check(value, (), broken)
    return bool(broken)


def _kind(shape: Shape) -> str:
    return "enum" if shape.traits.get("enum") else "pattern"


def _map(shape: Shape) -> Check | None:
    bounds = _bounds(shape, len)

    def check(value: Any, path: Path, found: list[Violation]) -> None:
        if bounds is not None:
            bounds(value, path, found)
        keys, values = shape.key, shape.value
        check_key, check_value = _check_of(keys), _check_of(values)
        is_nested = values.type_name in ("structure", "list", "map")
        for key, item in value.items():
            if check_key is not None and _breaks(check_key, key):
                _map_violation(shape, keys, "Map keys", value, path, found)
                break
            if item is None:
                _add(found, Violation((*path, key, "member"), "Member must not be null", None, "null", values))
            elif check_value is None:
                continue
            elif is_nested:
                check_value(item, (*path, key, "member"), found)
            elif _breaks(check_value, item):
                _map_violation(shape, values, "Map value", value, path, found)
                break

    return check


def _map_violation(shape: Shape, part: Shape, subject: str, value: Any, path: Path, found: list[Violation]) -> None:
    sentence = f"{subject} must satisfy constraint: [{', '.join(_constraints(part))}]"
    is_sensitive = shape.is_sensitive or shape.key.is_sensitive or shape.value.is_sensitive
    _add(found, Violation(path, sentence, shown(value), _kind(part), part, is_sensitive))


def _number_check(shape: Shape) -> Check | None:
    return _bounds(shape, float)


def _blob(shape: Shape) -> Check | None:
    if shape.is_streaming:
        return None
    return _bounds(shape, len)


_MAKERS: dict[str, Callable[[Shape], Check | None]] = {
    "structure": _structure,
    "list": _list,
    "map": _map,
    "string": _string,
    "character": _string,
    "blob": _blob,
    **dict.fromkeys(_NUMBERS, _number_check),
}
