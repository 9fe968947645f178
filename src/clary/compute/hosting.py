"""Hosting: keeps endpoints running as their records say, and carries requests to their replicas."""

from __future__ import annotations

import asyncio
import hashlib
import os
import shutil
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from clary.compute import endpoint_states
from clary.compute.contract import EndpointPlan
from clary.compute.endpoint import PREVIOUS, Endpoint, EndpointGone
from clary.compute.generation import Generation, NoSuchVariant
from clary.compute.hosting_logs import LogShipper, LogStore
from clary.compute.hosting_metrics import HostingMetrics, MetricStore
from clary.compute.model_files import ModelSource, ModelStore, UnpackLimits
from clary.compute.replica import HostingTimes, Launcher, Replica, Spawner
from clary.compute.replica_client import (
    ReplicaLost,
    ReplicaResponse,
    ReplicaTimeout,
    ReplicaUnreachable,
    ResponseTooLarge,
    request_bytes,
)
from clary.compute.replica_slots import RunningVariant
from clary.storage.records import Record, RecordChanged, Records

__all__ = [
    "EndpointGone",
    "Hosting",
    "HostingTimes",
    "InvocationFailed",
    "InvocationTimeout",
    "InvokeRequest",
    "InvokeResponse",
    "NoSuchVariant",
]

ENDPOINT_KIND = "sagemaker:endpoint"
_LONGEST_SOCKET_FOLDER_BYTES = 80  # a socket's whole path has at most 107
_BLOCKING_THREADS = 6


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
    stream: AsyncIterator[bytes] | None = None


class Hosting:
    """All endpoints of this Clary.

    Promises:
        **Durability.** An endpoint runs as its record's `body["plan"]` says, also after Clary was killed.
        **No orphans.** Replicas end when this process ends, however it does.
        **No lost request.** See `Endpoint`; a request goes to another replica only if nothing of it was sent.
        **Threads.** `apply` and `remove` may be called from any thread; everything else from the event loop.

    Args:
        records: endpoint records, kind "sagemaker:endpoint". While one is "Updating", `body["previous"]` is the body to
            go back to when the update fails.
        data_access: reads models from S3 with their role.
        forkserver: starts replicas.
        folder: for models and sockets; nobody else writes there.
    """

    def __init__(
        self,
        records: Records,
        data_access: ModelSource,
        logs: LogStore,
        metrics: MetricStore,
        forkserver: Spawner,
        folder: Path,
        *,
        times: HostingTimes | None = None,
        unpack_limits: UnpackLimits | None = None,
    ) -> None:
        self._records = records
        self._folder = folder
        self._spawner = forkserver
        self._times = times or HostingTimes()
        self._models = ModelStore(data_access, unpack_limits)
        self._shipper = LogShipper(logs)
        self._metrics = HostingMetrics(metrics)
        self._endpoints: dict[str, Endpoint] = {}
        self._threads: ThreadPoolExecutor | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._leaving: set[asyncio.Task[None]] = set()
        self._finishers: list[Callable[[], Awaitable[None]]] = []
        self._loop: asyncio.AbstractEventLoop | None = None
        self._launcher: Launcher | None = None
        self._sockets: Path | None = None

    async def start(self) -> None:
        """Brings back the endpoints of the records; returns before they are healthy."""
        self._loop = asyncio.get_running_loop()
        self._folder.mkdir(parents=True, exist_ok=True)
        self._sockets = _fresh_socket_folder(self._folder)
        self._threads = ThreadPoolExecutor(_BLOCKING_THREADS, "hosting")
        self._launcher = Launcher(self._spawner, self._sockets, self._threads, self._times)
        self._tasks = [asyncio.create_task(self._shipper.run()), asyncio.create_task(self._metrics.run())]
        records = await self._launcher.blocking(self._records.of_kind, ENDPOINT_KIND)
        await self._launcher.blocking(self._remove_leftovers, records)
        for record in records:
            self._bring_back(record)

    async def close(self) -> None:
        """Ends all replicas; the endpoints come back with the next start."""
        await asyncio.gather(*[endpoint.close() for endpoint in self._endpoints.values()], *self._leaving)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._shipper.flush()
        await self._metrics.flush()
        for finish in self._finishers:
            await finish()
        self._endpoints.clear()
        self._loop = None
        if self._threads is not None:
            self._threads.shutdown()
        if self._sockets is not None:
            shutil.rmtree(self._sockets, ignore_errors=True)

    def at_close(self, finish: Callable[[], Awaitable[None]]) -> None:
        """Has `close` wait for `finish` when the last request is answered."""
        self._finishers.append(finish)

    def apply(self, plan: EndpointPlan) -> None:
        """Makes the endpoint run `plan`; returns at once, its record tells how it goes.

        The record must be Creating or Updating and hold the plan. A plan of the generation that runs changes only
        weights and numbers of replicas; one of a later generation replaces the replicas.
        """
        self._on_loop(lambda: self._endpoint(plan.arn).apply(plan))

    def remove(self, arn: str) -> None:
        """Ends an endpoint and deletes its record; returns at once."""
        self._on_loop(lambda: self._remove(arn))

    async def invoke(self, arn: str, request: InvokeRequest) -> InvokeResponse:
        """Gives a request to a replica and returns its answer, whatever its status.

        Raises:
            EndpointGone: there is no such endpoint, or it does not serve.
            NoSuchVariant: the wanted variant is not one of the endpoint's.
            InvocationTimeout: 60 seconds passed.
            InvocationFailed: the replica went away with the request.
        """
        answer, variant = await self._exchange(arn, request, streaming=False)
        headers = answer.headers
        return InvokeResponse(
            answer.status, answer.body, headers.get("content-type", ""), headers, variant.name, variant.generation
        )

    async def invoke_stream(self, arn: str, request: InvokeRequest) -> InvokeResponse:
        """`invoke`, but returns as soon as the answer begins; its body follows in `stream`.

        Raises:
            EndpointGone, NoSuchVariant, InvocationTimeout, InvocationFailed: as `invoke`.
        """
        answer, variant = await self._exchange(arn, request, streaming=True)
        headers = answer.headers
        return InvokeResponse(
            answer.status,
            b"",
            headers.get("content-type", ""),
            headers,
            variant.name,
            variant.generation,
            answer.stream,
        )

    async def _exchange(
        self, arn: str, request: InvokeRequest, *, streaming: bool
    ) -> tuple[ReplicaResponse, RunningVariant]:
        endpoint = self._endpoints.get(arn)
        if endpoint is None:
            raise EndpointGone(arn)
        began = time.monotonic()
        head = request_bytes(
            "POST",
            "/invocations",
            (("Content-Type", request.content_type), ("Accept", request.accept or "*/*"), *request.headers),
            request.body,
        )
        deadline = began + self._times.invocation
        while True:
            variant, replica = await self._choose(endpoint, request.variant, deadline)
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
            finally:
                if status:
                    ended = time.monotonic()
                    whole = time.time() - request.received if request.received else ended - began
                    variant.metrics.invoked(status, ended - sent, whole - (ended - sent))
            return answer, variant

    async def _choose(self, endpoint: Endpoint, name: str | None, deadline: float) -> tuple[RunningVariant, Replica]:
        while True:
            generation = endpoint.serving
            if generation is not None:
                variant, replica = generation.choose(name)
                if replica is not None:
                    return variant, replica
            if not await endpoint.until_changed(deadline):
                raise InvocationTimeout(name or "")

    def _on_loop(self, function: Callable[[], None]) -> None:
        if self._loop is None:
            raise RuntimeError("hosting is not running")
        self._loop.call_soon_threadsafe(function)

    def _endpoint(self, arn: str) -> Endpoint:
        found = self._endpoints.get(arn)
        if found is None:
            assert self._launcher is not None
            found = Endpoint(arn, records=self._records, launcher=self._launcher, generation=self._generation)
            self._endpoints[arn] = found
        return found

    def _generation(self, plan: EndpointPlan, changed: Callable[[], None]) -> Generation:
        assert self._launcher is not None
        return Generation(
            plan,
            self._endpoint_folder(plan.arn) / str(plan.generation),
            models=self._models,
            launcher=self._launcher,
            shipper=self._shipper,
            metrics=self._metrics,
            changed=changed,
        )

    def _endpoint_folder(self, arn: str) -> Path:
        return self._folder / "endpoints" / hashlib.sha256(arn.encode()).hexdigest()[:24]

    def _remove(self, arn: str) -> None:
        endpoint = self._endpoint(arn)
        del self._endpoints[arn]
        task = asyncio.create_task(endpoint.remove(lambda: self._forget(arn)))
        self._leaving.add(task)
        task.add_done_callback(self._leaving.discard)

    def _forget(self, arn: str) -> None:
        """Deletes the endpoint's files, then its record: while there is a record, its name is taken."""
        shutil.rmtree(self._endpoint_folder(arn), ignore_errors=True)
        self._metrics.forget(arn)
        while (record := self._records.by_arn(arn)) is not None:
            try:
                self._records.delete(record)
            except RecordChanged:
                continue

    def _remove_leftovers(self, records: list[Record]) -> None:
        """Removes model folders that no record needs: of endpoints that are gone, of updates that were broken off."""
        needed = {
            self._endpoint_folder(record.arn) / str(body["plan"]["generation"])
            for record in records
            for body in (record.body, record.body.get(PREVIOUS, {}))
            if "plan" in body
        }
        for generation in (self._folder / "endpoints").glob("*/*"):
            if generation not in needed:
                shutil.rmtree(generation, ignore_errors=True)

    def _bring_back(self, record: Record) -> None:
        if record.status == endpoint_states.DELETING:
            self._remove(record.arn)
        elif record.status != endpoint_states.FAILED and "plan" in record.body:
            plan = EndpointPlan.from_json(record.body["plan"])
            previous = record.body.get(PREVIOUS)
            endpoint = self._endpoint(record.arn)
            if record.status == endpoint_states.CREATING:
                endpoint.apply(plan)
            elif previous is None:
                endpoint.restore(plan, None)
            else:
                endpoint.restore(EndpointPlan.from_json(previous["plan"]), plan)


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
    answer.stream = _CountedStream(answer.stream, replica)
    return answer


class _CountedStream:
    """A streamed answer; the replica is busy with it until it is read to its end or given up."""

    def __init__(self, chunks: AsyncIterator[bytes] | None, replica: Replica) -> None:
        assert chunks is not None
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

    def _over(self) -> None:
        replica, self._replica = self._replica, None
        if replica is not None:
            replica.answered()

    def __del__(self) -> None:
        self._over()


def _fresh_socket_folder(folder: Path) -> Path:
    """An empty folder for sockets: in `folder` if its path is short enough, else in the system's temporary folder."""
    sockets = folder.absolute() / "sockets"
    if len(os.fsencode(sockets)) > _LONGEST_SOCKET_FOLDER_BYTES:
        name = hashlib.sha256(os.fsencode(folder.absolute())).hexdigest()[:16]
        sockets = Path(tempfile.gettempdir()) / f"clary-{os.getuid()}-{name}"
    shutil.rmtree(sockets, ignore_errors=True)
    sockets.mkdir(mode=0o700)  # fails if somebody else owns a folder of that name
    return sockets
