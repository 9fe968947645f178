"""The durable queue's scheduler: admits jobs when the machine has room, and sees that each has a supervisor."""

from __future__ import annotations

import contextlib
import logging
import queue
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from clary.compute.contract import JobSpec
from clary.compute.folder import JobFolder
from clary.compute.forking.server import ForkServer
from clary.compute.jobs import events as job_events
from clary.compute.jobs.life import TERMINAL, State
from clary.compute.jobs.placement import EndPool, Interrupt, Start, Wait, decide
from clary.compute.jobs.queue import Entry, JobFinished, JobQueue
from clary.compute.jobs.spot import interruption
from clary.compute.jobs.warm_pools import WarmPool, WarmPools
from clary.compute.jobs.words import words_of
from clary.compute.machine import Machine, is_busy, this_machine
from clary.compute.prices import Prices
from clary.core.clock import Clock, SystemClock
from clary.storage.records import Record, Records

_RETRY_SECONDS = 1.0
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class SupervisorProgram:
    """How a supervisor is started: `entry` is called as `function(*args, job_id)` and calls `supervisor.supervise`."""

    entry: str
    args: tuple[str | Path, ...] = ()
    log: Path | None = None


class NotInterruptible(Exception):
    """The job does not run on spot capacity, or does not run now; the message says which."""


class Jobs:
    """Runs jobs: on-demand jobs first come, first served, spot jobs on what they leave idle (see `placement`).

    Promises:
        **Durability.** What `submit` returned and `stop` acknowledged happens, even if Clary is killed right after.
        **Restarts.** Jobs run on while Clary does not; `start` finds them. A job whose supervisor was lost with the
        machine is started again, from its checkpoints where it wrote some; one whose supervisor ends unexpectedly
        under Clary's eyes is too, but only `most_losses` times (and as often as its retry strategy says).
        **Capacity.** The jobs that run never have more CPUs or memory than the machine; a waiting job's transition
        message says what it waits for. A spot job gives way to an on-demand job: SIGTERM, later SIGKILL; it goes on
        from the checkpoints in S3 when there is room again.

    Args:
        forkserver: starts supervisors.
        eager: starts them while the machine is idle: its libraries' threads wait for each other in the way that is
            quicker then (`child.EAGER_THREADS`); None: the other one does.
        folder: for the jobs' folders.
        machine: what jobs share; by default all of this machine.
        prices: what AWS asks for instances; None: no job has a price.
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
        prices: Prices | None = None,
        eager: ForkServer | None = None,
    ) -> None:
        self._prices = prices
        self._eager = eager
        self._clock = clock or SystemClock()
        self._queue = JobQueue(records, self._clock)
        self.warm_pools = WarmPools(records.database, folder.with_name("warm-pools"))
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
        stored = self._queue.submit(record, self._priced(record, spec), tags=tags)
        self._news.put(None)
        return stored

    def subscribe(self, listener: Callable[[], None]) -> None:
        """Has `listener` called, from the scheduler's thread, whenever a job may have ended; it must not block."""
        self._listeners.append(listener)

    def _priced(self, record: Record, spec: JobSpec) -> JobSpec:
        """The job with what AWS would ask for its instances."""
        use = words_of(record.kind).priced_as
        if self._prices is None or not use or spec.hourly_usd is not None:
            return spec
        hourly = self._prices.of(spec.instance_type, use)
        if spec.spot is None:
            return replace(spec, hourly_usd=hourly)
        share = self._prices.spot_share(spec.instance_type, use)
        if share is None:
            note = f"The price table has no spot price of {spec.instance_type}: all of its seconds count as billable"
            return replace(spec, hourly_usd=hourly, price_note=note)
        return replace(spec, hourly_usd=hourly, billed_share=share)

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

    def interrupt(self, arn: str) -> None:
        """Takes a spot job's capacity back, durably, as if an on-demand job needed it.

        Raises:
            NotInterruptible: it is no spot job, or does not run.
        """
        interrupt(self._queue, self._folder, arn, "as asked by its user", self._clock.time())

    def keep_pool(self, pool: WarmPool, seconds: int) -> None:
        """Changes how long an idle warm pool is kept, counted from when it became idle; 0 ends it."""
        self.warm_pools.keep_for(pool, seconds, self._clock.time())
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
        deadlines = [pool.until for pool in self.warm_pools.idle()]
        deadlines += [
            entry.submitted + seconds
            for entry in self._queue.entries()
            if not entry.running
            for seconds in (entry.spec.limits.pending_seconds, entry.spec.limits.wait_seconds)
            if seconds
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
            if entry.spec.id in self._spawned:
                continue
            if entry.running:
                self._look_after(entry, count=False)
            else:
                self._watch_the_leaving(entry)
        self._sweep({entry.spec.id for entry in entries})
        self.warm_pools.sweep()

    def _look_after(self, entry: Entry, *, count: bool) -> None:
        if self._watch_the_leaving(entry):
            return
        folder = JobFolder(self._folder, entry.spec.id)
        current = self._queue.entry(entry.spec.id)
        if current is None:
            return
        lost = job_events.SupervisorLost(
            self._clock.time(), count and current.losses >= self._most_losses, folder.last_sign()
        )
        life = self._queue.lose(current, lost, count=count)
        if life.state in TERMINAL or life.state is State.WAITING:
            folder.remove()
        else:
            self._spawn(current)

    def _watch_the_leaving(self, entry: Entry) -> bool:
        """Sees to it that the end of a job's supervisor is told; False when it has none."""
        folder = JobFolder(self._folder, entry.spec.id)
        if not folder.has_owner():
            return False
        self._spawned.add(entry.spec.id)
        threading.Thread(
            target=self._watch, args=(folder, entry.spec.id), name=f"watch {entry.spec.id}", daemon=True
        ).start()
        return True

    def _watch(self, folder: JobFolder, job_id: str) -> None:
        folder.wait_for_owner()
        self._news.put(job_id)

    def _supervisor_ended(self, job_id: str) -> None:
        self._spawned.discard(job_id)
        entry = self._queue.entry(job_id)
        if entry is None:
            folder = JobFolder(self._folder, job_id)
            if folder.is_unfinished():  # stopped while it waited, after an interruption
                folder.remove()
        elif entry.running:
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
        now = self._clock.time()
        for pool in self.warm_pools.idle():
            if pool.until <= now:
                self.warm_pools.end(pool, now)
        entries = [entry for entry in self._queue.entries() if not self._gives_up(entry, now)]
        # A job that was interrupted waits until the supervisor of its last attempt is gone.
        ready = [entry for entry in entries if entry.running or entry.spec.id not in self._spawned]
        for action in decide(ready, self.warm_pools.idle(), self._machine, self._state_of):
            match action:
                case Start():
                    self._start(action, now)
                case Wait(entry, message):
                    self._say(entry, message, now)
                case Interrupt(entry, to):
                    with contextlib.suppress(NotInterruptible, JobFinished):  # it has just ended
                        why = f"to make room for job {to.spec.name}"
                        interrupt(self._queue, self._folder, entry.spec.arn, why, now)
                case EndPool(pool):
                    self.warm_pools.end(pool, now)

    def _gives_up(self, entry: Entry, now: float) -> bool:
        """Ends a job that waited for longer than it wanted to."""
        limits = entry.spec.limits
        if entry.running:
            return False
        if limits.pending_seconds and now >= entry.submitted + limits.pending_seconds:
            self._queue.apply(entry.spec.arn, job_events.PendingExceeded(now))
        elif limits.wait_seconds and now >= entry.submitted + limits.wait_seconds:
            self._queue.apply(entry.spec.arn, job_events.WaitExceeded(now))
        else:
            return False
        return True

    def _state_of(self, entry: Entry) -> State:
        life = self._queue.life(entry.spec.arn)
        return State.COMPLETED if life is None else life.state

    def _say(self, entry: Entry, message: str, now: float) -> None:
        if self._said.get(entry.spec.id) != message:
            self._queue.apply(entry.spec.arn, job_events.NoCapacity(now, message))
            self._said[entry.spec.id] = message

    def _start(self, start: Start, now: float) -> None:
        """Admits a job, unless it was stopped meanwhile."""
        entry = start.entry
        self._said.pop(entry.spec.id, None)
        event = job_events.Admitted(now)
        life = self._queue.admit(entry, event, start.cpus, start.memory_bytes, start.pool)
        admitted = self._queue.entry(entry.spec.id)
        if life.state not in TERMINAL and admitted is not None:
            self._spawn(admitted)

    def _spawn(self, entry: Entry) -> None:
        job_id = entry.spec.id
        server = self._forkserver if self._eager is None or is_busy() else self._eager
        program = server.spawn(self._supervisor.entry, [*self._supervisor.args, job_id], output=self._supervisor.log)
        self._spawned.add(job_id)
        program.exited.add_done_callback(lambda _: self._news.put(job_id))


def interrupt(job_queue: JobQueue, jobs: Path, arn: str, why: str, now: float) -> None:
    """Takes a spot job's capacity back; any process may.

    Args:
        jobs: the folder of all jobs.
        why: told in the message of the transition.

    Raises:
        NotInterruptible: it is no spot job, or does not run.
    """
    job_id = job_queue.id_of(arn)
    entry = None if job_id is None else job_queue.entry(job_id)
    if entry is None:
        raise NotInterruptible(f"{arn} does not run: there is nothing to interrupt")
    if entry.spec.spot is None:
        raise NotInterruptible(f"{arn} does not run on spot capacity: it was not created with managed spot training")
    if not entry.running:
        raise NotInterruptible(f"{arn} waits for capacity: there is nothing to interrupt")
    kind = entry.spec.record_kind
    job_queue.apply(arn, job_events.Interrupted(now, interruption(kind, why)))
    JobFolder(jobs, entry.spec.id).wake()
