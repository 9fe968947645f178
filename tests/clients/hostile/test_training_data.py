"""Data that are not what they should be, or may not be read: the job fails and says where and why."""

from __future__ import annotations

import gzip
import io
import tarfile
from typing import Any

import pytest

from tests.live_folder import below

from .kit import Attacker, allow, ended, policy, training_job, until

GOOD = b"".join(b"%d,%d,%d\n" % (row % 2, row, row * 3) for row in range(40))

# (content of train/data.csv, members of the channel, what the FailureReason must say)
BROKEN: dict[str, tuple[bytes, dict[str, str], list[str]]] = {
    "word": (GOOD + b"1,2,apple\n" + GOOD, {}, ["data.csv", "line 41", "column 3", "apple"]),
    "header": (b"label,age,income\n" + GOOD, {}, ["data.csv", "line 1", "header"]),
    "ragged": (GOOD + b"1,2\n", {}, ["data.csv", "line 41", "2 columns", "3"]),
    "too-long": (GOOD + b"1,2,3,4\n", {}, ["data.csv", "line 41", "4 columns", "3"]),
    "quote": (GOOD + b'1,"2,3\n' + GOOD, {}, ["data.csv", "line 41"]),
    "empty": (b"", {}, ["train"]),
    "blank": (b"\n\n\n", {}, ["train"]),
    "one-column": (b"1\n0\n1\n", {}, ["data.csv", "line 1", "1 column"]),
    "missing-label": (GOOD + b",2,3\n", {}, ["data.csv", "line 41", "label"]),
    "binary": (bytes(range(256)) * 40, {}, ["data.csv"]),
    "infinite": (b"1,2,1e999\n" + GOOD, {}, ["data.csv", "line 1", "column 3", "1e999"]),
    "wrong-type": (GOOD, {"ContentType": "application/x-parquet"}, ["data.csv", "arquet"]),
    "unknown-type": (GOOD, {"ContentType": "image/png"}, ["image/png"]),
    "libsvm": (b"1 1:2 x:3\n", {"ContentType": "text/libsvm"}, ["data.csv", "line 1"]),
    "recordio": (b"not a record", {"ContentType": "application/x-recordio-protobuf"}, ["data.csv"]),
    "not-gzip": (GOOD, {"CompressionType": "Gzip"}, ["data.csv", "not a gzip file"]),
    "cut-gzip": (gzip.compress(GOOD, mtime=0)[:-6], {"CompressionType": "Gzip"}, ["data.csv", "ends too early"]),
}


@pytest.fixture(scope="module")
def failures(attacker: Attacker, s3: Any, sagemaker: Any) -> dict[str, dict[str, Any]]:
    """The descriptions of all jobs on broken data; they queue up and run one after the other meanwhile."""
    for name, (content, channel, _) in BROKEN.items():
        s3.put_object(Bucket="hostile", Key=f"broken/{name}/data.csv", Body=content)
        uri = f"s3://hostile/broken/{name}/"
        request = training_job(f"broken-{name}", attacker.role, uri, channel=channel)
        sagemaker.create_training_job(**request)
    return {name: ended(sagemaker, f"broken-{name}") for name in BROKEN}


@pytest.mark.parametrize("name", BROKEN)
def test_broken_data_fail_the_job_with_their_place(failures: dict[str, dict[str, Any]], s3: Any, name: str) -> None:
    job = failures[name]
    assert job["TrainingJobStatus"] == "Failed"
    reason = job["FailureReason"]
    assert reason.startswith("ClientError: "), reason
    for said in BROKEN[name][2]:
        assert said in reason, reason
    assert s3.list_objects_v2(Bucket="hostile", Prefix=f"output/broken-{name}/output/model")["KeyCount"] == 0


def test_keys_that_would_leave_the_channel_fail_the_job(attacker: Attacker, s3: Any, sagemaker: Any) -> None:
    for number, key in enumerate(("up/../../../../../escaped", "up/..", "up/a\0b")):
        name = f"traversal-{number}"
        s3.put_object(Bucket="hostile", Key=f"{name}/{key}", Body=GOOD)
        sagemaker.create_training_job(**training_job(name, attacker.role, f"s3://hostile/{name}/"))
        job = ended(sagemaker, name)
        assert job["TrainingJobStatus"] == "Failed"
        assert "cannot become a file name" in job["FailureReason"], job["FailureReason"]
    assert "escaped" not in {path.name for path in below(attacker.clary.data.parent)}


def test_a_manifest_cannot_name_what_the_role_may_not_read(attacker: Attacker, s3: Any, sagemaker: Any) -> None:
    manifest = b'[{"prefix": "s3://no-such-bucket-here/"}, "../../etc/passwd"]'
    s3.put_object(Bucket="hostile", Key="manifest", Body=manifest)
    request = training_job("manifest", attacker.role, "s3://hostile/manifest")
    request["InputDataConfig"][0]["DataSource"]["S3DataSource"]["S3DataType"] = "ManifestFile"
    sagemaker.create_training_job(**request)
    assert "NoSuchBucket" in ended(sagemaker, "manifest")["FailureReason"]


def test_a_role_that_may_not_read_the_input_fails_the_job(attacker: Attacker, s3: Any, sagemaker: Any) -> None:
    iam = attacker.client("iam")
    trust = policy({"Effect": "Allow", "Principal": {"Service": "sagemaker.amazonaws.com"}, "Action": "sts:AssumeRole"})
    role = iam.create_role(RoleName="poor", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    iam.put_role_policy(
        RoleName="poor", PolicyName="output", PolicyDocument=policy(allow("s3:PutObject", "arn:aws:s3:::hostile/*"))
    )
    s3.put_object(Bucket="hostile", Key="guarded/data.csv", Body=GOOD)
    for name, action, resource, more in (
        ("poor-1", "s3:ListBucket", "arn:aws:s3:::hostile", []),
        ("poor-2", "s3:GetObject", "arn:aws:s3:::hostile/guarded/data.csv", [allow("s3:ListBucket")]),
    ):
        if more:
            iam.put_role_policy(RoleName="poor", PolicyName="more", PolicyDocument=policy(*more))
        sagemaker.create_training_job(**training_job(name, role, "s3://hostile/guarded/"))
        job = ended(sagemaker, name)
        assert job["TrainingJobStatus"] == "Failed"
        reason = job["FailureReason"]
        for said in ("AccessDenied", role, action, resource):
            assert said in reason, reason


def test_a_gzip_channel_that_unpacks_to_far_more_than_it_is_fails_the_job(
    attacker: Attacker, s3: Any, sagemaker: Any
) -> None:
    member = gzip.compress(b"1,2,3\n" * 10_000_000, mtime=0)
    bomb = member * 19  # 1.1 GB of 3 MB: more than the volume of 1 GiB that the job asks for
    s3.put_object(Bucket="hostile", Key="bomb/data.csv.gz", Body=bomb)
    request = training_job("gzip-bomb", attacker.role, "s3://hostile/bomb/", channel={"CompressionType": "Gzip"})
    sagemaker.create_training_job(**request)
    job = ended(sagemaker, "gzip-bomb")
    assert job["TrainingJobStatus"] == "Failed"
    assert "does not fit" in job["FailureReason"], job["FailureReason"]
    until("the end of its folder", lambda: not list((attacker.clary.data / "jobs").glob("*/*/input")), 10)


def test_a_model_channel_of_hostile_members_writes_nothing(attacker: Attacker, s3: Any, sagemaker: Any) -> None:
    s3.put_object(Bucket="hostile", Key="good/data.csv", Body=GOOD)
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w:gz") as tar:
        for name in ("/tmp/escaped-model.json", "../../../escaped-model.json"):
            member = tarfile.TarInfo(name)
            member.size = 3
            tar.addfile(member, io.BytesIO(b"{x}"))
        link = tarfile.TarInfo("xgboost-model")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        tar.addfile(link)
    s3.put_object(Bucket="hostile", Key="hostile-model/model.tar.gz", Body=archive.getvalue())
    request = training_job(
        "model-channel", attacker.role, "s3://hostile/good/", channels={"model": "s3://hostile/hostile-model/"}
    )
    sagemaker.create_training_job(**request)
    job = ended(sagemaker, "model-channel")
    assert job["TrainingJobStatus"] == "Failed"
    assert "model" in job["FailureReason"] and "root:" not in job["FailureReason"], job["FailureReason"]
    assert "escaped-model.json" not in {path.name for path in below(attacker.clary.data)}
