"""A light load generator: prepared requests over keep-alive connections, one `epoll` loop in a process of its own.

It costs about 15 µs a request, so that the server is what is measured. Requests are bytes that were signed before the
clock started; a signature is valid for fifteen minutes, and AWS allows the same request twice.
"""

from __future__ import annotations

import itertools
import multiprocessing
import selectors
import socket
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials


@dataclass(frozen=True)
class Load:
    """What came of a run.

    Attributes:
        rate: answers per second.
        p50_seconds, p99_seconds: of the time from sending a request to the end of its answer.
        failures: answers with another status than 2xx.
    """

    rate: float
    p50_seconds: float
    p99_seconds: float
    failures: int


def signed_request(
    method: str, url: str, body: bytes, headers: dict[str, str], service: str, keys: dict[str, str]
) -> bytes:
    """The bytes of a request signed with Signature Version 4."""
    request = AWSRequest(method=method, url=url, data=body, headers=headers)
    auth = S3SigV4Auth if service == "s3" else SigV4Auth
    credentials = Credentials(keys["AWS_ACCESS_KEY_ID"], keys["AWS_SECRET_ACCESS_KEY"])
    auth(credentials, service, keys["AWS_DEFAULT_REGION"]).add_auth(request)
    return plain_request(method, url, body, dict(request.headers.items()))


def plain_request(method: str, url: str, body: bytes, headers: dict[str, str]) -> bytes:
    """The bytes of a request as it is."""
    parts = urlsplit(url)
    target = parts.path + (f"?{parts.query}" if parts.query else "")
    lines = [f"{method} {target} HTTP/1.1", f"Host: {parts.netloc}", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in headers.items() if name.lower() not in ("host", "content-length")]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def run_load(port: int, requests: Sequence[bytes], *, connections: int, seconds: float, warm_up: float = 1.0) -> Load:
    """Sends the requests round and round over `connections` connections to 127.0.0.1 and measures for `seconds`."""
    receiver, sender = multiprocessing.Pipe(duplex=False)
    arguments = (sender, port, list(requests), connections, seconds, warm_up)
    process = multiprocessing.get_context("spawn").Process(target=_work, args=arguments)
    process.start()
    sender.close()
    result = receiver.recv()
    process.join()
    return Load(*result)


def send_once(port: int, requests: Sequence[bytes], *, connections: int) -> int:
    """Sends every request once; returns how many were answered with another status than 2xx."""
    selector = selectors.DefaultSelector()
    todo = iter(requests)
    for request in itertools.islice(todo, connections):
        connection = _Connection(port)
        selector.register(connection.socket, selectors.EVENT_READ, connection)
        connection.send(request)
    failures = 0
    while selector.get_map():
        for key, _ in selector.select():
            status = key.data.receive()
            if status is None:
                continue
            failures += not 200 <= status < 300
            following = next(todo, None)
            if following is None:
                selector.unregister(key.fileobj)
                key.data.socket.close()
            else:
                key.data.send(following)
    return failures


class _Connection:
    """One keep-alive connection with at most one request under way."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sent_at = 0.0
        self._received = bytearray()
        self._end = 0

    def send(self, request: bytes) -> None:
        self._received.clear()
        self._end = 0
        self.sent_at = time.perf_counter()
        self.socket.sendall(request)

    def receive(self) -> int | None:
        """Reads; the status once the whole answer is there, else None."""
        data = self.socket.recv(1 << 20)
        if not data:
            raise ConnectionError("the server closed the connection")
        self._received += data
        if not self._end:
            head_end = self._received.find(b"\r\n\r\n")
            if head_end < 0:
                return None
            head = bytes(self._received[:head_end]).lower()
            at = head.find(b"content-length:")
            if at >= 0:
                self._end = head_end + 4 + int(head[at + 15 :].split(b"\r\n", 1)[0])
            elif b"transfer-encoding: chunked" in head:
                self._end = -1
            else:
                self._end = head_end + 4
        done = self._received.endswith(b"0\r\n\r\n") if self._end < 0 else len(self._received) >= self._end
        return int(self._received[9:12]) if done else None


def _work(sender: Any, port: int, requests: list[bytes], connections: int, seconds: float, warm_up: float) -> None:
    selector = selectors.DefaultSelector()
    for number in range(connections):
        connection = _Connection(port)
        selector.register(connection.socket, selectors.EVENT_READ, connection)
        connection.send(requests[number % len(requests)])
    turn = connections
    measured_from = time.perf_counter() + warm_up
    until = measured_from + seconds
    durations: list[float] = []
    failures = 0
    while (now := time.perf_counter()) < until:
        for key, _ in selector.select(1.0):
            connection = key.data
            status = connection.receive()
            if status is None:
                continue
            now = time.perf_counter()
            if now >= measured_from:
                durations.append(now - connection.sent_at)
                failures += not 200 <= status < 300
            connection.send(requests[turn % len(requests)])
            turn += 1
    durations.sort()
    count = max(len(durations), 1)
    middle, high = (durations[int(count * share)] if durations else float("inf") for share in (0.5, 0.99))
    sender.send((len(durations) / seconds, middle, high, failures))
