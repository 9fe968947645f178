from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import orjson
import pytest

from clary.compute.contract import JobSpec
from clary.compute.forking.server import ForkServer
from clary.compute.jobs import events as job_events
from clary.compute.jobs.queue import JobQueue
from clary.compute.jobs.scheduler import Jobs, SupervisorProgram
from clary.core.call import Call, Principal
from clary.core.clock import FixedClock
from clary.core.errors import AccessDeniedException, ServiceError, ValidationException
from clary.services.sagemaker.errors import ResourceInUse, ResourceLimitExceeded
from clary.services.sagemaker.processing.jobs import ProcessingJobs
from clary.storage.identities import Identities
from clary.storage.records import Records
from tests.unit.services.sagemaker.conftest import ACCOUNT, ROLE, assert_fits

REGISTRY = "683313688378.dkr.ecr.us-east-1.amazonaws.com"
IMAGE = f"{REGISTRY}/sagemaker-scikit-learn:1.2-1-cpu-py3"
OWN = f"{ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com/mine:latest"
ARN = f"arn:aws:sagemaker:us-east-1:{ACCOUNT}:processing-job/prepare-1"
PROGRAM = ["python3", "/opt/ml/processing/input/code/p.py"]


class DataAccess:
    def bucket_exists(self, bucket: str) -> bool:
        return bucket == "bucket"


@pytest.fixture
def processing_jobs(records: Records, identities: Identities, clock: FixedClock, tmp_path: Path) -> ProcessingJobs:
    """Over real jobs whose scheduler does not run."""
    jobs = Jobs(records, ForkServer((), fork=False), tmp_path, SupervisorProgram("", ()), clock=clock)
    own = {OWN: "mine@sha256:" + "0" * 64}.get
    return ProcessingJobs(records, identities, DataAccess(), jobs, lambda call: own)  # type: ignore[arg-type]


def source(name: str = "data", **changes: Any) -> dict[str, Any]:
    s3 = {"S3Uri": f"s3://bucket/{name}", "LocalPath": f"/opt/ml/processing/input/{name}", "S3DataType": "S3Prefix"}
    return {"InputName": name, "S3Input": {**s3, "S3InputMode": "File", **changes}}


def target(name: str = "train", **changes: Any) -> dict[str, Any]:
    s3 = {"S3Uri": f"s3://bucket/out/{name}", "LocalPath": f"/opt/ml/processing/output/{name}"}
    return {"OutputName": name, "S3Output": {**s3, "S3UploadMode": "EndOfJob", **changes}}


def cluster(**changes: Any) -> dict[str, Any]:
    found = {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 30, **changes}
    return {
        "ProcessingResources": {"ClusterConfig": {name: value for name, value in found.items() if value is not None}}
    }


def image(uri: str, **changes: Any) -> dict[str, Any]:
    return {"AppSpecification": {"ImageUri": uri, **changes}}


def request_for(name: str = "Prepare-1", **changes: Any) -> dict[str, Any]:
    return {
        "ProcessingJobName": name,
        "RoleArn": ROLE,
        **image(IMAGE, ContainerEntrypoint=PROGRAM, ContainerArguments=["--ratio", "0.2"]),
        "ProcessingInputs": [source(), source("code")],
        "ProcessingOutputConfig": {"Outputs": [target(), target("report", S3UploadMode="Continuous")]},
        **cluster(),
        **changes,
    }


def spec_of(queue: JobQueue) -> JobSpec:
    (entry,) = queue.entries()
    return entry.spec


def test_a_job_is_queued_and_described(processing_jobs: ProcessingJobs, call: Call) -> None:
    request = request_for(ExperimentConfig={"ExperimentName": "e"}, Environment={"A": "b"})
    assert processing_jobs.create(call, request) == {"ProcessingJobArn": ARN}
    found = processing_jobs.describe(call, {"ProcessingJobName": "Prepare-1"})
    assert_fits("DescribeProcessingJob", found)
    assert found["ProcessingJobStatus"] == "InProgress"
    assert found["StoppingCondition"] == {"MaxRuntimeInSeconds": 86_400}
    for member in ("ProcessingInputs", "AppSpecification", "ExperimentConfig", "Environment"):
        assert found[member] == request[member]
    assert "ExitMessage" not in found


def test_the_job_says_what_compute_runs(processing_jobs: ProcessingJobs, queue: JobQueue, call: Call) -> None:
    processing_jobs.create(
        call,
        request_for(
            Environment={"A": "b"},
            NetworkConfig={"EnableNetworkIsolation": True},
            StoppingCondition={"MaxRuntimeInSeconds": 77},
            **cluster(InstanceCount=2, VolumeSizeInGB=3),
        ),
    )
    spec = spec_of(queue)
    assert JobSpec.from_json(orjson.loads(orjson.dumps(asdict(spec)))) == spec
    assert spec.program.argv == (*PROGRAM, "--ratio", "0.2")
    assert spec.program.framework.startswith("scikit-learn")
    assert spec.program.environment == {"A": "b"}
    assert (spec.hosts, spec.limits.runtime_seconds, spec.limits.network) == (2, 77, False)
    assert spec.limits.volume_bytes == 3 << 30
    assert [channel.folder for channel in spec.channels] == ["processing/input/data", "processing/input/code"]
    assert [(output.folder, output.mode, output.after_failure) for output in spec.outputs] == [
        ("processing/output/train", "EndOfJob", False),
        ("processing/output/report", "Continuous", True),
    ]
    assert spec.processing["ProcessingJobArn"] == ARN
    assert spec.processing["AppSpecification"]["ContainerEntrypoint"] == PROGRAM


def test_an_image_of_ones_own_runs_its_own_entry_point(
    processing_jobs: ProcessingJobs, queue: JobQueue, call: Call
) -> None:
    processing_jobs.create(call, request_for(**image(OWN, ContainerArguments=["--fast"])))
    program = spec_of(queue).program
    assert (program.image, program.argv, program.args) == ("mine@sha256:" + "0" * 64, (), ("--fast",))


def test_what_the_application_manages_is_left_to_it(
    processing_jobs: ProcessingJobs, queue: JobQueue, call: Call
) -> None:
    mine = {**source("mine"), "AppManaged": True}
    del mine["S3Input"]["LocalPath"]
    processing_jobs.create(call, request_for(ProcessingInputs=[mine], ProcessingOutputConfig={"Outputs": []}))
    assert spec_of(queue).channels == ()


def test_an_ended_job_tells_its_message(
    processing_jobs: ProcessingJobs, queue: JobQueue, call: Call, clock: FixedClock
) -> None:
    processing_jobs.create(call, request_for())
    for event in (
        job_events.Admitted(clock.time()),
        job_events.SupervisorStarted(clock.time()),
        job_events.InputsReady(clock.time()),
        job_events.ProgramsEnded(clock.time(), "AlgorithmError: it broke", message="half done"),
        job_events.Uploaded(clock.time(), {}),
    ):
        queue.apply(ARN, event)
    found = processing_jobs.describe(call, {"ProcessingJobName": "Prepare-1"})
    assert_fits("DescribeProcessingJob", found)
    assert (found["ProcessingJobStatus"], found["ExitMessage"]) == ("Failed", "half done")
    assert found["FailureReason"] == "AlgorithmError: it broke"
    listed = processing_jobs.list(call, {"StatusEquals": "Failed"})
    assert_fits("ListProcessingJobs", listed)
    assert [line["ExitMessage"] for line in listed["ProcessingJobSummaries"]] == ["half done"]
    with pytest.raises(ValidationException, match="the processing job is in status Failed"):
        processing_jobs.stop(call, {"ProcessingJobName": "Prepare-1"})


def test_jobs_are_listed_the_oldest_first(processing_jobs: ProcessingJobs, call: Call, clock: FixedClock) -> None:
    for name in ("first", "second"):
        processing_jobs.create(call, request_for(name))
        clock.advance(1)
    listed = [line["ProcessingJobName"] for line in processing_jobs.list(call, {})["ProcessingJobSummaries"]]
    assert listed == ["first", "second"]


def test_a_waiting_job_is_stopped_at_once(processing_jobs: ProcessingJobs, call: Call) -> None:
    processing_jobs.create(call, request_for())
    assert processing_jobs.stop(call, {"ProcessingJobName": "Prepare-1"}) == {}
    assert processing_jobs.describe(call, {"ProcessingJobName": "Prepare-1"})["ProcessingJobStatus"] == "Stopped"


def test_a_name_is_taken_once_and_unknown_names_are_not_found(processing_jobs: ProcessingJobs, call: Call) -> None:
    processing_jobs.create(call, request_for())
    with pytest.raises(ResourceInUse, match="must be unique"):
        processing_jobs.create(call, request_for())
    for method in (processing_jobs.describe, processing_jobs.stop):
        with pytest.raises(ValidationException, match="Could not find requested job with name: nobody"):
            method(call, {"ProcessingJobName": "nobody"})


def test_only_those_who_may_pass_the_role_make_jobs(
    processing_jobs: ProcessingJobs, identities: Identities, call: Call
) -> None:
    stranger = Principal(ACCOUNT, f"arn:aws:iam::{ACCOUNT}:user/stranger", "AIDA", "user")
    with pytest.raises(AccessDeniedException, match="iam:PassRole"):
        processing_jobs.create(Call("sagemaker", "", ACCOUNT, "us-east-1", stranger, "r", call.time), request_for())


def inputs(*puts: dict[str, Any]) -> dict[str, Any]:
    return {"ProcessingInputs": list(puts)}


def outputs(*puts: dict[str, Any]) -> dict[str, Any]:
    return {"ProcessingOutputConfig": {"Outputs": list(puts)}}


ATHENA = {"AthenaDatasetDefinition": {"Catalog": "c"}}
BROKEN: list[tuple[type[ServiceError], str, dict[str, Any]]] = [
    (ValidationException, "dataset definitions of Athena", inputs({"InputName": "a", "DatasetDefinition": ATHENA})),
    (ValidationException, "S3Input is required", inputs({"InputName": "a"})),
    (ValidationException, "Pipe mode", inputs(source(S3InputMode="Pipe"))),
    (ValidationException, "Invalid LocalPath '/etc/data'", inputs(source(LocalPath="/etc/data"))),
    (ValidationException, "Invalid LocalPath", inputs(source(LocalPath="/opt/ml/processing/../model"))),
    (ValidationException, "Invalid LocalPath", outputs(target(LocalPath="processing/output"))),
    (ValidationException, "printable", inputs(source(LocalPath="/opt/ml/processing/a\0b"))),
    (ValidationException, "at most 255 bytes", outputs(target(LocalPath="/opt/ml/processing/" + "\u00fc" * 128))),
    (ValidationException, "InputName must be unique: 'data'", inputs(source(), source())),
    (ValidationException, "OutputName must be unique", outputs(target(), target())),
    (ValidationException, "does not exist", outputs(target(S3Uri="s3://gone/out"))),
    (ValidationException, "Invalid S3 URI", inputs(source(S3Uri="https://example.com/x"))),
    (
        ValidationException,
        "feature store",
        outputs({"OutputName": "f", "FeatureStoreOutput": {"FeatureGroupName": "g"}}),
    ),
    (ValidationException, "KMS keys", {"ProcessingOutputConfig": {"Outputs": [target()], "KmsKeyId": "key"}}),
    (ValidationException, "KMS keys", cluster(VolumeKmsKeyId="key")),
    (ValidationException, "ClusterConfig.InstanceType is required", cluster(InstanceType=None)),
    (ResourceLimitExceeded, "for processing job usage", cluster(InstanceCount=21)),
    (ValidationException, "SageMaker Clarify", image(f"{REGISTRY}/sagemaker-clarify-processing:1.0")),
    (ValidationException, "Spark", image(f"{REGISTRY}/sagemaker-spark-processing:3.1-cpu-py37-v1.0")),
    (ValidationException, "ContainerEntrypoint is required", image(IMAGE)),
    (
        ValidationException,
        "cannot run the processing image",
        image(f"{ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com/other:1"),
    ),
]


@pytest.mark.parametrize(("error", "words", "changes"), BROKEN)
def test_what_breaks_a_rule_is_refused_before_anything_is_queued(
    processing_jobs: ProcessingJobs,
    queue: JobQueue,
    call: Call,
    error: type[ServiceError],
    words: str,
    changes: dict[str, Any],
) -> None:
    with pytest.raises(error, match=words):
        processing_jobs.create(call, request_for(**changes))
    assert queue.entries() == []
