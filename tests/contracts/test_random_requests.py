"""Random valid and invalid requests for every operation that Clary answers: no 500, no hang, no half-done change.

The requests are made from the AWS models, seeded, with names of things that exist mixed in, and go through the whole
platform: signature, wire, validation, policies, handler, stores.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import random
import sqlite3
import string
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import BotoCoreError

from clary.app.coverage import answered
from clary.app.data_folder import DataFolder, FirstKey
from clary.app.platform import Platform
from clary.app.settings import Settings
from clary.compute.hosting import endpoint_states
from clary.compute.hosting.endpoints import ENDPOINT_KINDS
from clary.core.http import ByteStream, Headers, HttpRequest, HttpResponse
from clary.services.catalog import CATALOG
from tests.live_folder import files_below
from tests.wire.wirekit import RandomValues, botocore_model, botocore_request, protocols_of

OPERATIONS = sorted(answered())
REQUESTS = 12
HANG_SECONDS = 60
ROLE = "arn:aws:iam::123456789012:role/ClaryExecutionRole"
# What exists: a random string takes one of these now and then, whatever it is meant for.
KNOWN = [
    "known",
    "known-bucket",
    "folder/key",
    ROLE,
    "ClaryExecutionRole",
    "s3://known-bucket/folder/",
    "*",
    "null",
    "1",
]
BY_MEMBER = {
    "Bucket": "known-bucket",
    "Key": "folder/key",
    "CopySource": "known-bucket/folder/key",
    "UserName": "known",
    "RoleName": "ClaryExecutionRole",
    "RoleArn": ROLE,
    "ExecutionRoleArn": ROLE,
    "logGroupName": "known",
    "logStreamName": "known",
    "ModelName": "known",
    "EndpointConfigName": "known",
    "PolicyDocument": '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"}]}',
    "Namespace": "known",
}
IMAGE = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:1.7-1"


class LikelyValues(RandomValues):
    """Values that get past validation more often, and that name what is there."""

    def _structure(self, shape: Any, depth: int) -> dict[str, Any]:
        value = super()._structure(shape, depth)
        for name in value.keys() & BY_MEMBER.keys():
            if self._random.random() < 0.85:
                value[name] = BY_MEMBER[name]
        return value

    def _string(self, shape: Any, depth: int) -> Any:
        dice = self._random.random()
        if shape.enum or dice < 0.1:
            return super()._string(shape, depth)
        if dice < 0.6:
            return self._random.choice(KNOWN)
        length = max(int(shape.metadata.get("min", 1)), 4)
        return "".join(self._random.choices(string.ascii_lowercase + string.digits, k=min(length, 2000)))


def spoil(value: Any, dice: random.Random) -> Any:
    """Breaks one thing in a request: takes a member away, or gives it a value of the right type that breaks rules."""
    if isinstance(value, dict) and value:
        name = dice.choice(sorted(value))
        if dice.random() < 0.25:
            return {key: item for key, item in value.items() if key != name}
        return {**value, name: spoil(value[name], dice)}
    if isinstance(value, list) and value:
        return [spoil(value[0], dice), *value[1:]] if dice.random() < 0.7 else value * 400
    if isinstance(value, str):
        return dice.choice(
            ["", " ", "../../etc/passwd", "x" * 70_000, "ü\u2028💥", "%00%2f..", "a\nb: c", "arn:aws:::"]
        )
    if isinstance(value, bool):
        return not value
    if isinstance(value, int | float):
        return dice.choice([-1, 0, 2**31 - 1])
    return value


class Gate:
    """A platform without a network, and a caller who may do everything."""

    def __init__(self, platform: Platform, key: FirstKey) -> None:
        self._platform = platform
        self._credentials = Credentials(key.access_key_id, key.secret_access_key)
        self._signing_names = {
            api: family.signing_name or family.action_prefix for family in CATALOG.values() for api in family.apis
        }

    def request(self, api: str, operation: str, parameters: dict[str, Any]) -> HttpRequest:
        """The signed request as a client sends it."""
        protocols = protocols_of(api)
        request = botocore_request(api, operation, "json" if "json" in protocols else protocols[0], parameters)
        return self._signed(api, request, request.body if isinstance(request.body, bytes) else b"")

    async def send(self, request: HttpRequest) -> HttpResponse:
        """Answers, with the body read to its end as a client would."""
        response = await asyncio.wait_for(self._platform.pipeline.respond(request), HANG_SECONDS)
        if isinstance(response.body, ByteStream):
            response.body = await response.body.read()
        return response

    def _signed(self, api: str, request: HttpRequest, body: bytes) -> HttpRequest:
        url = f"http://127.0.0.1:4566{request.path}" + (f"?{request.query}" if request.query else "")
        headers = {name: value for name, value in request.headers.items() if name != "host"}
        to_sign = AWSRequest(request.method, url, headers=headers, data=body)
        signer = S3SigV4Auth if api == "s3" else SigV4Auth
        signer(self._credentials, self._signing_names[api], "us-east-1").add_auth(to_sign)
        pairs = [(name, value if isinstance(value, str) else value.decode()) for name, value in to_sign.headers.items()]
        signed = Headers(pairs)
        signed["host"] = "127.0.0.1:4566"
        return HttpRequest(request.method, request.path, request.query, signed, body, client_ip="127.0.0.1")


@pytest.fixture
async def gate(tmp_path: Path) -> AsyncIterator[Gate]:
    """A platform whose jobs wait and whose endpoints are not started: requests are what is tested."""
    folder = DataFolder(tmp_path / "data")
    folder.create()
    platform = Platform(Settings.load({}, data=folder.root), folder)
    await platform.hosting.start()
    key = folder.load_first_key()
    assert key is not None
    made = Gate(platform, key)
    yield made
    await platform.close()


async def furnish(gate: Gate) -> None:
    """Makes one of everything that the random requests may name, where an earlier one has removed it."""
    steps: list[tuple[str, str, dict[str, Any]]] = [
        ("s3", "CreateBucket", {"Bucket": "known-bucket"}),
        ("s3", "PutObject", {"Bucket": "known-bucket", "Key": "folder/key", "Body": b"1,2\n"}),
        ("iam", "CreateUser", {"UserName": "known"}),
        ("logs", "CreateLogGroup", {"logGroupName": "known"}),
        ("logs", "CreateLogStream", {"logGroupName": "known", "logStreamName": "known"}),
        (
            "sagemaker",
            "CreateModel",
            {"ModelName": "known", "PrimaryContainer": {"Image": IMAGE}, "ExecutionRoleArn": ROLE},
        ),
        (
            "sagemaker",
            "CreateEndpointConfig",
            {
                "EndpointConfigName": "known",
                "ProductionVariants": [
                    {
                        "VariantName": "known",
                        "ModelName": "known",
                        "InitialInstanceCount": 1,
                        "InstanceType": "ml.m5.large",
                    }
                ],
            },
        ),
    ]
    for api, operation, parameters in steps:
        response = await gate.send(gate.request(api, operation, parameters))
        assert response.status < 300 or b"xist" in response.body or b"unique" in response.body, response.body


async def settle(data: Path) -> None:
    """Waits until no endpoint is on its way to another status: what it does there is not the next request's doing."""
    connection = sqlite3.connect(data / "records.db")
    async with asyncio.timeout(HANG_SECONDS):
        while any(
            kind in ENDPOINT_KINDS and status in endpoint_states.CHANGING
            for kind, status in connection.execute("SELECT kind, status FROM resources")
        ):
            await asyncio.sleep(0.01)
    connection.close()


def fingerprint(data: Path, api: str) -> dict[str, str]:
    """A digest of every table that an API's requests change, and the names of the objects' files."""
    found: dict[str, str] = {}
    stores = ["records.db", "identities.db", "objects.db"]
    if api in {"logs", "cloudwatch"}:  # elsewhere endpoints write what they say, when they come to it
        stores.append("logs.db")
    for path in (data / name for name in stores):
        connection = sqlite3.connect(path)
        tables = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        for table in tables:
            rows = sorted(map(repr, connection.execute(f'SELECT * FROM "{table}"')))
            found[f"{path.stem}.{table}"] = hashlib.md5("\n".join(rows).encode()).hexdigest()
        connection.close()
    found["files"] = repr(sorted(path.name for path in files_below(data / "objects")))
    return found


def random_requests(api: str, operation: str) -> list[dict[str, Any]]:
    """Valid, likely and spoilt parameters, the same in every run."""
    dice = random.Random(f"{api}:{operation}")
    shape = botocore_model(api).operation_model(operation).input_shape
    if shape is None:
        return [{}]
    made = []
    for number in range(REQUESTS):
        kind = RandomValues if number % 4 == 0 else LikelyValues
        value = kind(dice.getrandbits(32), chance=dice.choice((0.0, 0.3, 0.7)), ascii_only=True).of(shape)
        made.append(spoil(value, dice) if number % 3 == 2 else value)
    return made


@pytest.mark.parametrize("api", sorted({api for api, _ in OPERATIONS}))
async def test_random_requests_are_answered_and_a_refused_one_changes_nothing(
    api: str, gate: Gate, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.ERROR, logger="clary")
    for operation in [name for owner, name in OPERATIONS if owner == api]:
        await furnish(gate)
        before = fingerprint(tmp_path / "data", api)
        sent = 0
        for parameters in random_requests(api, operation):
            try:
                request = gate.request(api, operation, parameters)
            except (BotoCoreError, LookupError, ValueError, TypeError, AttributeError):
                continue  # no client can write this request
            sent += 1
            response = await gate.send(request)
            await settle(tmp_path / "data")
            after = fingerprint(tmp_path / "data", api)
            told = (operation, parameters, response.status, response.body)
            assert response.status < 500 or response.status == 501, told
            assert response.status < 400 or after == before, told
            assert not caplog.records, (told, caplog.text)
            before = after
        assert sent, operation
