from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from clary.algorithms import serve
from clary.algorithms.contract import AlgorithmError, ContentTypeError, InputError
from clary.algorithms.serve import MOST_INLINE_BYTES, Worker


class Model:
    """Answers with the length of the body, and with errors on request."""

    def __init__(self) -> None:
        self.threads: set[int] = set()
        self.slow = threading.Event()

    def predict(self, body: bytes, content_type: str, accept: str) -> tuple[bytes, str]:
        self.threads.add(threading.get_ident())
        if body == b"unreadable":
            raise InputError("line 1 is not a number")
        if body == b"broken":
            raise RuntimeError("out of ideas")
        if content_type == "image/png":
            raise ContentTypeError("image/png is not supported")
        if accept == "image/png":
            raise ContentTypeError("image/png cannot be made", 406)
        if body.startswith(b"wait"):
            self.slow.wait(10)
        return b"%d" % len(body), "text/csv; charset=utf-8"


def ask(worker: Worker, body: bytes = b"1,2", content_type: str = "text/csv", accept: str = "") -> tuple[int, bytes]:
    answer = worker.answer("POST", "/invocations", content_type, accept, body)
    return answer.status, answer.body


def test_a_prediction_is_answered_with_its_content_type() -> None:
    answer = Worker(Model(), 1).answer("POST", "/invocations", "text/csv", "", b"1,2")
    assert (answer.status, answer.body, answer.content_type) == (200, b"3", "text/csv; charset=utf-8")


def test_errors_have_the_status_and_the_text_of_the_algorithm() -> None:
    worker = Worker(Model(), 1)
    assert ask(worker, b"unreadable") == (400, b"line 1 is not a number")
    assert ask(worker, content_type="image/png") == (415, b"image/png is not supported")
    assert ask(worker, accept="image/png") == (406, b"image/png cannot be made")
    assert ask(worker, b"broken") == (500, b"RuntimeError: out of ideas")


def test_an_empty_body_is_no_content() -> None:
    assert ask(Worker(Model(), 1), b"") == (204, b"")


def test_the_other_paths_of_the_container_contract() -> None:
    worker = Worker(Model(), 3)
    assert worker.answer("GET", "/ping", "", "", b"").status == 200
    parameters = json.loads(worker.answer("GET", "/execution-parameters", "", "", b"").body)
    assert parameters["MaxConcurrentTransforms"] == 3
    assert parameters["BatchStrategy"] == "MULTI_RECORD"
    assert parameters["MaxPayloadInMB"] >= 6
    assert worker.answer("GET", "/invocations", "", "", b"").status == 405
    assert worker.answer("POST", "/ping", "", "", b"").status == 405
    assert worker.answer("GET", "/models", "", "", b"").status == 404


class Served:
    """A worker on a socket."""

    def __init__(self, path: Path) -> None:
        self.path = str(path)
        self.model = Model()
        self.stopping = asyncio.Event()

    async def start(self) -> None:
        self.task = asyncio.create_task(serve.serve(Worker(self.model, 1), self.path, self.stopping))
        while not Path(self.path).exists():
            await asyncio.sleep(0.005)

    async def send(self, data: bytes) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        reader, writer = await asyncio.open_unix_connection(self.path)
        writer.write(data)
        return reader, writer


@pytest_asyncio.fixture
async def served(tmp_path: Path) -> AsyncIterator[Served]:
    served = Served(tmp_path / "s")
    await served.start()
    yield served
    served.model.slow.set()
    served.stopping.set()
    await served.task


def request(body: bytes, *headers: str, path: str = "/invocations") -> bytes:
    lines = [f"POST {path} HTTP/1.1", "Host: x", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


async def answer(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 10)
    length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
    return int(head.split()[1]), await reader.readexactly(length)


async def test_requests_on_one_connection_are_answered_in_order(served: Served) -> None:
    large = bytes(MOST_INLINE_BYTES + 1)
    reader, writer = await served.send(request(b"1") + request(large) + request(b"333") + request(b"4444"))
    answers = [await answer(reader) for _ in range(4)]
    assert answers == [(200, b"1"), (200, b"%d" % len(large)), (200, b"3"), (200, b"4")]
    writer.close()


async def test_small_requests_stay_on_the_loop_and_large_ones_leave_it(served: Served) -> None:
    reader, writer = await served.send(request(b"1"))
    await answer(reader)
    assert served.model.threads == {threading.get_ident()}
    writer.write(request(bytes(MOST_INLINE_BYTES + 1)))
    await answer(reader)
    assert len(served.model.threads) == 2
    writer.close()


async def test_ping_answers_while_a_large_request_is_worked_on(served: Served) -> None:
    reader, writer = await served.send(request(b"wait" + bytes(MOST_INLINE_BYTES)))
    ping_reader, ping_writer = await served.send(b"GET /ping HTTP/1.1\r\nHost: x\r\n\r\n")
    assert (await answer(ping_reader))[0] == 200
    served.model.slow.set()
    assert (await answer(reader))[0] == 200
    writer.close()
    ping_writer.close()


async def test_a_body_in_chunks_and_a_query_are_understood(served: Served) -> None:
    reader, writer = await served.send(
        b"POST /invocations?a=b HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
        b"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"
    )
    assert await answer(reader) == (200, b"5")
    writer.close()


async def test_expect_continue_is_encouraged(served: Served) -> None:
    reader, writer = await served.send(request(b"", "Expect: 100-continue").replace(b"Length: 0", b"Length: 2"))
    assert await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 5) == b"HTTP/1.1 100 Continue\r\n\r\n"
    writer.write(b"12")
    assert await answer(reader) == (200, b"2")
    writer.close()


async def test_what_is_not_http_is_told_so_and_hung_up_on(served: Served) -> None:
    reader, writer = await served.send(b"good morning\r\n\r\n")
    assert (await reader.read()).startswith(b"HTTP/1.1 400 ")
    writer.close()


async def test_a_connection_is_closed_when_the_client_wants_it(served: Served) -> None:
    reader, writer = await served.send(request(b"1", "Connection: close"))
    assert b"connection: close" in (await asyncio.wait_for(reader.read(), 5)).lower()
    writer.close()


async def test_stopping_finishes_what_has_begun(served: Served) -> None:
    reader, writer = await served.send(request(b"wait" + bytes(MOST_INLINE_BYTES)))
    idle_reader, idle_writer = await served.send(b"")
    while not served.model.threads:
        await asyncio.sleep(0.005)
    served.stopping.set()
    assert await asyncio.wait_for(idle_reader.read(), 5) == b""
    assert not served.task.done()
    served.model.slow.set()
    assert (await answer(reader))[0] == 200
    started = time.monotonic()
    await served.task
    assert time.monotonic() - started < 5
    writer.close()
    idle_writer.close()


def test_an_unknown_algorithm_ends_the_program_with_its_name(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="'nonsense'"):
        serve.main(tmp_path, str(tmp_path / "s"), "nonsense")


def test_a_model_that_cannot_be_loaded_ends_the_program_with_the_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Broken:
        def load(self, model_folder: Path, environment: object) -> None:
            raise AlgorithmError(f"{model_folder.name} is empty")

    monkeypatch.setattr(serve, "algorithm", lambda name: Broken())
    with pytest.raises(SystemExit, match="the model cannot be loaded: model is empty"):
        serve.main(tmp_path, str(tmp_path / "s"), "xgboost")
