"""Start, recover, stop: one Clary from the claim of its data folder to the last closed file."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import resource
import signal
import socket
import time
from collections.abc import Callable, Iterator

import uvicorn
import uvloop

from clary.app.data_folder import DataFolder, Running
from clary.app.platform import Platform
from clary.app.settings import Settings
from clary.core.address import Address
from clary.core.errors import ClaryError
from clary.gateway.connection import BoundedConnection

_BACKLOG = 1024
_DRAIN_SECONDS = 10
_KEEP_ALIVE_SECONDS = 75
_OPEN_FILES = 65536
_log = logging.getLogger(__name__)


class CannotListen(ClaryError):
    """The address cannot be listened on."""


def serve(settings: Settings, announce: Callable[[Running], None]) -> None:
    """Runs Clary until SIGTERM or SIGINT.

    Args:
        announce: called once, when the server answers.

    Raises:
        DataFolderInUse: another Clary runs on the data folder.
        CannotListen: the port is taken, or the address is not this machine's.
    """
    allow_open_files()
    folder = DataFolder(settings.data)
    folder.create()
    with folder.claimed():
        listener = _listen(settings, folder.address())
        with listener:
            port = listener.getsockname()[1]
            folder.note_address(Address(settings.host, port))  # before the first program starts that is told of it
            running = Running(os.getpid(), settings.host, port, time.time())
            with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
                runner.run(_serve(settings, folder, listener, running, announce))


def allow_open_files() -> None:
    """Raises this process's limit of open files to what the machine grants, as far as Clary has a use for it.

    The usual 1,024 are soon gone: every connection is one, and a reader of an object in many parts holds 64.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _OPEN_FILES if hard == resource.RLIM_INFINITY else min(hard, _OPEN_FILES)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


async def _serve(
    settings: Settings,
    folder: DataFolder,
    listener: socket.socket,
    running: Running,
    announce: Callable[[Running], None],
) -> None:
    platform = Platform(settings, folder)
    # Anybody who reaches the port causes uvicorn's warnings (of what is not HTTP); they must not fill the disk.
    logging.getLogger("uvicorn.error").addFilter(lambda record: record.levelno != logging.WARNING)
    config = uvicorn.Config(
        platform.application,
        http=BoundedConnection,
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,  # the peer is who it is: aws:SourceIp is not for a client to choose
        backlog=_BACKLOG,
        timeout_keep_alive=_KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=_DRAIN_SECONDS,
    )
    server = _Server(config)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, server.stop)  # before anybody is told that there is something to stop
    try:
        await platform.start()
        folder.announce(running)
        announce(running)
        await server.serve(sockets=[listener])
    finally:
        await platform.close()
        _log.info("stopped")


class _Server(uvicorn.Server):
    """uvicorn without its signal handlers, which end the process before anything behind the server is closed."""

    def stop(self) -> None:
        """Finishes the requests under way, for a while; at once when asked a second time."""
        self.force_exit = self.should_exit
        self.should_exit = True

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leaves signals to the event loop."""
        yield


def _listen(settings: Settings, before: Address | None = None) -> socket.socket:
    """Any free port is the one it had before where that is free: jobs that still run, and shells, know that one."""
    if settings.port == 0 and before is not None and before.host == settings.host:
        with contextlib.suppress(CannotListen):
            return _listen_on(settings, before.port)
    return _listen_on(settings, settings.port)


def _listen_on(settings: Settings, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((settings.host, port))
        listener.listen(_BACKLOG)
    except OSError as error:
        listener.close()
        raise CannotListen(
            f"cannot listen on {settings.host} port {port}: {error.strerror}. "
            "Choose another port with --port, or --port 0 for any free one."
        ) from error
    return listener
