"""A program that a fork server started, as the process that asked for it sees it."""

from __future__ import annotations

import contextlib
import os
import signal

from clary.compute import processes
from clary.compute.exits import Exit
from clary.compute.forking import child

EXIT_UNKNOWN = 255
"""Told for a program whose fork server died before it could tell: the program has ended, how is not known."""


class ForkedProgram(Exit):
    """A program that a fork server started.

    Attributes:
        pid: its process (for a contained program its keeper, which ends as the program does).
    """

    def __init__(self, pid: int, *, contained: bool, leads_group: bool) -> None:
        super().__init__()
        self._pid = pid
        self._contained = contained
        self._leads_group = leads_group
        self._watch = processes.ProcessWatch(pid)

    @property
    def pid(self) -> int:
        """The process that stands for the program."""
        return self._pid

    def terminate(self) -> None:
        """Sends SIGTERM to the program."""
        if not self.exited.done():
            self._watch.signal(signal.SIGTERM)

    def kill(self) -> None:
        """Ends the whole tree of processes at once."""
        if self.exited.done():
            return
        if self._contained:
            self._watch.signal(child.KILL_TREE)
            return
        for pid in reversed(processes.descendants(self._pid)):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        if self._leads_group and not self._watch.wait(0):
            processes.kill_group(self._pid)
        self._watch.signal(signal.SIGKILL)

    def tell(self, code: int) -> None:
        """Resolves `exited`; later calls change nothing."""
        if not self.exited.done():
            self._watch.close()
            self.exited.set_result(code)

    def tell_at_the_end(self) -> None:
        """Waits for a program that nobody reports about any more."""
        self._watch.wait()
        self.tell(EXIT_UNKNOWN)
