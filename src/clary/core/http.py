"""HTTP as values: what the gateway receives and sends, free of any server or client library."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, MutableMapping
from dataclasses import dataclass, field
from typing import Any, TypeVar, overload

T = TypeVar("T")


class Headers(MutableMapping[str, str]):
    """Header names without regard to case; the values of a repeated header are joined by commas, as HTTP allows."""

    __slots__ = ("_values",)

    def __init__(self, pairs: Iterable[tuple[str, str]] | Mapping[str, str] = ()) -> None:
        self._values: dict[str, str] = {}
        for name, value in pairs.items() if isinstance(pairs, Mapping) else pairs:
            lower = name.lower()
            known = self._values.get(lower)
            self._values[lower] = value if known is None else f"{known},{value}"

    def __getitem__(self, name: str) -> str:
        return self._values[name.lower()]

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and name.lower() in self._values

    @overload
    def get(self, name: str, /) -> str | None: ...

    @overload
    def get(self, name: str, /, default: str) -> str: ...

    @overload
    def get(self, name: str, /, default: T) -> str | T: ...

    def get(self, name: str, /, default: Any = None) -> Any:
        """The value, or `default`; without the detour of the abstract class, as every request asks for twenty."""
        return self._values.get(name.lower(), default)

    def __setitem__(self, name: str, value: str) -> None:
        self._values[name.lower()] = value

    def __delitem__(self, name: str) -> None:
        del self._values[name.lower()]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __repr__(self) -> str:
        return f"Headers({sorted(self._values)})"  # names only: values may be secrets


class ByteStream:
    """A body that is read once, in pieces, in constant memory.

    Attributes:
        length: bytes to come, None when unknown.
        trailers: trailing headers of an `aws-chunked` upload; complete once the stream is exhausted.
    """

    def __init__(self, chunks: AsyncIterator[bytes], length: int | None = None) -> None:
        self._chunks = chunks
        self.length = length
        self.trailers: dict[str, str] = {}

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self._chunks

    async def read(self, limit_bytes: int | None = None) -> bytes:
        """Reads all that is left.

        Raises:
            BodyTooLarge: more than `limit_bytes` arrived.
        """
        parts: list[bytes] = []
        size = 0
        async for chunk in self._chunks:
            size += len(chunk)
            if limit_bytes is not None and size > limit_bytes:
                raise BodyTooLarge(limit_bytes)
            parts.append(chunk)
        return parts[0] if len(parts) == 1 else b"".join(parts)


class BodyTooLarge(Exception):
    """A body is larger than what its reader accepts.

    Args:
        limit_bytes: what would have been accepted.
    """

    def __init__(self, limit_bytes: int) -> None:
        super().__init__(f"the body is larger than {limit_bytes} bytes")
        self.limit_bytes = limit_bytes


def stream_of(data: bytes) -> ByteStream:
    """A stream that yields `data` once."""

    async def chunks() -> AsyncIterator[bytes]:
        if data:
            yield data

    return ByteStream(chunks(), len(data))


@dataclass(slots=True)
class HttpRequest:
    """A request as it came over the wire.

    Attributes:
        method: upper case.
        path: percent-encoded exactly as sent, without the query ("/bucket/a%20b").
        query: the raw query string without "?", percent-encoded exactly as sent.
        headers: as sent.
        body: bytes once read; a stream for uploads.
        scheme: "http" or "https" as the client sees it.
        client_ip: the peer's address.
    """

    method: str
    path: str
    query: str
    headers: Headers
    body: bytes | ByteStream = b""
    scheme: str = "http"
    client_ip: str = ""


def conditions_of(request: HttpRequest) -> dict[str, str]:
    """The condition keys that every request has, for policies.

    A request that never left this machine was transported securely: nobody could listen on its way. Policies that deny
    everything else, which many buckets have, would otherwise shut out every local client.
    """
    is_secure = request.scheme == "https" or request.client_ip.startswith("127.") or request.client_ip == "::1"
    conditions = {
        "aws:SourceIp": request.client_ip,
        "aws:SecureTransport": "true" if is_secure else "false",
        "aws:UserAgent": request.headers.get("user-agent", ""),
    }
    referer = request.headers.get("referer")
    if referer is not None:
        conditions["aws:Referer"] = referer
    return conditions


@dataclass(slots=True)
class HttpResponse:
    """A response to be sent.

    Attributes:
        headers: in order, names as they are to appear; Content-Length is added by the server for bytes bodies and
            for streams of known length.
    """

    status: int = 200
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: bytes | ByteStream = b""
