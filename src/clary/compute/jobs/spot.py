"""Spot jobs: when an interruption that a user asked for is due, and how checkpoints are counted for it."""

from __future__ import annotations

import os
import stat
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from clary.compute.contract import JobSpec
from clary.compute.jobs.events import Event, Interrupted, RuntimeExceeded, WaitExceeded
from clary.compute.jobs.life import Life, State
from clary.compute.jobs.words import words_of

_LOOK_SECONDS = 0.005
_REST_OF_LOOKS = 20.0  # of a folder that takes long to look at: at most a twentieth of the time goes into it


def next_deadline(life: Life, spec: JobSpec, submitted: float) -> tuple[float, Event] | None:
    """The next moment at which something happens to a job because time has passed: when, and what.

    Args:
        submitted: when it was put into the queue, in seconds since 1970.
    """
    found: list[tuple[float, Event]] = []
    if spec.limits.wait_seconds and life.state in (State.DOWNLOADING, State.TRAINING):
        time = submitted + spec.limits.wait_seconds
        found.append((time, WaitExceeded(time)))
    if life.state is State.TRAINING and life.training_since is not None:
        began = life.training_since - life.trained_seconds
        time = began + spec.limits.runtime_seconds
        found.append((time, RuntimeExceeded(time)))
        asked = spec.spot.after_seconds if spec.spot is not None else ()
        if ahead := [seconds for seconds in asked if seconds > life.trained_seconds]:
            reason = f"as asked after {min(ahead):g} seconds of training"
            found.append((began + min(ahead), Interrupted(began + min(ahead), interruption(life.kind, reason))))
    return min(found, key=lambda entry: entry[0], default=None)


def interruption(kind: str, reason: str) -> str:
    """The message of an interruption's transition."""
    return f"{words_of(kind).message('Interrupted')} ({reason})"


def next_checkpoint(life: Life, spec: JobSpec) -> int | None:
    """The number of the checkpoint at which an interruption was asked for next."""
    asked = spec.spot.at_checkpoints if spec.spot is not None else ()
    return min((number for number in asked if number > life.checkpoints), default=None)


class CheckpointWatch:
    """Counts the checkpoints that programs write, until a number of them is there.

    A checkpoint is a file or folder directly in the checkpoint folder that is new, or has changed, and then stays as it
    is for one look, or is replaced or removed. What was there before the programs started does not count, nor what
    comes and goes between two looks, of which there are up to two hundred a second.

    Attributes:
        count: how many there are by now.

    Args:
        folders: each host's checkpoint folder.
        counted: how many were counted in earlier attempts.
        wanted: the number to tell of.
        reached: called once, in another thread.
    """

    def __init__(self, folders: Sequence[Path], counted: int, wanted: int, reached: Callable[[], None]) -> None:
        self._folders = list(folders)
        self.count = counted
        self._wanted = wanted
        self._reached = reached
        self._before = self._look()
        self._counted = set(self._before.values())
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="checkpoints counted", daemon=True)

    def start(self) -> None:
        """Begins to count."""
        self._thread.start()

    def close(self) -> None:
        """Counts no more."""
        self._ended.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        rest_seconds = _LOOK_SECONDS
        while not self._ended.wait(rest_seconds):
            began = time.monotonic()
            if self.look() >= self._wanted:
                self._reached()
                return
            rest_seconds = max(_LOOK_SECONDS, _REST_OF_LOOKS * (time.monotonic() - began))

    def look(self) -> int:
        """Looks once; returns how many have been counted so far."""
        now = self._look()
        there = {mark[0] for mark in now.values()}
        for path, mark in self._before.items():
            after = now.get(path)
            # Not if it is still being written, nor if it was only given its name: then it counts under that.
            whole = after == mark or mark[0] not in there
            if whole and mark not in self._counted:
                self._counted.add(mark)
                self.count += 1
        self._before = now
        return self.count

    def _look(self) -> dict[str, _Mark]:
        found: dict[str, _Mark] = {}
        for folder in self._folders:
            try:
                entries = list(os.scandir(folder))
            except OSError:
                continue
            for entry in entries:
                if (mark := _mark(entry)) is not None:
                    found[entry.path] = mark
        return found


_Mark = tuple[int, int, int]


def _mark(entry: os.DirEntry[str]) -> _Mark | None:
    """What changes when a file does, or anything in a folder: which one it is, when it was written, its bytes.

    None for what is no checkpoint: an empty file or folder, a link.
    """
    try:
        state = entry.stat(follow_symlinks=False)
        states = [state]
        if stat.S_ISDIR(state.st_mode):
            states = [(Path(folder) / name).lstat() for folder, _, names in os.walk(entry.path) for name in names]
        elif not stat.S_ISREG(state.st_mode):
            return None
    except (OSError, RecursionError):  # nested deeper than can be followed
        return None
    size = sum(state.st_size for state in states)
    return (state.st_ino, max(state.st_mtime_ns for state in states), size) if size else None
