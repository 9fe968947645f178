"""Whatever arrives, the wire answers with a ServiceError or with parameters, and never with anything else."""

from __future__ import annotations

import random
from typing import Any

import cbor2
import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clary.core.errors import ServiceError
from clary.core.http import Headers, HttpRequest
from clary.wire import models
from clary.wire.cbor import read_cbor
from clary.wire.errors import MalformedXML, SerializationException
from clary.wire.json_values import read_json
from clary.wire.protocol import Route
from clary.wire.routing import PROTOCOLS, resolve
from clary.wire.validation import validate

from .test_round_trip import CASES, UNREACHABLE, seed_of
from .wirekit import APIS, RandomValues, botocore_model, botocore_request

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
ONE_OF_EACH = [
    ("json", "sagemaker", "CreateTrainingJob"),
    ("json", "cloudwatch", "PutMetricData"),
    ("rest-json", "quicksight", "CreateDashboard"),
    ("rest-json", "sagemaker-runtime", "InvokeEndpoint"),
    ("rest-xml", "s3", "PutBucketLifecycleConfiguration"),
    ("rest-xml", "s3", "CompleteMultipartUpload"),
    ("query", "iam", "CreateRole"),
    ("query", "cloudwatch", "PutMetricData"),
    ("smithy-rpc-v2-cbor", "cloudwatch", "PutMetricData"),
    ("smithy-rpc-v2-cbor", "textract", "AnalyzeDocument"),
]


def attempt(protocol: str, api: str, name: str, body: bytes, query: str = "") -> None:
    operation = models.service(api).operation(name)
    labels = {part.strip("{}+"): "x" for part in operation.uri.partition("?")[0].split("/") if part.startswith("{")}
    route = Route(api, name, PROTOCOLS[protocol], operation, labels)
    request = HttpRequest(operation.method, "/", query, Headers({}), body)
    try:
        parameters = route.protocol.parse(operation, request, route)
        validate(operation, parameters, route.protocol)
    except ServiceError as error:
        assert error.wire_code and type(error).status in (400, 413)
        route.protocol.serialize_error(operation, error, "request-1")


@pytest.mark.parametrize(("protocol", "api", "name"), ONE_OF_EACH)
@given(body=st.binary(max_size=200), query=st.text("ab=&%+.1", max_size=30))
@settings(max_examples=60, deadline=None)
def test_random_bytes_raise_nothing_but_a_service_error(
    protocol: str, api: str, name: str, body: bytes, query: str
) -> None:
    attempt(protocol, api, name, body, query)


@given(
    method=st.sampled_from(["GET", "PUT", "POST", "DELETE", "HEAD", "OPTIONS", "X"]),
    path=st.lists(
        st.sampled_from(["", "/", "//", "b", "%", "%ff", "%2F", "..", "endpoints", "accounts", "ü"]), max_size=8
    ),
    query=st.text("acl&=%+uploadIdpartNumber1Action.", max_size=40),
    name=st.sampled_from(["x-amz-target", "smithy-protocol", "content-type", "x-amz-copy-source", "range", "expires"]),
    value=st.sampled_from(["", ".", "SageMaker.", "rpc-v2-cbor", "application/x-www-form-urlencoded", "\x00", "a,b"]),
    signing_name=st.sampled_from(["s3", "sagemaker", "monitoring", "sts", "quicksight", None]),
)
@settings(max_examples=300, deadline=None)
def test_random_addresses_raise_nothing_but_a_service_error(
    method: str, path: list[str], query: str, name: str, value: str, signing_name: str | None
) -> None:
    request = HttpRequest(method, "/" + "".join(path), query, Headers({name: value}), b"")
    try:
        route = resolve(request, signing_name, APIS)
        validate(route.model, route.protocol.parse(route.model, request, route), route.protocol)
    except ServiceError as error:
        assert type(error).status in (400, 404, 405)


@pytest.mark.parametrize(("protocol", "api", "name"), ONE_OF_EACH)
def test_damaged_requests_raise_nothing_but_a_service_error(protocol: str, api: str, name: str) -> None:
    chance = random.Random(seed_of(protocol, api, name))
    shape = botocore_model(api).operation_model(name).input_shape
    for seed in range(40):
        body = bytearray(bytes(botocore_request(api, name, protocol, RandomValues(seed).of(shape)).body or b""))
        for _ in range(3):
            if body:
                position = chance.randrange(len(body))
                damage = chance.choice(["flip", "cut", "insert"])
                if damage == "flip":
                    body[position] = chance.randrange(256)
                elif damage == "cut":
                    del body[position : position + chance.randrange(1, 5)]
                else:
                    body[position:position] = chance.randbytes(2)
        attempt(protocol, api, name, bytes(body))


@given(value=JSON)
@settings(max_examples=150, deadline=None)
def test_json_of_any_shape_raises_nothing_but_a_service_error(value: Any) -> None:
    members = models.service("sagemaker").operation("CreateTrainingJob").input_shape
    assert members is not None
    for name in members.members:
        try:
            attempt("json", "sagemaker", "CreateTrainingJob", orjson.dumps({name: value}))
        except orjson.JSONEncodeError:
            return
        attempt("smithy-rpc-v2-cbor", "sagemaker", "CreateTrainingJob", cbor2.dumps({name: value}))


@pytest.mark.parametrize(("api", "protocol"), CASES)
def test_empty_requests_raise_nothing_but_a_service_error(api: str, protocol: str) -> None:
    for name in models.service(api).operation_names:
        if (api, name) not in UNREACHABLE:
            attempt(protocol, api, name, b"")


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ({"TrainingJobName": 5}, "NUMBER_VALUE can not be converted to a String"),
        ({"TrainingJobName": True}, "TRUE_VALUE can not be converted to a String"),
        ({"TrainingJobName": ["a"]}, "Start of list found where not expected"),
        ({"TrainingJobName": {}}, "Start of structure or map found where not expected."),
        ({"Tags": "a"}, "Unexpected field type"),
        ({"Tags": {}}, "Start of structure or map found where not expected."),
        ({"HyperParameters": {"a": 1}}, "NUMBER_VALUE can not be converted to a String"),
        ({"ResourceConfig": {"InstanceCount": "1"}}, "STRING_VALUE can not be converted to an Integer"),
        ({"ResourceConfig": {"InstanceCount": 1.5}}, "DECIMAL_VALUE can not be converted to an Integer"),
        ({"ResourceConfig": {"InstanceCount": 2**31}}, "NUMBER_VALUE can not be converted to an Integer"),
        ({"EnableNetworkIsolation": "true"}, "STRING_VALUE can not be converted to a Boolean"),
        ([], "Start of list found where not expected"),
        ("text", "Unexpected field type"),
    ],
)
def test_a_value_of_the_wrong_type_is_a_serialization_exception_in_awss_words(value: Any, words: str) -> None:
    shape = models.service("sagemaker").operation("CreateTrainingJob").input_shape
    assert shape is not None
    with pytest.raises(SerializationException) as caught:
        read_json(shape, orjson.dumps(value))
    assert caught.value.message == words


@pytest.mark.parametrize("body", [b"{", b"\xff", b'{"a":1}}', b"[" * 100_000, b'{"a":' * 50_000])
def test_what_is_not_json_is_a_serialization_exception(body: bytes) -> None:
    shape = models.service("sagemaker").operation("CreateTrainingJob").input_shape
    assert shape is not None
    with pytest.raises(SerializationException):
        read_json(shape, body)


@pytest.mark.parametrize(
    "body",
    [
        b"\x9b\xff\xff\xff\xff\xff\xff\xff\xff",  # a list of 2**64 - 1 elements
        b"\x5b\x7f\xff\xff\xff\xff\xff\xff\xff",  # a byte string of 2**63 - 1 bytes
        b"\x81" * 100_000,
        b"\xd8\x1c\x81\xd8\x1d\x00",  # a list that holds itself
        b"\xc1\xfb\x7f\xf0\x00\x00\x00\x00\x00\x00",  # an infinite timestamp
        b"\xc2\x58\x20" + b"\xff" * 32,
        b"\xd9\x01\x02\x81\x81\x00",  # a set of lists
        b"\xff",
        cbor2.dumps([1]),
    ],
)
def test_hostile_cbor_is_a_serialization_exception(body: bytes) -> None:
    shape = models.service("cloudwatch").operation("PutMetricData").input_shape
    assert shape is not None
    with pytest.raises(SerializationException):
        read_cbor(shape, body)


@pytest.mark.parametrize(
    "body",
    [
        b'<!DOCTYPE a [<!ENTITY b "boom">]><Delete><Object><Key>&b;</Key></Object></Delete>',
        '<?xml version="1.0" encoding="utf-16"?><!DOCTYPE a><Delete/>'.encode("utf-16"),
        b"<Delete><Object><Key>&nope;</Key></Object></Delete>",
        b"<Delete><Object>",
        b"not xml",
        b"<a/><b/>",
        b"<Delete><Object><Key><Inner/></Key></Object></Delete>",
        b"<Delete><Quiet>perhaps</Quiet></Delete>",
        b"<Delete>\xff</Delete>",
    ],
)
def test_hostile_xml_is_malformed_xml(body: bytes) -> None:
    request = HttpRequest("POST", "/b", "delete", Headers({}), body)
    route = resolve(request, "s3", APIS)
    with pytest.raises(MalformedXML):
        route.protocol.parse(route.model, request, route)


def test_deep_xml_is_read_or_refused_and_nothing_else() -> None:
    body = b"<Delete>" + b"<Object>" * 100_000 + b"</Object>" * 100_000 + b"</Delete>"
    attempt("rest-xml", "s3", "DeleteObjects", body)


def test_a_huge_index_of_a_form_takes_no_memory_and_keeps_the_order() -> None:
    body = b"Action=TagRole&Version=2010-05-08&RoleName=r&Tags.member.999999999.Key=b&Tags.member.999999999.Value=2"
    body += b"&Tags.member.3.Key=a&Tags.member.3.Value=1&Tags.member.x.Key=c&Tags.member.99999999999999999999.Key=d"
    request = HttpRequest("POST", "/", "", Headers({"content-type": "application/x-www-form-urlencoded"}), body)
    route = resolve(request, "iam", APIS)
    parsed = route.protocol.parse(route.model, request, route)
    assert parsed == {"RoleName": "r", "Tags": [{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}]}


def test_members_that_travel_elsewhere_are_not_taken_from_a_json_body() -> None:
    body = b'{"AwsAccountId":"999999999999","Name":"n"}'
    request = HttpRequest("POST", "/accounts/123456789012/folders/f", "", Headers({}), body)
    route = resolve(request, "quicksight", APIS)
    parsed = route.protocol.parse(route.model, request, route)
    assert (parsed["AwsAccountId"], parsed["FolderId"], parsed["Name"]) == ("123456789012", "f", "n")


@pytest.mark.parametrize(
    ("query", "headers", "code"),
    [
        ("max-keys=many", {}, "InvalidArgument"),
        ("max-keys=99999999999", {}, "InvalidArgument"),
        ("prefix=%ff", {}, "InvalidURI"),
        ("", {"x-amz-optional-object-attributes": '"open'}, None),
    ],
)
def test_unreadable_parameters_of_the_object_store_have_its_codes(
    query: str, headers: dict[str, str], code: str | None
) -> None:
    request = HttpRequest("GET", "/b", query, Headers(headers))
    if code is None:
        route = resolve(request, "s3", APIS)
        route.protocol.parse(route.model, request, route)
        return
    with pytest.raises(ServiceError) as caught:
        route = resolve(request, "s3", APIS)
        route.protocol.parse(route.model, request, route)
    assert caught.value.wire_code == code
    if "max-keys" in query:
        assert caught.value.message == "Provided max-keys not an integer or within integer range"


def test_a_conditional_header_with_an_unreadable_date_is_passed_over() -> None:
    request = HttpRequest("GET", "/b/k", "", Headers({"if-modified-since": "yesterday"}))
    route = resolve(request, "s3", APIS)
    assert "IfModifiedSince" not in route.protocol.parse(route.model, request, route)


def test_a_value_of_a_caller_cannot_begin_another_header() -> None:
    result = {
        "Body": b"",
        "ContentType": "text/csv\r\nSet-Cookie: a=b",
        "Metadata": {"a\nb": "c\nd"},
        "__headers__": [("x-amz-website-redirect-location", "/\r\nX: y")],
    }
    response = PROTOCOLS["rest-xml"].serialize(models.service("s3").operation("GetObject"), result, "request-1")
    assert all("\n" not in name + value and "\r" not in name + value for name, value in response.headers)
    error = type("NoSuchKey", (ServiceError,), {})("a\r\nb")
    for protocol in PROTOCOLS.values():
        operation = models.service("s3").operation("GetObject")
        assert all("\n" not in value for _, value in protocol.serialize_error(operation, error, "r").headers)
