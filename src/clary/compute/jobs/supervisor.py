"""The process that looks after one job: stages inputs, runs programs, uploads what they leave, keeps the record.

It owns its programs: it is forked by Clary's fork server, but lives on when that or Clary itself is killed. Everything
it decides comes out of `states`: an event is applied to the record first, on disk, and then its instructions are
carried out, so that another supervisor can go on wherever this one may be killed.
"""

from __future__ import annotations

import functools
import logging
import queue
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from clary.compute.contract import Executor, JobSpec, NoSuchImage
from clary.compute.executors import executor, executor_for
from clary.compute.folder import JobFolder, host_names
from clary.compute.forking.server import ForkServer
from clary.compute.hosting.replica import HostingTimes, Launcher
from clary.compute.jobs import events as job_events
from clary.compute.jobs.access import JobAccess
from clary.compute.jobs.channel_files import DataError
from clary.compute.jobs.checkpoints import JobCheckpoints
from clary.compute.jobs.events import Event
from clary.compute.jobs.host_run import with_meeting_place
from clary.compute.jobs.hosts import Host, JobHosts
from clary.compute.jobs.life import TERMINAL, Life, State
from clary.compute.jobs.preparation import JobPreparation
from clary.compute.jobs.queue import Entry, JobQueue
from clary.compute.jobs.spot import interruption, next_deadline
from clary.compute.jobs.staging import Cancelled, Staging
from clary.compute.jobs.states import Instruction
from clary.compute.jobs.storage import JobStorage, Options
from clary.compute.jobs.uploading import ContinuousUploads, upload_outputs
from clary.compute.jobs.wake import Wake
from clary.compute.jobs.warm_pools import WarmPools
from clary.compute.machine import run_on
from clary.compute.preparation import PreparationCancelled, PreparationFailed
from clary.compute.transform.run import MakeLauncher
from clary.core.clock import Clock, SystemClock

__all__ = ["JobStorage", "Options", "Supervisor", "supervise"]

_FAILED_SECONDS = 10.0
_SIGN_SECONDS = 5.0
_log = logging.getLogger(__name__)


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
    folder = JobFolder(jobs, job_id)
    folder.create()
    with folder.owned() as mine:
        if not mine:
            return 0
        launcher = ForkServer.forked()  # it inherits the lock, and so do the programs: see `JobFolder.owned`
        folder.sign()
        storage = open_storage()
        job_queue = JobQueue(storage.records, clock)
        entry = job_queue.entry(job_id)
        left = entry is not None and not entry.running
        if entry is not None and entry.running:
            run_on(entry.cpus)
            access = storage.role_access(entry.spec.arn) if storage.role_access is not None else None
            name = executor_for(entry.spec.program, options.executor)
            runner = executor(name, launcher, options.hidden, storage.containers)
            replicas = functools.partial(
                Launcher,
                launcher,
                times=HostingTimes(),
                preparation=options.preparation,
                hidden=options.hidden,
                containers=storage.containers,
                role_access=access,
            )
            job_access = JobAccess(access, entry.spec, options.stop_seconds)
            left = Supervisor(entry, folder, storage, job_queue, runner, options, clock, replicas, job_access).run()
        storage.close()
        launcher.close(wait=left)
        if left:
            _log.info("job %s waits again", job_id)
        elif options.keep_folders:
            folder.keep()
        else:
            folder.remove()
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
        make_launcher: makes what starts the replicas of a batch transform.
        access: lets the programs in as the job's role.
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
        make_launcher: MakeLauncher | None = None,
        access: JobAccess | None = None,
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
        self._preparation = JobPreparation(
            options.preparation,
            self._spec,
            self._roots,
            storage.logs,
            self._clock,
            self._happened.put,
            self._cancelled,
        )
        self._checkpoints = JobCheckpoints(storage.data, self._spec, self._roots)
        self._access = access or JobAccess(None, self._spec, options.stop_seconds)
        self._kind = JobHosts(self._spec, folder, self._roots, storage.data, make_launcher)
        self._uploads = ContinuousUploads(storage.data, self._spec, self._roots)
        self._hosts: list[Host] = []
        self._ended: dict[int, int] = {}
        self._first_failure: int | None = None
        self._kill_at: float | None = None
        self._told_to_end = False
        self._pools = WarmPools(storage.records.database, folder.path.parent.with_name("warm-pools"))
        self._submitted = entry.submitted

    def run(self) -> bool:
        """Runs until the job is finished, or waits for another part of the machine; returns whether it waits."""
        with Wake(self._folder.open_wake(), self._happened.put):
            try:
                self._access.withdraw()  # of a supervisor that was killed
                self._apply(job_events.SupervisorStarted(self._clock.time()))
                while self._life.state not in TERMINAL and self._life.state is not State.WAITING:
                    self._handle(self._next())
            except Exception as error:
                _log.exception("job %s", self._spec.arn)
                self._abandon(error)
        return self._life.state is State.WAITING

    def _next(self) -> Event | _ProgramEnded | Wake | None:
        """What happened next; None when some time has passed."""
        waits = [_SIGN_SECONDS]
        if self._kill_at is not None:
            waits.append(self._kill_at - time.monotonic())
        if (deadline := next_deadline(self._life, self._spec, self._submitted)) is not None:
            waits.append(deadline[0] - self._clock.time())
        try:
            return self._happened.get(timeout=max(0.0, min(waits)))
        except queue.Empty:
            return None

    def _handle(self, happened: Event | _ProgramEnded | Wake | None) -> None:
        if isinstance(happened, Event):
            self._apply(happened)
        elif isinstance(happened, _ProgramEnded):
            self._program_ended(happened)
        elif isinstance(happened, Wake):
            self._obey()
        else:
            self._time_passed()

    def _time_passed(self) -> None:
        self._folder.sign()
        if self._kill_at is not None and time.monotonic() >= self._kill_at:
            self._kill_at = None
            for host in self._hosts:
                host.kill()
        deadline = next_deadline(self._life, self._spec, self._submitted)
        if deadline is not None and deadline[0] <= self._clock.time():
            self._apply(replace(deadline[1], time=self._clock.time()))

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
                self._cancelled.set()
                self._end_programs(self._options.stop_seconds)
            case Instruction.SAVE_CHECKPOINTS:
                self._save_checkpoints()
            case Instruction.LEAVE:
                self._leave()
            case Instruction.UPLOAD:
                self._upload(model=True)
            case Instruction.UPLOAD_WITHOUT_MODEL:
                self._upload(model=False)
            case Instruction.FINISH:
                self._staging.close()

    def _obey(self) -> None:
        """Looks whether the job was stopped, or interrupted; the record says so already."""
        record = self._storage.records.by_arn(self._spec.arn)
        if record is None:
            return
        self._life = Life.from_json(record.body["job"])
        if self._life.state in (State.STOPPING, State.INTERRUPTING):
            self._cancelled.set()
            self._end_programs(self._options.stop_seconds)

    def _stage(self) -> None:
        """Stages in a thread of its own, so that a stop is heard meanwhile."""
        spec = self._spec
        try:
            self._kind.lay_out()
            self._pools.load_cache(spec, self._roots)
            self._staging.stage(self._roots)
            self._checkpoints.restore()
            self._spec = self._preparation.prepare()
        except (DataError, Cancelled, PreparationCancelled) as error:
            reason = f"ClientError: Data download failed: {error}"
            self._happened.put(job_events.InputsFailed(self._clock.time(), reason))
        except PreparationFailed as error:
            self._happened.put(job_events.InputsFailed(self._clock.time(), f"ClientError: {error}"))
        except Exception as error:
            _log.exception("staging of %s", spec.arn)
            self._happened.put(job_events.Broken(self._clock.time(), f"{type(error).__name__}: {error}"))
        else:
            self._happened.put(job_events.InputsReady(self._clock.time()))

    def _start_programs(self) -> None:
        epoch = self._preparation.epoch()
        self._checkpoints.start(self._life, self._checkpoint_reached)
        self._uploads.start()
        try:
            spec = self._access.admit(with_meeting_place(self._spec))
            for number in range(spec.hosts):
                host = self._kind.host(spec, number, epoch, self._access.secrets)
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
            self._access.withdraw()
            missing = isinstance(error, NoSuchImage)
            reason = f"ClientError: {error}" if missing else f"ClientError: the program cannot be started: {error}"
            self._apply(job_events.ProgramsEnded(self._clock.time(), reason))

    def _checkpoint_reached(self, wanted: int) -> None:
        message = interruption(self._spec.record_kind, f"as asked at checkpoint {wanted}")
        self._happened.put(job_events.Interrupted(self._clock.time(), message))

    def _save_checkpoints(self) -> None:
        """Stores what programs had written whose supervisor was lost while the job was interrupted."""
        self._apply(job_events.ProgramsEnded(self._clock.time(), self._checkpoints.save_left()))

    def _leave(self) -> None:
        """Leaves nothing behind: the next attempt finds what is in S3, as on another machine."""
        self._staging.close()
        self._folder.clear()

    def _tell_end(self, host: int, code: int) -> None:
        self._happened.put(_ProgramEnded(host, code))

    def _end_programs(self, grace_seconds: float) -> None:
        self._told_to_end = True
        if self._kill_at is None and self._hosts:
            self._kill_at = time.monotonic() + grace_seconds
            for host in self._hosts:
                host.terminate()

    def _program_ended(self, ended: _ProgramEnded) -> None:
        self._ended[ended.host] = ended.code
        if self._life.state not in (State.TRAINING, State.STOPPING, State.INTERRUPTING):
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
        self._access.withdraw()
        fed = self._staging.error
        self._staging.close()
        reason = ""
        if fed is not None:
            reason = f"ClientError: Data download failed: {fed}"
        elif self._first_failure is not None:
            reason = self._hosts[self._first_failure].failure_reason(self._ended[self._first_failure])
        unkept = self._checkpoints.close()
        reason = reason or unkept
        self._uploads.close()
        message, unreadable = self._kind.message()
        reason = reason or unreadable
        self._apply(
            job_events.ProgramsEnded(
                self._clock.time(),
                reason,
                self._hosts[0].metrics,
                on_their_own=not self._told_to_end,
                message=message,
                checkpoints=self._checkpoints.counted,
            )
        )

    def _upload(self, *, model: bool) -> None:
        try:
            stored = upload_outputs(self._storage.data, self._spec, self._roots, self._folder.path, model=model)
        except DataError as error:
            reason = f"ClientError: Artifact upload failed: {error}"
            self._apply(job_events.UploadFailed(self._clock.time(), reason))
        else:
            if self._spec.keep_alive is not None and self._spec.keep_alive.seconds:
                self._pools.save_cache(self._spec, self._folder.path)
            self._apply(job_events.Uploaded(self._clock.time(), stored))

    def _abandon(self, error: Exception) -> None:
        """Ends what runs; the job fails, or is tried again: Clary itself went wrong."""
        for host in self._hosts:
            host.kill()
        self._access.withdraw()
        broken = job_events.Broken(self._clock.time(), f"{type(error).__name__}: {error}")
        self._life, _ = self._queue.apply(self._spec.arn, broken)
        if self._life.state is State.WAITING:
            self._leave()
