"""Which CPUs there are for this process."""

from __future__ import annotations

import os


def available_cpus() -> list[int]:
    """The numbers of the CPUs this process may run on."""
    if hasattr(os, "sched_getaffinity"):
        return sorted(os.sched_getaffinity(0))
    return list(range(os.cpu_count() or 1))
