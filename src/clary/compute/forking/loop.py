"""The fork server's own process: one thread, one socket, one loop.

Run as `python -m clary.compute.forking.loop SOCKET MODULE ...`, or with `--one` as the interpreter of a single program.
"""

from __future__ import annotations

import contextlib
import dataclasses
import gc
import importlib
import json
import logging
import os
import selectors
import signal
import socket
import sys
import threading
import traceback
from collections.abc import Sequence
from typing import Any

from clary.compute import processes
from clary.compute.forking import child
from clary.compute.forking.child import Request

LARGEST_MESSAGE_BYTES = 192 << 10

_log = logging.getLogger(__name__)


class Server:
    """The server itself: one thread, one socket, one loop.

    Args:
        control: the socket to the process that asks; its end of file ends the server.
    """

    def __init__(self, control: socket.socket) -> None:
        self._control = control
        self._children: dict[int, int] = {}
        self._wake_read, self._wake_write = os.pipe()
        for descriptor in (self._wake_read, self._wake_write):
            os.set_blocking(descriptor, False)

    def preload(self, modules: Sequence[str]) -> None:
        """Imports the modules, then makes them permanent so that collections in children do not copy their pages."""
        for module in modules:
            try:
                importlib.import_module(module)
            except Exception as error:
                _log.warning("cannot preload %s: %s: %s", module, type(error).__name__, error)
        child.find_thread_pools()
        gc.collect()
        gc.freeze()

    def serve(self) -> int:
        """Answers until the asking process closes the socket or ends."""
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(self._wake_write, warn_on_full_buffer=False)
        with selectors.DefaultSelector() as selector:
            selector.register(self._control, selectors.EVENT_READ)
            selector.register(self._wake_read, selectors.EVENT_READ)
            while True:
                ready = {key.fd for key, _ in selector.select()}
                if self._wake_read in ready:
                    with contextlib.suppress(BlockingIOError):
                        os.read(self._wake_read, 4096)
                    self._reap()
                if self._control.fileno() in ready and not self._answer():
                    return 0

    def _answer(self) -> bool:
        try:
            message, descriptors, _, _ = socket.recv_fds(self._control, LARGEST_MESSAGE_BYTES, 2)
        except ConnectionResetError:
            return False
        if not message:
            return False
        request = Request.from_bytes(message)
        server = os.getpid()
        try:
            pid = os.fork()
        except OSError as error:
            _close(descriptors)
            self._tell({"id": request.id, "error": str(error)})
            return True
        if pid == 0:
            self._be_born(request, descriptors, server)
        _close(descriptors)
        self._children[pid] = request.id
        self._tell({"id": request.id, "pid": pid})
        return True

    def _be_born(self, request: Request, descriptors: Sequence[int], server: int) -> None:
        code = 1
        try:
            signal.set_wakeup_fd(-1)
            for descriptor in (self._wake_read, self._wake_write):
                os.close(descriptor)
            self._control.close()
            output, *given = descriptors
            code = _branch(request, output, *given) if request.modules else child.run(request, output, server, *given)
        except BaseException:
            traceback.print_exc()
            sys.stderr.flush()
        finally:
            os._exit(code & 0xFF)

    def _reap(self) -> None:
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            request_id = self._children.pop(pid, None)
            if request_id is not None:
                self._tell({"id": request_id, "code": os.waitstatus_to_exitcode(status)})

    def _tell(self, message: dict[str, Any]) -> None:
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            self._control.send(json.dumps(message).encode())


def _branch(request: Request, output: int, control: int) -> int:
    """Turns this freshly forked process into a fork server of its own, with more loaded."""
    os.setsid()
    for descriptor in (1, 2):
        os.dup2(output, descriptor)
    os.close(output)
    os.environ.clear()
    os.environ.update(request.environment)
    with socket.socket(fileno=control) as asked:
        server = Server(asked)
        server.preload(request.modules)
        return server.serve()


def _close(descriptors: Sequence[int]) -> None:
    for descriptor in descriptors:
        os.close(descriptor)


def _run_one() -> int:
    """An interpreter for one program: reads the request from standard input and becomes the program."""
    request = Request.from_bytes(sys.stdin.buffer.read())
    lifeline = int(os.environ.pop("CLARY_LIFELINE"))
    if request.die_with_parent and not processes.ON_LINUX:
        threading.Thread(target=_die_with, args=(lifeline,), daemon=True).start()
    listening = [int(os.environ.pop("CLARY_LISTENING"))] if "CLARY_LISTENING" in os.environ else []
    return child.run(dataclasses.replace(request, new_session=False), os.dup(1), os.getppid(), *listening)


def _die_with(lifeline: int) -> None:
    os.read(lifeline, 1)
    os._exit(128 + signal.SIGKILL)


def main(arguments: Sequence[str]) -> int:
    """Runs a server on the inherited socket `arguments[0]`, with the modules `arguments[1:]`; or "--one" program."""
    if arguments[0] == "--one":
        return _run_one()
    logging.basicConfig(format="%(asctime)s fork server: %(message)s")
    with socket.socket(fileno=int(arguments[0])) as control:
        server = Server(control)
        server.preload(arguments[1:])
        return server.serve()


if __name__ == "__main__":
    os._exit(main(sys.argv[1:]) & 0xFF)
