"""The client of the Docker Engine API, against a socket that answers as an engine does."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from clary.compute.containers.engine import Engine, EngineError, NoEngine, find_engine, usual_sockets


class Desk:
    """Answers each connection with what was prepared for its request line."""

    def __init__(self, path: Path) -> None:
        self.path = str(path)
        self.asked: list[tuple[str, bytes]] = []
        self._answers: dict[str, bytes] = {}
        self._server = socket.socket(socket.AF_UNIX)
        self._server.bind(self.path)
        self._server.listen()
        threading.Thread(target=self._serve, daemon=True).start()

    def answer(self, line: str, body: bytes, *, status: str = "200 OK", head: str = "") -> None:
        length = head or f"Content-Length: {len(body)}\r\n"
        self._answers[line] = f"HTTP/1.1 {status}\r\n{length}\r\n".encode() + body

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._server.accept()
            except OSError:
                return
            with connection:
                request = _request(connection)
                line = request.split(b" HTTP/1.1")[0].decode()
                self.asked.append((line, request))
                connection.sendall(self._answers.get(line, b"HTTP/1.1 500 x\r\nContent-Length: 0\r\n\r\n"))

    def close(self) -> None:
        self._server.close()


def _request(connection: socket.socket) -> bytes:
    """A request with its body, if that is chunked."""
    request = b""
    while b"\r\n\r\n" not in request or (b"chunked" in request and not request.endswith(b"0\r\n\r\n")):
        request += connection.recv(1 << 16)
    return request


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    desk = Desk(tmp_path / "engine.sock")
    yield desk
    desk.close()


def frame(text: bytes, stream: int = 1) -> bytes:
    return bytes([stream, 0, 0, 0]) + len(text).to_bytes(4, "big") + text


def test_the_output_of_a_container_is_what_stands_in_the_frames(desk: Desk) -> None:
    line = "POST /v1.40/containers/one/attach?stream=1&stdout=1&stderr=1"
    body = frame(b"hello\n") + frame(b"trouble\n", 2) + frame(b"x" * 200_000)
    desk.answer(line, body, head="Content-Type: application/vnd.docker.raw-stream\r\n")
    assert b"".join(Engine(desk.path).attach("one")) == b"hello\ntrouble\n" + b"x" * 200_000


def test_a_refusal_has_the_engines_own_words(desk: Desk) -> None:
    line = "POST /v1.40/containers/one/start"
    desk.answer(line, json.dumps({"message": "no such program"}).encode(), status="400 Bad Request")
    with pytest.raises(EngineError, match="no such program") as refused:
        Engine(desk.path).start("one")
    assert refused.value.status == 400


@pytest.mark.parametrize(
    ("call", "line", "status"),
    [
        (
            lambda engine: engine.kill("one", "SIGTERM"),
            "POST /v1.40/containers/one/kill?signal=SIGTERM",
            "409 Conflict",
        ),
        (lambda engine: engine.remove("one"), "DELETE /v1.40/containers/one?force=1&v=1", "404 Not Found"),
        (lambda engine: engine.remove_network("net"), "DELETE /v1.40/networks/net", "403 Forbidden"),
    ],
)
def test_what_is_gone_already_is_left_alone(desk: Desk, call: Callable[[Engine], None], line: str, status: str) -> None:
    desk.answer(line, b"{}", status=status)
    call(Engine(desk.path))
    assert [asked for asked, _ in desk.asked] == [line]


def test_an_archive_is_sent_piece_by_piece(desk: Desk) -> None:
    desk.answer("POST /v1.40/images/load?quiet=1", b"{}")
    Engine(desk.path).load(iter([b"abc", b"def"]))
    _, request = desk.asked[0]
    assert b"Transfer-Encoding: chunked" in request
    assert b"3\r\nabc\r\n3\r\ndef\r\n0\r\n" in request


def test_an_image_that_is_not_there_is_none(desk: Desk) -> None:
    desk.answer("GET /v1.40/images/a/b:1/json", b"{}", status="404 Not Found")
    assert Engine(desk.path).image("a/b:1") is None


def test_where_no_engine_answers_it_is_said_where_one_was_sought(tmp_path: Path) -> None:
    with pytest.raises(NoEngine, match=r"absent\.sock: No such file.*apt install docker.io"):
        find_engine(str(tmp_path / "absent.sock"))
    with pytest.raises(NoEngine, match="must be on a Unix socket"):
        find_engine("tcp://10.0.0.1:2375")


def test_docker_host_is_asked_before_the_usual_places() -> None:
    assert usual_sockets({"DOCKER_HOST": "unix:///mine.sock"}) == ["unix:///mine.sock"]
    assert usual_sockets({"XDG_RUNTIME_DIR": "/run/user/1"})[:2] == ["/var/run/docker.sock", "/run/podman/podman.sock"]
