"""A process that has the heavy libraries loaded and forks programs on request.

Importing numpy, scikit-learn and xgboost takes more than a second; a fork of a process that has them takes a few
milliseconds and shares their memory. The server is started by exec, loads its modules in the background, never starts
a thread (a fork copies only one, so locks and thread pools of others would be dead in the child), and speaks over a
socket: a request with the descriptor of the output goes in, the pid and later the exit code come out.

Where forking is not sensible (macOS, or a server that dies again and again) each program gets an interpreter of its own
that reads the same request from its standard input.
"""

from __future__ import annotations

import contextlib
import dataclasses
import itertools
import json
import logging
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from pathlib import Path

from clary.compute import processes
from clary.compute.forking import child
from clary.compute.forking.child import Request
from clary.compute.forking.confinement import Confinement
from clary.compute.forking.line import Line, ProgramNotStarted
from clary.compute.forking.loop import LARGEST_MESSAGE_BYTES, Server
from clary.compute.forking.program import ForkedProgram

_HEALTHY_SECONDS = 5.0
_MOST_QUICK_DEATHS = 3
_SERVER_ENVIRONMENT = {
    # What libraries read while they are loaded. The first two would start threads; a program's own limits are set after
    # the fork (see `child`). Threads that wait for each other sleep instead of spinning: on CPUs that are shared, with
    # other jobs or with the gateway, a spinning XGBoost is ten times slower.
    "OPENBLAS_NUM_THREADS": "1",
    "JE_ARROW_MALLOC_CONF": "background_thread:false",
    **child.PATIENT_THREADS,
}

_log = logging.getLogger(__name__)


class ForkServer:
    """Starts programs by forking a process that has everything loaded.

    Promises:
        **Start.** `start` returns at once; requests wait until the modules are loaded.
        **Survival.** When the server dies a new one is started. Programs without `die_with_parent` go on, whether the
        server or this process is killed; programs with it end at that moment.
        **Threads.** Every method may be called from any thread.

    Args:
        preload: modules to import before the first fork; one that cannot be imported is reported and left out.
        fork: False to start an interpreter per program; by default where the platform forks safely (Linux).
        log: file for the server's own messages.
    """

    def __init__(self, preload: Sequence[str] = (), *, fork: bool | None = None, log: Path | None = None) -> None:
        self._preload = list(preload)
        self._fork = processes.ON_LINUX if fork is None else fork
        self._log_path = log
        self._lock = threading.RLock()
        self._ids = itertools.count(1)
        self._line: Line | None = None
        self._reader: threading.Thread | None = None
        self._inherited = False
        self._trunk: ForkServer | None = None
        self._environment: Mapping[str, str] = {}
        self._quick_deaths = 0
        self._closed = False

    @classmethod
    def forked(cls) -> ForkServer:
        """A server that is a fork of this process as it is now; this process must not have started a thread yet."""
        server = cls(fork=True)
        server._inherited = True
        server.start()
        return server

    def branch(self, preload: Sequence[str], environment: Mapping[str, str]) -> ForkServer:
        """A server that is a fork of this one's process, with more loaded: what they share is in memory once.

        It goes on when this one ends. Like this one, it has to be started and closed.

        Args:
            preload: what it loads beside what this one has loaded.
            environment: variables that these libraries find while they are loaded.
        """
        server = ForkServer(preload, fork=self._fork, log=self._log_path)
        server._trunk = self
        server._environment = dict(environment)
        return server

    @property
    def pid(self) -> int:
        """The server's process, 0 when there is none."""
        line = self._line
        return line.pid if line is not None else 0

    def start(self) -> None:
        """Starts the server; does not wait until it has loaded its modules."""
        with self._lock:
            for _ in range(_MOST_QUICK_DEATHS):
                if self._closed or self._line is not None or not self._fork:
                    return
                with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # the trunk ended: another is started
                    self._start()

    def _start(self) -> None:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        process = None
        line = Line(ours)
        with theirs, contextlib.ExitStack() as unused:
            unused.enter_context(ours)
            if self._inherited:
                line.pid = _fork_server(ours, theirs)
            elif self._trunk is not None:
                self._grow(self._trunk, theirs, line)
            else:
                process = self._exec_server(theirs)
                line.pid = process.pid
            if not self._fork:
                return
            unused.pop_all()
        self._line = line
        self._reader = threading.Thread(target=self._read, args=(line, process), name="fork server", daemon=True)
        self._reader.start()

    def close(self, *, wait: bool = False) -> None:
        """Ends the server, and with it the programs that die with their parent.

        Args:
            wait: whether its process is gone when this returns.
        """
        with self._lock:
            self._closed = True
            line, self._line = self._line, None
            reader = self._reader
        if line is not None:
            line.control.shutdown(socket.SHUT_RDWR)
        if wait and reader is not None:
            reader.join()

    def spawn(
        self,
        entry: str = "",
        args: Sequence[str | Path] = (),
        *,
        argv: Sequence[str] = (),
        environment: Mapping[str, str] | None = None,
        output: Path | int | None = None,
        folder: Path | None = None,
        cpus: int = 0,
        memory_bytes: int = 0,
        new_session: bool = True,
        die_with_parent: bool = False,
        contain: bool = False,
        signal_depth: int = 0,
        confinement: Confinement | None = None,
        listening: int | None = None,
    ) -> ForkedProgram:
        """Starts a program and returns when it runs.

        Args:
            entry: "package.module:function", called as `function(*args)`; an int it returns is the exit code.
            args: strings and paths; paths arrive as `Path`.
            argv: a program to execute instead of an entry.
            environment: the program's whole environment; None gives it this process's.
            output: for stdout and stderr: a file (appended to), a named pipe or a descriptor; None discards them.
            folder: the working directory.
            cpus: threads its libraries may use at a time; 0 leaves that to them.
            memory_bytes: private memory the program may have; 0 sets no limit.
            new_session: gives it a session and process group of its own, out of reach of the terminal's signals.
            die_with_parent: whether it is killed when the server or this process ends.
            contain: whether its whole tree ends with it, whatever its processes do to hide (Linux).
            signal_depth: how many processes below the started one SIGTERM is for (contained programs).
            confinement: what an entry may see of the machine, where the kernel can do that; None: everything.
            listening: a socket that the program finds open, as descriptor `child.LISTENING`.

        Raises:
            ProgramNotStarted: the server cannot fork.
        """
        request = Request(
            id=next(self._ids),
            entry=entry,
            args=[child.argument(value) for value in args],
            argv=list(argv),
            environment=dict(os.environ if environment is None else environment),
            folder=str(folder or ""),
            cpus=cpus,
            memory_bytes=memory_bytes,
            new_session=new_session,
            die_with_parent=die_with_parent,
            contain=contain and processes.ON_LINUX,
            signal_depth=signal_depth,
            confinement=None if confinement is None else dataclasses.asdict(confinement),
        )
        descriptor = _open_output(output)
        try:
            return self._send(request, [descriptor] if listening is None else [descriptor, listening])
        finally:
            os.close(descriptor)

    def _send(self, request: Request, descriptors: list[int]) -> ForkedProgram:
        message = request.to_bytes()
        for _ in range(_MOST_QUICK_DEATHS):
            try:
                answer = self._ask(request, message, descriptors)
                if answer is None:
                    break
                return answer.result()
            except (BrokenPipeError, ConnectionResetError):
                continue
        return self._spawn_plainly(request, message, *descriptors)

    def _ask(self, request: Request, message: bytes, descriptors: list[int]) -> Future[ForkedProgram] | None:
        """Sends a request without waiting for the answer; None where nothing is forked.

        Raises:
            BrokenPipeError, ConnectionResetError: the server has just ended.
        """
        with self._lock:
            self.start()
            line = self._line
            if line is None or len(message) > LARGEST_MESSAGE_BYTES:
                return None
            answer: Future[ForkedProgram] = Future()
            line.starting[request.id] = (request, answer)
        try:
            socket.send_fds(line.control, [message], descriptors)
        except (BrokenPipeError, ConnectionResetError):
            with self._lock:
                line.starting.pop(request.id, None)
                if self._line is line:
                    self._line = None
            raise
        return answer

    def _grow(self, trunk: ForkServer, control: socket.socket, line: Line) -> None:
        """Has another server's process fork into this server, as soon as it has loaded its own modules.

        Raises:
            BrokenPipeError, ConnectionResetError: that server has just ended.
        """
        request = Request(
            id=next(trunk._ids),
            environment={**os.environ, **_SERVER_ENVIRONMENT, **self._environment},
            modules=self._preload,
        )
        log = _open_output(self._log_path)
        try:
            answer = trunk._ask(request, request.to_bytes(), [log, control.fileno()])
        finally:
            os.close(log)
        if answer is None:  # it forks no more: neither does this one
            self._fork = False
        else:
            answer.add_done_callback(line.has_grown)

    def _exec_server(self, control: socket.socket) -> subprocess.Popen[bytes]:
        log = _open_output(self._log_path)
        try:
            return subprocess.Popen(
                [sys.executable, "-m", "clary.compute.forking.loop", str(control.fileno()), *self._preload],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=[control.fileno()],
                start_new_session=True,
                env={**os.environ, **_SERVER_ENVIRONMENT},
            )
        finally:
            os.close(log)

    def _read(self, line: Line, process: subprocess.Popen[bytes] | None) -> None:
        """Takes in what one server tells, until it ends."""
        while True:
            try:
                message = line.control.recv(LARGEST_MESSAGE_BYTES)
            except OSError:
                message = b""
            if not message:
                break
            with self._lock:
                line.take(json.loads(message))
        line.control.close()
        if process is not None:
            process.wait()
        elif self._inherited:
            with contextlib.suppress(ChildProcessError):
                os.waitpid(line.pid, 0)
        self._bury(line)

    def _bury(self, line: Line) -> None:
        """The server is dead: its programs are watched one by one, what had not started is asked for again."""
        with self._lock:
            if self._line is line:
                self._line = None
            orphans = list(line.running.values())
            waiting = list(line.starting.values())
            quick = time.monotonic() - line.started_at < _HEALTHY_SECONDS
            self._quick_deaths = self._quick_deaths + 1 if quick else 0
            if not self._closed:
                _log.warning("the fork server ended; %d programs had been started by it", len(orphans))
                if self._quick_deaths >= _MOST_QUICK_DEATHS and not self._inherited:
                    self._fork = False
                    _log.error("the fork server keeps ending; programs now get an interpreter each")
                self.start()
        for program in orphans:
            threading.Thread(target=program.tell_at_the_end, name=f"watch {program.pid}", daemon=True).start()
        for _, answer in waiting:
            answer.set_exception(ConnectionResetError("the fork server ended"))

    def _spawn_plainly(self, request: Request, message: bytes, output: int, *listening: int) -> ForkedProgram:
        """Starts an interpreter for this one program."""
        if request.modules:
            raise ProgramNotStarted("no fork server runs that another one could be a fork of")
        lifeline_read, lifeline_write = os.pipe()
        environment = {**child.PATIENT_THREADS, **os.environ, "CLARY_LIFELINE": str(lifeline_read)}
        if listening:
            environment["CLARY_LISTENING"] = str(listening[0])
        process = subprocess.Popen(
            [sys.executable, "-m", "clary.compute.forking.loop", "--one"],
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=output,
            start_new_session=request.new_session,
            env=environment,
            pass_fds=[lifeline_read, *listening],
        )
        os.close(lifeline_read)
        program = ForkedProgram(process.pid, contained=request.contain, leads_group=request.new_session)
        assert process.stdin is not None
        with contextlib.suppress(BrokenPipeError), process.stdin:
            process.stdin.write(message)

        def wait() -> None:
            code = process.wait()
            os.close(lifeline_write)
            program.tell(code)

        threading.Thread(target=wait, name=f"wait {process.pid}", daemon=True).start()
        return program


def _open_output(output: Path | int | None) -> int:
    if isinstance(output, int):
        return os.dup(output)
    if output is None:
        return os.open(os.devnull, os.O_WRONLY)
    return os.open(output, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)


def _fork_server(ours: socket.socket, theirs: socket.socket) -> int:
    """Forks this process into a server; returns the server's pid."""
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            ours.close()
            code = Server(theirs).serve()
        finally:
            os._exit(code)
    return pid
