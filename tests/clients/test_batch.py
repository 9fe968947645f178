"""Batch transform and processing jobs with boto3, both SDKs and the command, against a really started server."""

from __future__ import annotations

import gzip
import io
import json
import struct
import tarfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import numpy as np
import pytest
import xgboost

from tests.clients.conftest import RunningClary, client_python, start_clary
from tests.clients.test_crashes import kill, until
from tests.clients.test_main_path import answer_of

REGISTRY = "683313688378.dkr.ecr.us-east-1.amazonaws.com"
XGBOOST = f"{REGISTRY}/sagemaker-xgboost:1.7-1"
SCIKIT_LEARN = f"{REGISTRY}/sagemaker-scikit-learn:1.2-1-cpu-py3"
ENDED = ("Completed", "Failed", "Stopped")
COLUMNS = 6


class Batch:
    """Clients of a Clary that holds a bucket "batch" and a model "batch" of six columns."""

    def __init__(self, clary: RunningClary) -> None:
        self.clary = clary
        key = clary.environment()
        self._session = boto3.Session(key["AWS_ACCESS_KEY_ID"], key["AWS_SECRET_ACCESS_KEY"], region_name="us-east-1")
        self.s3, self.sagemaker = self.client("s3"), self.client("sagemaker")
        self.role = self.client("iam").get_role(RoleName="ClaryExecutionRole")["Role"]["Arn"]
        self.rows = np.random.default_rng(3).normal(size=(500, COLUMNS)).round(4)
        self.booster = xgboost.train({}, xgboost.DMatrix(self.rows, self.rows.sum(axis=1)), 5)

    def client(self, api: str) -> Any:
        return self._session.client(api, endpoint_url=self.clary.url)

    def prepare(self) -> None:
        self.s3.create_bucket(Bucket="batch")
        packed = io.BytesIO()
        model = bytes(self.booster.save_raw("json"))
        with tarfile.open(fileobj=packed, mode="w:gz") as archive:
            member = tarfile.TarInfo("xgboost-model")
            member.size = len(model)
            archive.addfile(member, io.BytesIO(model))
        self.s3.put_object(Bucket="batch", Key="model.tar.gz", Body=packed.getvalue())
        container = {"Image": XGBOOST, "ModelDataUrl": "s3://batch/model.tar.gz"}
        self.sagemaker.create_model(ModelName="batch", PrimaryContainer=container, ExecutionRoleArn=self.role)

    def put(self, key: str, body: bytes) -> None:
        self.s3.put_object(Bucket="batch", Key=key, Body=body)

    def get(self, key: str) -> str:
        return self.s3.get_object(Bucket="batch", Key=key)["Body"].read().decode()

    def keys(self, prefix: str) -> list[str]:
        return [entry["Key"] for entry in self.s3.list_objects_v2(Bucket="batch", Prefix=prefix).get("Contents", [])]

    def transform(self, name: str, uri: str, *, kind: str = "S3Prefix", **changes: Any) -> None:
        source = {"S3DataSource": {"S3DataType": kind, "S3Uri": uri}}
        request = {
            "TransformJobName": name,
            "ModelName": "batch",
            "TransformInput": {"DataSource": source, "ContentType": "text/csv", "SplitType": "Line"},
            "TransformOutput": {"S3OutputPath": f"s3://batch/{name}", "AssembleWith": "Line", "Accept": "text/csv"},
            "TransformResources": {"InstanceType": "ml.m5.large", "InstanceCount": 1},
        }
        for member, change in changes.items():
            request[member] = {**request[member], **change} if isinstance(request.get(member), dict) else change
        self.sagemaker.create_transform_job(**request)

    def process(self, name: str, script: str, **changes: Any) -> None:
        self.put(f"{name}/code/run.py", script.encode())
        place = {"S3Uri": f"s3://batch/{name}/code", "LocalPath": "/opt/ml/processing/code", "S3DataType": "S3Prefix"}
        kept = {"S3Uri": f"s3://batch/{name}/out", "LocalPath": "/opt/ml/processing/out", "S3UploadMode": "EndOfJob"}
        self.sagemaker.create_processing_job(
            **{
                "ProcessingJobName": name,
                "RoleArn": self.role,
                "AppSpecification": {
                    "ImageUri": SCIKIT_LEARN,
                    "ContainerEntrypoint": ["python3", "/opt/ml/processing/code/run.py"],
                },
                "ProcessingInputs": [{"InputName": "code", "S3Input": {**place, "S3InputMode": "File"}}],
                "ProcessingOutputConfig": {"Outputs": [{"OutputName": "out", "S3Output": kept}]},
                "ProcessingResources": {
                    "ClusterConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1}
                },
                **changes,
            }
        )

    def job(self, kind: str, name: str) -> dict[str, Any]:
        describe = getattr(self.sagemaker, f"describe_{kind.lower()}_job")
        return dict(describe(**{f"{kind}JobName": name}))

    def ended(self, kind: str, name: str, seconds: float = 120) -> dict[str, Any]:
        until(f"the end of {name}", lambda: self.job(kind, name)[f"{kind}JobStatus"] in ENDED, seconds)
        return self.job(kind, name)

    def scores(self, rows: Any) -> list[float]:
        return [float(score) for score in self.booster.inplace_predict(rows)]


def as_csv(rows: Any) -> bytes:
    return "\n".join(",".join(f"{value:.4f}" for value in row) for row in rows).encode() + b"\n"


def recordio(row: Any) -> bytes:
    """A record as SageMaker's SDK writes it: features {"values": Value{Float32Tensor{values: row}}}, framed."""

    def field(number: int, content: bytes) -> bytes:
        return bytes([number << 3 | 2, len(content)]) + content

    tensor = field(1, struct.pack(f"<{len(row)}f", *row))
    record = field(1, field(1, b"values") + field(2, field(2, tensor)))
    return struct.pack("<II", 0xCED7230A, len(record)) + record + b"\0" * (-len(record) % 4)


@pytest.fixture(scope="module")
def batch(clary: RunningClary) -> Batch:
    made = Batch(clary)
    made.prepare()
    return made


def check_sdk(answer: dict[str, Any], processors: set[str]) -> None:
    assert answer["processed"] == {name: ["Completed", ""] for name in processors}
    assert answer["rows"] == dict.fromkeys(processors, 300)
    assert answer["transformed"] == ["Completed", ""]
    labels, scores = np.array(answer["scores"]).T
    assert len(labels) == 100
    assert ((scores > 0.5) == (labels == 1)).mean() > 0.9


def test_the_sagemaker_sdk_v2_processes_and_transforms(clary: RunningClary, tmp_path: Path) -> None:
    answer = answer_of(clary, client_python("sdk2"), "batch_v2.py", tmp_path)
    check_sdk(answer, {"sklearn", "script", "framework"})
    assert answer["attached"][:3] == ["MultiRecord", "Line", "text/csv"]


def test_the_sagemaker_sdk_v3_processes_and_transforms(clary: RunningClary, tmp_path: Path) -> None:
    check_sdk(answer_of(clary, client_python("sdk3"), "batch_v3.py", tmp_path), {"script", "framework"})


def test_a_compressed_object_gives_the_scores_of_the_model_in_its_order(batch: Batch) -> None:
    batch.put("packed/a.csv.gz", gzip.compress(as_csv(batch.rows)))
    batch.transform("packed-1", "s3://batch/packed/", TransformInput={"CompressionType": "Gzip"})
    assert batch.ended("Transform", "packed-1")["TransformJobStatus"] == "Completed"
    scores = [float(line) for line in batch.get("packed-1/a.csv.gz.out").split()]
    assert np.allclose(scores, batch.scores(batch.rows), atol=1e-5)


def test_the_objects_of_a_manifest_are_joined_with_their_scores(batch: Batch) -> None:
    for name in ("one", "two", "three"):
        batch.put(f"listed/{name}.csv", as_csv(np.c_[np.arange(5), batch.rows[:5]]))
    batch.put("manifest.json", json.dumps([{"prefix": "s3://batch/listed/"}, "one.csv", "two.csv"]).encode())
    batch.transform(
        "listed-1",
        "s3://batch/manifest.json",
        kind="ManifestFile",
        DataProcessing={"InputFilter": "$[1:]", "JoinSource": "Input", "OutputFilter": "$[0,-1]"},
    )
    assert batch.ended("Transform", "listed-1")["TransformJobStatus"] == "Completed"
    assert batch.keys("listed-1/") == ["listed-1/one.csv.out", "listed-1/two.csv.out"]
    found = np.array([line.split(",") for line in batch.get("listed-1/two.csv.out").split()], float)
    assert found[:, 0].tolist() == [0, 1, 2, 3, 4]
    assert np.allclose(found[:, 1], batch.scores(batch.rows[:5]), atol=1e-5)


@pytest.mark.parametrize("strategy", ["MultiRecord", "SingleRecord"])
def test_json_lines_are_joined_with_their_scores(batch: Batch, strategy: str) -> None:
    things = [{"id": number, "features": row.tolist()} for number, row in enumerate(batch.rows[:5])]
    batch.put("lines/a.jsonl", "\n".join(map(json.dumps, things)).encode())
    name = f"lines-{strategy}"
    batch.transform(
        name,
        "s3://batch/lines/",
        TransformInput={"ContentType": "application/jsonlines"},
        TransformOutput={"Accept": "application/jsonlines"},
        BatchStrategy=strategy,
        DataProcessing={"JoinSource": "Input", "OutputFilter": "$['id','SageMakerOutput']"},
    )
    assert batch.ended("Transform", name)["TransformJobStatus"] == "Completed"
    found = [json.loads(line) for line in batch.get(f"{name}/a.jsonl.out").splitlines()]
    assert [thing["id"] for thing in found] == [0, 1, 2, 3, 4]
    scores = [thing["SageMakerOutput"]["score"] for thing in found]
    assert np.allclose(scores, batch.scores(batch.rows[:5]), atol=1e-5)


@pytest.mark.parametrize("strategy", ["MultiRecord", "SingleRecord"])
def test_recordio_is_split_into_records(batch: Batch, strategy: str) -> None:
    batch.put("records/a.pbr", b"".join(recordio(row) for row in batch.rows[:7]))
    name = f"records-{strategy}"
    batch.transform(
        name,
        "s3://batch/records/",
        TransformInput={"ContentType": "application/x-recordio-protobuf", "SplitType": "RecordIO"},
        BatchStrategy=strategy,
    )
    assert batch.ended("Transform", name)["TransformJobStatus"] == "Completed"
    scores = [float(line) for line in batch.get(f"{name}/a.pbr.out").split()]
    assert np.allclose(scores, batch.scores(batch.rows[:7]), atol=1e-5)


def test_the_command_lists_transform_and_processing_jobs_and_prints_their_logs(batch: Batch) -> None:
    batch.put("logged/a.csv", as_csv(batch.rows[:2]))
    batch.transform("logged-1", "s3://batch/logged/")
    batch.process("logged-2", "print('a word from a script')")
    assert batch.ended("Transform", "logged-1")["TransformJobStatus"] == "Completed"
    assert batch.ended("Processing", "logged-2")["ProcessingJobStatus"] == "Completed"
    status = batch.clary.command("status")
    assert "logged-1" in status
    assert "logged-2" in status
    assert "MaxPayloadInMB" in batch.clary.command("logs", "logged-1", "--follow")
    assert "a word from a script" in batch.clary.command("logs", "logged-2", "--follow")


def test_a_stopped_transform_ends_soon_and_says_so(batch: Batch) -> None:
    batch.put("long/a.csv", as_csv(np.repeat(batch.rows, 200, axis=0)))
    batch.transform("long-1", "s3://batch/long/", BatchStrategy="SingleRecord", MaxConcurrentTransforms=1)
    until("the start", lambda: "TransformStartTime" in batch.job("Transform", "long-1"))
    batch.sagemaker.stop_transform_job(TransformJobName="long-1")
    assert batch.ended("Transform", "long-1", 20)["TransformJobStatus"] == "Stopped"
    assert batch.keys("long-1/") == []


@pytest.fixture
def killable(tmp_path: Path) -> Iterator[Callable[[], Batch]]:
    """Starts a Clary on one data folder, again and again."""
    data = tmp_path / "data"
    yield lambda: Batch(start_clary(data))
    RunningClary(data, "").command("down")


def test_transform_and_processing_jobs_outlive_a_killed_server(killable: Callable[[], Batch]) -> None:
    batch = killable()
    batch.prepare()
    many = np.repeat(batch.rows, 8, axis=0)
    batch.put("many/a.csv", as_csv(many))
    batch.transform("kept-1", "s3://batch/many/", BatchStrategy="SingleRecord", MaxConcurrentTransforms=1)
    script = "import pathlib, time; time.sleep(3); pathlib.Path('/opt/ml/processing/out/done').write_text('done')"
    batch.process("kept-2", script)
    until("the start", lambda: "TransformStartTime" in batch.job("Transform", "kept-1"))
    kill(batch.clary)
    time.sleep(0.5)
    batch = killable()
    assert batch.ended("Transform", "kept-1")["TransformJobStatus"] == "Completed"
    scores = [float(line) for line in batch.get("kept-1/a.csv.out").split()]
    assert np.allclose(scores, batch.scores(many), atol=1e-5)
    assert batch.ended("Processing", "kept-2")["ProcessingJobStatus"] == "Completed"
    assert batch.get("kept-2/out/done") == "done"


def test_a_continuous_output_is_in_s3_while_the_script_still_runs(batch: Batch) -> None:
    """The script itself looks, with its role, and ends well only when its file has arrived."""
    script = """
import pathlib, sys, time
import boto3
place = pathlib.Path("/opt/ml/processing/report")
(place / "early.txt").write_text("early")
s3 = boto3.client("s3")
for _ in range(600):
    if s3.list_objects_v2(Bucket="batch", Prefix="continuous/report/early.txt")["KeyCount"]:
        (place / "late.txt").write_text("late")
        sys.exit(0)
    time.sleep(0.1)
sys.exit("early.txt has not arrived")
"""
    place = {"S3Uri": "s3://batch/continuous/report", "LocalPath": "/opt/ml/processing/report"}
    output = {"OutputName": "report", "S3Output": {**place, "S3UploadMode": "Continuous"}}
    batch.process("continuous", script, ProcessingOutputConfig={"Outputs": [output]})
    told = batch.ended("Processing", "continuous")
    assert told["ProcessingJobStatus"] == "Completed", told.get("FailureReason")
    assert (batch.get("continuous/report/early.txt"), batch.get("continuous/report/late.txt")) == ("early", "late")


def test_a_script_that_fills_its_volume_is_ended_and_told_why(batch: Batch) -> None:
    script = """
import os, time
with open("/opt/ml/processing/out/ballast", "wb") as file:
    os.posix_fallocate(file.fileno(), 0, 3 << 30)
    time.sleep(60)
"""
    batch.process("ballast-1", script)
    job = batch.ended("Processing", "ballast-1", 60)
    assert job["ProcessingJobStatus"] == "Failed"
    assert "VolumeSizeInGB" in job["FailureReason"]
    assert batch.keys("ballast-1/out/") == []


def test_an_isolated_script_has_no_network_and_sees_nothing_of_clary(batch: Batch) -> None:
    script = """
import os, pathlib, socket, sys
problems = []
try:
    socket.create_connection(("127.0.0.1", int(sys.argv[1])), 2)
    problems.append("the server can be reached")
except OSError:
    pass
if pathlib.Path(sys.argv[2], "identities.db").exists():
    problems.append("the data folder can be read")
try:
    pathlib.Path("/etc/clary-was-here").touch()
    problems.append("/etc can be written")
except OSError:
    pass
pathlib.Path("/opt/ml/processing/out/problems").write_text("; ".join(problems))
"""
    port = batch.clary.url.rpartition(":")[2]
    code = ["python3", "/opt/ml/processing/code/run.py", port, str(batch.clary.data)]
    batch.process(
        "isolated-1",
        script,
        AppSpecification={"ImageUri": SCIKIT_LEARN, "ContainerEntrypoint": code},
        NetworkConfig={"EnableNetworkIsolation": True},
    )
    job = batch.ended("Processing", "isolated-1")
    if "cannot give" in job.get("FailureReason", ""):
        pytest.skip(job["FailureReason"])
    assert job["ProcessingJobStatus"] == "Completed"
    assert batch.get("isolated-1/out/problems") == ""
