"""The AWS service models that ship inside botocore, loaded once, lazily, without their documentation.

These classes read the same JSON files as botocore does and add nothing to them: what the model says is the schema.
A shape that is referred to with traits of its own (a member's `locationName`, say) is a `Shape` whose traits are the
shape's overlaid with the reference's.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from functools import cache, cached_property
from typing import Any

from clary.wire import model_files

RESULT_LOCATIONS = frozenset({"header", "headers", "statusCode"})
"""Where members of a result may travel outside its body."""


class Shape:
    """One type of the model, seen through one reference.

    Attributes:
        name: the shape's name in the model.
        type_name: "structure", "list", "map", "string", "integer", "long", "float", "double", "boolean",
            "timestamp", "blob" or "character".
        traits: everything the model says, the reference's words over the shape's.
        compiled: what the wire's compilers made of this shape, by compiler.
    """

    __slots__ = ("_service", "compiled", "name", "traits", "type_name")

    def __init__(self, name: str, traits: Mapping[str, Any], service: Service) -> None:
        self.name = name
        self.traits = traits
        self.type_name: str = traits["type"]
        self.compiled: dict[Any, Any] = {}
        self._service = service

    def __repr__(self) -> str:
        return f"Shape({self.name}: {self.type_name})"

    @property
    def members(self) -> dict[str, Shape]:
        """The members of a structure in the model's order; empty for every other type."""
        return self._service.members_of(self.name)

    @property
    def member(self) -> Shape:
        """The elements of a list."""
        return self._service.part_of(self.name, "member")

    @property
    def key(self) -> Shape:
        """The keys of a map."""
        return self._service.part_of(self.name, "key")

    @property
    def value(self) -> Shape:
        """The values of a map."""
        return self._service.part_of(self.name, "value")

    @property
    def location(self) -> str | None:
        """Where a member travels: "uri", "querystring", "header", "headers", "statusCode" or None for the body."""
        location: str | None = self.traits.get("location")
        return location

    @property
    def location_name(self) -> str | None:
        """The name on the wire, where it differs from the member's."""
        name: str | None = self.traits.get("locationName")
        return name

    @property
    def required(self) -> list[str]:
        """The members that a structure must have."""
        required: list[str] = self.traits.get("required", [])
        return required

    @property
    def is_flattened(self) -> bool:
        """Whether a list or map stands without a wrapping element."""
        return bool(self.traits.get("flattened"))

    @property
    def is_document(self) -> bool:
        """Whether the value is free-form JSON."""
        return bool(self.traits.get("document"))

    @property
    def is_sensitive(self) -> bool:
        """Whether the value must never be repeated in messages or logs."""
        return bool(self.traits.get("sensitive"))

    @property
    def is_streaming(self) -> bool:
        """Whether a payload is handed over as a stream."""
        return bool(self.traits.get("streaming"))

    @property
    def is_event_stream(self) -> bool:
        """Whether the shape is a union of events that are sent one by one."""
        return bool(self.traits.get("eventstream"))

    @property
    def error_code(self) -> str:
        """An error's code where the model gives one beside the shape's name, else that name."""
        code: str = self.traits.get("error", {}).get("code") or self.name
        return code


class OperationModel:
    """One operation of an API.

    Attributes:
        name: as in the model ("CreateTrainingJob").
        service: the API it belongs to.
        method: HTTP method in upper case.
        uri: the template of its address ("/{Bucket}/{Key+}?uploads").
        status: HTTP status of a success.
    """

    def __init__(self, name: str, definition: Mapping[str, Any], service: Service) -> None:
        self.name = name
        self.service = service
        self.definition = definition
        self.compiled: dict[Any, Any] = {}
        http = definition.get("http", {})
        self.method: str = http.get("method", "POST")
        self.uri: str = http.get("requestUri", "/")
        self.status: int = http.get("responseCode", 200)

    def __repr__(self) -> str:
        return f"OperationModel({self.service.api}.{self.name})"

    @property
    def api(self) -> str:
        """The name of the API."""
        return self.service.api

    @cached_property
    def input_shape(self) -> Shape | None:
        """The request's structure, None when the operation takes nothing."""
        reference = self.definition.get("input")
        return None if reference is None else self.service.resolve(reference)

    @cached_property
    def output_shape(self) -> Shape | None:
        """The result's structure, None when the operation returns nothing."""
        reference = self.definition.get("output")
        return None if reference is None else self.service.resolve(reference)

    @cached_property
    def error_shapes(self) -> list[Shape]:
        """The errors that the model lists for this operation."""
        return [self.service.shape(error["shape"]) for error in self.definition.get("errors", [])]

    @cached_property
    def input_payload(self) -> tuple[str, Shape] | None:
        """Name and shape of the member that is the whole body, None when the body holds the unplaced members."""
        return _payload(self.input_shape)

    @cached_property
    def output_payload(self) -> tuple[str, Shape] | None:
        """The same of the result."""
        return _payload(self.output_shape)

    @cached_property
    def has_streaming_input(self) -> bool:
        """Whether the body is handed to the handler as a stream, so that nobody has to hold it in memory."""
        return self.input_payload is not None and (
            self.input_payload[1].is_streaming or self.input_payload[1].is_event_stream
        )

    @cached_property
    def output_event_stream(self) -> tuple[str, Shape] | None:
        """Name and shape of the result's member that is a stream of events."""
        return _event_stream(self.output_shape)

    @property
    def is_deprecated(self) -> bool:
        """Whether the model calls it deprecated."""
        return bool(self.definition.get("deprecated"))

    @property
    def is_unsigned(self) -> bool:
        """Whether clients send it without a signature."""
        return self.definition.get("authtype") == "none"

    def error_shape(self, code: str) -> Shape | None:
        """The modelled error with this shape name or code; the operation's own errors come before the API's others."""
        errors: dict[str, Shape] | None = self.compiled.get("errors")
        if errors is None:
            errors = {}
            for shape in (*self.error_shapes, *self.service.error_shapes):
                errors.setdefault(shape.name, shape)
            for shape in (*self.error_shapes, *self.service.error_shapes):
                errors.setdefault(shape.error_code, shape)
            self.compiled["errors"] = errors
        return errors.get(code)


def _payload(shape: Shape | None) -> tuple[str, Shape] | None:
    name = None if shape is None else shape.traits.get("payload")
    return None if name is None or shape is None else (name, shape.members[name])


def _event_stream(shape: Shape | None) -> tuple[str, Shape] | None:
    for name, member in shape.members.items() if shape is not None else ():
        if member.is_event_stream:
            return name, member
    return None


class Service:
    """One API: its operations, shapes and metadata.

    Args:
        api: botocore's name of the API ("sagemaker-runtime").
        model: the model, as in botocore's `service-2.json`.
    """

    def __init__(self, api: str, model: Mapping[str, Any]) -> None:
        self.api = api
        self.metadata: Mapping[str, Any] = model["metadata"]
        self._operations: Mapping[str, Any] = model.get("operations", {})
        self._definitions: Mapping[str, Any] = model.get("shapes", {})
        self._shapes: dict[str, Shape] = {}
        self._members: dict[str, dict[str, Shape]] = {}
        self._parts: dict[tuple[str, str], Shape] = {}
        self._models: dict[str, OperationModel] = {}

    def __repr__(self) -> str:
        return f"Service({self.api})"

    @property
    def signing_name(self) -> str:
        """The name in the scope of a signature; several APIs of a family share one."""
        name: str = self.metadata.get("signingName") or self.metadata.get("endpointPrefix", self.api)
        return name

    @property
    def protocols(self) -> list[str]:
        """Every protocol the API speaks, in botocore's names."""
        protocols: list[str] = self.metadata.get("protocols") or [self.metadata["protocol"]]
        return protocols

    @property
    def target_prefix(self) -> str | None:
        """What stands before the dot of `X-Amz-Target`, and names the API in rpc-v2 paths."""
        prefix: str | None = self.metadata.get("targetPrefix")
        return prefix

    @property
    def is_query_compatible(self) -> bool:
        """Whether clients expect the codes of the query protocol's days in a header."""
        return "awsQueryCompatible" in self.metadata

    @property
    def operation_names(self) -> list[str]:
        """Every operation of the model."""
        return list(self._operations)

    @cached_property
    def xml_namespace(self) -> str | None:
        """The default namespace of the API's documents: the metadata's, else the one its inputs are written in."""
        known = self.metadata.get("xmlNamespace")
        if known:
            return str(known)
        for definition in self._definitions.values():
            for reference in definition.get("members", {}).values():
                namespace = reference.get("xmlNamespace")
                if isinstance(namespace, dict) and not namespace.get("prefix"):
                    return str(namespace["uri"])
        return None

    @cached_property
    def error_shapes(self) -> list[Shape]:
        """Every modelled error of the API."""
        return [self.shape(name) for name, shape in self._definitions.items() if shape.get("exception")]

    def has_operation(self, name: str) -> bool:
        """Whether the model has the operation."""
        return name in self._operations

    def operation(self, name: str) -> OperationModel:
        """The operation's model.

        Raises:
            KeyError: the API has no such operation.
        """
        model = self._models.get(name)
        if model is None:
            model = self._models.setdefault(name, OperationModel(name, self._operations[name], self))
        return model

    def shape(self, name: str) -> Shape:
        """The shape, without the traits of any reference."""
        shape = self._shapes.get(name)
        if shape is None:
            shape = self._shapes.setdefault(name, Shape(name, self._definitions[name], self))
        return shape

    def resolve(self, reference: Mapping[str, Any]) -> Shape:
        """The shape that `{"shape": NAME, ...traits}` refers to."""
        name = reference["shape"]
        if len(reference) == 1:
            return self.shape(name)
        traits = {**self._definitions[name], **reference}
        del traits["shape"]
        return Shape(name, traits, self)

    def members_of(self, name: str) -> dict[str, Shape]:
        """The members of the structure `name`; the same objects on every call."""
        members = self._members.get(name)
        if members is None:
            references = self._definitions[name].get("members", {})
            made = {member: self.resolve(reference) for member, reference in references.items()}
            members = self._members.setdefault(name, made)
        return members

    def part_of(self, name: str, part: str) -> Shape:
        """The `member`, `key` or `value` of the list or map `name`; the same object on every call."""
        shape = self._parts.get((name, part))
        if shape is None:
            shape = self._parts.setdefault((name, part), self.resolve(self._definitions[name][part]))
        return shape


_loading = threading.Lock()


def service(api: str) -> Service:
    """The model of an API; loaded when first asked for and kept.

    Raises:
        UnknownApi: botocore has none of that name.
    """
    with _loading:
        return _service(api)


@cache
def _service(api: str) -> Service:
    return Service(api, model_files.load(api))
