"""An attacker's tools: requests made byte by byte, signatures made by hand, and the clients of honest users."""

from __future__ import annotations

import hashlib
import hmac
import http.client
import json
import re
import socket
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import boto3
from botocore.config import Config

from tests.clients.conftest import RunningClary

IMAGE = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:1.7-1"
REGION = "us-east-1"
EMPTY = hashlib.sha256(b"").hexdigest()
_SENT_AT_ONCE = 1 << 16


@dataclass(frozen=True)
class Key:
    """An access key."""

    id: str
    secret: str
    token: str | None = None


@dataclass(frozen=True)
class Answer:
    """What came back for a raw request."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode("utf-8", "replace")

    @property
    def code(self) -> str:
        """The error code, from XML or JSON."""
        if found := re.search(r"<Code>([^<]*)</Code>", self.text):
            return found[1]
        try:
            said = json.loads(self.body)
        except ValueError:
            return ""
        return str(said.get("__type", self.headers.get("x-amzn-errortype", ""))).rpartition("#")[2].partition(":")[0]

    @property
    def request_id(self) -> str:
        return self.headers.get("x-amz-request-id") or self.headers.get("x-amzn-requestid") or ""


@dataclass
class Attacker:
    """Whoever talks to a Clary; remembers the secrets in play and what was answered, for a last look at both."""

    clary: RunningClary
    admin: Key
    account: str = "123456789012"
    secrets: set[str] = field(default_factory=set)
    answers: list[Answer] = field(default_factory=list)

    @classmethod
    def of(cls, clary: RunningClary) -> Attacker:
        environment = clary.environment()
        admin = Key(environment["AWS_ACCESS_KEY_ID"], environment["AWS_SECRET_ACCESS_KEY"])
        return cls(clary, admin, secrets={admin.secret})

    @property
    def host(self) -> str:
        return urlsplit(self.clary.url).netloc

    @property
    def role(self) -> str:
        """The role that `clary up` makes."""
        return f"arn:aws:iam::{self.account}:role/ClaryExecutionRole"

    def client(self, api: str, key: Key | None = None, **config: Any) -> Any:
        """An honest boto3 client, which does not try again."""
        key = key or self.admin
        self.remember(key)
        return boto3.client(
            api,
            endpoint_url=self.clary.url,
            region_name=REGION,
            aws_access_key_id=key.id,
            aws_secret_access_key=key.secret,
            aws_session_token=key.token,
            config=Config(retries={"total_max_attempts": 1}, read_timeout=60, **config),
        )

    def remember(self, key: Key) -> Key:
        self.secrets.add(key.secret)
        if key.token:
            self.secrets.add(key.token)
        return key

    def user(self, name: str, *statements: Mapping[str, Any]) -> Key:
        """A new user's key."""
        iam = self.client("iam")
        iam.create_user(UserName=name)
        if statements:
            iam.put_user_policy(UserName=name, PolicyName="policy", PolicyDocument=policy(*statements))
        made = iam.create_access_key(UserName=name)["AccessKey"]
        return self.remember(Key(made["AccessKeyId"], made["SecretAccessKey"]))

    def send(self, method: str, target: str, headers: Mapping[str, str] | None = None, body: bytes = b"") -> Answer:
        """Sends a request exactly as told; Host and Content-Length are added where they are missing."""
        lines = {"host": self.host, "content-length": str(len(body)), **(headers or {})}
        head = "".join(f"{name}: {value}\r\n" for name, value in lines.items() if value is not None)
        return self.send_bytes(f"{method} {target} HTTP/1.1\r\n{head}\r\n".encode("latin-1") + body)

    def send_bytes(self, request: bytes | Iterator[bytes], *, end: bool = False) -> Answer:
        """Sends bytes and reads the answer; status 0 when the connection is closed without one.

        Args:
            end: whether nothing more is said after the request: a client that broke off.
        """
        with self.connect() as connection:
            try:
                for piece in [request] if isinstance(request, bytes) else request:
                    connection.sendall(piece)
                if end:
                    connection.shutdown(socket.SHUT_WR)
            except (BrokenPipeError, ConnectionResetError):
                pass  # it was answered, and closed, before the request was whole
            return self.read(connection)

    def connect(self) -> socket.socket:
        parts = urlsplit(self.clary.url)
        assert parts.hostname and parts.port
        return socket.create_connection((parts.hostname, parts.port), timeout=30)

    def read(self, connection: socket.socket) -> Answer:
        response = http.client.HTTPResponse(connection)
        try:
            response.begin()
            body = response.read()
        except (http.client.HTTPException, ConnectionError):
            return Answer(0, {}, b"")
        answer = Answer(response.status, {name.lower(): value for name, value in response.getheaders()}, body)
        self.answers.append(answer)
        return answer

    def json(self, target: str, body: Any, service: str = "sagemaker", **options: Any) -> Answer:
        """A signed call of a JSON API."""
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        headers = {"x-amz-target": target, "content-type": "application/x-amz-json-1.1"}
        signed = sign(self.admin, "POST", "/", "", {**headers, "host": self.host}, data, service=service, **options)
        return self.send("POST", "/", signed, data)

    def s3(
        self,
        method: str,
        target: str,
        body: bytes = b"",
        headers: Mapping[str, str] | None = None,
        key: Key | None = None,
        **options: Any,
    ) -> Answer:
        """A signed S3 request."""
        path, _, query = target.partition("?")
        given = {"host": self.host, **(headers or {})}
        return self.send(method, target, sign(key or self.admin, method, path, query, given, body, **options), body)

    def request_log(self) -> list[dict[str, Any]]:
        """The lines of requests.log."""
        return [json.loads(line) for line in (self.clary.data / "requests.log").read_text().splitlines()]


def sign(
    key: Key,
    method: str,
    path: str,
    query: str,
    headers: Mapping[str, str],
    body: bytes = b"",
    *,
    service: str = "s3",
    region: str = REGION,
    when: float | None = None,
    payload: str | None = None,
    terminator: str = "aws4_request",
) -> dict[str, str]:
    """The headers with a SigV4 signature.

    Args:
        path, query: in canonical form already.
        when: seconds since 1970.
        payload: the declared hash, or the word for it.
    """
    date = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(time.time() if when is None else when))
    digest = payload or hashlib.sha256(body).hexdigest()
    signed = {**{name.lower(): value for name, value in headers.items()}, "x-amz-date": date}
    if service == "s3":
        signed["x-amz-content-sha256"] = digest
    if key.token:
        signed["x-amz-security-token"] = key.token
    names = ";".join(sorted(signed))
    lines = "".join(f"{name}:{signed[name].strip()}\n" for name in sorted(signed))
    pairs = "&".join(sorted(piece if "=" in piece else f"{piece}=" for piece in query.split("&"))) if query else ""
    canonical = f"{method}\n{path}\n{pairs}\n{lines}\n{names}\n{digest}"
    scope = f"{date[:8]}/{region}/{service}/{terminator}"
    text = f"AWS4-HMAC-SHA256\n{date}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    signature = hmac.digest(signing_key(key, date, region, service), text.encode(), "sha256").hex()
    credential = f"Credential={key.id}/{scope}"
    return {
        **signed,
        "authorization": f"AWS4-HMAC-SHA256 {credential}, SignedHeaders={names}, Signature={signature}",
    }


def signing_key(key: Key, date: str, region: str, service: str) -> bytes:
    made = f"AWS4{key.secret}".encode()
    for part in (date[:8], region, service, "aws4_request"):
        made = hmac.digest(made, part.encode(), "sha256")
    return made


def policy(*statements: Mapping[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(action: str | Sequence[str], resource: str | Sequence[str] = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def deny(action: str | Sequence[str], resource: str | Sequence[str] = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Deny", "Action": action, "Resource": resource, **more}


def training_job(name: str, role: str, train: str, **more: Any) -> dict[str, Any]:
    """The request for a small training job.

    Args:
        train: the S3 URI of the train channel.
        more: members that replace others; `channel` members of the train channel, `hyperparameters` further ones,
            `channels` further channels by name.
    """
    channel = {"ContentType": "text/csv", **more.pop("channel", {})}
    uris = {"train": train, **more.pop("channels", {})}
    return {
        "TrainingJobName": name,
        "AlgorithmSpecification": {"TrainingImage": IMAGE, "TrainingInputMode": "File"},
        "RoleArn": role,
        "InputDataConfig": [
            {
                "ChannelName": channel_name,
                "DataSource": {
                    "S3DataSource": {
                        "S3DataType": "S3Prefix",
                        "S3Uri": uri,
                        "S3DataDistributionType": "FullyReplicated",
                    }
                },
                **(channel if channel_name == "train" else {}),
            }
            for channel_name, uri in uris.items()
        ],
        "OutputDataConfig": {"S3OutputPath": "s3://hostile/output"},
        "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1},
        "StoppingCondition": {"MaxRuntimeInSeconds": 300},
        "HyperParameters": {"objective": "reg:squarederror", "num_round": "2", **more.pop("hyperparameters", {})},
        **more,
    }


def until(what: str, check: Callable[[], Any], seconds: float = 90) -> Any:
    """Waits until `check` gives something true, and returns it."""
    deadline = time.monotonic() + seconds
    while not (found := check()):
        assert time.monotonic() < deadline, f"{what} did not happen within {seconds} s"
        time.sleep(0.05)
    return found


def ended(sagemaker: Any, name: str) -> dict[str, Any]:
    """A training job's description, once it has ended."""

    def description() -> dict[str, Any] | None:
        found: dict[str, Any] = sagemaker.describe_training_job(TrainingJobName=name)
        return found if found["TrainingJobStatus"] in ("Completed", "Failed", "Stopped") else None

    return until(f"the end of {name}", description)  # type: ignore[no-any-return]
