"""Reads multipart/form-data as it arrives: small fields first, then the file, in constant memory."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass

from clary.services.s3.errors import MalformedPOSTRequest, MaxPostPreDataLengthExceeded

MOST_FIELD_BYTES = 20 * 1024
_BOUNDARY = re.compile(r'boundary=(?:"([^"]{1,70})"|([^\s;,]{1,70}))', re.IGNORECASE)
_PARAMETER = re.compile(r'\b(name|filename)="((?:[^"\\]|\\.)*)"', re.IGNORECASE)
_LONGEST_HEADERS_BYTES = 8 * 1024


@dataclass(frozen=True, slots=True)
class Part:
    """The head of a part of the form; `filename` is None where it is no file."""

    name: str
    filename: str | None


def boundary_of(content_type: str) -> bytes:
    """The boundary in a Content-Type header.

    Raises:
        MalformedPOSTRequest: there is none.
    """
    match = _BOUNDARY.search(content_type)
    if match is None:
        raise MalformedPOSTRequest
    return (match[1] or match[2]).encode("latin-1", "replace")


class FormData:
    """A form that is read once, from its beginning to its file.

    Args:
        chunks: the body.
        boundary: what separates the parts.
    """

    def __init__(self, chunks: AsyncIterator[bytes], boundary: bytes) -> None:
        self._chunks = chunks
        self._delimiter = b"\r\n--" + boundary
        self._buffer = bytearray(b"\r\n")  # so that the first delimiter is like the others
        self._is_at_end = False

    async def fields(self) -> tuple[dict[str, str], Part | None]:
        """The fields before the file, and the head of the file's part; None where the form ends without one.

        Raises:
            MalformedPOSTRequest: this is no form.
            MaxPostPreDataLengthExceeded: the fields are larger than 20 KB.
        """
        fields: dict[str, str] = {}
        await self._until_delimiter(MOST_FIELD_BYTES)
        size = 0
        while (part := await self._next_part()) is not None:
            if part.name.lower() == "file":
                return fields, part
            value = await self._until_delimiter(MOST_FIELD_BYTES - size)
            size += len(value) + len(part.name)
            if size > MOST_FIELD_BYTES:
                raise MaxPostPreDataLengthExceeded
            fields[part.name] = value.decode("utf-8", "replace")
        return fields, None

    async def file(self) -> AsyncIterator[bytes]:
        """The bytes of the file, after `fields` found it.

        Raises:
            MalformedPOSTRequest: the form ends within the file.
        """
        keep = len(self._delimiter) - 1
        while True:
            end = self._buffer.find(self._delimiter)
            if end >= 0:
                if end:
                    yield bytes(self._buffer[:end])
                return
            if len(self._buffer) > keep:
                ready = bytes(self._buffer[:-keep])
                del self._buffer[:-keep]
                yield ready
            await self._more()

    async def _next_part(self) -> Part | None:
        """The head of the part behind a delimiter, None at the end of the form."""
        while len(self._buffer) < 2:
            await self._more()
        if self._buffer.startswith(b"--"):
            return None
        while (end := self._buffer.find(b"\r\n\r\n")) < 0:
            if len(self._buffer) > _LONGEST_HEADERS_BYTES:
                raise MalformedPOSTRequest
            await self._more()
        head = bytes(self._buffer[:end]).decode("utf-8", "replace")
        del self._buffer[: end + 4]
        for line in head.split("\r\n"):
            header, _, value = line.partition(":")
            if header.strip().lower() == "content-disposition":
                found = {key.lower(): text for key, text in _PARAMETER.findall(value)}
                if "name" in found:
                    return Part(_plain(found["name"]), _plain(found["filename"]) if "filename" in found else None)
        raise MalformedPOSTRequest

    async def _until_delimiter(self, limit_bytes: int) -> bytes:
        while (end := self._buffer.find(self._delimiter)) < 0:
            if len(self._buffer) > limit_bytes + len(self._delimiter):
                raise MaxPostPreDataLengthExceeded
            await self._more()
        value = bytes(self._buffer[:end])
        del self._buffer[: end + len(self._delimiter)]
        return value

    async def _more(self) -> None:
        try:
            self._buffer += await anext(self._chunks)
        except StopAsyncIteration:
            raise MalformedPOSTRequest from None


def _plain(text: str) -> str:
    """A parameter as the user wrote it: browsers write quotes and line ends in percent or backslash form."""
    return text.replace("%22", '"').replace("%0D", "\r").replace("%0A", "\n").replace('\\"', '"')
