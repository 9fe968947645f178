from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from dataclasses import asdict, replace
from datetime import UTC, datetime
from typing import Any

import pytest

from clary.compute.contract import EndpointPlan, Program, ReplicaPlan, VariantPlan
from clary.compute.hosting.endpoints import (
    EndpointGone,
    InvocationFailed,
    InvocationTimeout,
    InvokeRequest,
    InvokeResponse,
    NoSuchVariant,
)
from clary.core.call import Call
from clary.core.clock import FixedClock
from clary.core.http import stream_of
from clary.services.sagemaker.data_capture import FLUSH_BYTES, DataCapture
from clary.services.sagemaker.names import ENDPOINT
from clary.services.sagemaker.runtime import MOST_BODY_BYTES, ModelError, Runtime, ValidationError
from clary.storage.records import Record, Records
from tests.unit.services.sagemaker.conftest import ACCOUNT, ROLE

ARN = f"arn:aws:sagemaker:us-east-1:{ACCOUNT}:endpoint/my-endpoint"
NAME = {"EndpointName": "My-Endpoint"}
GENERATION = 7


class Hosting:
    """Answers as it is told and remembers what it was asked."""

    def __init__(self) -> None:
        self.status = 200
        self.body = b"0.25"
        self.content_type = "text/csv; charset=utf-8"
        self.headers: dict[str, str] = {}
        self.error: Exception | None = None
        self.chunks: list[bytes | Exception] = []
        self.generation = GENERATION
        self.asked: list[tuple[str, InvokeRequest]] = []

    async def invoke(self, arn: str, request: InvokeRequest) -> InvokeResponse:
        self.asked.append((arn, request))
        if self.error is not None:
            raise self.error
        return InvokeResponse(
            self.status, self.body, self.content_type, self.headers, request.variant or "A", self.generation
        )

    async def invoke_stream(self, arn: str, request: InvokeRequest) -> InvokeResponse:
        async def stream() -> AsyncIterator[bytes]:
            for chunk in self.chunks:
                if isinstance(chunk, Exception):
                    raise chunk
                yield chunk

        return replace(await self.invoke(arn, request), body=b"", stream=stream())


class Uploads:
    """Keeps what is uploaded, by address."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.roles: set[str] = set()
        self.error: Exception | None = None

    def upload_bytes(self, role_arn: str, uri: str, data: bytes) -> None:
        if self.error is not None:
            raise self.error
        self.roles.add(role_arn)
        self.objects[uri] = data

    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for data in self.objects.values() for line in data.splitlines()]


@pytest.fixture
def hosting() -> Hosting:
    return Hosting()


@pytest.fixture
def uploads() -> Uploads:
    return Uploads()


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(datetime(2026, 3, 4, 5, 6, 7, 89_000, tzinfo=UTC).timestamp())


@pytest.fixture
def capture(records: Records, uploads: Uploads, clock: FixedClock) -> DataCapture:
    return DataCapture(records, uploads, clock=clock, seed=1)  # type: ignore[arg-type]


@pytest.fixture
def runtime(hosting: Hosting, capture: DataCapture) -> Runtime:
    return Runtime(hosting, capture)  # type: ignore[arg-type]


def store_endpoint(records: Records, capture: dict[str, Any] | None) -> Record:
    variant = VariantPlan("A", ReplicaPlan(Program(), "", ROLE))
    plan = EndpointPlan(ARN, ACCOUNT, "us-east-1", "My-Endpoint", GENERATION, (variant,))
    body = {"plan": asdict(plan), "capture": capture}
    return records.insert(Record(ENDPOINT, ACCOUNT, "us-east-1", "My-Endpoint", ARN, "InService", body=body))


def rule(**changes: Any) -> dict[str, Any]:
    return {
        "InitialSamplingPercentage": 100,
        "DestinationS3Uri": "s3://bucket/captured",
        "CaptureOptions": [{"CaptureMode": "Input"}, {"CaptureMode": "Output"}],
        "CaptureContentTypeHeader": {"CsvContentTypes": ["text/csv"], "JsonContentTypes": ["application/json"]},
        **changes,
    }


async def test_a_request_reaches_the_model_with_its_headers(runtime: Runtime, hosting: Hosting, call: Call) -> None:
    hosting.headers = {"x-amzn-sagemaker-custom-attributes": "trace=2"}
    request = {
        **NAME,
        "Body": b"1,2",
        "ContentType": "text/csv",
        "Accept": "application/json",
        "CustomAttributes": "trace=1",
        "InferenceId": "one",
        "TargetVariant": "B",
    }
    assert await runtime.invoke(call, request) == {
        "Body": b"0.25",
        "ContentType": "text/csv; charset=utf-8",
        "InvokedProductionVariant": "B",
        "CustomAttributes": "trace=2",
    }
    ((arn, asked),) = hosting.asked
    assert arn == ARN
    assert (asked.body, asked.content_type, asked.accept, asked.variant) == (
        b"1,2",
        "text/csv",
        "application/json",
        "B",
    )
    assert asked.headers == [
        ("X-Amzn-SageMaker-Custom-Attributes", "trace=1"),
        ("X-Amzn-SageMaker-Inference-Id", "one"),
    ]
    assert asked.received == call.time.timestamp()


async def test_a_streamed_body_is_read(runtime: Runtime, hosting: Hosting, call: Call) -> None:
    await runtime.invoke(call, {**NAME, "Body": stream_of(b"1,2")})
    assert hosting.asked[0][1].body == b"1,2"


@pytest.mark.parametrize("make", [lambda data: data, stream_of])
async def test_a_body_over_six_megabytes_is_refused(runtime: Runtime, hosting: Hosting, call: Call, make: Any) -> None:
    await runtime.invoke(call, {**NAME, "Body": make(bytes(MOST_BODY_BYTES))})
    with pytest.raises(ValidationError) as refusal:
        await runtime.invoke(call, {**NAME, "Body": make(bytes(MOST_BODY_BYTES + 1))})
    assert refusal.value.message == (
        "1 validation error detected: Value at 'body' failed to satisfy constraint: Member must have length less than "
        "or equal to 6291456"
    )
    assert len(hosting.asked) == 1


@pytest.mark.parametrize(("status", "fault"), [(400, "client"), (415, "client"), (500, "server"), (503, "server")])
async def test_an_error_of_the_model_is_a_model_error_with_its_words(
    runtime: Runtime, hosting: Hosting, call: Call, status: int, fault: str
) -> None:
    hosting.status, hosting.body = status, b"no such column"
    with pytest.raises(ModelError) as refusal:
        await runtime.invoke(call, {**NAME, "Body": b"1"})
    error = refusal.value
    assert error.status == 424
    assert error.message == (
        f'Received {fault} error ({status}) from primary with message "no such column". See '
        "https://us-east-1.console.aws.amazon.com/cloudwatch/home?region=us-east-1#logEventViewer:group="
        f"/aws/sagemaker/Endpoints/My-Endpoint in account {ACCOUNT} for more information."
    )
    assert error.details == {
        "OriginalStatusCode": status,
        "OriginalMessage": "no such column",
        "LogStreamArn": f"arn:aws:logs:us-east-1:{ACCOUNT}:log-group:/aws/sagemaker/Endpoints/My-Endpoint",
    }


async def test_no_answer_in_time_is_a_model_error(runtime: Runtime, hosting: Hosting, call: Call) -> None:
    hosting.error = InvocationTimeout("A")
    with pytest.raises(ModelError, match=r"server error \(0\) from primary with message \"Your invocation timed out"):
        await runtime.invoke(call, {**NAME, "Body": b"1"})


async def test_a_replica_that_went_away_is_a_model_error(runtime: Runtime, hosting: Hosting, call: Call) -> None:
    hosting.error = InvocationFailed("the connection broke")
    with pytest.raises(ModelError, match="could not get a response from the My-Endpoint endpoint"):
        await runtime.invoke(call, {**NAME, "Body": b"1"})


async def test_an_endpoint_or_variant_that_is_not_there_is_named(
    runtime: Runtime, hosting: Hosting, call: Call
) -> None:
    hosting.error = EndpointGone(ARN)
    with pytest.raises(ValidationError) as refusal:
        await runtime.invoke(call, {**NAME, "Body": b"1"})
    assert refusal.value.message == f"Endpoint My-Endpoint of account {ACCOUNT} not found."
    hosting.error = NoSuchVariant("C")
    with pytest.raises(ValidationError, match="Variant C not found"):
        await runtime.invoke(call, {**NAME, "Body": b"1", "TargetVariant": "C"})


@pytest.mark.parametrize(
    "member", ["TargetModel", "TargetContainerHostname", "InferenceComponentName", "EnableExplanations", "SessionId"]
)
async def test_what_clary_lacks_is_refused_by_name(runtime: Runtime, call: Call, member: str) -> None:
    with pytest.raises(ValidationError, match=member):
        await runtime.invoke(call, {**NAME, "Body": b"1", member: "x"})


async def test_a_stream_comes_in_payload_parts(runtime: Runtime, hosting: Hosting, call: Call) -> None:
    hosting.chunks = [b"one", b"two"]
    answer = await runtime.invoke_with_stream(call, {**NAME, "Body": b"1"})
    assert answer["InvokedProductionVariant"] == "A"
    assert [event async for event in answer["Body"]] == [
        {"PayloadPart": {"Bytes": b"one"}},
        {"PayloadPart": {"Bytes": b"two"}},
    ]


async def test_a_stream_that_breaks_ends_with_a_modelled_event(runtime: Runtime, hosting: Hosting, call: Call) -> None:
    hosting.chunks = [b"one", InvocationFailed("it broke")]
    answer = await runtime.invoke_with_stream(call, {**NAME, "Body": b"1"})
    events = [event async for event in answer["Body"]]
    assert events[0] == {"PayloadPart": {"Bytes": b"one"}}
    assert "it broke" in events[1]["ModelStreamError"]["Message"]


async def test_an_error_instead_of_a_stream_is_a_model_error(runtime: Runtime, hosting: Hosting, call: Call) -> None:
    hosting.status, hosting.chunks = 400, [b"no ", b"good"]
    with pytest.raises(ModelError, match='message "no good"'):
        await runtime.invoke_with_stream(call, {**NAME, "Body": b"1"})


async def invoke(runtime: Runtime, call: Call, body: bytes = b"1,2", **more: Any) -> None:
    await runtime.invoke(call, {**NAME, "Body": body, "ContentType": "text/csv", **more})


async def test_captures_lie_below_endpoint_variant_and_hour(
    runtime: Runtime, capture: DataCapture, records: Records, uploads: Uploads, call: Call
) -> None:
    store_endpoint(records, rule())
    await invoke(runtime, call, CustomAttributes="trace=1", InferenceId="me")
    await capture.close()
    ((uri, data),) = uploads.objects.items()
    assert uri.startswith("s3://bucket/captured/My-Endpoint/A/2026/03/04/05/06-07-089-")
    assert uri.endswith(".jsonl")
    assert uploads.roles == {ROLE}
    (line,) = [json.loads(text) for text in data.splitlines()]
    event = line["eventMetadata"]
    assert len(event.pop("eventId")) == 36
    assert line == {
        "captureData": {
            "endpointInput": {
                "observedContentType": "text/csv",
                "mode": "INPUT",
                "data": "1,2",
                "encoding": "CSV",
            },
            "endpointOutput": {
                "observedContentType": "text/csv; charset=utf-8",
                "mode": "OUTPUT",
                "data": "0.25",
                "encoding": "CSV",
            },
        },
        "eventMetadata": {
            "inferenceId": "me",
            "customAttributes": ["trace=1"],
            "inferenceTime": "2026-01-01T00:00:00Z",
        },
        "eventVersion": "0",
    }


async def test_bodies_are_encoded_by_their_content_type(
    runtime: Runtime, capture: DataCapture, records: Records, uploads: Uploads, hosting: Hosting, call: Call
) -> None:
    store_endpoint(records, rule())
    hosting.body, hosting.content_type = b'{"a": 1}', "application/json"
    await invoke(runtime, call, b"\x00\xff", ContentType="application/x-npy")
    await invoke(runtime, call, b"\xff\xfe", ContentType="text/csv")
    await capture.close()
    for line, sent in zip(uploads.lines(), (b"\x00\xff", b"\xff\xfe"), strict=True):
        data = line["captureData"]
        assert (data["endpointOutput"]["encoding"], data["endpointOutput"]["data"]) == ("JSON", '{"a": 1}')
        assert data["endpointInput"]["encoding"] == "BASE64"
        assert base64.b64decode(data["endpointInput"]["data"]) == sent


async def test_without_named_content_types_everything_is_base64(
    runtime: Runtime, capture: DataCapture, records: Records, uploads: Uploads, call: Call
) -> None:
    store_endpoint(records, {key: value for key, value in rule().items() if key != "CaptureContentTypeHeader"})
    await invoke(runtime, call)
    await capture.close()
    (line,) = uploads.lines()
    assert {side["encoding"] for side in line["captureData"].values()} == {"BASE64"}


@pytest.mark.parametrize(
    ("options", "sides"),
    [
        ([{"CaptureMode": "Input"}], {"endpointInput"}),
        ([{"CaptureMode": "Output"}], {"endpointOutput"}),
        ([{"CaptureMode": "InputAndOutput"}], {"endpointInput", "endpointOutput"}),
    ],
)
async def test_only_the_wanted_sides_are_captured(
    runtime: Runtime,
    capture: DataCapture,
    records: Records,
    uploads: Uploads,
    call: Call,
    options: list[dict[str, str]],
    sides: set[str],
) -> None:
    store_endpoint(records, rule(CaptureOptions=options))
    await invoke(runtime, call)
    await capture.close()
    assert {side for line in uploads.lines() for side in line["captureData"]} == sides


async def test_the_sampling_percentage_holds(
    runtime: Runtime, capture: DataCapture, records: Records, uploads: Uploads, call: Call
) -> None:
    store_endpoint(records, rule(InitialSamplingPercentage=20))
    for _ in range(1000):
        await invoke(runtime, call)
    await capture.close()
    assert 150 < len(uploads.lines()) < 250


@pytest.mark.parametrize("config", [None, rule(EnableCapture=False), rule(InitialSamplingPercentage=0)])
async def test_nothing_is_captured_unless_it_is_asked_for(
    runtime: Runtime, capture: DataCapture, records: Records, uploads: Uploads, call: Call, config: Any
) -> None:
    store_endpoint(records, config)
    await invoke(runtime, call)
    await capture.close()
    assert not uploads.objects


async def test_errors_of_the_model_are_not_captured(
    runtime: Runtime, capture: DataCapture, records: Records, uploads: Uploads, hosting: Hosting, call: Call
) -> None:
    store_endpoint(records, rule())
    hosting.status = 400
    with pytest.raises(ModelError):
        await invoke(runtime, call)
    await capture.close()
    assert not uploads.objects


async def test_an_update_changes_what_is_captured(
    runtime: Runtime, capture: DataCapture, records: Records, uploads: Uploads, hosting: Hosting, call: Call
) -> None:
    record = store_endpoint(records, rule())
    await invoke(runtime, call, b"old")
    plan = {**record.body["plan"], "generation": GENERATION + 1}
    changed = rule(DestinationS3Uri="s3://bucket/elsewhere")
    records.update(record, status="Updating", body={"plan": plan, "capture": changed, "previous": record.body})
    await invoke(runtime, call, b"still old")
    hosting.generation = GENERATION + 1
    await invoke(runtime, call, b"new")
    await capture.close()
    found = {
        uri.split("/")[3]: [json.loads(line)["captureData"]["endpointInput"]["data"] for line in data.splitlines()]
        for uri, data in uploads.objects.items()
    }
    assert found == {"captured": ["old", "still old"], "elsewhere": ["new"]}


async def test_much_data_is_stored_before_its_time(
    runtime: Runtime, capture: DataCapture, records: Records, uploads: Uploads, call: Call
) -> None:
    store_endpoint(records, rule())
    await invoke(runtime, call, b"1" * FLUSH_BYTES)
    for _ in range(500):
        if uploads.objects:
            break
        await asyncio.sleep(0.01)
    assert len(uploads.lines()) == 1
    await capture.close()
    assert len(uploads.lines()) == 1


async def test_a_bucket_that_cannot_be_written_harms_no_request(
    runtime: Runtime, capture: DataCapture, records: Records, uploads: Uploads, call: Call, caplog: Any
) -> None:
    store_endpoint(records, rule())
    uploads.error = PermissionError("no")
    await invoke(runtime, call)
    await capture.close()
    assert "1 captured invocations could not be written to s3://bucket/captured" in caplog.text


async def test_streamed_answers_are_captured_whole(
    runtime: Runtime, capture: DataCapture, records: Records, uploads: Uploads, hosting: Hosting, call: Call
) -> None:
    store_endpoint(records, rule())
    hosting.chunks = [b"0.", b"5"]
    answer = await runtime.invoke_with_stream(call, {**NAME, "Body": b"1", "ContentType": "text/csv"})
    [event async for event in answer["Body"]]
    await capture.close()
    assert uploads.lines()[0]["captureData"]["endpointOutput"]["data"] == "0.5"
