"""The heap of an engine's process: its threads read inputs of every size, side by side."""

from __future__ import annotations

import ctypes

_MOST_ARENAS = -8
"""glibc's M_ARENA_MAX, an option of `mallopt`."""


def share_freed_memory() -> None:
    """Lets every thread use the memory that another one freed, for the whole process; call it before threads start.

    Else glibc keeps up to eight heaps a processor, and each of them grows as large as the largest input that its
    threads have read.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:  # other C libraries have one heap anyway
        mallopt(_MOST_ARENAS, 1)
