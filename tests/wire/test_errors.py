"""Errors reach boto3 as the exception class, the code, the message and the members of the model."""

from __future__ import annotations

from typing import Any

import boto3
import pytest
from botocore.awsrequest import AWSResponse
from botocore.config import Config
from botocore.errorfactory import ClientExceptionsFactory
from botocore.exceptions import ClientError
from botocore.parsers import create_parser

from clary.core.errors import InternalFailure, ServiceError, ValidationException
from clary.core.http import Headers
from clary.wire import models
from clary.wire.errors import UnknownOperation
from clary.wire.routing import PROTOCOLS, resolve

from .test_round_trip import CASES, seed_of
from .wirekit import APIS, RandomValues, arrived, botocore_model, sent


def raised(shape: Any, message: str, details: dict[str, Any]) -> ServiceError:
    return type(shape.name, (ServiceError,), {})(message, **details)


def client_of(api: str) -> Any:
    return boto3.client(
        api,
        region_name="us-east-1",
        endpoint_url="http://127.0.0.1:4566",
        aws_access_key_id="AKIAIOSFODNN7EXAMPLE",
        aws_secret_access_key="secret",
        config=Config(
            retries={"total_max_attempts": 1},
            parameter_validation=False,
            inject_host_prefix=False,
            s3={"addressing_style": "path"},
        ),
    )


@pytest.mark.parametrize(("api", "protocol"), CASES)
def test_every_modelled_error_arrives_as_its_class_with_code_message_and_members(api: str, protocol: str) -> None:
    model = botocore_model(api)
    exceptions = ClientExceptionsFactory().create_client_exceptions(model)
    parser = create_parser(protocol)
    for name in model.operation_names:
        ours = models.service(api).operation(name)
        if ours.method == "HEAD":
            continue
        for shape in model.operation_model(name).error_shapes:
            values = RandomValues(seed_of(api, name, shape.name)).of(shape)
            details = {key: value for key, value in values.items() if key.lower() != "message"}
            response = PROTOCOLS[protocol].serialize_error(ours, raised(shape, "It is so.", details), "request-1")
            assert response.status >= 400
            received = sent(response)
            given = {"status_code": response.status, "headers": received.headers, "body": received.content}
            parsed = parser.parse(dict(given), model.operation_model(name).output_shape)
            assert parsed["Error"]["Code"] == shape.error_code
            assert parsed["Error"]["Message"] == "It is so."
            assert parsed["ResponseMetadata"]["RequestId"] == "request-1"
            found = exceptions.from_code(parsed["Error"]["Code"]).__name__
            same_code = {other.name for other in model.error_shapes if other.error_code == shape.error_code}
            assert found in same_code and shape.name in same_code
            modelled = parser.parse(dict(given), shape)
            assert {key: modelled.get(key) for key in details} == details, (name, shape.name)


@pytest.mark.parametrize("api", [api for api in APIS if botocore_model(api).error_shapes])
def test_boto3_raises_the_modelled_class(api: str) -> None:
    client = client_of(api)
    model = client.meta.service_model
    name, shape = next(
        (name, shape)
        for name in model.operation_names
        if not model.operation_model(name).get_event_stream_output()
        and model.operation_model(name).http["method"] != "HEAD"
        for shape in [*model.operation_model(name).error_shapes, *model.error_shapes][:1]
    )

    def answer(request: Any, **_: Any) -> AWSResponse:
        arrived_request = arrived(request)
        route = resolve(arrived_request, model.signing_name, APIS)
        assert (route.api, route.operation) == (api, name)
        return sent(route.protocol.serialize_error(route.model, raised(shape, "It is so.", {}), "request-1"))

    client.meta.events.register("before-send", answer)
    shape_in = model.operation_model(name).input_shape
    parameters = {} if shape_in is None else RandomValues(7, chance=0.0, ascii_only=True).of(shape_in)
    if "Bucket" in parameters:
        parameters["Bucket"] = "a-bucket"
    with pytest.raises(getattr(client.exceptions, shape.name)) as caught:
        client._make_api_call(name, parameters)
    assert caught.value.response["Error"]["Code"] == shape.error_code
    assert "It is so." in str(caught.value)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_an_error_without_a_model_arrives_with_its_code(protocol: str) -> None:
    response = PROTOCOLS[protocol].serialize_error(None, UnknownOperation("No such thing."), "request-1")
    received = sent(response)
    given = {"status_code": response.status, "headers": received.headers, "body": received.content}
    parsed = create_parser(protocol).parse(given, None)
    code = "MethodNotAllowed" if protocol == "rest-xml" else "UnknownOperationException"
    assert (parsed["Error"]["Code"], parsed["Error"]["Message"]) == (code, "No such thing.")
    assert response.status == 404


def test_an_object_store_error_carries_request_id_host_id_and_details() -> None:
    operation = models.service("s3").operation("GetObject")
    missing = type("NoSuchKey", (ServiceError,), {"status": 404})
    response = PROTOCOLS["rest-xml"].serialize_error(operation, missing("Not & here.", Key="a<b"), "request-1")
    assert response.body == (
        b'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>NoSuchKey</Code><Message>Not &amp; here.</Message>'
        b"<Key>a&lt;b</Key><RequestId>request-1</RequestId><HostId>request-1</HostId></Error>"
    )
    headers = Headers(response.headers)
    assert response.status == 404
    assert (
        headers["x-amz-request-id"] == "request-1"
        and headers["x-amz-id-2"]
        and headers["content-type"] == "application/xml"
    )


def test_a_failure_of_clary_is_an_internal_error_with_its_request_id_and_nothing_more() -> None:
    operation = models.service("s3").operation("GetObject")
    response = PROTOCOLS["rest-xml"].serialize_error(operation, InternalFailure(request_id="request-1"), "request-1")
    assert response.status == 500
    body = bytes(response.body)
    assert b"<Code>InternalError</Code>" in body and b"<RequestId>request-1</RequestId>" in body
    assert b"request_id" not in body


def test_an_error_of_head_has_no_body_and_boto3_says_the_status() -> None:
    client = client_of("s3")
    missing = type("NoSuchKey", (ServiceError,), {"status": 404})

    def answer(request: Any, **_: Any) -> AWSResponse:
        route = resolve(arrived(request), "s3", APIS)
        response = route.protocol.serialize_error(route.model, missing("Gone."), "request-1")
        assert response.body == b""
        return sent(response)

    client.meta.events.register("before-send", answer)
    with pytest.raises(ClientError) as caught:
        client.head_object(Bucket="a-bucket", Key="k")
    assert caught.value.response["Error"]["Code"] == "404"
    assert caught.value.response["ResponseMetadata"]["RequestId"] == "request-1"


def test_a_query_compatible_api_sends_the_old_code_in_a_header_and_the_shape_in_the_body() -> None:
    operation = models.service("cloudwatch").operation("GetDashboard")
    error = type("DashboardNotFoundError", (ServiceError,), {})("None such.")
    response = PROTOCOLS["json"].serialize_error(operation, error, "request-1")
    assert Headers(response.headers)["x-amzn-query-error"] == "ResourceNotFound;Sender"
    assert b'"__type":"DashboardNotFoundError"' in bytes(response.body)
    assert response.status == 404  # of the model


def test_a_validation_error_reaches_boto3_though_the_model_lacks_it() -> None:
    client = client_of("sagemaker")

    def answer(request: Any, **_: Any) -> AWSResponse:
        route = resolve(arrived(request), "sagemaker", APIS)
        return sent(route.protocol.serialize_error(route.model, ValidationException("1 validation error"), "request-1"))

    client.meta.events.register("before-send", answer)
    with pytest.raises(ClientError) as caught:
        client.describe_training_job(TrainingJobName="x")
    assert caught.value.response["Error"] == {"Code": "ValidationException", "Message": "1 validation error"}
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
