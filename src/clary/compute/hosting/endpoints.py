"""Hosting: keeps endpoints running as their records say, and carries requests to their replicas."""

from __future__ import annotations

import asyncio
import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from clary.compute.containers.access import ContainerAccess
from clary.compute.contract import EndpointPlan
from clary.compute.folder import remove_tree
from clary.compute.forking.spawner import Spawner
from clary.compute.hosting import endpoint_states
from clary.compute.hosting.endpoint import PREVIOUS, Endpoint, EndpointGone
from clary.compute.hosting.generation import Generation, NoSuchVariant
from clary.compute.hosting.invocation import (
    InvocationFailed,
    InvocationTimeout,
    InvokeRequest,
    InvokeResponse,
    exchange,
)
from clary.compute.hosting.logs import LogShipper, LogStore
from clary.compute.hosting.metrics import HostingMetrics, MetricStore
from clary.compute.hosting.model_files import ModelSource, ModelStore, UnpackLimits
from clary.compute.hosting.replica import HostingTimes, Launcher
from clary.compute.preparation import Preparation
from clary.compute.role_access import RoleAccess
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

ENDPOINT_KINDS = ("sagemaker:endpoint", "personalize:serving", "comprehend:serving", "rekognition:serving")
"""Kinds of the records that hold plans; no client sees those that `served_models` makes."""
_LONGEST_SOCKET_FOLDER_BYTES = 80  # a socket's whole path has at most 107
_BLOCKING_THREADS = 6


class Hosting:
    """All endpoints of this Clary.

    Promises:
        **Durability.** An endpoint runs as its record's `body["plan"]` says, also after Clary was killed.
        **No orphans.** Replicas end when this process ends, however it does.
        **No lost request.** See `Endpoint`; a request goes to another replica only if nothing of it was sent.
        **Threads.** `apply` and `remove` may be called from any thread; everything else from the event loop.

    Args:
        records: endpoint records, of one of `ENDPOINT_KINDS`. While one is "Updating", `body["previous"]` is the body
            to go back to when the update fails.
        data_access: reads models from S3 with their role.
        forkserver: starts replicas.
        folder: for models and sockets; nobody else writes there.
        preparation: makes the environments of programs that users bring.
        hidden: folders that programs that users bring must not see.
        containers: what runs images.
        role_access: lets programs that users bring in as their model's role; None where they get no credentials.
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
        preparation: Preparation | None = None,
        hidden: Sequence[Path] = (),
        containers: ContainerAccess | None = None,
        role_access: RoleAccess | None = None,
    ) -> None:
        self._role_access = role_access
        self._records = records
        self._folder = folder
        self._spawner = forkserver
        self._times = times or HostingTimes()
        self._models = ModelStore(data_access, unpack_limits)
        self._preparation = preparation
        self._hidden = tuple(hidden)
        self._containers = containers
        self._shipper = LogShipper(logs)
        self._metrics = HostingMetrics(metrics)
        self._endpoints: dict[str, Endpoint] = {}
        self._threads: ThreadPoolExecutor | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._leaving: set[asyncio.Task[None]] = set()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._launcher: Launcher | None = None
        self._sockets: Path | None = None

    async def start(self) -> None:
        """Brings back the endpoints of the records; returns before they are healthy."""
        self._loop = asyncio.get_running_loop()
        self._folder.mkdir(parents=True, exist_ok=True)
        self._sockets = _fresh_socket_folder(self._folder)
        self._threads = ThreadPoolExecutor(_BLOCKING_THREADS, "hosting")
        self._launcher = Launcher(
            self._spawner,
            self._sockets,
            self._threads,
            self._times,
            preparation=self._preparation,
            hidden=self._hidden,
            containers=self._containers,
            role_access=self._role_access,
        )
        if self._role_access is not None:  # a Clary that was killed could not
            await self._launcher.blocking(self._role_access.withdraw_all)
        self._tasks = [asyncio.create_task(self._shipper.run()), asyncio.create_task(self._metrics.run())]
        records = [
            record for kind in ENDPOINT_KINDS for record in await self._launcher.blocking(self._records.of_kind, kind)
        ]
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
        self._endpoints.clear()
        self._loop = None
        if self._threads is not None:
            self._threads.shutdown()
        if self._sockets is not None:
            shutil.rmtree(self._sockets, ignore_errors=True)

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
        return await exchange(self._serving(arn), request, self._times.invocation, streaming=False)

    async def invoke_stream(self, arn: str, request: InvokeRequest) -> InvokeResponse:
        """`invoke`, but returns as soon as the answer begins; its body follows in `stream`.

        Raises:
            EndpointGone, NoSuchVariant, InvocationTimeout, InvocationFailed: as `invoke`.
        """
        return await exchange(self._serving(arn), request, self._times.invocation, streaming=True)

    def _serving(self, arn: str) -> Endpoint:
        endpoint = self._endpoints.get(arn)
        if endpoint is None:
            raise EndpointGone(arn)
        return endpoint

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
        return self._folder / "models" / hashlib.sha256(arn.encode()).hexdigest()[:24]

    def _remove(self, arn: str) -> None:
        endpoint = self._endpoint(arn)
        del self._endpoints[arn]
        task = asyncio.create_task(endpoint.remove(lambda: self._forget(arn)))
        self._leaving.add(task)
        task.add_done_callback(self._leaving.discard)

    def _forget(self, arn: str) -> None:
        """Deletes the endpoint's files, then its record: while there is a record, its name is taken."""
        remove_tree(self._endpoint_folder(arn))
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
        for generation in (self._folder / "models").glob("*/*"):
            if generation not in needed:
                remove_tree(generation)

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


def socket_folder(folder: Path) -> Path:
    """Where sockets lie: in `folder` if its path is short enough, else in the system's temporary folder."""
    sockets = folder.absolute() / "sockets"
    if len(os.fsencode(sockets)) <= _LONGEST_SOCKET_FOLDER_BYTES:
        return sockets
    name = hashlib.sha256(os.fsencode(folder.absolute())).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"clary-{os.getuid()}-{name}"


def _fresh_socket_folder(folder: Path) -> Path:
    sockets = socket_folder(folder)
    shutil.rmtree(sockets, ignore_errors=True)
    sockets.mkdir(mode=0o700)  # fails if somebody else owns a folder of that name
    return sockets
