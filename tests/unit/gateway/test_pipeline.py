"""What the pipeline does before and around the handlers: who may make it hold a body, and that it always answers."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from typing import Any

import pytest
from botocore.auth import S3SigV4Auth, SigV4Auth

from clary.core.call import Call
from clary.core.http import ByteStream, Headers, HttpRequest, HttpResponse
from clary.core.operations import collect, operation
from clary.gateway.authorization import ArnRule, Authorizer, Guard
from clary.gateway.dispatch import Dispatcher
from clary.gateway.pipeline import Pipeline

from .signing import authenticator, long_lived, now_clock, signed


class Everybody:
    """Policies that allow everything."""

    def allowed(self, *arguments: Any) -> Any:
        return type("Decision", (), {"allowed": True})


class Things:
    api = "s3"

    @operation("DeleteObjects", resource="{Bucket}")
    def delete(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        return {"Deleted": [{"Key": str(len(request["Delete"]["Objects"]))}]}

    @operation("ListBuckets")
    def fail(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        raise RuntimeError("a fault in a handler")


class Broken:
    """Adds to no answer; it fails."""

    def finish(self, request: HttpRequest, api: str, response: HttpResponse) -> None:
        raise RuntimeError("a fault behind the handler")


@pytest.fixture
def pipeline() -> Pipeline:
    return built()


def built(*finishers: Any) -> Pipeline:
    clock = now_clock()
    return Pipeline(
        authenticator=authenticator(clock),
        authorizer=Authorizer(Everybody(), {"s3": ArnRule("s3")}, lambda call, request: Guard()),
        dispatcher=Dispatcher(collect([Things()]), threads=1),
        families={"s3": ("s3",), "iam": ("iam",), "sts": ("sts",)},
        clock=clock,
        default_account="123456789012",
        default_region="us-east-1",
        body_limit_bytes=16 << 20,
        finishers=finishers,
    )


class Body:
    """A body that counts what is taken of it."""

    def __init__(self, size: int) -> None:
        self.left = size
        self.taken = 0

    async def pieces(self) -> AsyncIterator[bytes]:
        while self.left:
            self.left -= 1 << 16
            self.taken += 1 << 16
            yield b"<" * (1 << 16)


def deletion(count: int) -> bytes:
    objects = "".join(f"<Object><Key>{'k' * 900}{number}</Key></Object>" for number in range(count))
    return f"<Delete>{objects}</Delete>".encode()


async def test_an_unsigned_form_is_refused_before_its_body_is_read(pipeline: Pipeline) -> None:
    body = Body(16 << 20)
    headers = Headers([("content-type", "application/x-www-form-urlencoded")])
    answer = await pipeline.respond(HttpRequest("POST", "/", "", headers, ByteStream(body.pieces(), 16 << 20)))
    assert (answer.status, body.taken) == (403, 0)
    assert b"<Code>MissingAuthenticationToken</Code>" in bytes(answer.body)


@pytest.mark.parametrize(
    ("action", "status", "text"),
    [
        ("AssumeRoleWithWebIdentity&Version=2011-06-15", 501, b"AssumeRoleWithWebIdentity of the API sts"),
        ("GetCallerIdentity&Version=2011-06-15", 403, b"MissingAuthenticationToken"),
        ("Nothing&Version=2011-06-15", 403, b"MissingAuthenticationToken"),
    ],
)
async def test_only_what_clients_never_sign_is_looked_at_without_a_signature(
    pipeline: Pipeline, action: str, status: int, text: bytes
) -> None:
    headers = Headers([("content-type", "application/x-www-form-urlencoded")])
    answer = await pipeline.respond(HttpRequest("POST", "/", "", headers, f"Action={action}".encode()))
    assert (answer.status, text in bytes(answer.body)) == (status, True)


async def test_nobody_without_a_key_makes_the_gateway_hold_a_large_body(pipeline: Pipeline) -> None:
    body = Body(16 << 20)
    request = HttpRequest("POST", "/bucket", "delete", Headers(), ByteStream(body.pieces(), None))
    answer = await pipeline.respond(request)
    assert answer.status in (400, 413)
    assert 4 << 20 <= body.taken <= 5 << 20


async def test_a_large_body_of_somebody_with_a_key_is_parsed(pipeline: Pipeline) -> None:
    request = signed(S3SigV4Auth(long_lived(), "s3", "us-east-1"), "POST", "http://h/bucket?delete", {}, deletion(1000))
    answer = await pipeline.respond(request)
    assert (answer.status, b"<Key>1000</Key>" in bytes(answer.body)) == (200, True)


async def test_a_fault_in_a_handler_is_a_modelled_error_with_a_request_id_that_the_log_knows(
    pipeline: Pipeline, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR):
        answer = await pipeline.respond(signed(S3SigV4Auth(long_lived(), "s3", "us-east-1"), "GET", "http://h/"))
    request_id = dict(answer.headers)["x-amz-request-id"]
    assert (answer.status, b"<Code>InternalError</Code>" in bytes(answer.body)) == (500, True)
    assert request_id in caplog.text
    assert "a fault in a handler" in caplog.text
    assert b"a fault in a handler" not in bytes(answer.body)


async def test_an_answer_that_cannot_be_made_still_has_a_request_id_that_the_log_knows(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.ERROR):
        answer = await built(Broken()).respond(HttpRequest("GET", "/", "", Headers()))
    assert answer.status == 500
    assert dict(answer.headers)["x-amz-request-id"] in caplog.text
    assert "a fault behind the handler" in caplog.text


async def test_an_operation_without_a_handler_is_refused_by_name(pipeline: Pipeline) -> None:
    headers = {"content-type": "application/x-www-form-urlencoded"}
    body = b"Action=ListUsers&Version=2010-05-08"
    answer = await pipeline.respond(
        signed(SigV4Auth(long_lived(), "iam", "us-east-1"), "POST", "http://h/", headers, body)
    )
    assert answer.status == 501
    assert b"the operation ListUsers of the API iam" in bytes(answer.body)


async def test_a_service_that_is_not_served_is_named(pipeline: Pipeline) -> None:
    headers = {"x-amz-target": "DynamoDB_20120810.ListTables", "content-type": "application/x-amz-json-1.0"}
    answer = await pipeline.respond(
        signed(SigV4Auth(long_lived(), "dynamodb", "us-east-1"), "POST", "http://h/", headers, b"{}")
    )
    assert (answer.status, b"'dynamodb'" in bytes(answer.body)) == (404, True)
