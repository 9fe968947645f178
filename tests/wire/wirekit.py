"""What the wire's tests share: the APIs, random values from models, and botocore as the other end."""

from __future__ import annotations

import asyncio
import io
import random
import string
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any
from urllib.parse import urlsplit

from botocore.awsrequest import AWSResponse, create_request_object, prepare_request_dict
from botocore.endpoint import convert_to_response_dict
from botocore.loaders import Loader
from botocore.model import ServiceModel
from botocore.parsers import create_parser
from botocore.serialize import create_serializer

from clary.core.http import ByteStream, Headers, HttpRequest, HttpResponse

APIS = (
    "s3",
    "sts",
    "iam",
    "logs",
    "cloudwatch",
    "ecr",
    "sagemaker",
    "sagemaker-runtime",
    "sagemaker-a2i-runtime",
    "sagemaker-metrics",
    "sagemaker-featurestore-runtime",
    "personalize",
    "personalize-runtime",
    "personalize-events",
    "rekognition",
    "textract",
    "comprehend",
    "quicksight",
    "application-autoscaling",
    "marketplace-catalog",
    "events",
)
_MOMENT = datetime(2026, 11, 22, 17, 34, 5, tzinfo=UTC)
_HEADER_CHARACTERS = string.ascii_letters + string.digits + "-_./ "
_CHARACTERS = string.ascii_letters + string.digits + " -_./+%&=?#'\"<>\\:;~*()[]{}üß日本🙂"


@cache
def botocore_model(api: str) -> ServiceModel:
    """The model as botocore's clients see it before their handlers touch it."""
    return ServiceModel(Loader().load_service_model(api, "service-2"), api)


def protocols_of(api: str) -> list[str]:
    metadata = botocore_model(api).metadata
    return list(metadata.get("protocols") or [metadata["protocol"]])


class RandomValues:
    """Seeded random values for botocore's shapes.

    Args:
        seed: the same seed, the same values.
        chance: of an optional member to be there.
    """

    def __init__(self, seed: int, chance: float = 0.7, *, ascii_only: bool = False) -> None:
        self._random = random.Random(seed)
        self._chance = chance
        self._ascii_only = ascii_only

    def of(self, shape: Any, depth: int = 0) -> Any:
        return getattr(self, "_" + shape.type_name)(shape, depth)

    def _structure(self, shape: Any, depth: int) -> dict[str, Any]:
        if shape.metadata.get("document"):
            return {"kept": [1, 2.5, "as", None, {"it": True}], "is": {}}
        if shape.metadata.get("union"):
            names = [name for name, member in shape.members.items() if depth < 6 or member.type_name != "structure"]
            name = self._random.choice(names or list(shape.members))
            return {name: self.of(shape.members[name], depth + 1)}
        value = {}
        for name, member in shape.members.items():
            is_required = name in shape.required_members or member.serialization.get("location") == "uri"
            chance = self._chance / (1 + depth / 2) if depth < 5 else 0
            if is_required or self._random.random() < chance:
                value[name] = self.of(member, depth + 1)
        return value

    def _size(self, shape: Any, depth: int) -> int:
        low = int(shape.metadata.get("min", 0))
        high = int(shape.metadata.get("max", 1000))
        wanted = self._random.randint(1, 3) if depth < 5 else 1
        return max(low, min(high, wanted))

    def _list(self, shape: Any, depth: int) -> list[Any]:
        location = shape.serialization.get("location")
        if location:  # elements of a list inherit where it travels, for their texts
            return [self._text(shape.member, location) for _ in range(self._size(shape, depth))]
        return [self.of(shape.member, depth + 1) for _ in range(self._size(shape, depth))]

    def _map(self, shape: Any, depth: int) -> dict[str, Any]:
        if shape.serialization.get("location") == "headers":
            return {f"key-{index}": self._text(shape.value, "header") for index in range(2)}
        return {self.of(shape.key, depth + 1): self.of(shape.value, depth + 1) for _ in range(self._size(shape, depth))}

    def _text(self, shape: Any, location: str | None) -> str:
        if shape.enum:
            return self._random.choice(shape.enum)
        low = int(shape.metadata.get("min", 0))
        high = int(shape.metadata.get("max", 60) or 60)
        length = max(low, min(high, self._random.randint(1, 20)), 1)
        characters = _HEADER_CHARACTERS if location in ("header", "headers") or self._ascii_only else _CHARACTERS
        text = "".join(self._random.choice(characters) for _ in range(length))
        # headers cannot begin or end with blanks; XML keeps them
        return ("x" + text[1:-1] + "y")[: max(length, 1)] if location else text

    def _string(self, shape: Any, depth: int) -> Any:
        if shape.serialization.get("hostLabel"):
            return "route-1"
        if shape.serialization.get("jsonvalue") and shape.serialization.get("location") == "header":
            return {"a": [1, "b"]}
        return self._text(shape, shape.serialization.get("location"))

    _character = _string

    def _integer(self, shape: Any, depth: int) -> int:
        low = int(shape.metadata.get("min", -(2**31)))
        high = int(shape.metadata.get("max", 2**31 - 1))
        return self._random.randint(low, max(low, min(high, 2**31 - 1)))

    def _long(self, shape: Any, depth: int) -> int:
        low = int(shape.metadata.get("min", -(2**53)))
        high = int(shape.metadata.get("max", 2**53))
        return self._random.randint(low, max(low, high))

    def _float(self, shape: Any, depth: int) -> float:
        low = float(shape.metadata.get("min", -1000))
        high = float(shape.metadata.get("max", max(low, 1000)))
        # halves and quarters survive four bytes
        return max(low, min(high, round(self._random.uniform(low, high) * 4) / 4))

    _double = _float

    def _boolean(self, shape: Any, depth: int) -> bool:
        return self._random.random() < 0.5

    def _timestamp(self, shape: Any, depth: int) -> datetime:
        moment = _MOMENT - timedelta(seconds=self._random.randint(0, 10**9))
        is_header = shape.serialization.get("location") == "header"
        has_no_fraction = is_header or shape.serialization.get("timestampFormat") == "rfc822"
        return moment if has_no_fraction else moment + timedelta(milliseconds=self._random.randint(0, 999))

    def _blob(self, shape: Any, depth: int) -> bytes:
        return self._random.randbytes(self._random.randint(1, 40))


def botocore_request(api: str, operation: str, protocol: str, parameters: dict[str, Any]) -> HttpRequest:
    """The request that botocore sends, as it arrives: through its serialiser, its URL quoting and its preparation."""
    model = botocore_model(api).operation_model(operation)
    serializer = create_serializer(protocol, include_validation=False)
    request_dict = serializer.serialize_to_request(parameters, model)
    request_dict.pop("host_prefix", None)
    prepare_request_dict(request_dict, endpoint_url="http://127.0.0.1:4566", context={})
    return arrived(create_request_object(request_dict).prepare())


def arrived(prepared: Any) -> HttpRequest:
    """What the server sees of a request that botocore has prepared."""
    address = urlsplit(prepared.url)
    body = prepared.body
    if hasattr(body, "read"):
        body = body.read()
    data = body.encode() if isinstance(body, str) else bytes(body or b"")
    headers = [(k, v.decode() if isinstance(v, bytes) else str(v)) for k, v in prepared.headers.items()]
    return HttpRequest(prepared.method, address.path, address.query, Headers(headers), data)


class _Raw(io.BytesIO):
    def stream(self, amt: int = 65536, decode_content: bool = False) -> Any:
        while chunk := self.read(amt):
            yield chunk


def sent(response: HttpResponse) -> AWSResponse:
    """The response as botocore receives it."""
    body = response.body
    if isinstance(body, ByteStream):
        body = asyncio.run(body.read())
    return AWSResponse("http://127.0.0.1:4566/", response.status, Headers(response.headers), _Raw(body))


def botocore_parsed(api: str, operation: str, protocol: str, response: HttpResponse) -> Any:
    """What botocore's parser makes of a response."""
    model = botocore_model(api).operation_model(operation)
    response_dict = convert_to_response_dict(sent(response), model)
    return create_parser(protocol).parse(response_dict, model.output_shape)
