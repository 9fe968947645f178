"""Which jobs start, wait or give way: a pure decision over the queue, the machine and the warm pools.

On-demand jobs come first, in order of arrival; then spot jobs, in order of arrival. Nobody overtakes within a class,
and no spot job starts while an on-demand job waits: it would only have to give way again. A job that does not fit is
made room for by idle warm pools first (the one that ends soonest first), and an on-demand job then by spot jobs: the
fewest that make room, and among those the youngest. A job that would not fit even then interrupts nobody.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from clary.compute.jobs.life import State
from clary.compute.jobs.queue import Entry
from clary.compute.jobs.warm_pools import WarmPool
from clary.compute.machine import Machine, gibibytes

BEHIND = "Pending: waiting for capacity, other jobs are ahead"
BEHIND_ON_DEMAND = "Pending: waiting for idle capacity, on-demand jobs are ahead"
_MOST_COMBINATIONS = 5_000
_RUNS = frozenset({State.STARTING, State.DOWNLOADING, State.TRAINING})


@dataclass(frozen=True, slots=True)
class Start:
    """A job gets its part of the machine, from a warm pool where one matches."""

    entry: Entry
    cpus: tuple[int, ...]
    memory_bytes: int
    pool: WarmPool | None = None


@dataclass(frozen=True, slots=True)
class Wait:
    """A job waits on; the message says for what."""

    entry: Entry
    message: str


@dataclass(frozen=True, slots=True)
class Interrupt:
    """A spot job gives way to another job."""

    entry: Entry
    to: Entry


@dataclass(frozen=True, slots=True)
class EndPool:
    """An idle warm pool gives way to a job."""

    pool: WarmPool


Action = Start | Wait | Interrupt | EndPool


def decide(
    entries: Sequence[Entry], pools: Sequence[WarmPool], machine: Machine, state_of: Callable[[Entry], State]
) -> Iterator[Action]:
    """What to do now, in order; each entry is looked at once.

    Args:
        entries: the jobs that run, and those that may be started, in order of arrival.
        pools: the idle warm pools.
        state_of: where a running job stands; asked of spot jobs only, and only when room is needed.
    """
    room = _Room([entry for entry in entries if entry.running], list(pools), machine)
    waiting = [entry for entry in entries if not entry.running]
    blocked: Entry | None = None
    for entry in sorted(waiting, key=lambda entry: entry.spec.spot is not None):
        if blocked is not None:
            overtaken = blocked.spec.spot is None and entry.spec.spot is not None
            yield Wait(entry, BEHIND_ON_DEMAND if overtaken else BEHIND)
            continue
        started = room.place(entry)
        if started is None and room.would_fit_without_pools(entry):
            while started is None:
                yield EndPool(room.end_a_pool())
                started = room.place(entry)
        if started is not None:
            yield started
            continue
        message = room.in_use(entry)
        if entry.spec.spot is None:
            leaving, victims = room.victims(entry, state_of)
            for victim in victims:
                yield Interrupt(victim, entry)
            if leaving or victims:
                message = f"Pending: waiting for capacity, which {_names([*leaving, *victims])} on spot gives back"
        yield Wait(entry, message)
        blocked = entry


class _Room:
    """What is left of the machine while decisions are made."""

    def __init__(self, running: list[Entry], pools: list[WarmPool], machine: Machine) -> None:
        self._running = running
        self._pools = sorted(pools, key=lambda pool: pool.until)
        self._machine = machine

    def place(self, entry: Entry) -> Start | None:
        """Gives a job its part, from the free ones or a pool that matches; None when it does not fit."""
        cpus, memory_bytes = self._needs(entry)
        keep_alive = entry.spec.keep_alive
        matching = [pool for pool in self._pools if keep_alive is not None and pool.matches == keep_alive.matches]
        if matching:
            pool = matching[-1]
            self._pools.remove(pool)
            return self._started(Start(entry, pool.cpus, pool.memory_bytes, pool))
        free, free_bytes = self._free()
        if len(free) < cpus or free_bytes < memory_bytes:
            return None
        return self._started(Start(entry, tuple(free[:cpus]), memory_bytes))

    def would_fit_without_pools(self, entry: Entry) -> bool:
        """Whether idle pools are all that is in the way."""
        cpus, memory_bytes = self._needs(entry)
        free, free_bytes = self._free()
        return bool(self._pools) and (
            len(free) + sum(len(pool.cpus) for pool in self._pools) >= cpus
            and free_bytes + sum(pool.memory_bytes for pool in self._pools) >= memory_bytes
        )

    def end_a_pool(self) -> WarmPool:
        """Takes away the pool that would have ended soonest."""
        return self._pools.pop(0)

    def victims(self, entry: Entry, state_of: Callable[[Entry], State]) -> tuple[list[Entry], list[Entry]]:
        """Spot jobs that are leaving already and are waited for, and those that must leave too for the job to fit."""
        cpus, memory_bytes = self._needs(entry)
        free, free_bytes = self._free()
        missing = (cpus - len(free), memory_bytes - free_bytes)
        spot = [other for other in self._running if other.spec.spot is not None]
        states = {other.spec.id: state_of(other) for other in spot}
        leaving = [other for other in spot if states[other.spec.id] is State.INTERRUPTING]
        missing = (
            missing[0] - sum(len(other.cpus) for other in leaving),
            missing[1] - sum(other.memory_bytes for other in leaving),
        )
        if max(missing) <= 0:
            return leaving, []
        youngest_first = [other for other in reversed(spot) if states[other.spec.id] in _RUNS]
        chosen = fewest(youngest_first, missing)
        return (leaving if chosen else []), chosen

    def in_use(self, entry: Entry) -> str:
        """Why a job does not fit, for its transition."""
        wanted, _ = self._needs(entry)
        free, free_bytes = self._free()
        total = len(self._machine.cpus)
        who = f"by {_names(self._running)}"
        if len(free) < wanted:
            return f"Pending: waiting for capacity, {total - len(free)} of {total} CPUs in use {who}"
        memory = gibibytes(self._machine.memory_bytes)
        used = gibibytes(self._machine.memory_bytes - free_bytes)
        return f"Pending: waiting for capacity, {used} of {memory} of memory in use {who}"

    def _started(self, start: Start) -> Start:
        entry = start.entry
        self._running.append(
            Entry(entry.position, entry.spec, True, entry.submitted, start.cpus, start.memory_bytes, entry.losses)
        )
        return start

    def _needs(self, entry: Entry) -> tuple[int, int]:
        """CPUs and memory (bytes) a job gets; what is more than the machine counts as all of it."""
        limits, hosts = entry.spec.limits, entry.spec.hosts
        return self._machine.clamp_cpus(limits.cpus * hosts), self._machine.clamp_memory(limits.memory_bytes * hosts)

    def _free(self) -> tuple[list[int], int]:
        holders: list[Entry | WarmPool] = [*self._running, *self._pools]
        taken = {cpu for holder in holders for cpu in holder.cpus}
        used_bytes = sum(holder.memory_bytes for holder in holders)
        return [cpu for cpu in self._machine.cpus if cpu not in taken], self._machine.memory_bytes - used_bytes


def fewest(candidates: Sequence[Entry], missing: tuple[int, int]) -> list[Entry]:
    """The fewest jobs whose parts make up for what is missing; among equally few the first of them.

    Args:
        candidates: the preferred ones first.
        missing: CPUs and bytes of memory; one that is not positive is not missing.

    Returns:
        Nothing when all of them together are not enough.
    """

    def enough(chosen: Sequence[Entry]) -> bool:
        return (
            sum(len(entry.cpus) for entry in chosen) >= missing[0]
            and sum(entry.memory_bytes for entry in chosen) >= missing[1]
        )

    if not enough(candidates):
        return []
    for count in range(1, len(candidates)):
        if math.comb(len(candidates), count) > _MOST_COMBINATIONS:
            break
        for chosen in itertools.combinations(candidates, count):
            if enough(chosen):
                return list(chosen)
    # Too many to try all: the largest first, then whoever is not needed after all may stay, the oldest first.
    largest = sorted(candidates, key=lambda entry: (len(entry.cpus), entry.memory_bytes), reverse=True)
    taken = next(largest[:count] for count in range(1, len(largest) + 1) if enough(largest[:count]))
    for entry in reversed([entry for entry in candidates if entry in taken]):
        without = [other for other in taken if other is not entry]
        if enough(without):
            taken = without
    return taken


def _names(entries: Sequence[Entry]) -> str:
    names = ", ".join(entry.spec.name for entry in entries[:3])
    names += f" and {len(entries) - 3} more" if len(entries) > 3 else ""
    return f"job {names}" if len(entries) == 1 else f"jobs {names}"
