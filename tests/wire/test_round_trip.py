"""Every operation of every API: through botocore's serialiser and our parser, our serialiser and botocore's parser."""

from __future__ import annotations

import asyncio
import zlib
from typing import Any

import pytest
from botocore.handlers import parse_get_bucket_location
from botocore.response import StreamingBody

from clary.core.http import ByteStream
from clary.wire import models
from clary.wire.routing import PROTOCOLS, resolve

from .wirekit import APIS, RandomValues, botocore_model, botocore_parsed, botocore_request, protocols_of, sent

UNREACHABLE = {
    ("s3", "ListDirectoryBuckets"): "AWS tells it from ListBuckets by the host name alone",
    ("s3", "GetBucketLifecycle"): "deprecated, with the address of GetBucketLifecycleConfiguration",
    ("s3", "PutBucketLifecycle"): "deprecated, with the address of PutBucketLifecycleConfiguration",
    ("s3", "GetBucketNotification"): "deprecated, with the address of GetBucketNotificationConfiguration",
    ("s3", "PutBucketNotification"): "deprecated, with the address of PutBucketNotificationConfiguration",
}
ADDED_BY_HTTP = {"ContentLength"}  # the HTTP client sets it, whatever the parameters say
CASES = [(api, protocol) for api in APIS for protocol in protocols_of(api)]
SEEDS = (1, 2)


def seed_of(*parts: object) -> int:
    return zlib.crc32(repr(parts).encode())


def plain(value: Any) -> Any:
    """Streams read, so that values compare."""
    if isinstance(value, ByteStream):
        return asyncio.run(value.read())
    if isinstance(value, StreamingBody):
        return value.read()
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    return value


def without_empty(value: Any) -> Any:
    """The value without the structures that hold nothing."""
    if isinstance(value, dict):
        kept = {key: without_empty(item) for key, item in value.items()}
        return {key: item for key, item in kept.items() if item != {} and item != []}
    if isinstance(value, list):
        return [item for item in map(without_empty, value) if item != {}]
    return value


@pytest.mark.parametrize(("api", "protocol"), CASES)
def test_a_request_arrives_as_it_was_sent(api: str, protocol: str) -> None:
    model = botocore_model(api)
    for name in model.operation_names:
        if (api, name) in UNREACHABLE:
            continue
        for seed in SEEDS:
            shape = model.operation_model(name).input_shape
            values = RandomValues(seed_of(api, name, seed), chance=0.2 if seed == 2 else 0.8)
            parameters = {} if shape is None else values.of(shape)
            for key in ADDED_BY_HTTP:
                parameters.pop(key, None)
            request = botocore_request(api, name, protocol, parameters)
            route = resolve(request, model.signing_name, APIS)
            assert (route.api, route.operation, route.protocol.name) == (api, name, protocol)
            parsed = plain(route.protocol.parse(route.model, request, route))
            for key in ADDED_BY_HTTP:
                parsed.pop(key, None)
            payload = route.model.input_payload
            if payload and payload[1].is_streaming and payload[0] not in parameters:
                assert parsed.pop(payload[0]) == b""
            # a form body has no way to say that a structure is there and empty
            expected = without_empty(parameters) if protocol == "query" else parameters
            assert parsed == expected, (api, name, protocol)


@pytest.mark.parametrize(("api", "protocol"), CASES)
def test_a_result_is_read_as_it_was_returned(api: str, protocol: str) -> None:
    model = botocore_model(api)
    for name in model.operation_names:
        ours = models.service(api).operation(name)
        if ours.output_event_stream is not None or (api, name) in UNREACHABLE:
            continue  # events have a test of their own
        for seed in SEEDS:
            shape = model.operation_model(name).output_shape
            values = RandomValues(seed_of(api, name, seed, "out"), chance=0.2 if seed == 2 else 0.8)
            result = {} if shape is None else values.of(shape)
            if ours.output_payload and ours.output_payload[1].is_streaming:
                result.pop("ContentLength", None)  # the stream's own length
            members = {} if ours.output_shape is None else ours.output_shape.members
            for key, member in members.items():
                if member.location == "statusCode":
                    result[key] = 200
                elif ours.status == 204 and member.location is None:
                    result.pop(key, None)  # such an answer has no body, though the model gives it members
            response = PROTOCOLS[protocol].serialize(ours, result, "request-1")
            parsed = botocore_parsed(api, name, protocol, response)
            metadata = parsed.pop("ResponseMetadata")
            if name == "GetBucketLocation":  # not in the model; botocore's handler reads the document's text
                parse_get_bucket_location(parsed, sent(response))
                result.setdefault("LocationConstraint", None)
            if shape is not None or protocol != "smithy-rpc-v2-cbor":  # botocore skips it there
                assert metadata["RequestId"] == "request-1"
            if ours.output_payload and ours.output_payload[0] not in result:
                assert not plain(parsed.pop(ours.output_payload[0]))  # botocore reads an absent body as an empty value
            assert plain(parsed) == result, (api, name, protocol)
