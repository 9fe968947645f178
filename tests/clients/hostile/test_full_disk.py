"""A disk that takes nothing more: refusals are answered, nothing acknowledged is lost, and it goes on afterwards."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from botocore.exceptions import ClientError

from tests.clients.conftest import RunningClary, start_clary
from tests.live_folder import files_below

from .confidential import check_no_secret_was_told, check_server_errors_are_logged
from .kit import Attacker, ended, training_job, until

REFUSALS = {503: "ServiceUnavailable", 507: "InsufficientStorage", 500: "InternalError"}
PART_BYTES = 5 << 20
ROWS = b"".join(b"%d,%d,%d\n" % (row % 2, row, row * 3) for row in range(40))

Fill = Callable[[], contextlib.AbstractContextManager[None]]


@pytest.fixture(params=["a full file system", "writes refused"])
def full(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Attacker, Fill]]:
    """A Clary of its own, and what takes its disk away for a while."""
    if request.param == "a full file system":
        with _small_disk(tmp_path / "disk") as disk, _clary(disk / "data") as attacker:
            yield attacker, lambda: _filled(disk)
    else:
        with _clary(tmp_path / "data") as attacker:
            yield attacker, lambda: _no_writes(attacker)


@contextlib.contextmanager
def _clary(data: Path) -> Iterator[Attacker]:
    attacker = Attacker.of(start_clary(data))
    s3 = attacker.client("s3")
    s3.create_bucket(Bucket="hostile")
    s3.put_object(Bucket="hostile", Key="train/data.csv", Body=ROWS)
    try:
        yield attacker
        check_no_secret_was_told(attacker)
        check_server_errors_are_logged(attacker)
    finally:
        RunningClary(data, "").command("down")


@contextlib.contextmanager
def _small_disk(place: Path) -> Iterator[Path]:
    place.mkdir()
    options = ["mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", str(place)]
    mounted = subprocess.run(options, capture_output=True, text=True)
    if mounted.returncode != 0:
        pytest.skip(f"a small file system cannot be mounted here: {mounted.stderr.strip()}")
    try:
        yield place
    finally:
        subprocess.run(["umount", "--lazy", str(place)], check=True)


@contextlib.contextmanager
def _filled(disk: Path) -> Iterator[None]:
    """Takes all the room there is."""
    ballast = disk / "ballast"
    with ballast.open("wb") as file:
        block = 1 << 20
        while block:
            try:
                os.write(file.fileno(), bytes(block))
            except OSError:
                block >>= 1
        try:
            yield
        finally:
            file.truncate(0)
    ballast.unlink()


@contextlib.contextmanager
def _no_writes(attacker: Attacker) -> Iterator[None]:
    """No process of this Clary can make a file longer."""
    server = psutil.Process(json.loads((attacker.clary.data / "running.json").read_text())["pid"])
    family = [server, *server.children(recursive=True)]
    before = {process: process.rlimit(psutil.RLIMIT_FSIZE) for process in family}
    for process, (_, hard) in before.items():
        process.rlimit(psutil.RLIMIT_FSIZE, (0, hard))
    try:
        yield
    finally:
        for process in [server, *server.children(recursive=True)]:  # some were born meanwhile, with the limit
            with contextlib.suppress(psutil.NoSuchProcess):
                process.rlimit(psutil.RLIMIT_FSIZE, before.get(process, before[server]))


def refused(call: Callable[[], Any]) -> None:
    """The call is refused with a modelled error that has a request id."""
    with pytest.raises(ClientError) as caught:
        call()
    answer = caught.value.response
    assert "/" not in answer["Error"]["Message"].replace("I/O", ""), answer  # no path of this machine
    status = answer["ResponseMetadata"]["HTTPStatusCode"]
    assert status in REFUSALS, answer
    assert answer["Error"]["Code"] in REFUSALS.values(), answer
    assert answer["ResponseMetadata"]["RequestId"]


def test_a_full_disk_refuses_and_loses_nothing(full: tuple[Attacker, Fill]) -> None:
    attacker, fill = full
    s3, sagemaker, logs = (attacker.client(api) for api in ("s3", "sagemaker", "logs"))
    small, large = os.urandom(1000), os.urandom(300_000)
    s3.put_object(Bucket="hostile", Key="small", Body=small)
    s3.put_object(Bucket="hostile", Key="large", Body=large)
    upload = {"Bucket": "hostile", "Key": "parts"}
    upload["UploadId"] = s3.create_multipart_upload(**upload)["UploadId"]
    part = os.urandom(PART_BYTES)
    etag = s3.upload_part(**upload, PartNumber=1, Body=part)["ETag"]
    logs.create_log_group(logGroupName="group")
    logs.create_log_stream(logGroupName="group", logStreamName="stream")
    told = {"logGroupName": "group", "logStreamName": "stream"}
    now = int(time.time() * 1000)
    before = _files(attacker)
    with fill():
        refused(lambda: s3.put_object(Bucket="hostile", Key="small", Body=b"new" * 1000))
        refused(lambda: s3.put_object(Bucket="hostile", Key="large", Body=os.urandom(400_000)))
        refused(lambda: s3.put_object(Bucket="hostile", Key="another", Body=os.urandom(2 << 20)))
        refused(lambda: s3.upload_part(**upload, PartNumber=2, Body=os.urandom(PART_BYTES)))
        refused(lambda: s3.create_multipart_upload(Bucket="hostile", Key="parts-2"))
        refused(lambda: s3.copy_object(Bucket="hostile", Key="copy", CopySource="hostile/large"))
        refused(lambda: s3.create_bucket(Bucket="hostile-2"))
        refused(lambda: sagemaker.create_training_job(**training_job("full", attacker.role, "s3://hostile/train")))
        refused(lambda: logs.put_log_events(**told, logEvents=[{"timestamp": now, "message": "lost" * 2000}]))
        refused(lambda: attacker.client("iam").create_user(UserName="nobody"))
        assert s3.get_object(Bucket="hostile", Key="small")["Body"].read() == small
        assert s3.get_object(Bucket="hostile", Key="large")["Body"].read() == large
    until("the removal of what was not finished", lambda: _files(attacker) <= before, 10)
    assert [entry["Key"] for entry in s3.list_objects_v2(Bucket="hostile")["Contents"]] == [
        "large", "small", "train/data.csv",
    ]  # fmt: skip
    assert len(s3.list_multipart_uploads(Bucket="hostile")["Uploads"]) == 1
    assert sagemaker.list_training_jobs()["TrainingJobSummaries"] == []
    assert logs.get_log_events(**told)["events"] == []
    _works_again(attacker, s3, sagemaker, upload, part, etag)
    logs.put_log_events(**told, logEvents=[{"timestamp": now, "message": "kept"}])
    assert [event["message"] for event in logs.get_log_events(**told)["events"]] == ["kept"]


def _works_again(attacker: Attacker, s3: Any, sagemaker: Any, upload: dict[str, Any], part: bytes, etag: str) -> None:
    """The upload that had begun is completed, and the job that was refused can be asked for again."""
    listed = {"Parts": [{"PartNumber": 1, "ETag": etag}]}
    s3.complete_multipart_upload(**upload, MultipartUpload=listed)
    digest = hashlib.sha256(s3.get_object(Bucket="hostile", Key="parts")["Body"].read()).digest()
    assert digest == hashlib.sha256(part).digest()
    sagemaker.create_training_job(**training_job("full", attacker.role, "s3://hostile/train"))
    job = ended(sagemaker, "full")
    assert job["TrainingJobStatus"] == "Completed", job.get("FailureReason")


def _files(attacker: Attacker) -> set[Path]:
    return {path for path in files_below(attacker.clary.data / "objects") if path.name != "lock"}


def test_a_job_whose_disk_is_full_ends_with_the_reason(full: tuple[Attacker, Fill]) -> None:
    attacker, fill = full
    s3, sagemaker = attacker.client("s3"), attacker.client("sagemaker")
    request = training_job("caught", attacker.role, "s3://hostile/train")
    request["HyperParameters"]["num_round"] = "3000"
    sagemaker.create_training_job(**request)
    until("training", lambda: _status(sagemaker, "caught") in ("Training", "Completed"))
    with fill():
        assert s3.get_object(Bucket="hostile", Key="train/data.csv")["Body"].read() == ROWS
        started = time.monotonic()
        while time.monotonic() - started < 3:  # long enough for the training to end and its upload to fail
            refused(lambda: s3.put_object(Bucket="hostile", Key="another", Body=os.urandom(200_000)))
    job = ended(sagemaker, "caught")
    assert job["TrainingJobStatus"] in ("Completed", "Failed")
    if job["TrainingJobStatus"] == "Failed":
        assert job["FailureReason"]
    sagemaker.create_training_job(**training_job("next", attacker.role, "s3://hostile/train"))
    assert ended(sagemaker, "next")["TrainingJobStatus"] == "Completed"


def _status(sagemaker: Any, name: str) -> str:
    return str(sagemaker.describe_training_job(TrainingJobName=name)["SecondaryStatus"])
