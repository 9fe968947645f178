"""An object's bytes become the payloads of requests, in memory that does not grow with the object.

Records keep their framing (RecordIO, TFRecord), because a payload of several could not be taken apart without it;
lines lose the line break at the end of a payload.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator

from awscrt import checksums

from clary.compute.transform.errors import TransformError, too_large

_RECORDIO_MAGIC = 0xCED7230A
_RECORDIO_LENGTH = (1 << 29) - 1
_WHOLE, _LAST_PART = 0, 3  # the flags of a record in one piece, and of the last piece of one
_TFRECORD_FRAME_BYTES = 16  # length, its checksum, and the checksum of the data
_TFRECORD_HEAD = struct.Struct("<QI")
_CHECKSUM_MASK = 0xA282EAD8


def payloads(split: str, chunks: Iterator[bytes], *, several: bool, most_bytes: int) -> Iterator[bytes]:
    """The payloads of an object, in order.

    Args:
        split: "None", "Line", "RecordIO" or "TFRecord".
        chunks: the object's bytes.
        several: whether a payload holds as many records as fit, or one.
        most_bytes: the size of a payload, at most.

    Raises:
        TransformError: a record does not fit, or the object is not what `split` says.
    """
    if split == "Line":
        return _packed_lines(chunks, most_bytes) if several else _single_lines(chunks, most_bytes)
    if split == "None":
        return _whole(chunks, most_bytes)
    frames = _frames(chunks, _MEASURES[split], split, most_bytes)
    return _packed_frames(frames, most_bytes) if several else frames


def _whole(chunks: Iterator[bytes], most_bytes: int) -> Iterator[bytes]:
    parts: list[bytes] = []
    size = 0
    for chunk in chunks:
        parts.append(chunk)
        size += len(chunk)
        if size > most_bytes:
            raise too_large(most_bytes)
    if size:
        yield b"".join(parts)


def _packed_lines(chunks: Iterator[bytes], most_bytes: int) -> Iterator[bytes]:
    """As many whole lines at a time as fit: one search for each payload, none for each line."""
    parts: list[bytes] = []
    size = 0
    for chunk in chunks:
        parts.append(chunk)
        size += len(chunk)
        if size <= most_bytes + 1:  # its last line break does not count
            continue
        data = b"".join(parts)
        start = 0
        while len(data) - start > most_bytes + 1:
            end = data.rfind(b"\n", start, start + most_bytes + 1)
            if end < 0:
                raise too_large(most_bytes)
            if end > start:
                yield data[start:end]
            start = end + 1
        parts = [data[start:]]
        size = len(parts[0])
    rest = b"".join(parts).removesuffix(b"\n")
    if len(rest) > most_bytes:
        end = rest.rfind(b"\n", 0, most_bytes + 1)
        if end < 0:
            raise too_large(most_bytes)
        yield from filter(None, (rest[:end], rest[end + 1 :]))
    elif rest:
        yield rest


def _single_lines(chunks: Iterator[bytes], most_bytes: int) -> Iterator[bytes]:
    """Line by line; empty lines are no records."""
    pending = b""
    for chunk in chunks:
        *lines, pending = (pending + chunk).split(b"\n")
        for line in lines:
            if len(line) > most_bytes:
                raise too_large(most_bytes)
            if line.strip():
                yield line
        if len(pending) > most_bytes:
            raise too_large(most_bytes)
    if pending.strip():
        yield pending


Measure = Callable[[bytearray, int], int | None]
"""How many bytes the record takes that begins at a position of the buffer; None when that is not in the buffer yet."""


def _recordio_size(buffer: bytearray, start: int) -> int | None:
    """A record of MXNet's format: a magic number, three bits and 29 bits of length, the data, zeros up to 4 bytes.

    Data that holds the magic number is written in several parts, each framed like a record.
    """
    position = start
    while position + 8 <= len(buffer):
        magic, word = struct.unpack_from("<II", buffer, position)
        if magic != _RECORDIO_MAGIC:
            raise TransformError("Invalid RecordIO: a record does not begin with the magic number")
        flag, length = word >> 29, word & _RECORDIO_LENGTH
        position += 8 + length + (-length % 4)
        if flag in (_WHOLE, _LAST_PART):
            return int(position - start)
    return None


def _tfrecord_size(buffer: bytearray, start: int) -> int | None:
    """A record of TensorFlow's format: length, checksum of the length, data, checksum of the data."""
    if start + _TFRECORD_HEAD.size > len(buffer):
        return None
    length, expected = _TFRECORD_HEAD.unpack_from(buffer, start)
    checksum = checksums.crc32c(bytes(buffer[start : start + 8]))
    if (((checksum >> 15) | (checksum << 17)) + _CHECKSUM_MASK) & 0xFFFF_FFFF != expected:
        raise TransformError("Invalid TFRecord: the checksum of a record's length is wrong")
    return int(length) + _TFRECORD_FRAME_BYTES


_MEASURES: dict[str, Measure] = {"RecordIO": _recordio_size, "TFRecord": _tfrecord_size}


def _frames(chunks: Iterator[bytes], measure: Measure, split: str, most_bytes: int) -> Iterator[bytes]:
    buffer = bytearray()
    for chunk in chunks:
        buffer += chunk
        start = 0
        while (size := measure(buffer, start)) is not None:
            if size > most_bytes:
                raise too_large(most_bytes)
            if start + size > len(buffer):
                break
            yield bytes(buffer[start : start + size])
            start += size
        del buffer[:start]
        if len(buffer) > most_bytes:
            raise too_large(most_bytes)
    if buffer:
        raise TransformError(f"Invalid {split}: the object ends in the middle of a record")


def _packed_frames(frames: Iterator[bytes], most_bytes: int) -> Iterator[bytes]:
    parts: list[bytes] = []
    size = 0
    for frame in frames:
        if parts and size + len(frame) > most_bytes:
            yield b"".join(parts)
            parts, size = [], 0
        parts.append(frame)
        size += len(frame)
    if parts:
        yield b"".join(parts)
