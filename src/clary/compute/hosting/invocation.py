"""One invocation: from the choice of a replica to its answer, with the clock and the counters of it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Protocol

from clary.compute.hosting.endpoint import Endpoint
from clary.compute.hosting.replica import Replica
from clary.compute.hosting.replica_client import (
    ChunkStream,
    ReplicaLost,
    ReplicaResponse,
    ReplicaTimeout,
    ReplicaUnreachable,
    ResponseTooLarge,
    request_bytes,
)
from clary.compute.hosting.replica_slots import RunningVariant


class InvocationTimeout(Exception):
    """The model did not answer in time."""


class InvocationFailed(Exception):
    """The replica went away while it had the request, or sent something that is not an answer."""


@dataclass(slots=True)
class InvokeRequest:
    """A request for a model.

    Attributes:
        headers: further headers for the model.
        variant: the variant that must answer, None to choose by weight.
        received: when the request reached Clary, seconds since 1970; for OverheadLatency.
    """

    body: bytes
    content_type: str = ""
    accept: str = ""
    headers: list[tuple[str, str]] = field(default_factory=list)
    variant: str | None = None
    received: float = 0.0


@dataclass(slots=True)
class InvokeResponse:
    """What the model answered.

    Attributes:
        headers: names in lower case.
        generation: of the plan that answered.
        stream: the body in pieces instead of `body`, from `invoke_stream`.
    """

    status: int
    body: bytes
    content_type: str
    headers: dict[str, str]
    variant: str
    generation: int
    stream: BodyStream | None = None


class BodyStream(Protocol):
    """A body on its way, to be read to its end or closed."""

    def __aiter__(self) -> AsyncIterator[bytes]:
        """The pieces."""
        ...

    async def aclose(self) -> None:
        """Gives the rest up."""
        ...


async def exchange(
    endpoint: Endpoint, request: InvokeRequest, limit_seconds: float, *, streaming: bool
) -> InvokeResponse:
    """Gives a request to a replica; to another one only if nothing of it was sent.

    Args:
        limit_seconds: for all of it, the wait for a replica included.
        streaming: whether to return as soon as the answer begins.

    Raises:
        EndpointGone: the endpoint does not serve.
        NoSuchVariant: the wanted variant is not one of the endpoint's.
        InvocationTimeout: the time is over.
        InvocationFailed: the replica went away with the request.
    """
    began = time.monotonic()
    headers = [("Accept", request.accept or "*/*"), *request.headers]
    if request.content_type:
        headers.append(("Content-Type", request.content_type))
    head = request_bytes("POST", "/invocations", headers, request.body)
    deadline = began + limit_seconds
    while True:
        variant, replica = await _choose(endpoint, request.variant, deadline)
        replica.in_flight += 1
        sent = time.monotonic()
        status = 500
        try:
            answer = await _ask(replica, head, request.body, deadline - sent, streaming=streaming)
            status = answer.status
        except ReplicaUnreachable:
            status = 0
            variant.suspect(replica)
            continue
        except ReplicaTimeout as error:
            replica.suspected.set()
            raise InvocationTimeout(variant.name) from error
        except ReplicaLost as error:
            variant.suspect(replica)
            raise InvocationFailed(str(error)) from error
        except ResponseTooLarge as error:
            raise InvocationFailed(str(error)) from error
        except asyncio.CancelledError:
            status = 0  # the caller went away: nobody's error
            raise
        finally:
            if status:
                ended = time.monotonic()
                whole = time.time() - request.received if request.received else ended - began
                variant.metrics.invoked(status, ended - sent, whole - (ended - sent))
        return InvokeResponse(
            answer.status,
            answer.body,
            answer.headers.get("content-type", ""),
            answer.headers,
            variant.name,
            variant.generation,
            answer.stream,
        )


async def _choose(endpoint: Endpoint, name: str | None, deadline: float) -> tuple[RunningVariant, Replica]:
    while True:
        generation = endpoint.serving
        if generation is not None:
            variant, replica = generation.choose(name)
            if replica is not None:
                return variant, replica
        if not await endpoint.until_changed(deadline):
            raise InvocationTimeout(name or "")


async def _ask(
    replica: Replica, head: bytes, body: bytes, timeout_seconds: float, *, streaming: bool
) -> ReplicaResponse:
    """Gives a replica a request that is counted in its `in_flight`; the count ends with the answer."""
    if not streaming:
        try:
            return await replica.client.request(head, body, timeout_seconds=timeout_seconds)
        finally:
            replica.answered()
    try:
        answer = await replica.client.stream(head, body, timeout_seconds=timeout_seconds)
    except BaseException:
        replica.answered()
        raise
    assert answer.stream is not None
    answer.stream = _CountedStream(answer.stream, replica)
    return answer


class _CountedStream:
    """A streamed answer; the replica is busy with it until it is read to its end or given up."""

    def __init__(self, chunks: ChunkStream, replica: Replica) -> None:
        self._chunks = chunks
        self._replica: Replica | None = replica

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        try:
            return await anext(self._chunks)
        except StopAsyncIteration:
            self._over()
            raise
        except ReplicaLost as error:
            self._over()
            raise InvocationFailed(str(error)) from error
        except BaseException:
            self._over()
            raise

    async def aclose(self) -> None:
        """Gives the rest up."""
        await self._chunks.aclose()
        self._over()

    def _over(self) -> None:
        replica, self._replica = self._replica, None
        if replica is not None:
            replica.answered()

    def __del__(self) -> None:
        self._over()
