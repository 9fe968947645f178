"""Bodies are bounded, unpacked and freed of `aws-chunked` before they are parsed."""

from __future__ import annotations

import gzip
import json

import pytest

from clary.core.http import ByteStream, Headers, HttpRequest, stream_of
from clary.wire import models
from clary.wire.bodies import receive, unpack
from clary.wire.errors import IncompleteBody, InvalidArgument, RequestTooLarge, SerializationException
from clary.wire.routing import resolve

PUT_METRIC_DATA = models.service("cloudwatch").operation("PutMetricData")
PUT_OBJECT = models.service("s3").operation("PutObject")
INVOKE = models.service("sagemaker-runtime").operation("InvokeEndpoint")


def request(headers: dict[str, str], body: bytes) -> HttpRequest:
    return HttpRequest("POST", "/", "", Headers(headers), stream_of(body))


async def test_a_compressed_structure_is_unpacked_and_parsed() -> None:
    plain = json.dumps({"Namespace": "N", "MetricData": [{"MetricName": "m", "Value": 1.0}]}).encode()
    target = {"x-amz-target": "GraniteServiceVersion20100801.PutMetricData", "content-encoding": "gzip"}
    sent = request({**target, "content-type": "application/x-amz-json-1.0"}, gzip.compress(plain))
    await receive(sent, PUT_METRIC_DATA)
    route = resolve(sent, "monitoring", ["cloudwatch"])
    assert route.protocol.parse(route.model, sent, route)["Namespace"] == "N"
    assert "content-encoding" not in sent.headers


async def test_a_gzip_bomb_is_refused_without_being_unpacked() -> None:
    bomb = gzip.compress(b"\0" * 50_000_000)
    assert len(bomb) < 100_000
    with pytest.raises(RequestTooLarge):
        await receive(request({"content-encoding": "gzip"}, bomb), PUT_METRIC_DATA, limit_bytes=1_000_000)


@pytest.mark.parametrize("body", [b"not gzip", gzip.compress(b"hello" * 100, mtime=0)[:-9], b"\x1f\x8b"])
async def test_what_is_not_whole_gzip_is_refused(body: bytes) -> None:
    with pytest.raises(SerializationException):
        await receive(request({"content-encoding": "gzip"}, body), PUT_METRIC_DATA)


def test_gzip_of_several_members_is_unpacked_to_all_of_them() -> None:
    assert unpack(gzip.compress(b"one", mtime=0) + gzip.compress(b"two", mtime=0), 6) == b"onetwo"
    with pytest.raises(RequestTooLarge):
        unpack(gzip.compress(b"one", mtime=0) + gzip.compress(b"two", mtime=0), 5)


async def test_a_payload_of_bytes_keeps_the_encoding_it_has() -> None:
    sent = request({"content-encoding": "gzip"}, gzip.compress(b"1,2", mtime=0))
    await receive(sent, INVOKE)
    assert sent.body == gzip.compress(b"1,2", mtime=0) and sent.headers["content-encoding"] == "gzip"


async def test_a_body_over_the_limit_is_refused() -> None:
    with pytest.raises(RequestTooLarge):
        await receive(request({}, b"x" * 11), PUT_METRIC_DATA, limit_bytes=10)


async def test_an_upload_stays_a_stream_and_loses_its_transfer_coding() -> None:
    headers = {
        "content-encoding": "gzip,aws-chunked",
        "x-amz-decoded-content-length": "3",
        "content-length": "99",
        "x-amz-content-sha256": "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
    }
    sent = request(headers, b"3\r\nabc\r\n0\r\nx-amz-checksum-crc32:NSRBwg==\r\n\r\n")
    await receive(sent, PUT_OBJECT)
    assert isinstance(sent.body, ByteStream)
    assert sent.headers["content-encoding"] == "gzip" and sent.headers["content-length"] == "3"
    assert await sent.body.read() == b"abc"
    assert sent.body.trailers == {"x-amz-checksum-crc32": "NSRBwg=="}


async def test_a_structured_body_in_chunks_is_read_whole() -> None:
    sent = request({"x-amz-content-sha256": "STREAMING-UNSIGNED-PAYLOAD-TRAILER"}, b"2\r\n{}\r\n0\r\n\r\n")
    await receive(sent, PUT_METRIC_DATA)
    assert sent.body == b"{}"
    short = request({"content-encoding": "aws-chunked", "x-amz-decoded-content-length": "5"}, b"2\r\n{}\r\n0\r\n\r\n")
    with pytest.raises(IncompleteBody):
        await receive(short, PUT_METRIC_DATA)


async def test_a_length_that_is_no_number_is_refused() -> None:
    sent = request({"content-encoding": "aws-chunked", "x-amz-decoded-content-length": "-1"}, b"0\r\n\r\n")
    with pytest.raises(InvalidArgument):
        await receive(sent, PUT_OBJECT)
