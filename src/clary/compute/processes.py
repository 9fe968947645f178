"""What the operating system tells and does about processes: trees, ends, and the few Linux switches Clary needs."""

from __future__ import annotations

import contextlib
import ctypes
import os
import select
import signal
import sys
import time
from collections.abc import Iterable
from pathlib import Path

_PR_SET_PDEATHSIG = 1
_PR_SET_NO_NEW_PRIVS = 38
_PR_SET_CHILD_SUBREAPER = 36
_POLL_SECONDS = 0.05

ON_LINUX = sys.platform == "linux"


def _prctl(option: int, value: int) -> bool:
    if not ON_LINUX:
        return False
    return int(ctypes.CDLL(None, use_errno=True).prctl(option, value, 0, 0, 0)) == 0


def signal_me_when_my_parent_dies(parent: int, number: int) -> None:
    """Asks the kernel for a signal at the parent's end (Linux).

    Args:
        parent: the process that is the parent now; when it is gone already, this process ends at once.
    """
    _prctl(_PR_SET_PDEATHSIG, number)
    if ON_LINUX and os.getppid() != parent:
        os._exit(128 + signal.SIGKILL)


def adopt_orphans() -> bool:
    """Makes this process the new parent of its descendants whose own parent ends; False where that is impossible."""
    return _prctl(_PR_SET_CHILD_SUBREAPER, 1)


def renounce_privileges() -> None:
    """From now on no program this process starts can gain privileges (set-user-ID files and the like)."""
    _prctl(_PR_SET_NO_NEW_PRIVS, 1)


def start_ticks(pid: int) -> int | None:
    """When the process started, in clock ticks since boot: with the pid it names a process for ever; None if gone."""
    fields = _stat(pid)
    return int(fields[19]) if fields else None


def _stat(pid: int) -> list[str] | None:
    """The fields of `/proc/PID/stat` from the third on; None when the process is gone or a zombie."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    fields = text[text.rindex(")") + 2 :].split()
    return None if fields[0] in "ZX" else fields


def children(pid: int) -> list[int]:
    """The children of a process, its zombies included."""
    found: list[int] = []
    with contextlib.suppress(OSError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            with contextlib.suppress(OSError):
                found += map(int, (task / "children").read_text(encoding="ascii").split())
    return found


def descendants(pid: int) -> list[int]:
    """Everything that stems from a process, nearest first, without itself."""
    found: list[int] = []
    waiting = [pid]
    while waiting:
        nearest = children(waiting.pop(0))
        found += nearest
        waiting += nearest
    return found


def resident_bytes(pids: Iterable[int]) -> int:
    """The memory that processes hold for themselves (resident, without shared file pages)."""
    page = os.sysconf("SC_PAGE_SIZE")
    total = 0
    for one in pids:
        with contextlib.suppress(OSError, IndexError):
            fields = Path(f"/proc/{one}/statm").read_text(encoding="ascii").split()
            total += (int(fields[1]) - int(fields[2])) * page
    return total


def kill_group(pid: int, number: int = signal.SIGKILL) -> None:
    """Signals a process group, if it still exists."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, number)


def path_of(descriptor: int, path: Path) -> Path:
    """A path that means the opened file itself, whatever becomes of its name; `path` where there is none."""
    return Path(f"/proc/self/fd/{descriptor}") if ON_LINUX else path


class ProcessWatch:
    """Another process, which need not be a child: waits for its end and signals it, safe against reused pids.

    Where the kernel has process descriptors (Linux) the watch is exact from its creation on; elsewhere it polls.

    Args:
        pid: a process that runs now.
    """

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self._descriptor: int | None = None
        self._gone = False
        try:
            self._descriptor = os.pidfd_open(pid)
        except (AttributeError, OSError):
            self._gone = not _exists(pid)

    def fileno(self) -> int | None:
        """A descriptor that becomes readable at the end of the process, None where there is none."""
        return self._descriptor

    def wait(self, timeout_seconds: float | None = None) -> bool:
        """Whether the process has ended, waiting for it at most that long."""
        if self._gone:
            return True
        if self._descriptor is not None:
            poll = select.poll()
            poll.register(self._descriptor, select.POLLIN)
            milliseconds = None if timeout_seconds is None else max(0.0, timeout_seconds * 1000)
            self._gone = bool(poll.poll(milliseconds))
            return self._gone
        deadline = None if timeout_seconds is None else time.monotonic() + timeout_seconds
        while _exists(self.pid):
            if deadline is not None and time.monotonic() >= deadline:
                return False
            time.sleep(_POLL_SECONDS)
        self._gone = True
        return True

    def signal(self, number: int) -> None:
        """Signals the process unless it has ended."""
        if self._gone:
            return
        with contextlib.suppress(ProcessLookupError, PermissionError):
            if self._descriptor is not None:
                signal.pidfd_send_signal(self._descriptor, number)
            else:
                os.kill(self.pid, number)

    def close(self) -> None:
        """Forgets the process."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
            self._gone = True


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
