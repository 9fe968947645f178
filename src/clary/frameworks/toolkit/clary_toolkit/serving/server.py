"""The serving program of a framework replica: `/ping`, `/invocations` and `/execution-parameters` on a Unix socket.

It runs as `python3 serve_program.py FRAMEWORK (--descriptor N | --socket PATH) [--root /opt/ml]`. This
process speaks HTTP and imports nothing of the user's; the model is held by workers (`worker.py`), each a process that
answers one request at a time. So the health check is answered while handlers compute, a handler that hangs or crashes
costs its own request alone, and what is slow to import never stands in the way of a signal.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import signal
import socket
import sys
from pathlib import Path

from ..training.failure import ToolkitError
from ..training.packages import install_requirements
from .http import MOST_BODY_BYTES, Answer, Connection, Exchange
from .pool import Pool, WorkerCommand
from .settings import BadSetting, Settings

_PING_PATIENCE_SECONDS = 1.5  # SageMaker's own health check gives up after 2
_GRACE_SECONDS = 25.0  # hosting sends SIGKILL 30 s after SIGTERM
_BACKLOG = 512


class Server:
    """Answers requests with a pool of workers."""

    def __init__(self, pool: Pool, workers: int) -> None:
        self._pool = pool
        self._parameters = json.dumps(
            {
                "MaxConcurrentTransforms": workers,
                "BatchStrategy": "MULTI_RECORD",
                "MaxPayloadInMB": min(6, MOST_BODY_BYTES >> 20),
            }
        ).encode()
        self._pings: set[asyncio.Task[None]] = set()

    def handle(self, exchange: Exchange) -> None:
        """Sees to it that a request is answered."""
        path, method = exchange.path, exchange.method
        if path == "/invocations":
            if method == "POST":
                self._pool.submit(exchange)
            else:
                exchange.send(Answer(405, b"use POST", headers=[("allow", "POST")]))
        elif path not in ("/ping", "/execution-parameters"):
            exchange.send(Answer(404, b"there are /ping, /invocations and /execution-parameters"))
        elif method not in ("GET", "HEAD"):
            exchange.send(Answer(405, b"use GET", headers=[("allow", "GET")]))
        elif path == "/execution-parameters":
            exchange.send(Answer(200, self._parameters, "application/json"))
        elif self._pool.is_ready.is_set():
            exchange.send(Answer(200))
        else:
            task = asyncio.get_running_loop().create_task(self._ping(exchange))
            self._pings.add(task)
            task.add_done_callback(self._pings.discard)

    async def _ping(self, exchange: Exchange) -> None:
        """While the model is loading the answer waits for it: who asks learns of it at that moment."""
        try:
            await asyncio.wait_for(self._pool.is_ready.wait(), _PING_PATIENCE_SECONDS)
        except TimeoutError:
            exchange.send(Answer(503, b"the model is not loaded yet"))
        else:
            exchange.send(Answer(200))


async def serve(listening: socket.socket, command: WorkerCommand, settings: Settings) -> int:
    """Serves until SIGTERM, or until no worker can be started; returns the exit code."""
    loop = asyncio.get_running_loop()
    finished: asyncio.Future[int] = loop.create_future()

    def finish(code: int) -> None:
        if not finished.done():
            finished.set_result(code)

    pool = Pool(command, settings.workers, settings.timeout_seconds, finish)
    server = Server(pool, settings.workers)
    connections: set[Connection] = set()
    await pool.start()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, finish, 0)
    accepting = await loop.create_unix_server(
        lambda: Connection(server.handle, connections), sock=listening, backlog=_BACKLOG
    )
    code = await finished
    accepting.close()
    deadline = loop.time() + (_GRACE_SECONDS if code == 0 else 0)
    await pool.close(deadline - loop.time())
    while connections:
        for connection in list(connections):
            connection.close_when_idle()
        if loop.time() >= deadline:
            break
        await asyncio.sleep(0.01)  # what has been answered may still be on its way
    return code


def _listening(arguments: argparse.Namespace) -> socket.socket:
    if arguments.descriptor is not None:
        return socket.socket(fileno=arguments.descriptor)
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(str(arguments.socket))
    return listening


def main() -> int:
    """Reads the command line and serves; returns the exit code."""
    parser = argparse.ArgumentParser(prog="serve_program.py")
    parser.add_argument("framework", help="whose default handlers there are")
    place = parser.add_mutually_exclusive_group(required=True)
    place.add_argument("--descriptor", type=int, help="of a listening Unix socket")
    place.add_argument("--socket", type=Path, help="where to listen")
    parser.add_argument("--root", type=Path, default=Path("/opt/ml"), help="what stands for /opt/ml")
    arguments = parser.parse_args()
    try:
        settings = Settings.from_environment(arguments.root)
        install_requirements(settings)
    except (BadSetting, ToolkitError) as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr, flush=True)  # noqa: T201 - this is the replica's log
        return 1
    command = WorkerCommand(arguments.framework, arguments.root)
    return asyncio.run(serve(_listening(arguments), command, settings))
