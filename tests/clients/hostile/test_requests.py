"""Names that lead elsewhere, bodies that grow, lengths that lie and connections that never end."""

from __future__ import annotations

import contextlib
import gzip
import json
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cbor2
import pytest

from tests.live_folder import files_below

from .kit import IMAGE, REGION, Attacker, sign, training_job, until

ODD_KEYS = ["../../etc/passwd", "/etc/passwd", "..", ".", "a/../../b", "a//b", "..%2f..", "%2e%2e/x", "a\\..\\b", "~/x"]


def files_of(folder: Path) -> set[Path]:
    """The files of the object store."""
    return files_below(folder / "objects")


def nothing_outside(attacker: Attacker) -> set[str]:
    """What lies beside the data folder; nothing may come to it."""
    return {path.name for path in attacker.clary.data.parent.iterdir()}


@pytest.mark.parametrize("key", ODD_KEYS)
def test_a_key_that_looks_like_a_path_is_only_a_name(attacker: Attacker, s3: Any, key: str) -> None:
    before = nothing_outside(attacker)
    content = key.encode() * 1000 + b"." * 70_000  # too large to lie beside its metadata: it becomes a file
    s3.put_object(Bucket="hostile", Key=key, Body=content)
    assert s3.get_object(Bucket="hostile", Key=key)["Body"].read() == content
    assert key in {entry["Key"] for entry in s3.list_objects_v2(Bucket="hostile").get("Contents", [])}
    s3.delete_object(Bucket="hostile", Key=key)
    assert nothing_outside(attacker) == before
    generated = [path.name for path in files_of(attacker.clary.data) if path.name != "lock"]
    assert all(set(name) <= set("0123456789abcdef") for name in generated), generated


@pytest.mark.parametrize("path", ["/hostile/a%00b", "/hostile/%2e%2e%2f%2e%2e%2fetc%2fpasswd", "/hostile/..%00/x"])
def test_a_percent_encoded_path_reaches_no_file(attacker: Attacker, path: str) -> None:
    before = nothing_outside(attacker)
    stored = attacker.s3("PUT", path, b"x" * 70_000)
    assert stored.status in (200, 400), stored.text
    assert attacker.s3("GET", path).body == b"x" * 70_000 or stored.status == 400
    assert nothing_outside(attacker) == before


@pytest.mark.parametrize("bucket", ["..", "%2e%2e", ".hidden", "a..b", "UPPER", "objects%2ffiles", "hostile%00"])
def test_a_bucket_whose_name_is_a_path_is_refused(attacker: Attacker, bucket: str) -> None:
    answer = attacker.s3("PUT", f"/{bucket}")
    assert (answer.status, answer.code) == (400, "InvalidBucketName"), answer.text


@pytest.mark.parametrize("name", ["../up", "a/b", "..", ".", "/abs", "a\0b", "ä", "-a", "a" * 64, "", "a b", "a%2fb"])
def test_a_name_that_is_a_path_names_no_job_channel_model_or_endpoint(attacker: Attacker, name: str) -> None:
    job = training_job(name, attacker.role, "s3://hostile/train")
    odd_channel = training_job("odd-channel", attacker.role, "s3://hostile/train", channels={name: "s3://hostile/x"})
    model = {"ModelName": name, "PrimaryContainer": {"Image": IMAGE}, "ExecutionRoleArn": attacker.role}
    endpoint = {"EndpointName": name, "EndpointConfigName": name}
    for operation, request in (
        ("CreateTrainingJob", job),
        *([("CreateTrainingJob", odd_channel)] if name not in ("-a", "a" * 64) else []),
        ("CreateModel", model),
        ("CreateEndpoint", endpoint),
        ("DescribeTrainingJob", {"TrainingJobName": name}),
    ):
        answer = attacker.json(f"SageMaker.{operation}", request)
        assert answer.status == 400, (operation, name, answer.text)
        assert "ValidationException" in answer.code or "SerializationException" in answer.code, answer.text
    invoked = attacker.send("POST", f"/endpoints/{name.replace(' ', '%20')}/invocations".encode().decode("latin-1"))
    assert 400 <= invoked.status < 500 or invoked.status == 0


@pytest.fixture
def website(s3: Any) -> dict[str, str]:
    """The headers that reach a bucket's website, whose redirect holds a line's end."""
    s3.create_bucket(Bucket="hostile-site")
    redirect = {"HostName": "elsewhere\nevil: yes", "ReplaceKeyPrefixWith": "new\nevil: yes"}
    s3.put_bucket_website(
        Bucket="hostile-site",
        WebsiteConfiguration={
            "IndexDocument": {"Suffix": "index.html"},
            "RoutingRules": [{"Condition": {"KeyPrefixEquals": "old"}, "Redirect": redirect}],
        },
    )
    return {"host": f"hostile-site.s3-website.{REGION}.amazonaws.com"}


def test_no_stored_or_sent_value_adds_a_header_to_an_answer(
    attacker: Attacker, s3: Any, website: dict[str, str]
) -> None:
    s3.put_object(Bucket="hostile", Key="split", Body=b"x")
    query = "response-content-disposition=a%0D%0Aevil%3A%20yes"
    for answer in (
        attacker.send("GET", "/old/page", website),
        attacker.send("GET", "/old%0D%0Aevil:%20yes", website),
        attacker.s3("GET", f"/hostile/split?{query}"),
        attacker.s3("GET", "/hostile/none%0D%0Aevil:%20yes"),
    ):
        assert answer.status in (200, 301, 302, 404), answer
        assert "evil" not in answer.headers


def deep(opening: str, closing: str, depth: int = 100_000) -> bytes:
    return (opening * depth + closing * depth).encode()


def cbor_nested(depth: int) -> bytes:
    return b"\xa1\x61a" + b"\x81" * depth + b"\x00"


BOMBS = {
    "deep JSON": ("sagemaker", {"x-amz-target": "SageMaker.ListModels"}, deep("[", "]")),
    "deep JSON objects": ("sagemaker", {"x-amz-target": "SageMaker.ListModels"}, deep('{"a":', "}")),
    "deep JSON in a member": (
        "sagemaker",
        {"x-amz-target": "SageMaker.Search"},
        b'{"Resource":"TrainingJob","SearchExpression":' + b'{"SubExpressions":[' * 300 + b"]}" * 300 + b"}",
    ),
    "deep CBOR": (
        "monitoring",
        {"smithy-protocol": "rpc-v2-cbor", "content-type": "application/cbor"},
        cbor_nested(100_000),
    ),
    "CBOR that promises gigabytes": (
        "monitoring",
        {"smithy-protocol": "rpc-v2-cbor", "content-type": "application/cbor"},
        b"\x9b\x00\x00\x00\xff\xff\xff\xff\xff",
    ),
    "CBOR in a circle": (
        "monitoring",
        {"smithy-protocol": "rpc-v2-cbor", "content-type": "application/cbor"},
        cbor2.dumps({"Dimensions": cbor2.CBORTag(28, [cbor2.CBORTag(29, 0)])}),
    ),
    "huge number": ("sagemaker", {"x-amz-target": "SageMaker.ListModels"}, b'{"MaxResults":' + b"9" * 100_000 + b"}"),
    "gzip bomb": (
        "logs",
        {"x-amz-target": "Logs_20140328.PutLogEvents", "content-encoding": "gzip"},
        gzip.compress(bytes(200 << 20), 1),
    ),
    "broken gzip": (
        "logs",
        {"x-amz-target": "Logs_20140328.PutLogEvents", "content-encoding": "gzip"},
        gzip.compress(b"{}")[:-9],
    ),
}


@pytest.mark.parametrize("name", BOMBS)
def test_a_body_made_to_exhaust_the_server_is_refused_quickly(attacker: Attacker, name: str) -> None:
    service, given, body = BOMBS[name]
    target = "/service/GraniteServiceVersion20100801/operation/ListMetrics" if "smithy-protocol" in given else "/"
    headers = {"content-type": "application/x-amz-json-1.1", "host": attacker.host, **given}
    peak = PeakMemory(attacker)
    started = time.monotonic()
    signed = sign(attacker.admin, "POST", target, "", headers, body, service=service)
    answer = attacker.send("POST", target, signed, body)
    assert answer.status in (400, 413), answer.text[:300]
    assert answer.request_id
    assert time.monotonic() - started < 10
    assert peak.growth_bytes() < 150 << 20


@pytest.mark.parametrize(
    "body",
    [
        b'<!DOCTYPE a [<!ENTITY b "bbbbbbbbbb">' + b"".join(
            b'<!ENTITY b%d "%s">' % (n, b"&b%d;" % (n - 1) * 10 if n else b"&b;" * 10) for n in range(9)
        ) + b"]><Tagging>&b8;</Tagging>",
        b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><Tagging><TagSet><Tag><Key>&x;</Key></Tag></TagSet></Tagging>',
        b'<!DOCTYPE a [<!ENTITY k "k">]><Tagging><TagSet><Tag><Key>&k;</Key><Value>v</Value></Tag></TagSet></Tagging>',
        '<?xml version="1.0" encoding="UTF-16"?><!DOCTYPE a [<!ENTITY b "b">]><Tagging>&b;</Tagging>'.encode("utf-16"),
        b"<Tagging>" + deep("<a>", "</a>") + b"</Tagging>",
        b"<Tagging>" + b"<a b='" * 1000,
    ],
    ids=["billion laughs", "external entity", "any entity", "UTF-16", "deep", "broken"],
)  # fmt: skip
def test_xml_that_expands_or_reaches_out_is_malformed(attacker: Attacker, s3: Any, body: bytes) -> None:
    s3.put_object(Bucket="hostile", Key="tagged", Body=b"x")
    answer = attacker.s3("PUT", "/hostile/tagged?tagging", body)
    assert (answer.status, answer.code) == (400, "MalformedXML"), answer.text
    assert "root:" not in answer.text
    assert s3.get_object_tagging(Bucket="hostile", Key="tagged")["TagSet"] == []


class PeakMemory:
    """The most memory that the server holds from now on, as its kernel counts it."""

    def __init__(self, attacker: Attacker) -> None:
        pid = json.loads((attacker.clary.data / "running.json").read_text())["pid"]
        self._process = Path(f"/proc/{pid}")
        if not self._process.is_dir():
            pytest.skip("peaks of memory are read from /proc")
        (self._process / "clear_refs").write_text("5")
        self._before = self._peak_bytes()

    def growth_bytes(self) -> int:
        return self._peak_bytes() - self._before

    def _peak_bytes(self) -> int:
        (line,) = [line for line in (self._process / "status").read_text().splitlines() if line.startswith("VmHWM")]
        return int(line.split()[1]) << 10


def test_headers_without_end_are_cut_off(attacker: Attacker) -> None:
    def endless() -> Iterator[bytes]:
        yield b"GET / HTTP/1.1\r\nhost: x\r\n"
        for number in range(2000):
            yield b"x-%d: %s\r\n" % (number, b"a" * 60_000)

    peak = PeakMemory(attacker)
    answer = attacker.send_bytes(endless())
    assert answer.status in (0, 431)
    assert peak.growth_bytes() < 20 << 20
    many = b"GET / HTTP/1.1\r\n" + b"".join(b"x%d: 1\r\n" % number for number in range(100_000)) + b"\r\n"
    assert attacker.send_bytes(many).status in (0, 400, 403, 431)


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ({"content-length": "3"}, b"hello"),
        ({"content-length": "-1"}, b"hello"),
        ({"content-length": "+5"}, b"hello"),
        ({"content-length": "0x5"}, b"hello"),
        ({"content-length": "5, 6"}, b"hello"),
        ({"content-length": "9" * 30}, b"hello"),
        ({"content-length": "5", "transfer-encoding": "chunked"}, b"5\r\nhello\r\n0\r\n\r\n"),
        ({"transfer-encoding": "chunked, identity"}, b"5\r\nhello\r\n0\r\n\r\n"),
        ({"content-length": None, "transfer-encoding": "chunked"}, b"ffffffffffffffffff\r\nhello\r\n0\r\n\r\n"),
        ({"content-length": "6000000000"}, b"hello"),
    ],
)
def test_a_length_that_lies_stores_nothing(
    attacker: Attacker, s3: Any, headers: dict[str, str | None], body: bytes
) -> None:
    signed = sign(attacker.admin, "PUT", "/hostile/lie", "", {"host": attacker.host}, b"hello")
    lines = "".join(f"{name}: {value}\r\n" for name, value in {**signed, **headers}.items() if value is not None)
    answer = attacker.send_bytes(f"PUT /hostile/lie HTTP/1.1\r\n{lines}\r\n".encode() + body, end=True)
    assert answer.status == 0 or 400 <= answer.status < 500, answer.text
    assert s3.list_objects_v2(Bucket="hostile", Prefix="lie")["KeyCount"] == 0


@pytest.mark.parametrize("announced", [100, 3_000_000])
def test_an_upload_that_is_broken_off_leaves_nothing(attacker: Attacker, s3: Any, announced: int) -> None:
    before = files_of(attacker.clary.data)
    for key in ("/hostile/broken-off", "/hostile/broken-off?partNumber=1&uploadId=" + upload(s3)):
        path, _, query = key.partition("?")
        given = {"host": attacker.host}
        signed = sign(attacker.admin, "PUT", path, query, given, payload="UNSIGNED-PAYLOAD")
        lines = "".join(f"{name}: {value}\r\n" for name, value in signed.items())
        head = f"PUT {key} HTTP/1.1\r\ncontent-length: {announced}\r\n{lines}\r\n".encode()
        assert attacker.send_bytes(head + b"x" * (announced // 2), end=True).status in (0, 400)
    until("the end of stray files", lambda: files_of(attacker.clary.data) <= before | locks(attacker), 10)
    assert s3.list_objects_v2(Bucket="hostile", Prefix="broken-off")["KeyCount"] == 0
    open_uploads = s3.list_multipart_uploads(Bucket="hostile", Prefix="broken-off")["Uploads"]
    for found in open_uploads:
        wanted = {"Bucket": "hostile", "Key": "broken-off", "UploadId": found["UploadId"]}
        assert "Parts" not in s3.list_parts(**wanted)
        s3.abort_multipart_upload(**wanted)


def upload(s3: Any) -> str:
    return str(s3.create_multipart_upload(Bucket="hostile", Key="broken-off")["UploadId"])


def locks(attacker: Attacker) -> set[Path]:
    return {path for path in files_of(attacker.clary.data) if path.name == "lock"}


def test_a_body_that_is_too_large_is_refused_before_it_has_come(attacker: Attacker) -> None:
    size = 6_291_457
    body = b"1" * size
    given = {"host": attacker.host, "content-type": "text/csv"}
    for target in ("/endpoints/any/invocations", "/endpoints/any/invocations-response-stream"):
        signed = sign(attacker.admin, "POST", target, "", given, body, service="sagemaker")
        answer = attacker.send("POST", target, signed, body)
        assert (answer.status, answer.code) == (400, "ValidationError"), answer.text
        assert "6291456" in answer.text
    answer = attacker.json("SageMaker.ListModels", b" " * ((64 << 20) + 1))
    assert answer.status in (400, 413), answer.text
    assert "large" in answer.text.lower()


def test_connections_that_never_finish_a_request_do_not_hold_up_others(attacker: Attacker, s3: Any) -> None:
    s3.put_object(Bucket="hostile", Key="quick", Body=b"here")
    slow: list[socket.socket] = []
    try:
        for number in range(150):
            connection = attacker.connect()
            slow.append(connection)
            signed = sign(attacker.admin, "PUT", f"/hostile/slow-{number}", "", {"host": attacker.host}, b"x" * 200_000)
            lines = "".join(f"{name}: {value}\r\n" for name, value in signed.items())
            head = f"PUT /hostile/slow-{number} HTTP/1.1\r\ncontent-length: 200000\r\n{lines}"
            connection.sendall(head.encode() if number % 2 else f"{head}\r\n{'x' * 1000}".encode())
        started = time.monotonic()
        for _ in range(10):
            assert s3.get_object(Bucket="hostile", Key="quick")["Body"].read() == b"here"
        assert attacker.json("SageMaker.ListModels", {}).status == 200
        assert time.monotonic() - started < 5
    finally:
        for connection in slow:
            connection.close()
    assert s3.list_objects_v2(Bucket="hostile", Prefix="slow-")["KeyCount"] == 0


@pytest.mark.parametrize("pattern", ["%a*a*a*a*a*b%", '{ $.a = "*a*a*a*a*a*a*b" }', "%(a+)+b%"])
def test_a_filter_pattern_made_to_take_for_ever_does_not(attacker: Attacker, pattern: str) -> None:
    logs = attacker.client("logs")
    told = {"logGroupName": "hostile", "logStreamName": f"stream-{len(pattern)}"}
    with contextlib.suppress(logs.exceptions.ResourceAlreadyExistsException):
        logs.create_log_group(logGroupName="hostile")
    logs.create_log_stream(**told)
    message = '{"a": "' + "a" * 100_000 + '"}'
    event = {"timestamp": int(time.time() * 1000), "message": message}
    logs.put_log_events(**told, logEvents=[event])
    started = time.monotonic()
    with contextlib.suppress(logs.exceptions.InvalidParameterException):  # AWS has no groups either
        assert logs.filter_log_events(logGroupName="hostile", filterPattern=pattern)["events"] == []
    assert time.monotonic() - started < 5
