"""The durable queue's scheduler: admits jobs when the machine has room, and sees that each has a supervisor."""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from clary.compute import job_events, states
from clary.compute.contract import JobSpec
from clary.compute.folder import JobFolder
from clary.compute.forkserver import ForkServer
from clary.compute.job_queue import Entry, JobFinished, JobQueue
from clary.compute.machine import Machine, gibibytes, this_machine
from clary.core.clock import Clock, SystemClock
from clary.storage.records import Record, Records

_BEHIND = "Pending: waiting for capacity, other jobs are ahead"
_RETRY_SECONDS = 1.0
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class SupervisorProgram:
    """How a supervisor is started: `entry` is called as `function(*args, job_id)` and calls `supervisor.supervise`."""

    entry: str
    args: tuple[str | Path, ...] = ()
    log: Path | None = None


class Jobs:
    """Runs jobs, first come, first served.

    Promises:
        **Durability.** What `submit` returned and `stop` acknowledged happens, even if Clary is killed right after.
        **Restarts.** Jobs run on while Clary does not; `start` finds them. A job whose supervisor was lost with the
        machine is started again, from its checkpoints where it wrote some; one whose supervisor ends unexpectedly
        under Clary's eyes is too, but only `most_losses` times.
        **Capacity.** The jobs that run never have more CPUs or memory than the machine; a waiting job's transition
        message says what it waits for.

    Args:
        forkserver: starts supervisors.
        folder: for the jobs' folders.
        machine: what jobs share; by default all of this machine.
    """

    def __init__(
        self,
        records: Records,
        forkserver: ForkServer,
        folder: Path,
        supervisor: SupervisorProgram,
        *,
        machine: Machine | None = None,
        most_losses: int = 3,
        clock: Clock | None = None,
    ) -> None:
        self._clock = clock or SystemClock()
        self._queue = JobQueue(records, self._clock)
        self._forkserver = forkserver
        self._folder = folder
        self._supervisor = supervisor
        self._machine = machine or this_machine()
        self._most_losses = most_losses
        self._news: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._listeners: list[Callable[[], None]] = []
        self._said: dict[str, str] = {}
        self._spawned: set[str] = set()  # supervisors whose end will be told
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._schedule, name="jobs", daemon=True)

    def submit(self, record: Record, spec: JobSpec, *, tags: Mapping[str, str] | None = None) -> Record:
        """Puts a job into the queue: inserts its record, in progress, its tags and its entry in one transaction.

        Raises:
            RecordExists: kind and name, or the ARN, are taken.
        """
        stored = self._queue.submit(record, spec, tags=tags)
        self._news.put(None)
        return stored

    def subscribe(self, listener: Callable[[], None]) -> None:
        """Has `listener` called, from the scheduler's thread, whenever a job may have ended; it must not block."""
        self._listeners.append(listener)

    def stop(self, arn: str) -> None:
        """Stops a job, durably: a waiting one at once, a running one by SIGTERM and later SIGKILL."""
        job_id = self._queue.id_of(arn)
        if job_id is None:
            return
        try:
            self._queue.apply(arn, job_events.StopRequested(self._clock.time()))
        except JobFinished:
            return
        JobFolder(self._folder, job_id).wake()
        self._news.put(None)

    def start(self) -> None:
        """Finds the jobs that run, starts those again that should run, and begins to admit others; returns at once."""
        self._thread.start()

    def close(self) -> None:
        """Admits no more jobs; those that run go on."""
        self._closed.set()
        self._news.put(None)
        if self._thread.is_alive():
            self._thread.join()

    def _schedule(self) -> None:
        found = False
        while not self._closed.is_set():
            try:
                if not found:
                    self._find_running()
                    found = True
                self._admit()
                for listener in self._listeners:
                    listener()
                ended = self._wait()
                if ended is not None and not self._closed.is_set():
                    self._supervisor_ended(ended)
            except Exception:  # a full disk, say: what was missed is found in the queue again
                _log.exception("the scheduler of jobs")
                found = False
                self._closed.wait(_RETRY_SECONDS)

    def _wait(self) -> str | None:
        """Waits for news: the id of a job whose supervisor ended, or None when it is time to look at the queue."""
        deadlines = [
            entry.submitted + entry.spec.limits.pending_seconds
            for entry in self._queue.entries()
            if not entry.running and entry.spec.limits.pending_seconds
        ]
        try:
            if not deadlines:
                return self._news.get()
            return self._news.get(timeout=max(0.0, min(deadlines) - self._clock.time()))
        except queue.Empty:
            return None

    def _find_running(self) -> None:
        """After a start of Clary: supervisors that live are left alone, the others' jobs are started again."""
        entries = self._queue.entries()
        for entry in entries:
            if entry.running and entry.spec.id not in self._spawned:
                self._look_after(entry, count=False)
        self._sweep({entry.spec.id for entry in entries})

    def _look_after(self, entry: Entry, *, count: bool) -> None:
        folder = JobFolder(self._folder, entry.spec.id)
        if folder.has_owner():
            self._spawned.add(entry.spec.id)
            threading.Thread(
                target=self._watch, args=(folder, entry.spec.id), name=f"watch {entry.spec.id}", daemon=True
            ).start()
            return
        current = self._queue.entry(entry.spec.id)
        if current is None:
            return
        final = count and current.losses >= self._most_losses
        life = self._queue.lose(current, job_events.SupervisorLost(self._clock.time(), final), count=count)
        if life.state in states.TERMINAL:
            folder.remove()
        else:
            self._spawn(current)

    def _watch(self, folder: JobFolder, job_id: str) -> None:
        folder.wait_for_owner()
        self._news.put(job_id)

    def _supervisor_ended(self, job_id: str) -> None:
        self._spawned.discard(job_id)
        entry = self._queue.entry(job_id)
        if entry is not None:
            _log.warning("the supervisor of %s ended before its job", entry.spec.arn)
            self._look_after(entry, count=True)

    def _sweep(self, known: set[str]) -> None:
        """Removes the folders of jobs that are finished, which a killed supervisor left."""
        if not self._folder.is_dir():
            return
        for path in self._folder.iterdir():
            folder = JobFolder(self._folder, path.name)
            if path.name not in known and folder.is_unfinished():
                folder.remove()

    def _admit(self) -> None:
        entries = self._queue.entries()
        now = self._clock.time()
        running = [entry for entry in entries if entry.running]
        blocked = ""
        for entry in entries:
            if entry.running:
                continue
            limits = entry.spec.limits
            if limits.pending_seconds and now >= entry.submitted + limits.pending_seconds:
                self._queue.apply(entry.spec.arn, job_events.PendingExceeded(now))
                continue
            if blocked:
                self._say(entry, _BEHIND, now)
                continue
            cpus, memory_bytes = self._needs(entry.spec)
            free = self._free_cpus(running)
            used_bytes = sum(other.memory_bytes for other in running)
            if len(free) < cpus or used_bytes + memory_bytes > self._machine.memory_bytes:
                blocked = self._in_use(running, cpus, len(free))
                self._say(entry, blocked, now)
                continue
            admitted = self._start(entry, free[:cpus], memory_bytes, now)
            if admitted is not None:
                running.append(admitted)

    def _needs(self, spec: JobSpec) -> tuple[int, int]:
        """CPUs and memory (bytes) a job gets; what is more than the machine counts as all of it."""
        return (
            self._machine.clamp_cpus(spec.limits.cpus * spec.hosts),
            self._machine.clamp_memory(spec.limits.memory_bytes * spec.hosts),
        )

    def _free_cpus(self, running: Sequence[Entry]) -> list[int]:
        taken = {cpu for entry in running for cpu in entry.cpus}
        return [cpu for cpu in self._machine.cpus if cpu not in taken]

    def _in_use(self, running: Sequence[Entry], wanted: int, free: int) -> str:
        names = ", ".join(entry.spec.name for entry in running[:3])
        names += f" and {len(running) - 3} more" if len(running) > 3 else ""
        who = f"by job {names}" if len(running) == 1 else f"by jobs {names}"
        total = len(self._machine.cpus)
        if free < wanted:
            return f"Pending: waiting for capacity, {total - free} of {total} CPUs in use {who}"
        used = gibibytes(sum(entry.memory_bytes for entry in running))
        memory = gibibytes(self._machine.memory_bytes)
        return f"Pending: waiting for capacity, {used} of {memory} of memory in use {who}"

    def _say(self, entry: Entry, message: str, now: float) -> None:
        if self._said.get(entry.spec.id) != message:
            self._queue.apply(entry.spec.arn, job_events.NoCapacity(now, message))
            self._said[entry.spec.id] = message

    def _start(self, entry: Entry, cpus: Sequence[int], memory_bytes: int, now: float) -> Entry | None:
        """Admits a job; None when it was stopped meanwhile."""
        self._said.pop(entry.spec.id, None)
        life = self._queue.admit(entry, job_events.Admitted(now), cpus, memory_bytes)
        admitted = self._queue.entry(entry.spec.id)
        if life.state in states.TERMINAL or admitted is None:
            return None
        self._spawn(admitted)
        return admitted

    def _spawn(self, entry: Entry) -> None:
        job_id = entry.spec.id
        program = self._forkserver.spawn(
            self._supervisor.entry, [*self._supervisor.args, job_id], output=self._supervisor.log
        )
        self._spawned.add(job_id)
        program.exited.add_done_callback(lambda _: self._news.put(job_id))
