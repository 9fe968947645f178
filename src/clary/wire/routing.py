"""Which operation a request asks for, and in which protocol, told from what is on the wire.

APIs of one family share a signing name, and an API speaks more protocols than the first in its model, so neither
decides: `X-Amz-Target` is AWS JSON, the header `smithy-protocol` is rpc-v2-cbor, an `Action` is the query protocol
for APIs that speak it, and everything else is REST, found by method, path, query and headers.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final
from urllib.parse import unquote

from clary.core.http import HttpRequest
from clary.wire import model_files
from clary.wire.cbor import CBOR
from clary.wire.errors import InvalidAction, InvalidURI, MethodNotAllowed, UnknownOperation
from clary.wire.json_protocol import JSON_1_0, JSON_1_1
from clary.wire.models import OperationModel, Service, service
from clary.wire.protocol import Protocol, Route
from clary.wire.query import QUERY, form_pairs, form_text
from clary.wire.rest import query_pairs
from clary.wire.rest_json import REST_JSON
from clary.wire.rest_xml import REST_XML

PROTOCOLS: Final[Mapping[str, Protocol]] = {
    "json": JSON_1_1,
    "rest-json": REST_JSON,
    "rest-xml": REST_XML,
    "query": QUERY,
    "smithy-rpc-v2-cbor": CBOR,
}
_REST: Final[Mapping[str, Protocol]] = {"rest-json": REST_JSON, "rest-xml": REST_XML}


@dataclass(slots=True)
class _Candidate:
    """An operation at a path, with what a request needs besides the path to mean it."""

    operation: OperationModel
    protocol: Protocol
    literals: dict[str, str]
    required_query: frozenset[str]
    required_headers: frozenset[str]
    known_query: frozenset[str]
    labels: tuple[str, ...]


@dataclass(slots=True)
class _Leaf:
    """The operations of one method at one path."""

    candidates: list[_Candidate] = field(default_factory=list)
    plain: _Candidate | None = None
    free: list[_Candidate] = field(default_factory=list)
    by_literal: dict[str, list[_Candidate]] = field(default_factory=dict)
    telling_query: frozenset[str] = frozenset()
    telling_headers: frozenset[str] = frozenset()

    def settle(self) -> None:
        """Finds what tells the candidates apart; `plain` is the one that needs nothing."""
        self.candidates.sort(key=lambda candidate: candidate.operation.is_deprecated)
        names = [set(candidate.literals) | candidate.required_query for candidate in self.candidates]
        self.telling_query = frozenset().union(*names)
        self.telling_headers = frozenset().union(*(candidate.required_headers for candidate in self.candidates))
        self.plain = None
        self.free = [candidate for candidate in self.candidates if not candidate.literals]
        self.by_literal = {}
        for candidate, needed in zip(self.candidates, names, strict=True):
            for name in candidate.literals:
                self.by_literal.setdefault(name, []).append(candidate)
            if not needed and not candidate.required_headers and self.plain is None:
                self.plain = candidate


class _Node:
    """A place in the tree of paths."""

    __slots__ = ("greedy", "label", "leaves", "literals")

    def __init__(self) -> None:
        self.literals: dict[str, _Node] = {}
        self.label: _Node | None = None
        self.greedy: _Node | None = None
        self.leaves: dict[str, _Leaf] = {}


class RestRoutes:
    """The REST operations of some APIs, by path and method.

    Args:
        services: the APIs; those that speak no REST protocol are passed over.
    """

    def __init__(self, services: Iterable[Service]) -> None:
        self._root = _Node()
        leaves: list[_Leaf] = []
        for model in services:
            protocol = next((_REST[name] for name in model.protocols if name in _REST), None)
            if protocol is None:
                continue
            for name in model.operation_names:
                leaves.append(self._add(model.operation(name), protocol))
        for leaf in leaves:
            leaf.settle()

    def _add(self, operation: OperationModel, protocol: Protocol) -> _Leaf:
        path, _, query = operation.uri.partition("?")
        node = self._root
        labels = []
        for segment in _segments(path.rstrip("/")):
            if segment.startswith("{") and segment.endswith("+}"):
                labels.append(segment[1:-2])
                node.greedy = node.greedy or _Node()
                node = node.greedy
            elif segment.startswith("{"):
                labels.append(segment[1:-1])
                node.label = node.label or _Node()
                node = node.label
            else:
                node = node.literals.setdefault(segment, _Node())
        leaf = node.leaves.setdefault(operation.method, _Leaf())
        leaf.candidates.append(_candidate(operation, protocol, query, tuple(labels)))
        return leaf

    def find(self, request: HttpRequest) -> Route | None:
        """The best operation for a request, None when there is none."""
        found = _walk(self._root, _segments(request.path), 0, request.method, ())
        if found is None:
            return None
        leaf, values = found
        candidate = _choose(leaf, request)
        if candidate is None:
            return None
        operation = candidate.operation
        parameters = {label: _decoded(value) for label, value in zip(candidate.labels, values, strict=True)}
        return Route(operation.service.api, operation.name, candidate.protocol, operation, parameters)

    def leaves(self) -> list[_Leaf]:
        """Every leaf of the tree."""
        found: list[_Leaf] = []
        pending = [self._root]
        while pending:
            node = pending.pop()
            found += node.leaves.values()
            pending += [*node.literals.values(), *(child for child in (node.label, node.greedy) if child is not None)]
        return found


def _segments(path: str) -> list[str]:
    return path[1:].split("/") if path.startswith("/") else path.split("/")


def _candidate(operation: OperationModel, protocol: Protocol, query: str, labels: tuple[str, ...]) -> _Candidate:
    literals = {name: value for name, _, value in (part.partition("=") for part in query.split("&") if part)}
    shape = operation.input_shape
    query_names, required_query, required_headers = set(literals), set(), set()
    for name, member in shape.members.items() if shape is not None else ():
        wire_name = member.location_name or name
        is_required = shape is not None and name in shape.required
        if member.location == "querystring":
            query_names.add(wire_name)
            if is_required:
                required_query.add(wire_name)
        elif member.location == "header" and is_required:
            required_headers.add(wire_name.lower())
    return _Candidate(
        operation,
        protocol,
        literals,
        frozenset(required_query),
        frozenset(required_headers),
        frozenset(query_names),
        labels,
    )


_Found = tuple[_Leaf, tuple[str, ...]]


def _walk(node: _Node, segments: list[str], index: int, method: str, values: tuple[str, ...]) -> _Found | None:
    """The deepest match: literals before labels before greedy labels; labels are never empty."""
    left = len(segments) - index
    if left == 0 or (left == 1 and segments[index] == ""):
        # "/bucket/" is "/bucket"
        entry = node.leaves.get(method)
        if entry is not None:
            return entry, values
        if left == 0:
            return None
    segment = segments[index]
    child = node.literals.get(segment)
    if child is not None:
        found = _walk(child, segments, index + 1, method, values)
        if found is not None:
            return found
    if segment and node.label is not None:
        found = _walk(node.label, segments, index + 1, method, (*values, segment))
        if found is not None:
            return found
    if node.greedy is not None and (left > 1 or segment):
        return _walk_greedy(node.greedy, segments, index, method, values)
    return None


def _walk_greedy(node: _Node, segments: list[str], index: int, method: str, values: tuple[str, ...]) -> _Found | None:
    entry = node.leaves.get(method)
    if entry is not None and not node.literals and node.label is None:
        return entry, (*values, "/".join(segments[index:]))
    for end in range(len(segments), index, -1):
        found = _walk(node, segments, end, method, (*values, "/".join(segments[index:end])))
        if found is not None:
            return found
    return None


def _choose(leaf: _Leaf, request: HttpRequest) -> _Candidate | None:
    query = request.query
    headers = request.headers
    told_headers = {name for name in leaf.telling_headers if name in headers} if leaf.telling_headers else set()
    if leaf.plain is not None and not told_headers and (not query or not leaf.telling_query):
        return leaf.plain
    present = {name: value for name, value in query_pairs(query) if name in leaf.telling_query} if query else {}
    if not present and not told_headers and leaf.plain is not None:
        return leaf.plain
    best: _Candidate | None = None
    best_score: tuple[int, int, int] | None = None
    # An operation whose literals are absent is out of the question, so most are never looked at.
    literal = [candidate for name in present for candidate in leaf.by_literal.get(name, ())]
    for candidate in (*leaf.free, *literal):
        if not _has_literals(candidate, present):
            continue
        needed = candidate.literals.keys() | candidate.required_query
        # A sub-resource that the operation does not know weighs most: `PUT ?partNumber=1` without an upload id is a
        # part with an error, not an object to be overwritten. Then what is missing, then what fits.
        unknown = len(present.keys() - candidate.known_query)
        missing = len(candidate.required_query - present.keys()) + len(candidate.required_headers - told_headers)
        fitting = len(needed & present.keys()) + len(candidate.required_headers & told_headers)
        score = (unknown, missing, -fitting)
        if best_score is None or score < best_score:
            best, best_score = candidate, score
    return best


def _has_literals(candidate: _Candidate, present: Mapping[str, str]) -> bool:
    # "?acl" and "?acl=" ask for the same; "?list-type=1" is not "?list-type=2"
    return all(name in present and value in ("", present[name]) for name, value in candidate.literals.items())


def _decoded(value: str) -> str:
    if "%" not in value:
        return value
    try:
        return unquote(value, errors="strict")
    except UnicodeDecodeError:
        raise InvalidURI() from None


@lru_cache(maxsize=256)
def _rest_routes(apis: tuple[str, ...]) -> RestRoutes:
    return RestRoutes(service(api) for api in apis if _REST.keys() & _protocols(api))


@lru_cache(maxsize=1024)
def _family(signing_name: str | None, apis: tuple[str, ...]) -> tuple[str, ...]:
    if signing_name is None:
        return apis
    return tuple(api for api in apis if _signing_name(api) == signing_name)


def _signing_name(api: str) -> str:
    metadata = model_files.metadata(api)
    name: str = metadata.get("signingName") or metadata["endpointPrefix"]
    return name


@lru_cache(maxsize=256)
def _by_target(apis: tuple[str, ...]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for api in apis:
        prefix = model_files.metadata(api).get("targetPrefix")
        if prefix is not None:
            found.setdefault(prefix, []).append(api)
    return found


def resolve(request: HttpRequest, signing_name: str | None, apis: Sequence[str]) -> Route:
    """Finds the operation a request asks for.

    Args:
        request: for form bodies (`application/x-www-form-urlencoded`) of the query protocol the body has been read.
            Buckets stand in the path, never in the host.
        signing_name: the service in the scope of the signature; None for a request without one, for which all of
            `apis` are looked at, so the caller narrows them.
        apis: the APIs that are served.

    Raises:
        UnknownOperation: none of the APIs has such an operation.
        InvalidURI: a label of the path is not UTF-8.
    """
    family = _family(signing_name, apis if isinstance(apis, tuple) else tuple(apis))
    headers = request.headers
    target = headers.get("x-amz-target")
    if target is not None:
        return _resolve_target(target, headers.get("content-type", ""), family)
    if headers.get("smithy-protocol") == "rpc-v2-cbor" or headers.get("content-type") == "application/cbor":
        return _resolve_rpc(request, family)
    action = _action(request, family)
    if action is not None:
        return action
    route = _rest_routes(family).find(request)
    if route is None:
        if any("rest-xml" in _protocols(api) for api in family):
            raise MethodNotAllowed
        raise UnknownOperation(f"No operation of {_names(family)} answers {request.method} {request.path}.")
    return route


def _names(apis: Sequence[str]) -> str:
    return ", ".join(apis) or "the served APIs"


def _resolve_target(target: str, content_type: str, apis: tuple[str, ...]) -> Route:
    prefix, _, name = target.rpartition(".")
    for api in _by_target(apis).get(prefix, ()):
        model = service(api)
        if model.has_operation(name):
            protocol = JSON_1_0 if "x-amz-json-1.0" in content_type else JSON_1_1
            return Route(api, name, protocol, model.operation(name))
    raise UnknownOperation(f"No operation of {_names(apis)} has the target {target[:256]!r}.")


def _resolve_rpc(request: HttpRequest, apis: tuple[str, ...]) -> Route:
    segments = request.path.split("/")
    if len(segments) >= 5 and segments[-4] == "service" and segments[-2] == "operation":
        for api in _by_target(apis).get(segments[-3].rpartition(".")[2], ()):
            model = service(api)
            if model.has_operation(segments[-1]):
                return Route(api, segments[-1], CBOR, model.operation(segments[-1]))
    raise UnknownOperation(f"No operation of {_names(apis)} has the path {request.path[:256]!r}.")


def _action(request: HttpRequest, apis: tuple[str, ...]) -> Route | None:
    speakers = _query_speakers(apis)
    if not speakers:
        return None
    if request.path not in ("/", ""):
        return None
    text = request.query
    if request.method == "POST" and "x-www-form-urlencoded" in request.headers.get("content-type", ""):
        text = form_text(request)
    if "Action=" not in text:
        return None
    parameters = dict(reversed(form_pairs(text)))
    name = parameters.get("Action")
    if name is None:
        return None
    for api in speakers:
        model = service(api)
        if (
            model.has_operation(name)
            and parameters.get("Version", model.metadata["apiVersion"]) == model.metadata["apiVersion"]
        ):
            return Route(api, name, QUERY, model.operation(name))
    raise InvalidAction(f"Could not find operation {name[:256]} for version {parameters.get('Version', '')[:32]}")


@lru_cache(maxsize=256)
def _query_speakers(apis: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(api for api in apis if "query" in _protocols(api))


def _protocols(api: str) -> Sequence[str]:
    metadata = model_files.metadata(api)
    protocols: Sequence[str] = metadata.get("protocols") or [metadata["protocol"]]
    return protocols
