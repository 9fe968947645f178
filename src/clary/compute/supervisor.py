"""The process that looks after one job: stages inputs, runs programs, uploads what they leave, keeps the record.

It owns its programs: it is forked by Clary's fork server, but lives on when that or Clary itself is killed. Everything
it decides comes out of `states`: an event is applied to the record first, on disk, and then its instructions are
carried out, so that another supervisor can go on wherever this one may be killed.
"""

from __future__ import annotations

import functools
import logging
import queue
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from clary.compute import job_events
from clary.compute.channel_files import DataError, Source
from clary.compute.contract import Executor, JobSpec
from clary.compute.executors import executor
from clary.compute.folder import JobFolder, host_names, lay_out
from clary.compute.forkserver import ForkServer
from clary.compute.host_run import HostRun
from clary.compute.job_events import Event
from clary.compute.job_queue import Entry, JobQueue
from clary.compute.machine import run_on
from clary.compute.replica import Spawner
from clary.compute.staging import Cancelled, Staging, restore
from clary.compute.states import TERMINAL, Instruction, Life, State
from clary.compute.transform import staging as transform_staging
from clary.compute.transform.run import TransformRun
from clary.compute.uploading import CheckpointSync, upload_outputs
from clary.compute.wake import Wake
from clary.core.clock import Clock, SystemClock
from clary.storage.data_access import DataAccess
from clary.storage.logs import Logs
from clary.storage.metrics import Metrics
from clary.storage.records import Records

_FAILED_SECONDS = 10.0
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class JobStorage:
    """What a supervisor reads and writes; `close` is called when the job is finished."""

    records: Records
    data: DataAccess
    logs: Logs
    metrics: Metrics
    close: Callable[[], None]


@dataclass(frozen=True, slots=True)
class Options:
    """How jobs are run.

    Attributes:
        executor: a name in `EXECUTORS`.
        stop_seconds: between SIGTERM and SIGKILL.
        keep_folders: whether a finished job's folder stays.
        hidden: folders that programs which users brought must not see.
    """

    executor: str = "process"
    stop_seconds: float = 120.0
    keep_folders: bool = False
    hidden: tuple[Path, ...] = ()


def supervise(
    job_id: str,
    jobs: Path,
    open_storage: Callable[[], JobStorage],
    options: Options | None = None,
    clock: Clock | None = None,
) -> int:
    """Looks after a job until it is finished; the body of a supervisor's process, which must not have threads yet.

    Args:
        jobs: the folder of all jobs.
        open_storage: called after the process for the programs was forked, because it may start threads.

    Returns:
        An exit code; 0 too when another supervisor has the job.
    """
    options = options or Options()
    launcher = ForkServer.forked()
    folder = JobFolder(jobs, job_id)
    folder.create()
    with folder.owned() as mine:
        if not mine:
            return 0
        storage = open_storage()
        job_queue = JobQueue(storage.records, clock)
        entry = job_queue.entry(job_id)
        if entry is not None:
            run_on(entry.cpus)
            runner = executor(options.executor, launcher, options.hidden)
            Supervisor(entry, folder, storage, job_queue, runner, options, clock, launcher).run()
        storage.close()
        if options.keep_folders:
            folder.keep()
        else:
            folder.remove()
    launcher.close()
    return 0


@dataclass(frozen=True, slots=True)
class _ProgramEnded:
    """One host's program has ended."""

    host: int
    code: int


class Supervisor:
    """One job's life in one process.

    Args:
        entry: the job's row in the queue.
        folder: its folder, whose lock this process holds.
        spawner: starts the replicas of a batch transform.
    """

    def __init__(
        self,
        entry: Entry,
        folder: JobFolder,
        storage: JobStorage,
        job_queue: JobQueue,
        runner: Executor,
        options: Options,
        clock: Clock | None = None,
        spawner: Spawner | None = None,
    ) -> None:
        self._spec: JobSpec = entry.spec
        self._folder = folder
        self._storage = storage
        self._queue = job_queue
        self._executor = runner
        self._options = options
        self._clock = clock or SystemClock()
        self._roots = [folder.host(name) for name in host_names(self._spec.hosts)]
        self._happened: queue.SimpleQueue[Event | _ProgramEnded | Wake] = queue.SimpleQueue()
        self._life = Life()
        self._cancelled = threading.Event()
        self._staging = Staging(storage.data, self._spec, self._cancelled)
        self._checkpoints: CheckpointSync | None = None
        self._spawner = spawner
        self._shares: list[list[Source]] = []  # of a batch transform: each host's objects
        self._hosts: list[HostRun | TransformRun] = []
        self._ended: dict[int, int] = {}
        self._first_failure: int | None = None
        self._kill_at: float | None = None

    def run(self) -> None:
        """Runs until the job is finished."""
        with Wake(self._folder.open_wake(), self._happened.put):
            try:
                self._apply(job_events.SupervisorStarted(self._clock.time()))
                while self._life.state not in TERMINAL:
                    self._handle(self._next())
            except Exception as error:
                _log.exception("job %s", self._spec.arn)
                self._abandon(error)

    def _next(self) -> Event | _ProgramEnded | Wake | None:
        """What happened next; None when a deadline passed."""
        deadlines = [self._kill_at] if self._kill_at is not None else []
        if self._life.state is State.TRAINING and self._life.training_started is not None:
            left = self._life.training_started + self._spec.limits.runtime_seconds - self._clock.time()
            deadlines.append(time.monotonic() + left)
        try:
            if not deadlines:
                return self._happened.get()
            return self._happened.get(timeout=max(0.0, min(deadlines) - time.monotonic()))
        except queue.Empty:
            return None

    def _handle(self, happened: Event | _ProgramEnded | Wake | None) -> None:
        if isinstance(happened, Event):
            self._apply(happened)
        elif isinstance(happened, _ProgramEnded):
            self._program_ended(happened)
        elif isinstance(happened, Wake):
            self._obey()
        elif self._kill_at is not None and time.monotonic() >= self._kill_at:
            self._kill_at = None
            for host in self._hosts:
                host.kill()
        elif self._life.state is State.TRAINING:
            self._apply(job_events.RuntimeExceeded(self._clock.time()))

    def _apply(self, event: Event) -> None:
        self._life, instructions = self._queue.apply(self._spec.arn, event)
        for instruction in instructions:
            self._carry_out(instruction)

    def _carry_out(self, instruction: Instruction) -> None:
        match instruction:
            case Instruction.STAGE_INPUTS:
                threading.Thread(target=self._stage, name="staging", daemon=True).start()
            case Instruction.START_PROGRAMS:
                self._start_programs()
            case Instruction.END_PROGRAMS:
                self._end_programs(self._options.stop_seconds)
            case Instruction.UPLOAD:
                self._upload(model=True)
            case Instruction.UPLOAD_WITHOUT_MODEL:
                self._upload(model=False)
            case Instruction.FINISH:
                self._staging.close()

    def _obey(self) -> None:
        """Looks whether the user stopped the job; the record says so already."""
        record = self._storage.records.by_arn(self._spec.arn)
        if record is None:
            return
        self._life = Life.from_json(record.body["job"])
        if self._life.state is State.STOPPING:
            self._cancelled.set()
            self._end_programs(self._options.stop_seconds)

    def _stage(self) -> None:
        """Stages in a thread of its own, so that a stop is heard meanwhile."""
        spec = self._spec
        try:
            if spec.transform is not None:
                self._shares = transform_staging.stage(self._storage.data, spec.transform, self._roots)
            else:
                for host, root in zip(host_names(spec.hosts), self._roots, strict=True):
                    lay_out(root, spec, host)
                self._staging.stage(self._roots)
            if spec.checkpoint_uri:
                for root in self._roots:
                    restore(self._storage.data, spec.role_arn, spec.checkpoint_uri, root / spec.checkpoint_folder)
        except (DataError, Cancelled) as error:
            reason = f"ClientError: Data download failed: {error}"
            self._happened.put(job_events.InputsFailed(self._clock.time(), reason))
        except Exception as error:
            _log.exception("staging of %s", spec.arn)
            self._happened.put(job_events.Broken(self._clock.time(), f"{type(error).__name__}: {error}"))
        else:
            self._happened.put(job_events.InputsReady(self._clock.time()))

    def _start_programs(self) -> None:
        epoch = int(self._clock.time())
        if self._spec.checkpoint_uri:
            folders = [root / self._spec.checkpoint_folder for root in self._roots]
            self._checkpoints = CheckpointSync(self._storage.data, self._spec, folders)
            self._checkpoints.start()
        try:
            spec = _with_meeting_place(self._spec)
            for number, name in enumerate(host_names(spec.hosts)):
                host = self._host(spec, number, name, epoch)
                self._hosts.append(host)
                host.start(
                    self._executor,
                    self._storage.logs,
                    self._storage.metrics,
                    functools.partial(self._tell_end, number),
                )
        except OSError as error:
            for host in self._hosts:
                host.kill()
            reason = f"ClientError: the program cannot be started: {error}"
            self._apply(job_events.ProgramsEnded(self._clock.time(), reason))

    def _host(self, spec: JobSpec, number: int, name: str, epoch: int) -> HostRun | TransformRun:
        root = self._roots[number]
        if spec.transform is None:
            return HostRun(spec, name, root, self._folder.log_pipe(name), f"{spec.name}/{name}-{epoch}")
        assert self._spawner is not None
        share = self._shares[number]
        return TransformRun(
            spec, spec.transform, name, root, share, spawner=self._spawner, data=self._storage.data, epoch=epoch
        )

    def _tell_end(self, host: int, code: int) -> None:
        self._happened.put(_ProgramEnded(host, code))

    def _end_programs(self, grace_seconds: float) -> None:
        if self._kill_at is None and self._hosts:
            self._kill_at = time.monotonic() + grace_seconds
            for host in self._hosts:
                host.terminate()

    def _program_ended(self, ended: _ProgramEnded) -> None:
        self._ended[ended.host] = ended.code
        if self._life.state not in (State.TRAINING, State.STOPPING):
            return  # they never all started, and the job is over
        if ended.code != 0 and self._first_failure is None and self._life.state is State.TRAINING:
            self._first_failure = ended.host
            if self._spec.transform is None:  # the other hosts' objects are none the worse for a bad one
                self._end_programs(min(_FAILED_SECONDS, self._options.stop_seconds))
        if len(self._ended) < len(self._hosts):
            return
        self._kill_at = None
        for host in self._hosts:
            host.close()
        fed = self._staging.error
        self._staging.close()
        reason = ""
        if fed is not None:
            reason = f"ClientError: Data download failed: {fed}"
        elif self._first_failure is not None:
            reason = self._hosts[self._first_failure].failure_reason(self._ended[self._first_failure])
        if self._checkpoints is not None:
            try:
                self._checkpoints.close()
            except DataError as error:
                reason = reason or f"ClientError: Artifact upload failed: {error}"
        self._apply(job_events.ProgramsEnded(self._clock.time(), reason, self._hosts[0].metrics))

    def _upload(self, *, model: bool) -> None:
        try:
            stored = upload_outputs(self._storage.data, self._spec, self._roots, self._folder.path, model=model)
        except DataError as error:
            reason = f"ClientError: Artifact upload failed: {error}"
            self._apply(job_events.UploadFailed(self._clock.time(), reason))
        else:
            self._apply(job_events.Uploaded(self._clock.time(), stored))

    def _abandon(self, error: Exception) -> None:
        """Ends what runs and fails the job: Clary itself went wrong."""
        for host in self._hosts:
            host.kill()
        self._queue.apply(self._spec.arn, job_events.Broken(self._clock.time(), f"{type(error).__name__}: {error}"))


def _with_meeting_place(spec: JobSpec) -> JobSpec:
    """The job with the address where programs of several hosts find each other; host names do not resolve here.

    Clary's own programs keep the network then, even where the job asks for none: the hosts of an isolated job reach one
    another in SageMaker too, and a namespace for each would keep them apart.
    """
    if spec.hosts == 1:
        return spec
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{server.getsockname()[1]}"
    environment = {"CLARY_RENDEZVOUS": address, **spec.program.environment}
    limits = replace(spec.limits, network=spec.limits.network or bool(spec.program.entry))
    return replace(spec, program=replace(spec.program, environment=environment), limits=limits)
