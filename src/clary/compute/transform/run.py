"""One host of a batch transform: its replica, and its share of the objects, in a thread with an event loop."""

from __future__ import annotations

import asyncio
import contextlib
import datetime
import hashlib
import json
import logging
import shutil
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Protocol

from clary.compute.contract import Executor, JobSpec, TransformPlan
from clary.compute.hosting.endpoints import socket_folder
from clary.compute.hosting.logs import LogShipper, ReplicaLog
from clary.compute.hosting.replica import Launcher, Replica, ReplicaFailed
from clary.compute.jobs.channel_files import DataError, Source
from clary.compute.transform.capture import write_capture
from clary.compute.transform.errors import TransformError
from clary.compute.transform.exchange import Exchange, Settings, settings_of
from clary.compute.transform.json_path import parse
from clary.compute.transform.objects import Failure, ObjectTransforms
from clary.compute.transform.records import Filters, Format, RecordFilter, format_of
from clary.storage.data_access import DataAccess
from clary.storage.logs import Logs
from clary.storage.metrics import Metrics

_BLOCKING_THREADS = 2
_MOST_TOLD_FAILURES = 3
_log = logging.getLogger(__name__)


class MakeLauncher(Protocol):
    """Makes what starts replicas, for a folder of sockets and threads for blocking calls."""

    def __call__(self, *, sockets: Path, threads: ThreadPoolExecutor) -> Launcher:
        """The launcher."""
        ...


class TransformRun:
    """A host of a batch transform, for its job's supervisor: started, stopped and asked like `HostRun`.

    Objects that were stored are noted beside the host's folder: a supervisor that takes the job over leaves them out.

    Args:
        name: "algo-1".
        root: the host's folder, with the model in it.
        sources: its share of the objects.
        launcher: makes what starts its replica.
        epoch: the second it starts, which is part of its log streams' names.
    """

    def __init__(
        self,
        spec: JobSpec,
        plan: TransformPlan,
        name: str,
        root: Path,
        sources: Sequence[Source],
        *,
        launcher: MakeLauncher,
        data: DataAccess,
        epoch: int,
    ) -> None:
        self._spec = spec
        self._plan = plan
        self._root = root
        self._sources = sources
        self._make_launcher = launcher
        self._data = data
        host = hashlib.sha256(f"{spec.id}/{name}".encode()).hexdigest()[:17]
        self._stream = f"{spec.name}/i-{host}-{epoch}"
        self._reason = ""
        self._stopping = threading.Event()
        self._killed = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._task: asyncio.Task[None] | None = None
        self._replica: Replica | None = None
        self._logs: Logs | None = None
        self._thread: threading.Thread | None = None
        # Beside the replica's folder, not in it: what a model could replace with a link must not be written or stored.
        self._own = root.with_name(f"{root.name}.batch")
        self._done = self._own / "transformed"

    def start(self, executor: Executor, logs: Logs, metrics: Metrics, ended: Callable[[int], None]) -> None:
        """Starts the replica and the transform.

        Args:
            ended: called in another thread, once, with 0 or, when it failed, 1.
        """
        self._logs = logs

        def run() -> None:
            try:
                asyncio.run(self._main(logs))
            except Exception as error:
                _log.exception("batch transform %s", self._spec.arn)
                self._reason = f"InternalServerError: {type(error).__name__}: {error}"
            ended(1 if self._reason else 0)

        self._thread = threading.Thread(target=run, name=f"transform {self._stream}", daemon=True)
        self._thread.start()

    def terminate(self) -> None:
        """Sends no further requests and ends the replica."""
        self._stopping.set()
        self._call(lambda: self._task.cancel() if self._task is not None else None)

    def kill(self) -> None:
        """Ends the replica at once."""
        self._killed.set()
        self.terminate()
        self._call(lambda: self._replica.program.kill() if self._replica is not None else None)

    def close(self) -> None:
        """Returns when everything is over and the log is stored."""
        if self._thread is not None:
            self._thread.join()

    @property
    def metrics(self) -> list[dict[str, Any]]:
        """A transform has none."""
        return []

    def failure_reason(self, code: int) -> str:
        """Why it failed, for the job's FailureReason."""
        return self._reason

    def _call(self, function: Callable[[], object]) -> None:
        loop = self._loop
        if loop is not None:
            with contextlib.suppress(RuntimeError):  # the loop is closed: all is over
                loop.call_soon_threadsafe(function)

    async def _main(self, logs: Logs) -> None:
        self._task = asyncio.current_task()
        self._loop = asyncio.get_running_loop()
        if self._stopping.is_set():
            return
        sockets = socket_folder(self._root)
        shutil.rmtree(sockets, ignore_errors=True)
        sockets.mkdir(mode=0o700, parents=True)
        shipper = LogShipper(logs)
        shipping = asyncio.create_task(shipper.run())
        log = shipper.open(self._spec.account, self._spec.region, self._spec.log_group, self._stream)
        with ThreadPoolExecutor(_BLOCKING_THREADS, "replica") as threads:
            launcher = self._make_launcher(sockets=sockets, threads=threads)
            try:
                await self._serve_and_transform(launcher, log)
            except asyncio.CancelledError:
                if not self._stopping.is_set():
                    raise
            except ReplicaFailed as failure:
                lines = "\n".join(log.last_lines)
                self._reason = f"AlgorithmError: See job logs for more information: {failure.reason}" + (
                    f"\nLast log lines:\n{lines}" if lines else ""
                )
            finally:
                if self._replica is not None:
                    if self._killed.is_set():
                        self._replica.program.kill()
                    await self._replica.stop()
                shipping.cancel()
                await asyncio.gather(shipping, return_exceptions=True)
                await shipper.close(log)
                shutil.rmtree(sockets, ignore_errors=True)

    async def _serve_and_transform(self, launcher: Launcher, log: ReplicaLog) -> None:
        """Everything from the start of the replica to the last object.

        Raises:
            ReplicaFailed: the replica did not become healthy, or ended.
        """
        replica = self._replica = await launcher.launch(self._plan.replica, self._root, log)
        await replica.until_healthy(self._plan.replica.startup_seconds)
        transforming = asyncio.create_task(self._transform(replica))
        try:
            either: list[asyncio.Future[Any]] = [transforming, replica.exited]
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
            if not transforming.done():
                raise ReplicaFailed(
                    f"Unable to get response from algorithm: the serving program ended (exit code "
                    f"{replica.exited.result()}) before all records were transformed."
                )
            failures = transforming.result()
            self._tell(failures)
            await launcher.blocking(self._capture, failures)
        finally:
            transforming.cancel()
            await asyncio.gather(transforming, return_exceptions=True)

    async def _transform(self, replica: Replica) -> list[Failure]:
        plan = self._plan
        exchange = Exchange(replica, plan, plan.accept)
        settings = settings_of(plan, await exchange.wishes())
        replica.client.most_response_bytes = settings.answer_bytes
        self._write_data_log([settings.line()])
        records = _record_filter(plan, settings)
        done = self._already_done()
        transforms = ObjectTransforms(self._data, plan, settings, exchange.send, records, self._own, self._note)
        return await transforms.run([source for source in self._sources if source.key not in done])

    def _already_done(self) -> set[str]:
        """The keys of the objects that an earlier supervisor of the job transformed."""
        if not self._done.exists():
            return set()
        lines = self._done.read_text(encoding="utf-8").split("\n")
        return {json.loads(line) for line in lines[:-1]}  # a last line without its end was cut off

    def _note(self, source: Source) -> None:
        with self._done.open("a", encoding="utf-8") as file:
            file.write(json.dumps(source.key) + "\n")

    def _capture(self, failures: Sequence[Failure]) -> None:
        failed = {failure.source for failure in failures}
        done = [source for source in self._sources if source not in failed]
        try:
            write_capture(self._data, self._plan, done, datetime.datetime.now(datetime.UTC))
        except DataError as error:
            self._reason = self._reason or f"ClientError: {error}"

    def _tell(self, failures: Sequence[Failure]) -> None:
        """Writes what failed into the data log, and the first of it into the FailureReason."""
        if not failures:
            return
        lines = []
        told = []
        for failure in failures:
            place = f"{failure.source.bucket}/{failure.source.key}"
            lines.append(f"{place}: {failure.error.message}")
            if failure.error.detail:
                lines += [f"{place}: ", f"{place}: Message:"]
                lines += [f"{place}: {line}" for line in failure.error.detail.splitlines()]
            told.append(f"{place}: {failure.error.message}" + _shortly(failure.error))
        self._write_data_log(lines)
        more = len(told) - _MOST_TOLD_FAILURES
        told = told[:_MOST_TOLD_FAILURES] + ([f"and {more} more objects"] if more > 0 else [])
        self._reason = f"{failures[0].error.blame}: See job logs for more information: " + "; ".join(told)

    def _write_data_log(self, lines: Sequence[str]) -> None:
        if self._logs is None:
            return
        now = datetime.datetime.now(datetime.UTC)
        stamp = now.strftime("%Y-%m-%dT%H:%M:%S.") + f"{now.microsecond // 1000:03d}"
        events = [(int(now.timestamp() * 1000), f"{stamp}:[sagemaker logs]: {line}") for line in lines]
        self._logs.put(self._spec.account, self._spec.region, self._spec.log_group, f"{self._stream}/data-log", events)


def _shortly(error: TransformError) -> str:
    first = error.detail.strip().splitlines()[:1]
    return f" ({first[0][:300]})" if first else ""


def _record_filter(plan: TransformPlan, settings: Settings) -> RecordFilter | None:
    filters = Filters(parse(plan.input_filter), parse(plan.output_filter), plan.join == "Input")
    if not filters.are_needed:
        return None
    return RecordFilter(filters, _format(plan, settings))


def _format(plan: TransformPlan, settings: Settings) -> Format:
    """The format of the records; that it is one that can be looked into was checked when the job was made."""
    lines = plan.split == "Line" and settings.several
    found = format_of(plan.input.content_type, lines=lines)
    if found is None:
        raise TransformError(f"DataProcessing does not apply to {plan.input.content_type or 'data of no content type'}")
    return found
