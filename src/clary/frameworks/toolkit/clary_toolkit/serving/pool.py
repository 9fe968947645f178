"""The workers of a server: started, given one request each, ended when they do not answer, started again."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import frames
from .http import Answer, Exchange, header_value
from .results import server_refusal

_PROGRAM = Path(__file__).parents[2] / "serve_worker.py"
_FIRST_BACKOFF_SECONDS = 0.2
_LONGEST_BACKOFF_SECONDS = 30.0
_DUMP_SECONDS = 0.2
_LEAVE_SECONDS = 3.0
_MOST_FAILED_STARTS = 3


@dataclass(frozen=True, slots=True)
class WorkerCommand:
    """How a worker is started.

    Attributes:
        framework: whose default handlers it has.
        root: what the program calls `/opt/ml`.
    """

    framework: str
    root: Path

    def start(self) -> tuple[subprocess.Popen[bytes], socket.socket]:
        """Starts a worker; returns it with the server's end of the socket pair."""
        ours, theirs = socket.socketpair()
        arguments = [sys.executable, str(_PROGRAM), str(theirs.fileno()), self.framework, str(self.root)]
        with theirs:
            process = subprocess.Popen(arguments, stdin=subprocess.DEVNULL, pass_fds=[theirs.fileno()])
        return process, ours


class Worker(asyncio.Protocol):
    """A started worker and what it is busy with."""

    def __init__(self, pool: Pool, process: subprocess.Popen[bytes], timeout_seconds: float) -> None:
        self.process = process
        self.is_ready = False
        self.exchange: Exchange | None = None
        self._pool = pool
        self._reader = frames.FrameReader()
        self._transport: asyncio.Transport | None = None
        self._timeout_seconds = timeout_seconds
        self._timer: asyncio.TimerHandle | None = None
        self._begun = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Called by the event loop."""
        self._transport = transport  # type: ignore[assignment]

    def data_received(self, data: bytes) -> None:
        """Called by the event loop."""
        self._reader.feed(data)
        while (found := self._reader.take()) is not None:
            self._take(*found)

    def connection_lost(self, exc: Exception | None) -> None:
        """Called by the event loop: the worker has ended, or is about to."""
        self._transport = None
        if self._timer is not None:
            self._timer.cancel()
        exchange, self.exchange = self.exchange, None
        if exchange is not None:
            if self._begun:
                exchange.abort()
            else:
                exchange.send(_refusal(500, "Worker died."))
        self._pool.lost(self)

    def give(self, exchange: Exchange) -> None:
        """Lets the worker answer a request; it must be ready and idle."""
        assert self._transport is not None
        self.exchange = exchange
        self._begun = False
        exchange.flow = self._flow
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(self._timeout_seconds, self._expire)
        if len(exchange.body) < 1 << 16:
            self._transport.write(frames.frame(frames.REQUEST, exchange.headers, exchange.body))
        else:
            self._transport.write(frames.prefix(frames.REQUEST, exchange.headers, len(exchange.body)))
            self._transport.write(exchange.body)

    def close(self) -> None:
        """Lets the worker end: it reads the end of its channel."""
        if self._transport is not None:
            self._transport.close()

    def _flow(self, ready: bool) -> None:
        if self._transport is not None:
            if ready:
                self._transport.resume_reading()
            else:
                self._transport.pause_reading()

    def _take(self, kind: int, head: dict[str, Any], body: bytes) -> None:
        if kind == frames.READY:
            self.is_ready = True
            self._pool.ready(self)
            return
        exchange = self.exchange
        if exchange is None:
            return
        if kind == frames.ANSWER:
            exchange.send(_answer(head, body))
        elif kind == frames.BEGIN:
            self._begun = True
            exchange.send(_answer(head, b"", streamed=True))
        elif kind == frames.PIECE:
            exchange.piece(body)
        elif kind == frames.END:
            exchange.end()
        else:
            exchange.abort()
        if kind in (frames.ANSWER, frames.END, frames.BROKEN):
            self.exchange = None
            exchange.flow = None
            self._flow(True)  # the answer may be on its way to a slow reader still: the worker need not wait for that
            if self._timer is not None:
                self._timer.cancel()
            self._pool.idle(self)

    def _expire(self) -> None:
        """The time for an answer is over: tells where the worker hangs, then ends it."""
        exchange, self.exchange = self.exchange, None
        print(  # noqa: T201 - this is the replica's log
            f"A request took more than {self._timeout_seconds:g} seconds (SAGEMAKER_MODEL_SERVER_TIMEOUT); its worker "
            "is ended. It was here:",
            flush=True,
        )
        if exchange is not None:
            if self._begun:
                exchange.abort()
            else:
                exchange.send(
                    _refusal(500, f"The handlers did not answer within {self._timeout_seconds:g} seconds. Worker died.")
                )
        self.process.send_signal(signal.SIGUSR2)
        asyncio.get_running_loop().call_later(_DUMP_SECONDS, self.process.kill)


class Pool:
    """The workers and the requests that wait for them.

    Args:
        command: starts a worker.
        count: how many there shall be.
        give_up: called with an exit code when no worker can be started any more.
    """

    def __init__(
        self, command: WorkerCommand, count: int, timeout_seconds: float, give_up: Callable[[int], None]
    ) -> None:
        self.is_ready = asyncio.Event()
        self._command = command
        self._count = count
        self._timeout_seconds = timeout_seconds
        self._give_up = give_up
        self._workers: set[Worker] = set()
        self._idle: deque[Worker] = deque()
        self._waiting: deque[Exchange] = deque()
        self._failed_starts = 0
        self._closed = False

    async def start(self) -> None:
        """Starts the workers; returns before they are ready."""
        for _ in range(self._count):
            await self._adopt(*self._command.start())

    def submit(self, exchange: Exchange) -> None:
        """Gives a request to the worker that has been idle for the shortest time, or lets it wait for one."""
        if self._idle:
            self._idle.pop().give(exchange)
        else:
            self._waiting.append(exchange)

    def ready(self, worker: Worker) -> None:
        """A worker has loaded the model."""
        if not self.is_ready.is_set():
            print(f"The model is loaded; requests are answered ({self._command.framework}).", flush=True)  # noqa: T201
        self._failed_starts = 0
        self.is_ready.set()
        self.idle(worker)

    def idle(self, worker: Worker) -> None:
        """A worker has answered."""
        while self._waiting:
            exchange = self._waiting.popleft()
            if not exchange.gone:
                worker.give(exchange)
                return
        self._idle.append(worker)

    def lost(self, worker: Worker) -> None:
        """A worker has ended: another takes its place, unless none becomes ready any more."""
        self._workers.discard(worker)
        if worker in self._idle:
            self._idle.remove(worker)
        if not any(other.is_ready for other in self._workers):
            self.is_ready.clear()
        if self._closed:
            return
        asyncio.get_running_loop().create_task(self._replace(worker))

    async def _replace(self, worker: Worker) -> None:
        code = await self._end_of(worker)
        if not worker.is_ready:
            self._failed_starts += 1
            if not self.is_ready.is_set() and self._failed_starts >= min(_MOST_FAILED_STARTS, self._count):
                self._give_up(code or 1)
                return
        print(f"A worker ended with {_how(code)}; another takes its place.", flush=True)  # noqa: T201
        if self._failed_starts:
            await asyncio.sleep(min(_FIRST_BACKOFF_SECONDS * 2**self._failed_starts, _LONGEST_BACKOFF_SECONDS))
        if not self._closed:
            await self._adopt(*self._command.start())

    async def close(self, grace_seconds: float) -> None:
        """Waits for the answers under way, then ends the workers."""
        self._closed = True
        loop = asyncio.get_running_loop()
        deadline = loop.time() + grace_seconds
        while self._waiting or any(worker.exchange for worker in self._workers):
            if loop.time() >= deadline:
                break
            await asyncio.sleep(0.01)
        workers = list(self._workers)
        for worker in workers:
            worker.close()
        await asyncio.gather(*[self._end_of(worker) for worker in workers])

    async def _adopt(self, process: subprocess.Popen[bytes], channel: socket.socket) -> None:
        worker = Worker(self, process, self._timeout_seconds)
        self._workers.add(worker)
        channel.setblocking(False)
        await asyncio.get_running_loop().create_unix_connection(lambda: worker, sock=channel)

    async def _end_of(self, worker: Worker) -> int:
        """The exit code of a worker that has closed its channel; it is killed when it does not end by itself."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + _LEAVE_SECONDS
        while (code := worker.process.poll()) is None:
            if loop.time() >= deadline:
                worker.process.kill()
            await asyncio.sleep(0.01)
        return code


def _answer(head: dict[str, Any], body: bytes, *, streamed: bool = False) -> Answer:
    headers = [(header_value(str(name)), header_value(str(value))) for name, value in head["headers"]]
    return Answer(head["status"], body, header_value(head["content_type"]), headers, streamed)


def _refusal(status: int, message: str) -> Answer:
    result = server_refusal(status, message)
    return Answer(status, result.body, result.content_type)


def _how(code: int) -> str:
    if code < 0:
        try:
            return signal.Signals(-code).name
        except ValueError:
            return f"signal {-code}"
    return f"exit code {code}" + (", as if nothing were left to do" if code == os.EX_OK else "")
