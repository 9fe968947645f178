"""How much a program's folder holds: there is no volume of its own that would be full, so that it is measured."""

from __future__ import annotations

import errno
import os
import time
from pathlib import Path

from clary.compute.machine import gibibytes

_LEAST_SECONDS = 1.0
_PAUSE_PER_WALK = 50  # a folder of a million files must not keep a CPU busy
_BLOCK_BYTES = 512  # the unit of st_blocks, whatever the file system's own


class VolumeWatch:
    """Looks at a folder from time to time.

    Args:
        folder: what stands for the volume.
        limit_bytes: its size; 0: no limit.
    """

    def __init__(self, folder: Path, limit_bytes: int) -> None:
        self._folder = folder
        self._limit_bytes = limit_bytes
        self._next = time.monotonic() + _LEAST_SECONDS

    def exceeded(self) -> str:
        """What is wrong, as a line for the program's log; "" as long as nothing is."""
        if not self._limit_bytes or time.monotonic() < self._next:
            return ""
        started = time.monotonic()
        try:
            held = _held_bytes(str(self._folder))
        except OSError:
            return "Killed: the folders below /opt/ml are nested deeper than a path can name."
        now = time.monotonic()
        self._next = now + max(_LEAST_SECONDS, _PAUSE_PER_WALK * (now - started))
        if held <= self._limit_bytes:
            return ""
        return (
            f"Killed: No space left on device: the files below /opt/ml hold {gibibytes(held)}, more than the volume of "
            f"{gibibytes(self._limit_bytes)} that VolumeSizeInGB asks for."
        )


def _held_bytes(folder: str) -> int:
    """Bytes on disk below a folder; what vanishes meanwhile counts nothing.

    Raises:
        OSError: something is nested so deep that it cannot be looked at: anything may be hidden there.
    """
    total = 0
    waiting = [folder]
    while waiting:
        try:
            with os.scandir(waiting.pop()) as entries:
                for entry in entries:
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append(entry.path)
                    else:
                        total += entry.stat(follow_symlinks=False).st_blocks * _BLOCK_BYTES
        except OSError as error:
            if error.errno == errno.ENAMETOOLONG:
                raise
    return total
