"""`aws-chunked` bodies: well-formed, malformed, cut off, signed, and in constant memory."""

from __future__ import annotations

import asyncio
import random
import tracemalloc
from collections.abc import AsyncIterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clary.core.errors import ServiceError
from clary.core.http import ByteStream
from clary.wire.errors import IncompleteBody, InvalidRequest, MalformedTrailerError
from clary.wire.streaming import MAX_SIGNED_CHUNK_BYTES, decode_aws_chunked


def stream_in_pieces(data: bytes, sizes: list[int]) -> ByteStream:
    async def pieces() -> AsyncIterator[bytes]:
        position, index = 0, 0
        while position < len(data):
            size = sizes[index % len(sizes)]
            yield data[position : position + size]
            position, index = position + size, index + 1

    return ByteStream(pieces(), len(data))


def decoded(
    data: bytes,
    sizes: list[int] | None = None,
    verify: Any = None,
    length: int | None = None,
    announced: tuple[str, ...] = (),
) -> Any:
    async def read() -> tuple[bytes, dict[str, str]]:
        stream = decode_aws_chunked(
            stream_in_pieces(data, sizes or [7]), verify, decoded_length_bytes=length, announced_trailers=announced
        )
        content = await stream.read()
        return content, stream.trailers

    return asyncio.run(read())


class Recorder:
    """Remembers what it was asked to verify, and refuses one signature."""

    def __init__(self, refused: str = "") -> None:
        self.refused = refused
        self.seen: list[tuple[str, bytes]] = []
        self.seen_trailers: tuple[str, bytes] | None = None

    def chunk(self, signature: str, data: bytes) -> None:
        if signature == self.refused:
            raise SignatureDoesNotMatch("no")
        self.seen.append((signature, data))

    def trailers(self, signature: str, trailers: bytes) -> None:
        self.seen_trailers = (signature, trailers)


class SignatureDoesNotMatch(ServiceError):
    """Raised by the recorder."""


@given(
    chunks=st.lists(st.binary(min_size=1, max_size=300), max_size=5),
    sizes=st.lists(st.integers(1, 50), min_size=1, max_size=4),
    has_trailer=st.booleans(),
)
@settings(max_examples=150, deadline=None)
def test_any_chunks_in_any_pieces_come_back(chunks: list[bytes], sizes: list[int], has_trailer: bool) -> None:
    body = b"".join(b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks) + b"0\r\n"
    body += b"x-amz-checksum-crc32:NhCmhg==\r\n\r\n" if has_trailer else b"\r\n"
    content = b"".join(chunks)
    trailers = {"x-amz-checksum-crc32": "NhCmhg=="} if has_trailer else {}
    assert decoded(body, sizes, length=len(content)) == (content, trailers)


def test_a_body_that_ends_right_after_the_last_chunk_is_whole() -> None:
    assert decoded(b"3\r\nabc\r\n0\r\n") == (b"abc", {})


def test_signed_chunks_are_verified_in_order_with_their_data_and_the_trailers() -> None:
    body = (
        b"5;chunk-signature=aa\r\nhello\r\n3;chunk-signature=bb\r\n you\r\n".replace(b"3;", b"4;")
        + b"0;chunk-signature=cc\r\nX-Amz-Checksum-Crc32c: sOO8/Q==\r\nx-amz-trailer-signature:dd\r\n\r\n"
    )
    recorder = Recorder()
    content, trailers = decoded(body, [11], recorder)
    assert content == b"hello you"
    assert recorder.seen == [("aa", b"hello"), ("bb", b" you"), ("cc", b"")]
    assert recorder.seen_trailers == ("dd", b"x-amz-checksum-crc32c:sOO8/Q==\n")
    assert trailers == {"x-amz-checksum-crc32c": "sOO8/Q=="}


def test_nothing_of_a_chunk_with_a_wrong_signature_is_handed_on() -> None:
    body = b"2;chunk-signature=aa\r\nok\r\n3;chunk-signature=bb\r\nbad\r\n0;chunk-signature=cc\r\n\r\n"

    async def read() -> list[bytes]:
        got = []
        with pytest.raises(SignatureDoesNotMatch):
            async for piece in decode_aws_chunked(stream_in_pieces(body, [9]), Recorder(refused="bb")):
                got.append(piece)
        return got

    assert asyncio.run(read()) == [b"ok"]


def test_an_unsigned_chunk_is_shown_to_the_verifier_with_an_empty_signature() -> None:
    with pytest.raises(SignatureDoesNotMatch):
        decoded(b"3\r\nabc\r\n0\r\n\r\n", verify=Recorder(refused=""))


@pytest.mark.parametrize("cut", range(1, 14))
def test_a_body_that_is_cut_off_is_incomplete(cut: int) -> None:
    body = b"5\r\nhello\r\n0\r\n"
    if cut >= len(body):
        return
    with pytest.raises(IncompleteBody):
        decoded(body[: len(body) - cut])


@pytest.mark.parametrize(
    "body",
    [
        b"xyz\r\nhello\r\n0\r\n\r\n",
        b"-5\r\nhello\r\n0\r\n\r\n",
        b"\r\nhello\r\n0\r\n\r\n",
        b"5\r\nhello world\r\n0\r\n\r\n",
        b"0\r\n\r\nmore after the end",
        b"11111111111111111\r\n",
        b"5;" + b"x" * 20_000 + b"\r\nhello\r\n0\r\n\r\n",
        b"f" * 20_000,
    ],
)
def test_a_malformed_body_is_an_invalid_request(body: bytes) -> None:
    with pytest.raises(InvalidRequest):
        decoded(body, [100])


@pytest.mark.parametrize(
    "body",
    [
        b"0\r\nno colon here\r\n\r\n",
        b"0\r\n:no name\r\n\r\n",
        b"0\r\n" + b"".join(b"t%d:1\r\n" % number for number in range(100)) + b"\r\n",
    ],
)
def test_malformed_trailers_are_told_as_such(body: bytes) -> None:
    with pytest.raises(MalformedTrailerError):
        decoded(body)


def test_a_trailer_that_was_announced_has_to_come() -> None:
    body, name = b"3\r\nabc\r\n0\r\n", "x-amz-checksum-crc32"
    assert decoded(body + b"X-Amz-Checksum-CRC32:NSRBwg==\r\n\r\n", announced=(name,))[1] == {name: "NSRBwg=="}
    with pytest.raises(MalformedTrailerError):
        decoded(body + b"\r\n", announced=(name,))


def test_trailers_cannot_be_cut_off_a_signed_body() -> None:
    recorder = Recorder()
    with pytest.raises(MalformedTrailerError):
        decoded(b"0;chunk-signature=cc\r\n\r\n", verify=recorder, announced=("x-amz-checksum-crc32",))
    assert recorder.seen_trailers == ("", b"")


@pytest.mark.parametrize("length", [2, 4, 0])
def test_a_body_of_another_length_than_announced_is_incomplete(length: int) -> None:
    with pytest.raises(IncompleteBody):
        decoded(b"3\r\nabc\r\n0\r\n\r\n", length=length)


def test_a_signed_chunk_too_large_to_hold_is_refused_before_it_is_read() -> None:
    with pytest.raises(InvalidRequest):
        decoded(b"%x;chunk-signature=aa\r\nabc" % (MAX_SIGNED_CHUNK_BYTES + 1), verify=Recorder())


def test_one_huge_unsigned_chunk_passes_in_constant_memory() -> None:
    piece, count = random.Random(1).randbytes(65536), 512

    async def pieces() -> AsyncIterator[bytes]:
        yield b"%x\r\n" % (len(piece) * count)
        for _ in range(count):
            yield piece
        yield b"\r\n0\r\n\r\n"

    async def read() -> int:
        return sum([len(part) async for part in decode_aws_chunked(ByteStream(pieces()), None)])

    tracemalloc.start()
    try:
        assert asyncio.run(read()) == len(piece) * count
        assert tracemalloc.get_traced_memory()[1] < 4 * 1024 * 1024
    finally:
        tracemalloc.stop()


@given(st.binary(max_size=400), st.booleans())
@settings(max_examples=200, deadline=None)
def test_random_bytes_raise_nothing_but_a_service_error(body: bytes, is_signed: bool) -> None:
    try:
        decoded(body, [13], Recorder() if is_signed else None)
    except ServiceError:
        pass
