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
        connection = _Connection(port, selector)
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
                key.data.close()
            else:
                key.data.send(following)
    return failures


_BUFFER = bytearray(1 << 20)


class _Connection:
    """One connection with at most one request under way; it is opened anew when the server closes it."""

    def __init__(self, port: int, selector: selectors.BaseSelector) -> None:
        self.sent_at = 0.0
        self._port = port
        self._selector = selector
        self._head = bytearray()
        self._size = 0
        self._end = 0
        self._is_last = False
        self._open()

    def _open(self) -> None:
        self._socket = socket.create_connection(("127.0.0.1", self._port))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._is_new = True
        self._selector.register(self._socket, selectors.EVENT_READ, self)

    def close(self) -> None:
        self._selector.unregister(self._socket)
        self._socket.close()

    def send(self, request: bytes) -> None:
        self.sent_at = time.perf_counter()
        self._request = request
        self._send_again()

    def _send_again(self) -> None:
        self._head.clear()
        self._size = self._end = 0
        try:
            self._socket.sendall(self._request)
        except ConnectionError:
            self._reopen()
            self._socket.sendall(self._request)

    def _reopen(self) -> None:
        if self._is_new:
            raise ConnectionError("the server closes connections without an answer")
        self.close()
        self._open()

    def receive(self) -> int | None:
        """Reads; the status once the whole answer is there, else None. Bodies are counted, not kept."""
        try:
            size = self._socket.recv_into(_BUFFER)
        except ConnectionResetError:
            size = 0
        if not size:
            return self._closed()
        self._size += size
        if not self._end:
            self._head += _BUFFER[:size]
            head_end = self._head.find(b"\r\n\r\n")
            if head_end < 0:
                return None
            head = bytes(self._head[:head_end]).lower()
            self._end = _end_of_answer(head, head_end + 4)
            self._is_last = b"connection: close" in head
        done = _BUFFER[size - 5 : size] == b"0\r\n\r\n" if self._end < 0 else self._size >= self._end
        if not done:
            return None
        self._is_new = False
        if self._is_last:
            self._reopen()
        return int(self._head[9:12])

    def _closed(self) -> int | None:
        if self._end:  # the end of the connection is the end of this answer
            self.close()
            status = int(self._head[9:12])
            self._open()
            return status
        self._reopen()
        self._send_again()
        return None


_UNTIL_CLOSED = 1 << 62


def _end_of_answer(head: bytes, body_starts: int) -> int:
    """How many bytes the answer has: -1 for a chunked one."""
    at = head.find(b"content-length:")
    if at >= 0:
        return body_starts + int(head[at + 15 :].split(b"\r\n", 1)[0])
    if b"transfer-encoding: chunked" in head:
        return -1
    return _UNTIL_CLOSED if head[9:12] not in (b"204", b"304") else body_starts


def _work(sender: Any, port: int, requests: list[bytes], connections: int, seconds: float, warm_up: float) -> None:
    selector = selectors.DefaultSelector()
    for number in range(connections):
        connection = _Connection(port, selector)
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
