"""Objects become payloads, whatever the borders of the chunks they arrive in."""

from __future__ import annotations

import itertools
import struct
from collections.abc import Iterator

import pytest
from awscrt import checksums
from hypothesis import given
from hypothesis import strategies as st

from clary.compute.transform.errors import TransformError
from clary.compute.transform.splitting import payloads

RECORDIO_MAGIC = 0xCED7230A
CHUNK_SIZES = st.lists(st.integers(1, 40), min_size=1, max_size=8)


def cut(data: bytes, sizes: list[int]) -> Iterator[bytes]:
    """The data in chunks of the given sizes, over and over."""
    start, turn = 0, 0
    while start < len(data):
        size = sizes[turn % len(sizes)]
        yield data[start : start + size]
        start, turn = start + size, turn + 1


def split(kind: str, data: bytes, sizes: list[int], *, several: bool, most_bytes: int) -> list[bytes]:
    return list(payloads(kind, cut(data, sizes), several=several, most_bytes=most_bytes))


def recordio(data: bytes) -> bytes:
    return struct.pack("<II", RECORDIO_MAGIC, len(data)) + data + b"\0" * (-len(data) % 4)


def tfrecord(data: bytes) -> bytes:
    length = struct.pack("<Q", len(data))
    return length + masked(length) + data + masked(data)


def masked(data: bytes) -> bytes:
    checksum = checksums.crc32c(data)
    return struct.pack("<I", (((checksum >> 15) | (checksum << 17)) + 0xA282EAD8) & 0xFFFFFFFF)


LINES = st.lists(st.binary(min_size=1, max_size=30).map(lambda line: line.replace(b"\n", b"x")), max_size=30)


@given(LINES, CHUNK_SIZES, st.integers(30, 100), st.booleans())
def test_packed_lines_put_together_are_the_object(
    lines: list[bytes], sizes: list[int], most_bytes: int, ends: bool
) -> None:
    data = b"\n".join(lines) + (b"\n" if ends and lines else b"")
    found = split("Line", data, sizes, several=True, most_bytes=most_bytes)
    assert b"\n".join(found) == b"\n".join(lines)
    assert all(0 < len(payload) <= most_bytes for payload in found)


@given(LINES, CHUNK_SIZES, st.integers(30, 100))
def test_packed_lines_take_as_many_as_fit(lines: list[bytes], sizes: list[int], most_bytes: int) -> None:
    found = split("Line", b"\n".join(lines), sizes, several=True, most_bytes=most_bytes)
    for payload, following in itertools.pairwise(found):
        assert len(payload) + 1 + len(following.split(b"\n")[0]) > most_bytes


@given(LINES, CHUNK_SIZES)
def test_single_lines_are_the_lines_that_are_not_blank(lines: list[bytes], sizes: list[int]) -> None:
    found = split("Line", b"\n".join(lines), sizes, several=False, most_bytes=30)
    assert found == [line for line in lines if line.strip()]


@pytest.mark.parametrize("kind", ["RecordIO", "TFRecord"])
@given(records=st.lists(st.binary(max_size=40), max_size=20), sizes=CHUNK_SIZES, several=st.booleans())
def test_records_put_together_are_the_object_and_keep_their_frames(
    kind: str, records: list[bytes], sizes: list[int], several: bool
) -> None:
    frames = [{"RecordIO": recordio, "TFRecord": tfrecord}[kind](record) for record in records]
    found = split(kind, b"".join(frames), sizes, several=several, most_bytes=100)
    assert b"".join(found) == b"".join(frames)
    assert all(len(payload) <= 100 for payload in found)
    if not several:
        assert found == frames


def test_a_recordio_record_in_several_parts_stays_one() -> None:
    parts = [
        struct.pack("<II", RECORDIO_MAGIC, flag << 29 | len(data)) + data
        for flag, data in ((1, b"abcd"), (2, b"efgh"), (3, b"ijkl"))
    ]
    data = b"".join(parts) + recordio(b"next")
    assert split("RecordIO", data, [5], several=False, most_bytes=100) == [b"".join(parts), recordio(b"next")]


@given(st.binary(max_size=100), CHUNK_SIZES)
def test_an_object_that_is_not_split_is_one_payload(data: bytes, sizes: list[int]) -> None:
    assert split("None", data, sizes, several=True, most_bytes=100) == ([data] if data else [])


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        ("None", b"x" * 11),
        ("Line", b"short\n" + b"x" * 11 + b"\nshort"),
        ("Line", b"x" * 1000),
        ("RecordIO", recordio(b"x" * 11)),
        ("TFRecord", tfrecord(b"x" * 11)),
        ("RecordIO", struct.pack("<II", RECORDIO_MAGIC, (1 << 29) - 1) + b"x" * 50),
    ],
)
@pytest.mark.parametrize("several", [True, False])
@pytest.mark.parametrize("size", [1, 1000])
def test_a_record_that_does_not_fit_is_told_in_sagemakers_words(
    kind: str, data: bytes, several: bool, size: int
) -> None:
    with pytest.raises(TransformError, match=r"^Too much data for max payload size$") as told:
        split(kind, data, [size], several=several, most_bytes=10)
    assert "10 bytes" in told.value.detail


@pytest.mark.parametrize("several", [True, False])
def test_a_line_of_just_the_size_of_a_payload_fits(several: bool) -> None:
    data = b"\n".join([b"a" * 10, b"b" * 10, b"c"]) + b"\n"
    assert split("Line", data, [7], several=several, most_bytes=10) == [b"a" * 10, b"b" * 10, b"c"]


@pytest.mark.parametrize(
    ("kind", "data", "words"),
    [
        ("RecordIO", b"nothing of the kind", "magic number"),
        ("RecordIO", recordio(b"abc")[:-3], "ends in the middle of a record"),
        ("TFRecord", b"nothing of the kind", "checksum"),
        ("TFRecord", tfrecord(b"abc") + tfrecord(b"def")[:-1], "ends in the middle of a record"),
    ],
)
def test_what_is_not_of_the_format_is_refused(kind: str, data: bytes, words: str) -> None:
    with pytest.raises(TransformError, match=words):
        split(kind, data, [4], several=True, most_bytes=100)


def test_a_large_object_is_never_held_whole() -> None:
    held = 0

    def chunks() -> Iterator[bytes]:
        nonlocal held
        for _ in range(200):
            held += 1
            yield b"0.5,1.5\n" * 1000

    for _ in payloads("Line", chunks(), several=True, most_bytes=20_000):
        held = 0
    assert held <= 3
