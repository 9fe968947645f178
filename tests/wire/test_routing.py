"""Routing: no two operations answer one request, and odd addresses go where AWS sends them."""

from __future__ import annotations

import itertools
import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clary.core.http import Headers, HttpRequest, stream_of
from clary.wire import models
from clary.wire.errors import InvalidURI, UnknownOperation
from clary.wire.routing import RestRoutes, resolve

from .test_round_trip import UNREACHABLE
from .wirekit import APIS, botocore_request

FAMILIES = {
    name: [api for api in APIS if models.service(api).signing_name == name]
    for name in sorted({models.service(api).signing_name for api in APIS})
}


def route(
    method: str, path: str, query: str = "", headers: dict[str, str] | None = None, signing_name: str = "s3"
) -> Any:
    return resolve(HttpRequest(method, path, query, Headers(headers or {})), signing_name, APIS)


@pytest.mark.parametrize("family", FAMILIES)
def test_no_two_operations_of_a_family_answer_the_same_request(family: str) -> None:
    services = [models.service(api) for api in FAMILIES[family]]
    for leaf in RestRoutes(services).leaves():
        marks = [
            (
                frozenset(candidate.literals.items()),
                candidate.required_query,
                candidate.required_headers,
                candidate.operation.api,
                candidate.operation.name,
            )
            for candidate in leaf.candidates
        ]
        for first, second in itertools.combinations(marks, 2):
            if first[:3] == second[:3]:
                assert (first[3], first[4]) in UNREACHABLE or (second[3], second[4]) in UNREACHABLE
    targets = [service.target_prefix for service in services if service.target_prefix]
    names = [(service.target_prefix, name) for service in services for name in service.operation_names]
    assert (len(set(targets)) == len(targets) and len(set(names)) == len(names)) or len(targets) <= 1


@pytest.mark.parametrize(
    ("method", "path", "query", "headers", "operation"),
    [
        ("GET", "/", "", {}, "ListBuckets"),
        ("GET", "/b", "", {}, "ListObjects"),
        ("GET", "/b/", "", {}, "ListObjects"),
        ("GET", "/b", "list-type=2&prefix=x", {}, "ListObjectsV2"),
        ("GET", "/b", "list-type=1", {}, "ListObjects"),
        ("GET", "/b", "location", {}, "GetBucketLocation"),
        ("GET", "/b", "location=", {}, "GetBucketLocation"),
        ("GET", "/b", "uploads", {}, "ListMultipartUploads"),
        ("GET", "/b", "versions&prefix=a", {}, "ListObjectVersions"),
        ("GET", "/b", "lifecycle", {}, "GetBucketLifecycleConfiguration"),
        ("GET", "/b", "analytics&id=1", {}, "GetBucketAnalyticsConfiguration"),
        ("GET", "/b", "analytics", {}, "ListBucketAnalyticsConfigurations"),
        ("HEAD", "/b", "", {}, "HeadBucket"),
        ("PUT", "/b", "", {}, "CreateBucket"),
        ("PUT", "/b/", "", {}, "CreateBucket"),
        ("PUT", "/b", "policy", {}, "PutBucketPolicy"),
        ("DELETE", "/b", "", {}, "DeleteBucket"),
        ("DELETE", "/b", "cors", {}, "DeleteBucketCors"),
        ("POST", "/b", "delete", {}, "DeleteObjects"),
        ("GET", "/b/k", "", {}, "GetObject"),
        ("GET", "/b/k", "partNumber=1", {}, "GetObject"),
        ("GET", "/b/k", "versionId=1&response-content-type=text%2Fcsv", {}, "GetObject"),
        ("GET", "/b/k", "x-id=GetObject", {}, "GetObject"),
        ("GET", "/", "x-id=ListBuckets", {}, "ListBuckets"),
        ("GET", "/b/k", "acl", {}, "GetObjectAcl"),
        ("GET", "/b/k", "tagging&versionId=3", {}, "GetObjectTagging"),
        ("GET", "/b/k", "uploadId=u", {}, "ListParts"),
        ("GET", "/b/k", "attributes", {"x-amz-object-attributes": "ETag"}, "GetObjectAttributes"),
        ("GET", "/b/k", "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Signature=1", {}, "GetObject"),
        ("GET", "/b/k", "AWSAccessKeyId=a&Signature=s&Expires=1", {}, "GetObject"),
        ("HEAD", "/b/k", "", {}, "HeadObject"),
        ("PUT", "/b/k", "", {}, "PutObject"),
        ("PUT", "/b/k", "", {"content-type": "application/x-www-form-urlencoded"}, "PutObject"),
        ("PUT", "/b/k", "", {"x-amz-copy-source": "/b/other"}, "CopyObject"),
        ("PUT", "/b/k", "uploadId=u&partNumber=1", {}, "UploadPart"),
        ("PUT", "/b/k", "uploadId=u&partNumber=1", {"x-amz-copy-source": "/b/other"}, "UploadPartCopy"),
        ("PUT", "/b/k", "tagging", {}, "PutObjectTagging"),
        ("POST", "/b/k", "uploads", {}, "CreateMultipartUpload"),
        ("POST", "/b/k", "uploadId=u", {}, "CompleteMultipartUpload"),
        ("POST", "/b/k", "select&select-type=2", {}, "SelectObjectContent"),
        ("DELETE", "/b/k", "uploadId=u", {}, "AbortMultipartUpload"),
        ("DELETE", "/b/k", "versionId=v", {}, "DeleteObject"),
        # an incomplete request for a part is that, with an error to come, and never overwrites the object
        ("PUT", "/b/k", "partNumber=1", {}, "UploadPart"),
        ("PUT", "/b/k", "uploadId=u", {}, "UploadPart"),
    ],
)
def test_requests_of_the_object_store_are_told_apart_by_query_and_headers(
    method: str, path: str, query: str, headers: dict[str, str], operation: str
) -> None:
    assert route(method, path, query, headers).operation == operation


@pytest.mark.parametrize(
    ("path", "key"),
    [
        ("/b/a//b", "a//b"),
        ("/b//", "/"),
        ("/b//a", "/a"),
        ("/b/a/", "a/"),
        ("/b/a/../b", "a/../b"),
        ("/b/..", ".."),
        ("/b/.", "."),
        ("/b/%2e%2e/%2Fetc", "..//etc"),
        ("/b/a%20b+c", "a b+c"),
        ("/b/%F0%9F%99%82%0A", "🙂\n"),
        ("/b/a%25b", "a%b"),
        ("/b/" + "k" * 1024, "k" * 1024),
        ("/b/endpoints/x/invocations", "endpoints/x/invocations"),
    ],
)
def test_odd_keys_stay_as_they_are(path: str, key: str) -> None:
    assert route("GET", path).path_parameters == {"Bucket": "b", "Key": key}


@given(st.text(min_size=1, max_size=60).filter(lambda key: key.encode("utf-8", "ignore").decode() == key))
@settings(max_examples=200, deadline=None)
def test_any_key_that_botocore_quotes_comes_back(key: str) -> None:
    request = botocore_request("s3", "GetObject", "rest-xml", {"Bucket": "b", "Key": key})
    assert resolve(request, "s3", APIS).path_parameters["Key"] == key


def test_a_key_that_is_not_utf_8_is_an_invalid_uri() -> None:
    with pytest.raises(InvalidURI):
        route("GET", "/b/%ff")


def test_a_family_is_searched_across_its_apis() -> None:
    assert route("POST", "/endpoints/e/invocations", signing_name="sagemaker").api == "sagemaker-runtime"
    assert route("POST", "/human-loops", signing_name="sagemaker").api == "sagemaker-a2i-runtime"
    assert route("PUT", "/BatchPutMetrics", signing_name="sagemaker").api == "sagemaker-metrics"
    assert route("POST", "/recommendations", signing_name="personalize").api == "personalize-runtime"
    assert route("POST", "/events", signing_name="personalize").api == "personalize-events"
    target = {"x-amz-target": "SageMaker.CreateModel", "content-type": "application/x-amz-json-1.1"}
    assert route("POST", "/", headers=target, signing_name="sagemaker").operation == "CreateModel"


def test_one_operation_is_found_in_each_protocol_it_is_written_in() -> None:
    found = set()
    for protocol in ("json", "query", "smithy-rpc-v2-cbor"):
        request = botocore_request("cloudwatch", "ListMetrics", protocol, {"Namespace": "n"})
        answer = resolve(request, "monitoring", APIS)
        found.add((answer.operation, answer.protocol.name))
    assert found == {("ListMetrics", name) for name in ("json", "query", "smithy-rpc-v2-cbor")}


def test_the_answer_has_the_json_version_of_the_request() -> None:
    for version in ("1.0", "1.1"):
        headers = {"x-amz-target": "Textract.DetectDocumentText", "content-type": f"application/x-amz-json-{version}"}
        answer = route("POST", "/", headers=headers, signing_name="textract")
        response = answer.protocol.serialize(answer.model, {}, "request-1")
        assert ("Content-Type", f"application/x-amz-json-{version}") in response.headers


def test_a_query_request_may_be_a_get() -> None:
    answer = route("GET", "/", "Action=GetCallerIdentity&Version=2011-06-15", signing_name="sts")
    assert (answer.api, answer.operation, answer.protocol.name) == ("sts", "GetCallerIdentity", "query")


@pytest.mark.parametrize(
    ("signing_name", "request_"),
    [
        ("sagemaker", HttpRequest("POST", "/", "", Headers({"x-amz-target": "SageMaker.NoSuchThing"}))),
        ("sagemaker", HttpRequest("POST", "/", "", Headers({"x-amz-target": "nonsense"}))),
        ("sagemaker", HttpRequest("GET", "/no/such/path", "", Headers({}))),
        ("monitoring", HttpRequest("POST", "/service/X/operation/Y", "", Headers({"smithy-protocol": "rpc-v2-cbor"}))),
        ("sts", HttpRequest("POST", "/", "Action=NoSuchThing", Headers({}))),
        ("sts", HttpRequest("POST", "/", "Action=GetCallerIdentity&Version=1999-01-01", Headers({}))),
        ("nobody", HttpRequest("GET", "/", "", Headers({}))),
        ("s3", HttpRequest("PATCH", "/b/k", "", Headers({}))),
        ("s3", HttpRequest("OPTIONS", "/", "", Headers({}))),
        (
            "iam",
            HttpRequest(
                "POST", "/", "", Headers({"content-type": "application/x-www-form-urlencoded"}), stream_of(b"")
            ),
        ),
    ],
)
def test_what_no_operation_answers_is_an_unknown_operation(signing_name: str, request_: HttpRequest) -> None:
    with pytest.raises(UnknownOperation):
        resolve(request_, signing_name, APIS)


@pytest.mark.parametrize(
    ("signing_name", "method", "query", "code"),
    [
        ("s3", "PATCH", "", "MethodNotAllowed"),
        ("sts", "POST", "Action=Nope", "InvalidAction"),
        ("events", "GET", "", "UnknownOperationException"),
    ],
)
def test_what_no_operation_answers_has_the_code_of_its_protocol(
    signing_name: str, method: str, query: str, code: str
) -> None:
    with pytest.raises(UnknownOperation) as caught:
        route(method, "/", query, signing_name=signing_name)
    assert caught.value.wire_code == code


def test_a_request_without_a_signature_is_looked_up_in_all_the_apis_it_may_mean() -> None:
    request = HttpRequest("GET", "/bucket/page.html", "", Headers({}))
    assert resolve(request, None, ("s3",)).operation == "GetObject"
    body = b"Action=AssumeRoleWithWebIdentity&Version=2011-06-15"
    form = HttpRequest("POST", "/", "", Headers({"content-type": "application/x-www-form-urlencoded"}), body)
    assert resolve(form, None, ("s3", "sts")).operation == "AssumeRoleWithWebIdentity"


def test_the_hot_paths_are_routed_and_parsed_in_microseconds() -> None:
    base = {f"x-header-{number}": "value" for number in range(10)}
    requests = [
        (
            "sagemaker",
            HttpRequest("POST", "/endpoints/e/invocations", "", Headers({**base, "content-type": "text/csv"}), b"1"),
        ),
        ("s3", HttpRequest("GET", "/bucket/a/key", "", Headers(base))),
        ("s3", HttpRequest("PUT", "/bucket/a/key", "", Headers({**base, "x-amz-meta-a": "1"}), b"abc")),
    ]
    for signing_name, request in requests:

        def once(signing_name: str = signing_name, request: HttpRequest = request) -> None:
            answer = resolve(request, signing_name, APIS)
            answer.protocol.parse(answer.model, request, answer)

        once()
        best = min(_seconds(once, 200) for _ in range(10))
        assert best < 200e-6, f"{request.method} {request.path} takes {best * 1e6:.0f} microseconds"


def _seconds(function: Any, times: int) -> float:
    start = time.perf_counter()
    for _ in range(times):
        function()
    return (time.perf_counter() - start) / times
