"""One request, hop by hop: who calls, which operation, is it well formed, is it allowed, what is the answer."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import logging
import os
import sqlite3
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, Protocol

from clary.core.call import Call
from clary.core.clock import Clock
from clary.core.errors import InternalFailure, ServiceError
from clary.core.http import ByteStream, HttpRequest, HttpResponse, conditions_of
from clary.core.ids import request_id as new_request_id
from clary.gateway.addressing import HostMeaning, meaning_of_host
from clary.gateway.authorization import Authorizer
from clary.gateway.dispatch import Dispatcher
from clary.gateway.identity import Authentication, Payload
from clary.gateway.identity_errors import Family, missing_authentication
from clary.gateway.identity_sigv4 import family_of
from clary.gateway.server import ClientGone
from clary.wire import bodies, routing
from clary.wire import protocol as wire
from clary.wire.errors import UnknownOperation
from clary.wire.protocol import Route
from clary.wire.validation import validate

_DISK_TROUBLES = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EROFS, errno.EMFILE, errno.ENFILE)
_LARGE_BODY_BYTES = 256 << 10
"""A body above this size is parsed in a thread: it would hold up everybody else's requests."""
_ANONYMOUS_BODY_BYTES = 4 << 20
"""What is held in memory for somebody without a key; a deletion of a thousand keys has room in it."""

_log = logging.getLogger(__name__)


class ServiceUnavailable(ServiceError):
    """Clary's disk is full or does not answer; nothing was changed."""

    code = "ServiceUnavailable"
    status = 503
    fmt = "Clary cannot store anything at the moment ({reason}); nothing was changed. (request {request_id})"


class Page(Protocol):
    """Answers requests that are no API calls: website pages, form uploads, preflights, /metrics."""

    async def handle(self, request: HttpRequest) -> HttpResponse | None:
        """The answer, or None when the request is not for this page."""
        ...


class Doorkeeper(Protocol):
    """Says who sends a request, and checks the body against what was signed (`Authenticator`)."""

    def authenticate(self, request: HttpRequest) -> Authentication:
        """The sender, from headers and query; raises a `ServiceError` for a wrong signature."""
        ...

    def verify_payload(self, authentication: Authentication, body: bytes) -> None:
        """Raises a `ServiceError` when the whole body is not what was signed."""
        ...

    def verified_stream(self, authentication: Authentication, stream: ByteStream) -> ByteStream:
        """The stream, whose last read raises when it is not what was signed."""
        ...


class Finisher(Protocol):
    """Adds to an answer what another party wants to see (CORS headers)."""

    def finish(self, request: HttpRequest, api: str, response: HttpResponse) -> None:
        """Changes the response in place."""
        ...


@dataclass(slots=True)
class Outcome:
    """What is known of a request once it is answered, for the request log and the metrics.

    Attributes:
        duration_seconds: until the head of the answer is ready; bodies may stream on.
        received_bytes, sent_bytes: the announced lengths of the bodies, None where a length is not announced.
    """

    request_id: str
    method: str
    api: str = ""
    operation: str = ""
    account: str = ""
    principal_arn: str = ""
    status: int = 0
    error_code: str = ""
    duration_seconds: float = 0.0
    client_ip: str = ""
    received_bytes: int | None = 0
    sent_bytes: int | None = 0


class Observer(Protocol):
    """Is told of every request."""

    def observe(self, outcome: Outcome) -> None:
        """Takes note; must be quick and must not raise."""
        ...


class Pipeline:
    """Answers requests.

    Promises: `respond` never raises but for a client that went away; whatever breaks becomes a modelled error with a
    request id, and a log line with the same id.

    Args:
        pages: asked in order before a request is taken for an API call.
        families: the APIs behind each signing name; a request without a signature is for S3.
        body_limit_bytes: for bodies that are not streamed to their handler.
        default_region: of requests whose signature names none.
    """

    def __init__(
        self,
        *,
        authenticator: Doorkeeper,
        authorizer: Authorizer,
        dispatcher: Dispatcher,
        families: Mapping[str, tuple[str, ...]],
        clock: Clock,
        default_account: str,
        default_region: str,
        body_limit_bytes: int,
        pages: Sequence[Page] = (),
        finishers: Sequence[Finisher] = (),
        observers: Sequence[Observer] = (),
    ) -> None:
        self._authenticator = authenticator
        self._authorizer = authorizer
        self._dispatcher = dispatcher
        self._families = families
        self._apis = tuple(api for apis in families.values() for api in apis)
        self._clock = clock
        self._default_account = default_account
        self._default_region = default_region
        self._body_limit_bytes = body_limit_bytes
        self._pages = tuple(pages)
        self._finishers = tuple(finishers)
        self._observers = tuple(observers)

    async def respond(self, request: HttpRequest) -> HttpResponse:
        """The answer to a request."""
        started = time.perf_counter()
        outcome = Outcome(new_request_id(), request.method, client_ip=request.client_ip)
        outcome.received_bytes = _length(request.body)
        try:
            response = await self._page(request, outcome)
            if response is None:
                response = await self._answer(request, outcome)
            for finisher in self._finishers:
                finisher.finish(request, outcome.api, response)
        except ClientGone:
            raise
        except Exception:  # even an error that cannot be written is answered, with the id under which it is logged
            _log.exception("request %s: the answer could not be made", outcome.request_id)
            outcome.error_code = InternalFailure.__name__
            response = _plain_failure(outcome.request_id)
        outcome.status = response.status
        outcome.sent_bytes = _length(response.body)
        outcome.duration_seconds = time.perf_counter() - started
        for observer in self._observers:
            observer.observe(outcome)
        return response

    async def _page(self, request: HttpRequest, outcome: Outcome) -> HttpResponse | None:
        try:
            for page in self._pages:
                response = await page.handle(request)
                if response is not None:
                    outcome.request_id = _told_id(response) or outcome.request_id
                    return response
        except ClientGone:
            raise
        except Exception as problem:
            error = self._as_service_error(problem, outcome)
            outcome.error_code = error.wire_code
            return routing.PROTOCOLS["rest-xml"].serialize_error(None, error, outcome.request_id)
        return None

    async def _answer(self, request: HttpRequest, outcome: Outcome) -> HttpResponse:
        route: Route | None = None
        signing_name = ""
        try:
            host = meaning_of_host(request.headers.get("host", ""))
            authentication = self._authenticator.authenticate(request)
            signing_name = authentication.signing_name
            outcome.account = authentication.principal.account or self._default_account
            outcome.principal_arn = authentication.principal.arn
            request = _addressed(request, authentication, host)
            family = family_of(request, signing_name)
            if not signing_name and family is not Family.S3:
                route = await self._unsigned(request, authentication, family)
            else:
                if family is Family.QUERY:
                    await self._read(request, authentication)
                route = self._route(request, signing_name or "s3")
            outcome.api, outcome.operation = route.api, route.operation
            return await self._carry_out(request, authentication, route, host, outcome)
        except ClientGone:
            raise
        except Exception as problem:
            error = self._as_service_error(problem, outcome)
            outcome.error_code = error.wire_code
            protocol = route.protocol if route is not None else _protocol_of_refusal(request, signing_name)
            return protocol.serialize_error(route.model if route else None, error, outcome.request_id)

    def _route(self, request: HttpRequest, signing_name: str) -> Route:
        apis = self._families.get(signing_name)
        if apis is None:
            raise UnknownOperation(f"Clary does not serve the AWS service {signing_name!r}.")
        return routing.resolve(request, signing_name, apis)

    async def _unsigned(self, request: HttpRequest, authentication: Authentication, family: Family) -> Route:
        """The operation of a request that AWS's clients do not sign either (`AssumeRoleWithWebIdentity`).

        Raises:
            ServiceError: it has to be signed; said before a large body is taken in.
        """
        length = _length(request.body)
        if family is Family.QUERY and length is not None and length <= _LARGE_BODY_BYTES:
            await self._read(request, authentication)
            with contextlib.suppress(ServiceError):
                route = routing.resolve(request, None, self._apis)
                if route.model.is_unsigned:
                    return route
        raise missing_authentication(family)

    async def _carry_out(
        self, request: HttpRequest, authentication: Authentication, route: Route, host: HostMeaning, outcome: Outcome
    ) -> HttpResponse:
        bound = self._dispatcher.find(route.api, route.operation)
        await self._receive(request, authentication, route)
        if isinstance(request.body, bytes) and len(request.body) > _LARGE_BODY_BYTES:
            parameters = await asyncio.to_thread(_parameters, request, route)
        else:
            parameters = _parameters(request, route)
        call = self._call(request, authentication, route, host, outcome)
        self._authorizer.check(call, bound, parameters)
        result = await self._dispatcher.call(call, parameters)
        return route.protocol.serialize(route.model, result, outcome.request_id)

    async def _read(self, request: HttpRequest, authentication: Authentication) -> None:
        """Reads a body whole and verifies it; for the query protocol the operation stands in it."""
        data = await bodies.read(request.body, self._limit_bytes(authentication))
        self._authenticator.verify_payload(authentication, data)
        request.body = data

    async def _receive(self, request: HttpRequest, authentication: Authentication, route: Route) -> None:
        """Verifies the body against the signature: at once, or, for a stream, while it is read."""
        chunked = authentication.is_chunked
        if not chunked:
            streamed = route.model.has_streaming_input and authentication.payload is not Payload.IN_SIGNATURE
            if streamed and isinstance(request.body, ByteStream):
                request.body = self._authenticator.verified_stream(authentication, request.body)
            else:
                await self._read(request, authentication)
        verify = authentication.chunks if chunked else None
        await bodies.receive(request, route.model, limit_bytes=self._limit_bytes(authentication), verify=verify)

    def _limit_bytes(self, authentication: Authentication) -> int:
        if authentication.principal.is_anonymous:
            return min(self._body_limit_bytes, _ANONYMOUS_BODY_BYTES)
        return self._body_limit_bytes

    def _call(
        self, request: HttpRequest, authentication: Authentication, route: Route, host: HostMeaning, outcome: Outcome
    ) -> Call:
        principal = authentication.principal
        region = authentication.region or host.region or self._default_region
        conditions = {**conditions_of(request), "aws:RequestedRegion": region}
        if route.api == "s3" and authentication.signing_name:
            conditions["s3:authType"] = "REST-QUERY-STRING" if authentication.is_presigned else "REST-HEADER"
            # only the credential of a version 4 signature has a region
            conditions["s3:signatureversion"] = "AWS4-HMAC-SHA256" if authentication.region else "AWS"
            if authentication.signed_at is not None:
                conditions["s3:signatureAge"] = str(round(1000 * (self._clock.time() - authentication.signed_at)))
        return Call(
            api=route.api,
            operation=route.operation,
            account=outcome.account,
            region=region,
            principal=principal,
            request_id=outcome.request_id,
            time=datetime.fromtimestamp(self._clock.time(), UTC),
            endpoint=f"{request.scheme}://{request.headers.get('host', '')}",
            conditions=MappingProxyType(conditions),
        )

    def _as_service_error(self, problem: Exception, outcome: Outcome) -> ServiceError:
        where = f"{outcome.api}:{outcome.operation}" if outcome.operation else "a request"
        if isinstance(problem, ServiceError):
            if problem.__cause__ is not None and not problem.is_client_fault:
                _log.error("request %s: %s failed: %r", outcome.request_id, where, problem.__cause__)
            return problem
        _log.error("request %s: %s failed", outcome.request_id, where, exc_info=problem)
        trouble = _storage_trouble(problem)
        if trouble:
            return ServiceUnavailable(reason=trouble, request_id=outcome.request_id)
        return InternalFailure(request_id=outcome.request_id)


def _parameters(request: HttpRequest, route: Route) -> dict[str, Any]:
    parameters = route.protocol.parse(route.model, request, route)
    validate(route.model, parameters, route.protocol)
    return parameters


def _plain_failure(request_id: str) -> HttpResponse:
    headers = [("Content-Type", "text/plain"), ("x-amz-request-id", request_id), ("x-amzn-requestid", request_id)]
    return HttpResponse(
        500, headers, f"Clary could not make its answer; its log knows more under {request_id}".encode()
    )


def _told_id(response: HttpResponse) -> str:
    """The request id that a page told its client, "" where it told none."""
    return next((value for name, value in response.headers if name == "x-amz-request-id"), "")


def _length(body: bytes | ByteStream) -> int | None:
    return len(body) if isinstance(body, bytes) else body.length


def _storage_trouble(problem: Exception) -> str:
    """What is wrong with the disk, in words without a path; "" when the problem is another."""
    if isinstance(problem, sqlite3.OperationalError):
        return str(problem)
    if isinstance(problem, OSError) and problem.errno in _DISK_TROUBLES:
        return os.strerror(problem.errno)
    return ""


def _protocol_of_refusal(request: HttpRequest, signing_name: str) -> wire.Protocol:
    """What a request that named no operation is answered in."""
    family = family_of(request, signing_name)
    if family is Family.S3:
        return routing.PROTOCOLS["rest-xml"]
    if family is Family.QUERY:
        return routing.PROTOCOLS["query"]
    if request.headers.get("smithy-protocol") == "rpc-v2-cbor":
        return routing.PROTOCOLS["smithy-rpc-v2-cbor"]
    return routing.PROTOCOLS["json" if "x-amz-target" in request.headers else "rest-json"]


def _addressed(request: HttpRequest, authentication: Authentication, host: HostMeaning) -> HttpRequest:
    """The request in path style, with the headers that a presigned URL carries in its query."""
    if authentication.hoisted:
        for name, value in authentication.hoisted.items():
            request.headers.setdefault(name, value)
    if host.bucket and not host.website and authentication.signing_name in ("", "s3"):
        return replace(request, path=f"/{host.bucket}{request.path}")
    return request
