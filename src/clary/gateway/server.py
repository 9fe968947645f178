"""The ASGI face of the gateway: turns the server's messages into `HttpRequest` and `HttpResponse` into messages."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from typing import Any, Protocol, runtime_checkable

from clary.core.http import ByteStream, Headers, HttpRequest, HttpResponse

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_log = logging.getLogger(__name__)


class ClientGone(Exception):
    """The client closed the connection before its body had arrived whole."""


@runtime_checkable
class _Closable(Protocol):
    async def aclose(self) -> None: ...


class Responder(Protocol):
    """Answers requests; never raises, but for `ClientGone` when nobody is left to answer."""

    async def respond(self, request: HttpRequest) -> HttpResponse:
        """The answer to a request."""
        ...


class AsgiApplication:
    """An ASGI application around a `Responder`.

    Bodies are handed over as streams: nothing is read before somebody wants it, so that `Expect: 100-continue` is
    answered only for requests that are not refused by their headers alone.
    """

    def __init__(self, responder: Responder) -> None:
        self._responder = responder

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        """Serves one request."""
        if scope["type"] != "http":
            raise ValueError(f"this application does not serve {scope['type']}")
        arriving = _Arriving(receive)
        request = _request(scope, arriving)
        waits = isinstance(request.body, ByteStream) and request.headers.get("expect", "").lower() == "100-continue"
        try:
            response = await self._responder.respond(request)
            if waits and not arriving.is_asked_for:
                # Its body was never asked for: some clients send it now and some do not (botocore does not), so
                # nobody could say where the next request on this connection begins.
                response.headers.append(("connection", "close"))
            await _send(response, receive, send, head=request.method == "HEAD")
        except ClientGone:
            _log.debug("the client of %s %s went away", request.method, request.path)  # anybody can cause it


class _Arriving:
    """The pieces of a body, and whether anybody asked for the first."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self.is_asked_for = False

    async def chunks(self) -> AsyncIterator[bytes]:
        """Every piece as it comes.

        Raises:
            ClientGone: the client went away before the last one.
        """
        self.is_asked_for = True
        while True:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                raise ClientGone
            if body := message.get("body", b""):
                yield body
            if not message.get("more_body", False):
                return


def _request(scope: MutableMapping[str, Any], arriving: _Arriving) -> HttpRequest:
    headers = Headers([(name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"]])
    length = headers.get("content-length", "")
    size = int(length) if length.isdigit() else (None if "transfer-encoding" in headers else 0)
    client = scope.get("client")
    return HttpRequest(
        method=scope["method"],
        path=scope["raw_path"].decode("latin-1"),
        query=scope["query_string"].decode("latin-1"),
        headers=headers,
        body=ByteStream(arriving.chunks(), size) if size != 0 else b"",
        scheme=scope.get("scheme", "http"),
        client_ip=client[0] if client else "",
    )


async def _send(response: HttpResponse, receive: Receive, send: Send, *, head: bool) -> None:
    body = response.body
    headers = [(name.lower().encode("latin-1"), _header_bytes(value)) for name, value in response.headers]
    length = len(body) if isinstance(body, bytes) else body.length
    has_body = response.status >= 200 and response.status not in (204, 304)
    if has_body and length is not None and not any(name == b"content-length" for name, _ in headers):
        headers.append((b"content-length", str(length).encode()))
    await send({"type": "http.response.start", "status": response.status, "headers": headers})
    if isinstance(body, bytes) or head:
        await send({"type": "http.response.body", "body": body if isinstance(body, bytes) and not head else b""})
        return
    await _send_stream(body, receive, send)
    await send({"type": "http.response.body", "body": b""})


async def _send_stream(body: ByteStream, receive: Receive, send: Send) -> None:
    """Sends the pieces of a body while somebody is there to take them.

    The server takes what is sent to a client that went away without a word. A body that never waits (pieces from the
    page cache) would then be read to its end, and nothing else would be done meanwhile.

    Raises:
        ClientGone: the client closed the connection before the end.
    """
    pieces = aiter(body)
    leaving: asyncio.Task[None] | None = None
    try:
        async for piece in pieces:
            await send({"type": "http.response.body", "body": piece, "more_body": True})
            if leaving is None:
                leaving = asyncio.create_task(_until_gone(receive))
            await asyncio.sleep(0)  # the turn of the other connections, and of the news that this one is closed
            if leaving.done():
                raise ClientGone
    finally:
        if leaving is not None:
            leaving.cancel()
        if isinstance(pieces, _Closable):
            await pieces.aclose()


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _header_bytes(value: str) -> bytes:
    """A header's value; control characters, by which a stored value might add a header of its own, become spaces."""
    if _CONTROL.search(value):
        value = _CONTROL.sub(" ", value)
    try:
        return value.encode("latin-1")
    except UnicodeEncodeError:
        return value.encode("utf-8")
