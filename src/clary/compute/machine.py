"""What this machine has, as far as this process may use it."""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass
from pathlib import Path

from clary.core.cpus import available_cpus

_CGROUP_LIMITS = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")
_GIB = 1 << 30
_BUSY_PERCENT = 50.0


@dataclass(frozen=True, slots=True)
class Machine:
    """CPUs (their numbers) and memory that jobs share."""

    cpus: tuple[int, ...]
    memory_bytes: int

    def clamp_cpus(self, wanted: int) -> int:
        """How many CPUs a job that wants so many gets: one at least, all of the machine's at most."""
        return max(1, min(wanted, len(self.cpus)))

    def clamp_memory(self, wanted_bytes: int) -> int:
        """How much memory a job that wants so much gets."""
        return min(wanted_bytes, self.memory_bytes)


def this_machine(most_cpus: int = 0) -> Machine:
    """Looks at the machine, within what a container leaves of it.

    Args:
        most_cpus: how many CPUs to take at most; 0 takes all.
    """
    return Machine(tuple(available_cpus()[: most_cpus or None]), _memory_bytes())


def is_busy() -> bool:
    """Whether work waited for a CPU for more than half of the last ten seconds, as far as the kernel tells."""
    try:
        some = Path("/proc/pressure/cpu").read_text(encoding="ascii").splitlines()[0]
        waited_percent = float(some.split("avg10=")[1].split()[0])
    except (OSError, IndexError, ValueError):
        return os.getloadavg()[0] > len(available_cpus())
    return waited_percent > _BUSY_PERCENT


def run_on(cpus: tuple[int, ...]) -> None:
    """Keeps this process, and what it will start, on these CPUs, where the platform can."""
    if cpus and hasattr(os, "sched_setaffinity"):
        with contextlib.suppress(OSError):
            os.sched_setaffinity(0, cpus)


def _memory_bytes() -> int:
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    for limit in _CGROUP_LIMITS:
        with contextlib.suppress(OSError, ValueError):
            total = min(total, int(Path(limit).read_text(encoding="ascii")))
    return total


def gibibytes(count: int) -> str:
    """A number of bytes for people: "8 GiB", "0.5 GiB"."""
    return f"{count / _GIB:.3g} GiB"
