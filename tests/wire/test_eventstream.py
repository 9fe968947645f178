"""Event streams: what we frame, botocore reads; what is broken, we refuse."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import EventStreamError
from hypothesis import given, settings
from hypothesis import strategies as st

from clary.core.errors import ServiceError
from clary.core.http import Headers, HttpRequest, stream_of
from clary.wire import eventstream, models
from clary.wire.errors import SerializationException
from clary.wire.models import Service
from clary.wire.protocol import Route
from clary.wire.routing import PROTOCOLS

from .test_round_trip import seed_of
from .wirekit import RandomValues, botocore_model, botocore_parsed

STREAMS = [
    ("s3", "SelectObjectContent", "rest-xml"),
    ("sagemaker-runtime", "InvokeEndpointWithResponseStream", "rest-json"),
    ("logs", "StartLiveTail", "json"),
    ("logs", "GetLogObject", "json"),
]


def parsed_stream(api: str, name: str, protocol: str, result: dict[str, Any]) -> tuple[dict[str, Any], Any]:
    operation = models.service(api).operation(name)
    assert operation.output_event_stream is not None
    response = PROTOCOLS[protocol].serialize(operation, result, "request-1")
    assert ("Content-Type", "application/vnd.amazon.eventstream") in response.headers
    parsed = botocore_parsed(api, name, protocol, response)
    return parsed, parsed.pop(operation.output_event_stream[0])


@pytest.mark.parametrize(("api", "name", "protocol"), STREAMS)
def test_every_event_is_read_by_botocore_as_it_was_returned(api: str, name: str, protocol: str) -> None:
    member = models.service(api).operation(name).output_event_stream
    assert member is not None
    shape = botocore_model(api).operation_model(name).output_shape.members[member[0]]
    events = []
    for event_name, event in shape.members.items():
        if not event.metadata.get("exception"):
            events += [{event_name: RandomValues(seed_of(event_name, seed), chance=9).of(event)} for seed in range(3)]
    _, stream = parsed_stream(api, name, protocol, {member[0]: events})
    assert list(stream) == events


async def _slowly(events: list[Any]) -> AsyncIterator[Any]:
    for event in events:
        await asyncio.sleep(0)
        yield event


def test_an_asynchronous_iterator_is_streamed_and_other_members_travel_in_headers() -> None:
    events = [{"PayloadPart": {"Bytes": b"one"}}, {"PayloadPart": {"Bytes": b"two"}}]
    result = {"Body": _slowly(events), "ContentType": "text/csv", "InvokedProductionVariant": "v1"}
    parsed, stream = parsed_stream("sagemaker-runtime", "InvokeEndpointWithResponseStream", "rest-json", result)
    assert list(stream) == events
    assert parsed["InvokedProductionVariant"] == "v1"


@pytest.mark.parametrize(
    ("error_name", "code"), [("ModelStreamError", "ModelStreamError"), ("SomethingElse", "SomethingElse")]
)
def test_an_error_amid_the_stream_arrives_as_an_error_after_the_events(error_name: str, code: str) -> None:
    def events() -> Iterator[Any]:
        yield {"PayloadPart": {"Bytes": b"one"}}
        raise type(error_name, (ServiceError,), {})("The model broke.", ErrorCode="X")

    name = "InvokeEndpointWithResponseStream"
    _, stream = parsed_stream("sagemaker-runtime", name, "rest-json", {"Body": events()})
    seen = []
    with pytest.raises(EventStreamError) as caught:
        for event in stream:
            seen.append(event)
    assert seen == [{"PayloadPart": {"Bytes": b"one"}}]
    assert caught.value.response["Error"] == {"Code": code, "Message": "The model broke."}


async def test_a_failure_amid_the_stream_is_told_before_the_stream_breaks() -> None:
    def events() -> Iterator[Any]:
        yield {"PayloadPart": {"Bytes": b"one"}}
        raise RuntimeError("secret detail")

    operation = models.service("sagemaker-runtime").operation("InvokeEndpointWithResponseStream")
    response = PROTOCOLS["rest-json"].serialize(operation, {"Body": events()}, "request-1")
    received = b""
    with pytest.raises(RuntimeError):
        async for piece in response.body:  # type: ignore[union-attr]
            received += piece
    frames = await frames_of(received)
    assert frames[-1].headers[":error-code"] == "InternalFailure"
    assert b"secret" not in received


HEADER_VALUES = st.one_of(
    st.booleans(),
    st.integers(-(2**63), 2**63 - 1),
    st.binary(max_size=50),
    st.text(max_size=50),
    st.datetimes(datetime(1980, 1, 1), datetime(2100, 1, 1)).map(lambda m: m.replace(microsecond=0, tzinfo=UTC)),
)


@given(
    headers=st.dictionaries(st.text(min_size=1, max_size=20), HEADER_VALUES, max_size=5),
    payload=st.binary(max_size=200),
    cut=st.integers(1, 40),
)
@settings(max_examples=100, deadline=None)
def test_any_frame_comes_back_in_any_pieces(headers: dict[str, Any], payload: bytes, cut: int) -> None:
    frame = eventstream.Frame(headers, payload)
    data = eventstream.encode_frame(frame) * 2

    async def pieces() -> AsyncIterator[bytes]:
        for start in range(0, len(data), cut):
            yield data[start : start + cut]

    async def read() -> list[eventstream.Frame]:
        return [found async for found in eventstream.decode_frames(pieces())]

    assert asyncio.run(read()) == [frame, frame]


async def frames_of(data: bytes) -> list[eventstream.Frame]:
    return [frame async for frame in eventstream.decode_frames(stream_of(data))]


async def test_a_frame_with_a_flipped_bit_or_cut_short_is_refused() -> None:
    data = eventstream.encode_frame(eventstream.Frame({":event-type": "A"}, b"payload"))
    for position in range(len(data)):
        broken = bytearray(data)
        broken[position] ^= 4
        with pytest.raises(SerializationException):
            await frames_of(bytes(broken))
        if position:
            with pytest.raises(SerializationException):
                await frames_of(data[:position])


async def test_a_frame_that_claims_to_be_huge_is_refused_at_its_prelude() -> None:
    prelude = (2**31).to_bytes(4, "big") + (0).to_bytes(4, "big")
    with pytest.raises(SerializationException, match="out of bounds"):
        await frames_of(prelude + eventstream.crc32(prelude).to_bytes(4, "big"))


@given(st.binary(max_size=300))
@settings(max_examples=100, deadline=None)
def test_random_bytes_are_refused_and_nothing_else(data: bytes) -> None:
    try:
        asyncio.run(frames_of(data))
    except ServiceError:
        pass


async def test_an_input_stream_is_handed_over_as_events() -> None:
    service = Service(
        "case",
        {
            "metadata": {"protocol": "rest-json", "endpointPrefix": "case"},
            "operations": {
                "Talk": {"http": {"method": "POST", "requestUri": "/talk"}, "input": {"shape": "TalkInput"}},
            },
            "shapes": {
                "TalkInput": {"type": "structure", "members": {"Audio": {"shape": "Events"}}, "payload": "Audio"},
                "Events": {
                    "type": "structure",
                    "eventstream": True,
                    "members": {"Chunk": {"shape": "Chunk"}, "End": {"shape": "End"}},
                },
                "Chunk": {
                    "type": "structure",
                    "event": True,
                    "members": {
                        "Bytes": {"shape": "Blob", "eventpayload": True},
                        "Number": {"shape": "Integer", "eventheader": True},
                    },
                },
                "End": {"type": "structure", "event": True, "members": {"Reason": {"shape": "String"}}},
                "Blob": {"type": "blob"},
                "Integer": {"type": "integer"},
                "String": {"type": "string"},
            },
        },
    )
    operation = service.operation("Talk")
    union = service.shape("Events")
    events = [{"Chunk": {"Bytes": b"\x00\x01", "Number": 7}}, {"End": {"Reason": "done"}}]
    frames = [eventstream.encode_event(union, event, eventstream.REST_JSON_EVENTS) for event in events]
    body = b"".join(eventstream.encode_frame(frame) for frame in frames)
    body += eventstream.encode_frame(eventstream.Frame({":event-type": "Unknown"}, b""))
    request = HttpRequest("POST", "/talk", "", Headers({}), stream_of(body))
    assert operation.has_streaming_input
    parameters = PROTOCOLS["rest-json"].parse(
        operation, request, Route("case", "Talk", PROTOCOLS["rest-json"], operation)
    )
    assert [event async for event in parameters["Audio"]] == events
