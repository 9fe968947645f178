"""The child's side of the fork server: what a process does between its birth and its program's first line."""

from __future__ import annotations

import contextlib
import dataclasses
import errno
import importlib
import io
import json
import os
import random
import resource
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from clary.compute import processes
from clary.compute.forking.confinement import Confinement, confine

KILL_TREE = signal.SIGUSR1
"""What a keeper takes as the order to end its whole tree."""
PATIENT_THREADS = {"OMP_WAIT_POLICY": "PASSIVE", "GOMP_SPINCOUNT": "1000"}
"""Makes OpenMP threads that wait for each other sleep after a moment's spinning: with none at all a training takes half
as long again on an idle machine, with much of it several times as long on a busy one."""
EAGER_THREADS = {"OMP_WAIT_POLICY": "PASSIVE", "GOMP_SPINCOUNT": "10000"}
"""For programs that start on an idle machine: as quick there as spinning on, and still far less of it than the 300,000
turns that OpenMP takes by itself."""
LISTENING = 3
"""The descriptor of the listening socket that a program is given, where it is given one."""
_LOOK_AGAIN_SECONDS = 0.05  # the kernel's list of children may miss one while others end
_thread_pools: Any = None
_THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_MAX_THREADS")


@dataclasses.dataclass(frozen=True, slots=True)
class Request:
    """What to start; the fields are those of `ForkServer.spawn`.

    Attributes:
        modules: of a request for a fork server instead of a program: what it loads beside what its parent has loaded.
    """

    id: int
    environment: dict[str, str]
    entry: str = ""
    args: list[dict[str, str]] = dataclasses.field(default_factory=list)
    argv: list[str] = dataclasses.field(default_factory=list)
    folder: str = ""
    cpus: int = 0
    memory_bytes: int = 0
    new_session: bool = True
    die_with_parent: bool = False
    contain: bool = False
    signal_depth: int = 0
    confinement: dict[str, Any] | None = None
    modules: list[str] = dataclasses.field(default_factory=list)

    def to_bytes(self) -> bytes:
        """The request as one message."""
        return json.dumps(dataclasses.asdict(self)).encode()

    @classmethod
    def from_bytes(cls, message: bytes) -> Request:
        """Reads what `to_bytes` wrote."""
        return cls(**json.loads(message))


def argument(value: str | Path) -> dict[str, str]:
    """An argument as JSON: a path stays a path."""
    return {"path": str(value)} if isinstance(value, Path) else {"text": value}


def run(request: Request, output: int, server: int, listening: int | None = None) -> int:
    """Turns this freshly forked process into the program and runs it.

    Args:
        output: descriptor for stdout and stderr.
        server: the parent's pid.
        listening: descriptor of a socket that the program finds as `LISTENING`.

    Returns:
        The exit code; the caller must leave with `os._exit`.
    """
    for number in (signal.SIGCHLD, signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)
    if request.new_session:
        os.setsid()
    _redirect(output)
    if listening is not None:
        os.dup2(listening, LISTENING)
        os.set_inheritable(LISTENING, True)
        if listening != LISTENING:
            os.close(listening)
    if request.contain and processes.ON_LINUX:
        return _keep(request, server, (1, 2) if listening is None else (1, 2, LISTENING))

    def die_with_server() -> None:
        if request.die_with_parent:
            processes.signal_me_when_my_parent_dies(server, signal.SIGKILL)

    return _become(request, die_with_server)


def _redirect(output: int) -> None:
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(output, 1)
    os.dup2(output, 2)
    for descriptor in {nothing, output} - {0, 1, 2}:
        os.close(descriptor)
    sys.stdin = io.TextIOWrapper(io.FileIO(0, closefd=False), encoding="utf-8")
    sys.stdout, sys.stderr = (
        io.TextIOWrapper(
            io.BufferedWriter(io.FileIO(descriptor, "w", closefd=False)),
            encoding="utf-8",
            errors="backslashreplace",
            line_buffering=True,
        )
        for descriptor in (1, 2)
    )


def _become(request: Request, tie_to_parent: Callable[[], None]) -> int:
    """Applies limits and environment, then runs the entry or becomes the program.

    Args:
        tie_to_parent: makes the process end with its parent; called when its credentials change no more, because the
            kernel forgets the wish when they do.
    """
    if request.confinement is not None:
        confine(Confinement(**request.confinement))
    tie_to_parent()
    os.environ.clear()
    os.environ.update(request.environment)
    os.chdir(request.folder or "/")
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if request.cpus:
        for variable in _THREAD_VARIABLES:
            os.environ.setdefault(variable, str(request.cpus))
        for variable, value in PATIENT_THREADS.items():
            os.environ.setdefault(variable, value)
    if request.memory_bytes:
        # RLIMIT_DATA counts private writable memory: what a program really asks for, not what it merely reserves.
        resource.setrlimit(resource.RLIMIT_DATA, (request.memory_bytes, request.memory_bytes))
    if request.argv:
        return _execute(request.argv)
    if request.contain:
        processes.renounce_privileges()
    _limit_threads(int(os.environ.get("OMP_NUM_THREADS", "0") or 0))
    _reseed()
    return _call(request.entry, [Path(a["path"]) if "path" in a else a["text"] for a in request.args])


def _execute(argv: Sequence[str]) -> int:
    try:
        os.execvpe(argv[0], list(argv), os.environ)  # noqa: S606 - argv is the program the user brought
    except OSError as error:
        print(f"{argv[0]}: {error.strerror}", file=sys.stderr)  # noqa: T201 - this is the program's own output
        return 127 if error.errno == errno.ENOENT else 126


def _call(entry: str, arguments: Sequence[Any]) -> int:
    code = 1
    try:
        module, _, name = entry.partition(":")
        result = getattr(importlib.import_module(module), name)(*arguments)
        code = result if isinstance(result, int) else 0
    except SystemExit as leaving:
        if isinstance(leaving.code, str):
            print(leaving.code, file=sys.stderr)  # noqa: T201 - what the interpreter does with such a code
        code = leaving.code if isinstance(leaving.code, int) else int(leaving.code is not None)
    except BaseException:
        traceback.print_exc()
    threading._shutdown()  # type: ignore[attr-defined]  # what the interpreter does first when it ends: joins threads
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):
            stream.flush()
    return code


def _reseed() -> None:
    """Gives every program random numbers of its own: forked processes start with equal generators."""
    random.seed()
    numpy_random = sys.modules.get("numpy.random")
    if numpy_random is not None:
        numpy_random.seed()


def find_thread_pools() -> None:
    """Finds the thread pools (OpenMP, BLAS) of all libraries that are loaded by now, once for every later child."""
    global _thread_pools
    if "threadpoolctl" in sys.modules:
        _thread_pools = sys.modules["threadpoolctl"].ThreadpoolController()


def _limit_threads(threads: int) -> None:
    """Limits the thread pools of libraries that were loaded before the environment was known."""
    if threads and _thread_pools is not None:
        _thread_pools.limit(limits=threads)


def _keep(request: Request, server: int, given: Sequence[int]) -> int:
    """Runs the program in a child and sees to it that nothing of its tree outlives it.

    As the tree's subreaper this process is the ancestor of whatever the program starts, whatever that does to hide
    (double forks, sessions of its own). It ends only when all of them have, in the way the program ended.

    Args:
        given: descriptors that only the program has a use for.
    """
    waited = {signal.SIGCHLD, signal.SIGTERM, KILL_TREE}
    signal.pthread_sigmask(signal.SIG_BLOCK, waited)
    processes.adopt_orphans()
    if request.die_with_parent:
        processes.signal_me_when_my_parent_dies(server, KILL_TREE)
    keeper = os.getpid()
    program = os.fork()
    if program == 0:
        code = 1
        try:
            os.setpgid(0, 0)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, waited)
            code = _become(request, lambda: processes.signal_me_when_my_parent_dies(keeper, signal.SIGKILL))
        except BaseException:
            traceback.print_exc()
            sys.stderr.flush()
        os._exit(code)
    for descriptor in given:
        os.close(descriptor)
    status = None
    while status is None:
        number = signal.sigwait(waited)
        if number == signal.SIGTERM:
            _terminate(program, request.signal_depth)
        elif number == KILL_TREE:
            processes.kill_group(program)
            _kill_all(processes.descendants(keeper))
        status = _reap(program)
    _end_tree(keeper)
    return _end_like(status)


def _terminate(program: int, depth: int) -> None:
    """Sends SIGTERM to the program, which stands `depth` processes below the one that was started."""
    level = [program]
    for _ in range(depth):
        level = [child for pid in level for child in processes.children(pid)]
    for pid in level or [program]:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM)


def _reap(program: int) -> int | None:
    """Collects every child that has ended; the program's wait status if it is among them."""
    found = None
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return found
        if pid == 0:
            return found
        if pid == program:
            found = status


def _kill_all(pids: Sequence[int]) -> None:
    for pid in pids:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid, signal.SIGKILL)


def _end_tree(keeper: int) -> None:
    """Kills until nothing is left; orphans arrive here one generation at a time."""
    while True:
        _kill_all(processes.descendants(keeper))
        try:
            pid, _ = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if pid == 0:
            signal.sigtimedwait({signal.SIGCHLD}, _LOOK_AGAIN_SECONDS)


def _end_like(status: int) -> int:
    code = os.waitstatus_to_exitcode(status)
    if code >= 0:
        return code
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if -code not in (signal.SIGKILL, signal.SIGSTOP):
        signal.signal(-code, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {-code})
    os.kill(os.getpid(), -code)
    return 128 - code
