"""Unmodified boto3 clients, with everything their handlers add, against the wire in process."""

from __future__ import annotations

import asyncio
import io
from typing import Any

import boto3
import pytest
from botocore.awsrequest import AWSResponse
from botocore.config import Config
from botocore.response import StreamingBody

from clary.core.http import Headers, HttpRequest, stream_of
from clary.wire.bodies import receive
from clary.wire.routing import resolve
from clary.wire.validation import validate

from .wirekit import APIS, arrived, sent


class Exchange:
    """One client whose requests go to the wire and are answered with a given result.

    Attributes:
        parameters: what the last request was parsed to.
        trailers: of the last request's body.
    """

    def __init__(self, api: str, endpoint: str = "http://127.0.0.1:4566", **config: Any) -> None:
        self.client = boto3.client(
            api,
            region_name="us-east-1",
            endpoint_url=endpoint,
            aws_access_key_id="AKIAIOSFODNN7EXAMPLE",
            aws_secret_access_key="secret",
            config=Config(retries={"total_max_attempts": 1}, inject_host_prefix=False, **config),
        )
        self.client.meta.events.register("before-send", self._answer)
        self.result: dict[str, Any] = {}
        self.parameters: dict[str, Any] = {}
        self.trailers: dict[str, str] = {}
        self.request: HttpRequest | None = None

    def _answer(self, request: Any, **_: Any) -> AWSResponse:
        self.request = arrived(request)
        body = bytes(self.request.body)  # type: ignore[arg-type]
        route = resolve(self.request, self.client.meta.service_model.signing_name, APIS)
        self.request.body = stream_of(body)
        asyncio.run(self._receive(route))
        validate(route.model, self.parameters, route.protocol)
        return sent(route.protocol.serialize(route.model, self.result, "request-1"))

    async def _receive(self, route: Any) -> None:
        assert self.request is not None
        await receive(self.request, route.model)
        self.parameters = route.protocol.parse(route.model, self.request, route)
        payload = route.model.input_payload
        if payload and payload[1].is_streaming:
            stream = self.parameters[payload[0]]
            self.parameters[payload[0]] = await stream.read()
            self.trailers = stream.trailers


def test_an_upload_over_http_arrives_with_its_checksum_and_metadata() -> None:
    exchange = Exchange("s3")
    exchange.result = {"ETag": '"abc"', "ChecksumCRC32": "NhCmhg=="}
    answer = exchange.client.put_object(Bucket="a-bucket", Key="a b/ü+1.txt", Body=b"hello", Metadata={"One": "1"})
    assert exchange.parameters["Key"] == "a b/ü+1.txt" and exchange.parameters["Body"] == b"hello"
    assert exchange.parameters["ChecksumAlgorithm"] == "CRC32" and exchange.parameters["ContentLength"] == 5
    assert exchange.parameters["ChecksumCRC32"] == "NhCmhg=="
    assert exchange.parameters["Metadata"] == {"one": "1"}
    assert answer["ETag"] == '"abc"'


@pytest.mark.parametrize("size", [0, 1, 5_000_000])
def test_an_upload_over_https_is_chunked_and_arrives_whole_with_its_trailer(size: int) -> None:
    exchange = Exchange("s3", "https://127.0.0.1:4566")
    body = bytes(range(256)) * (size // 256) + b"x" * (size % 256)
    exchange.client.put_object(Bucket="a-bucket", Key="k", Body=io.BytesIO(body), ContentEncoding="gzip")
    assert exchange.request is not None
    assert exchange.request.headers["x-amz-content-sha256"] == "STREAMING-UNSIGNED-PAYLOAD-TRAILER"
    assert exchange.parameters["Body"] == body
    assert exchange.parameters["ContentEncoding"] == "gzip" and exchange.parameters["ContentLength"] == size
    assert list(exchange.trailers) == ["x-amz-checksum-crc32"]


def test_listings_are_decoded_by_boto3_handlers() -> None:
    exchange = Exchange("s3")
    exchange.result = {
        "EncodingType": "url",
        "Contents": [{"Key": "a%20b%2F%C3%BC", "Size": 1, "ETag": '"e"'}],
        "CommonPrefixes": [{"Prefix": "p%20%2F"}],
        "KeyCount": 2,
        "IsTruncated": False,
    }
    answer = exchange.client.list_objects_v2(Bucket="a-bucket", Prefix="a b", Delimiter="/")
    assert exchange.parameters == {"Bucket": "a-bucket", "Prefix": "a b", "Delimiter": "/", "EncodingType": "url"}
    assert answer["Contents"][0]["Key"] == "a b/ü" and answer["CommonPrefixes"] == [{"Prefix": "p /"}]


def test_a_batch_delete_and_a_multipart_completion_arrive() -> None:
    exchange = Exchange("s3")
    exchange.result = {"Deleted": [{"Key": "a"}], "Errors": [{"Key": "b", "Code": "AccessDenied", "Message": "No"}]}
    answer = exchange.client.delete_objects(Bucket="a-bucket", Delete={"Objects": [{"Key": "a&<>\r\n"}], "Quiet": True})
    assert exchange.parameters["Delete"] == {"Objects": [{"Key": "a&<>\r\n"}], "Quiet": True}
    assert answer["Errors"] == exchange.result["Errors"]
    exchange.result = {"Location": "http://x/a-bucket/k", "Bucket": "a-bucket", "Key": "k", "ETag": '"abc-2"'}
    parts = [{"PartNumber": 1, "ETag": '"a"'}, {"PartNumber": 2, "ETag": '"b"'}]
    answer = exchange.client.complete_multipart_upload(
        Bucket="a-bucket", Key="k", UploadId="u", MultipartUpload={"Parts": parts}
    )
    assert exchange.parameters["MultipartUpload"] == {"Parts": parts}
    assert answer["ETag"] == '"abc-2"'


def test_a_handler_may_set_headers_and_the_status() -> None:
    exchange = Exchange("s3")
    exchange.result = {
        "Body": b"el",
        "ContentRange": "bytes 1-2/5",
        "ContentType": "text/plain",
        "__status__": 206,
        "__headers__": [("x-amz-bucket-region", "eu-west-1"), ("Content-Type", "text/csv")],
    }
    answer = exchange.client.get_object(Bucket="a-bucket", Key="k", Range="bytes=1-2")
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 206
    assert answer["ResponseMetadata"]["HTTPHeaders"]["x-amz-bucket-region"] == "eu-west-1"
    assert answer["ContentType"] == "text/csv" and answer["Body"].read() == b"el"


def test_the_location_of_a_bucket_is_read_by_boto3() -> None:
    exchange = Exchange("s3")
    exchange.result = {"LocationConstraint": "eu-west-1"}
    assert exchange.client.get_bucket_location(Bucket="a-bucket")["LocationConstraint"] == "eu-west-1"
    exchange.result = {}
    assert exchange.client.get_bucket_location(Bucket="a-bucket")["LocationConstraint"] is None


def test_a_bucket_policy_is_text_both_ways() -> None:
    exchange = Exchange("s3")
    exchange.client.put_bucket_policy(Bucket="a-bucket", Policy='{"Statement": []}')
    assert exchange.parameters["Policy"] == '{"Statement": []}'
    exchange.result = {"Policy": '{"Statement": []}'}
    assert exchange.client.get_bucket_policy(Bucket="a-bucket")["Policy"] == '{"Statement": []}'


def test_an_endpoint_is_invoked_with_bytes_and_answers_with_bytes() -> None:
    exchange = Exchange("sagemaker-runtime")
    exchange.result = {"Body": b"0.25", "ContentType": "text/csv", "InvokedProductionVariant": "AllTraffic"}
    answer = exchange.client.invoke_endpoint(EndpointName="e", Body="1,2", ContentType="text/csv", CustomAttributes="c")
    assert exchange.parameters == {
        "EndpointName": "e",
        "Body": b"1,2",
        "ContentType": "text/csv",
        "CustomAttributes": "c",
    }
    assert isinstance(answer["Body"], StreamingBody) and answer["Body"].read() == b"0.25"
    assert answer["InvokedProductionVariant"] == "AllTraffic"


def test_metrics_arrive_compressed_when_they_are_many() -> None:
    exchange = Exchange("cloudwatch")
    data = [{"MetricName": f"metric-{number}", "Value": float(number)} for number in range(500)]
    exchange.client.put_metric_data(Namespace="N", MetricData=data)
    assert exchange.parameters == {"Namespace": "N", "MetricData": data}


def test_a_policy_document_of_iam_is_decoded_by_boto3() -> None:
    exchange = Exchange("iam")
    exchange.result = {
        "UserName": "u",
        "PolicyName": "p",
        "PolicyDocument": "%7B%22Statement%22%3A%20%5B%5D%7D",
    }
    answer = exchange.client.get_user_policy(UserName="u", PolicyName="p")
    assert answer["PolicyDocument"] == {"Statement": []}


def test_a_presigned_address_is_routed_to_its_operation() -> None:
    for version in ("s3", "s3v4"):
        exchange = Exchange("s3", signature_version=version)
        url = exchange.client.generate_presigned_url("get_object", Params={"Bucket": "a-bucket", "Key": "a b"})
        path, _, query = url.removeprefix("http://127.0.0.1:4566").partition("?")
        route = resolve(HttpRequest("GET", path, query, Headers({})), "s3", APIS)
        assert route.operation == "GetObject" and route.path_parameters == {"Bucket": "a-bucket", "Key": "a b"}
