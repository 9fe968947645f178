"""The serving program of the built-in algorithms: `/ping`, `/invocations` and `/execution-parameters` on a socket.

One process holds one model and answers on a Unix socket. It speaks HTTP/1.1 straight from an `asyncio.Protocol`:
its only client is Clary's hosting on the same machine, and a framework in between would cost more than the
prediction of a row. Small requests are answered on the event loop itself; large ones in a thread, so that
`/ping` and other requests are not held up behind them.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import traceback
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any

import httptools
import orjson
import uvloop

from clary.algorithms.catalog import algorithm
from clary.algorithms.contract import AlgorithmError, ContentTypeError, InputError, Predictor
from clary.core.cpus import available_cpus

MOST_INLINE_BYTES = 64 << 10
MOST_BODY_BYTES = 100 << 20
BATCH_PAYLOAD_BYTES = 6 << 20
"""What batch transform should send at once: enough to be worth a request, and so many requests that no core waits."""
_GRACE_SECONDS = 25.0  # hosting sends SIGKILL 30 s after SIGTERM


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes back for one request."""

    status: int
    body: bytes = b""
    content_type: str = "text/plain; charset=utf-8"


class Worker:
    """Turns requests into answers with one loaded model; knows nothing of sockets.

    Args:
        predictor: the loaded model.
        concurrency: how many requests batch transform should send at once.
    """

    def __init__(self, predictor: Predictor, concurrency: int) -> None:
        self._predictor = predictor
        self._parameters = orjson.dumps(
            {
                "MaxConcurrentTransforms": concurrency,
                "BatchStrategy": "MULTI_RECORD",
                "MaxPayloadInMB": BATCH_PAYLOAD_BYTES >> 20,
            }
        )

    def answer(self, method: str, path: str, content_type: str, accept: str, body: bytes) -> Answer:
        """Answers one request.

        Args:
            path: without the query.
            content_type, accept: as sent, "" where the header is missing.
        """
        if path == "/invocations":
            return self._invoke(content_type, accept, body) if method == "POST" else Answer(405)
        if path == "/ping":
            return Answer(200) if method == "GET" else Answer(405)
        if path == "/execution-parameters":
            return Answer(200, self._parameters, "application/json") if method == "GET" else Answer(405)
        return Answer(404)

    def _invoke(self, content_type: str, accept: str, body: bytes) -> Answer:
        if not body:
            return Answer(204)
        try:
            answer, answer_type = self._predictor.predict(body, content_type, accept)
        except ContentTypeError as error:
            return Answer(error.status, str(error).encode())
        except InputError as error:
            return Answer(400, str(error).encode())
        except Exception as error:  # whatever a model does, the server goes on serving
            traceback.print_exc()
            return Answer(500, f"{type(error).__name__}: {error}".encode())
        return Answer(200, answer, answer_type)


class Connection(asyncio.Protocol):
    """One HTTP/1.1 connection; requests on it are answered one after the other.

    Args:
        worker: answers the requests.
        threads: where requests over `MOST_INLINE_BYTES` are answered.
        connections: the server's open connections; this one keeps itself in it.
    """

    def __init__(self, worker: Worker, threads: ThreadPoolExecutor, connections: set[Connection]) -> None:
        self._worker = worker
        self._threads = threads
        self._connections = connections
        self._parser = httptools.HttpRequestParser(self)
        self._transport: asyncio.Transport | None = None
        self._queue: list[tuple[str, str, str, str, bytes, bool]] = []
        self._task: asyncio.Task[None] | None = None
        self._closing = False
        self._reset()

    def _reset(self) -> None:
        self._url = b""
        self._content_type = ""
        self._accept = ""
        self._chunks: list[bytes] = []
        self._size = 0

    @property
    def busy(self) -> bool:
        """Whether a request has arrived, in part or whole, that is not answered."""
        return bool(self._url or self._queue or self._task)

    def close_when_idle(self) -> None:
        """Closes the connection after the request it is answering."""
        self._closing = True
        if not self.busy and self._transport is not None:
            self._transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Called by the event loop."""
        self._transport = transport  # type: ignore[assignment]
        self._connections.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """Called by the event loop."""
        self._transport = None
        self._connections.discard(self)

    def data_received(self, data: bytes) -> None:
        """Called by the event loop."""
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            self._send(Answer(400, b"this is not HTTP/1.1"), keep_alive=False)

    def on_url(self, url: bytes) -> None:
        """Called by the parser."""
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        """Called by the parser."""
        length = len(name)
        if length == 12 and name.lower() == b"content-type":
            self._content_type = value.decode("latin-1")
        elif length == 6:
            lower = name.lower()
            if lower == b"accept":
                self._accept = value.decode("latin-1")
            elif lower == b"expect" and self._transport is not None:
                self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def on_body(self, body: bytes) -> None:
        """Called by the parser."""
        self._size += len(body)
        if self._size <= MOST_BODY_BYTES:
            self._chunks.append(body)

    def on_message_complete(self) -> None:
        """Called by the parser: the request is whole."""
        parser = self._parser
        path = self._url.partition(b"?")[0].decode("latin-1")
        body = self._chunks[0] if len(self._chunks) == 1 else b"".join(self._chunks)
        method = parser.get_method().decode("latin-1")
        too_large = self._size > MOST_BODY_BYTES
        request = (method, path, self._content_type, self._accept, body, parser.should_keep_alive())
        self._reset()
        if too_large:
            self._send(Answer(413, b"the body is larger than %d bytes" % MOST_BODY_BYTES), keep_alive=False)
        elif self._task is None and len(body) <= MOST_INLINE_BYTES:
            self._send(self._worker.answer(*request[:5]), keep_alive=request[5])
        else:
            self._queue.append(request)
            if self._task is None:
                self._task = asyncio.get_running_loop().create_task(self._answer_in_thread())

    async def _answer_in_thread(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            while self._queue:
                request = self._queue.pop(0)
                answer = await loop.run_in_executor(self._threads, self._worker.answer, *request[:5])
                self._send(answer, keep_alive=request[5])
        finally:
            self._task = None
        if self._closing and self._transport is not None:
            self._transport.close()

    def _send(self, answer: Answer, *, keep_alive: bool) -> None:
        if self._transport is None:
            return
        keep_alive = keep_alive and not self._closing
        head = (
            f"HTTP/1.1 {answer.status} {HTTPStatus(answer.status).phrase}\r\ncontent-length: {len(answer.body)}\r\n"
            f"content-type: {answer.content_type}\r\n{'' if keep_alive else 'connection: close'}"
        ).encode("latin-1")
        self._transport.write(head + (b"\r\n" if keep_alive else b"\r\n\r\n") + answer.body)
        if not keep_alive:
            self._transport.close()


async def serve(worker: Worker, socket_path: str, stopping: asyncio.Event) -> None:
    """Answers on `socket_path` until `stopping` is set, then finishes what has begun."""
    loop = asyncio.get_running_loop()
    connections: set[Connection] = set()
    with ThreadPoolExecutor(max_workers=max(2, os.cpu_count() or 1), thread_name_prefix="predict") as threads:
        server = await loop.create_unix_server(
            lambda: Connection(worker, threads, connections), socket_path, backlog=512
        )
        await stopping.wait()
        server.close()
        deadline = loop.time() + _GRACE_SECONDS
        while connections and loop.time() < deadline:
            for connection in list(connections):
                connection.close_when_idle()
            await asyncio.sleep(0.01)


def run(main_coroutine: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Runs a coroutine on a fresh uvloop."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main_coroutine())


def main(root: Path, socket_path: str, name: str) -> None:
    """Serves `root/model` with the algorithm `name`: the entry of a replica.

    Args:
        root: what SageMaker calls `/opt/ml`.
        socket_path: where to listen; the socket appears once the model is loaded.
        name: the algorithm's repository name ("xgboost").

    Raises:
        SystemExit: there is no such algorithm, or the model cannot be loaded; the reason is on stderr.
    """
    found = algorithm(name)
    if found is None:
        sys.exit(f"there is no built-in algorithm named {name!r}")
    try:
        predictor = found.load(root / "model", dict(os.environ))
    except AlgorithmError as error:
        sys.exit(f"the model cannot be loaded: {error}")
    worker = Worker(predictor, len(available_cpus()))
    print(f"The {name} model is loaded; requests are answered.", flush=True)  # noqa: T201 - this is the replica's log

    async def until_stopped() -> None:
        stopping = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stopping.set)
        await serve(worker, socket_path, stopping)

    run(until_stopped)
