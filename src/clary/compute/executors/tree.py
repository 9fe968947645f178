"""What a program's whole tree of processes may hold; one process alone meets limits of the kernel's own."""

from __future__ import annotations

from clary.compute import processes
from clary.compute.machine import gibibytes

MOST_PROCESSES = 4096
"""More than any training needs, and few enough for the others on the machine to start theirs.

The kernel's own limit (RLIMIT_NPROC) counts all processes of a user, Clary's own too, and does not hold for root.
"""


def exceeded(pid: int, memory_bytes: int, whose: str) -> str:
    """What is wrong with a tree, as a line for the program's log; "" as long as nothing is.

    Args:
        pid: the process that everything else stems from.
        memory_bytes: what all of them may hold together.
        whose: "program" or "replica", for the line.
    """
    tree = [pid, *processes.descendants(pid)]
    if len(tree) > MOST_PROCESSES:
        return f"Killed: the {whose} has started {len(tree)} processes, more than the {MOST_PROCESSES} it may have."
    held = processes.resident_bytes(tree)
    if held > memory_bytes:
        return (
            f"Killed: the {whose}'s processes hold {gibibytes(held)} of memory together, more than the "
            f"{gibibytes(memory_bytes)} of the instance."
        )
    return ""
