"""A boto3 client whose requests never leave the process: wire, handlers and object store, without a socket.

Signatures are not checked; policies are whatever `allow` says.
"""

from __future__ import annotations

import asyncio
import inspect
import io
import threading
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import boto3
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.client import Config
from urllib3.response import HTTPResponse

from clary.core.call import Call, Principal
from clary.core.errors import AccessDenied, ServiceError
from clary.core.http import ByteStream, Headers, HttpRequest, HttpResponse
from clary.core.operations import collect
from clary.wire import bodies, routing
from clary.wire.rest_xml import REST_XML
from clary.wire.validation import validate

ACCOUNT = "123456789012"
_CHUNK_BYTES = 65536
_SESSION = boto3.Session("AKIAEXAMPLEEXAMPLE00", "secret")  # one, because it keeps the parsed models


@dataclass
class Permissions:
    """What the caller may do: everything, but for pairs of action and ARN in `denied`."""

    denied: set[tuple[str, str]] = field(default_factory=set)
    asked: list[tuple[str, str]] = field(default_factory=list)

    def authorize(self, call: Call, action: str, arn: str, *_: Any) -> None:
        self.asked.append((action, arn))
        if (action, arn) in self.denied:
            raise AccessDenied("Access Denied")


class InProcess:
    """Answers requests on an event loop of its own."""

    def __init__(self, resources: Iterable[object]) -> None:
        self.operations = collect(resources)
        self.account = ACCOUNT
        self.anonymous = False
        self.responses: list[HttpResponse] = []
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join()
        self.loop.close()

    def client(self, region: str = "us-east-1", **config: Any) -> Any:
        config.setdefault("s3", {"addressing_style": "path"})
        config.setdefault("retries", {"max_attempts": 1})
        client = _SESSION.client(
            "s3", region_name=region, endpoint_url="http://127.0.0.1:4566", config=Config(**config)
        )
        client.meta.events.register("before-send.s3", self._send)
        client.meta.events.register("before-sign.s3", self._note_region)
        return client

    def _note_region(self, request: Any, **_: Any) -> None:
        self.region = request.context.get("signing", {}).get("region") or request.context.get("client_region")

    def _send(self, request: AWSPreparedRequest, **_: Any) -> AWSResponse:
        body = request.body
        data = body if isinstance(body, bytes) else body.read() if body is not None else b""
        parts = urlsplit(request.url)
        headers = Headers(
            (name, value.decode() if isinstance(value, bytes) else str(value))
            for name, value in request.headers.items()
        )
        http = HttpRequest(request.method, parts.path, parts.query, headers, _stream(data), client_ip="127.0.0.1")
        response, content = asyncio.run_coroutine_threadsafe(self._answer(http), self.loop).result(30)
        self.responses.append(response)
        received: dict[str, str] = dict(response.headers)
        raw = HTTPResponse(
            body=io.BytesIO(b"" if request.method == "HEAD" else content),
            headers=received,
            status=response.status,
            request_method=request.method,
            preload_content=False,
        )
        return AWSResponse(request.url, response.status, raw.headers, raw)

    async def _answer(self, request: HttpRequest) -> tuple[HttpResponse, bytes]:
        model = None
        try:
            route = routing.resolve(request, "s3", ["s3"])
            model = route.model
            await bodies.receive(request, model)
            parameters = route.protocol.parse(model, request, route)
            validate(model, parameters, route.protocol)
            response = route.protocol.serialize(model, await self._handle(route.operation, parameters), "request-id")
        except ServiceError as error:
            response = REST_XML.serialize_error(model, error, "request-id")
        content = await response.body.read() if isinstance(response.body, ByteStream) else response.body
        return response, content

    async def _handle(self, operation: str, parameters: dict[str, Any]) -> dict[str, Any]:
        principal = Principal("user", f"arn:aws:iam::{self.account}:user/tester", self.account, "AIDA", "tester")
        if self.anonymous:
            principal = Principal("anonymous", "", "")
        call = Call(
            "s3",
            operation,
            self.account,
            getattr(self, "region", None) or "us-east-1",
            principal,
            "request-id",
            datetime.now(UTC),
            "http://127.0.0.1:4566",
        )
        handler = self.operations["s3", operation].handler
        if inspect.iscoroutinefunction(handler):
            return await handler(call, parameters)
        return await asyncio.get_running_loop().run_in_executor(None, handler, call, parameters)


def _stream(data: bytes) -> ByteStream:
    async def chunks():
        for start in range(0, len(data), _CHUNK_BYTES):
            yield data[start : start + _CHUNK_BYTES]

    return ByteStream(chunks(), len(data))
