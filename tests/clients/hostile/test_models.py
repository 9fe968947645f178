"""Model archives that attack the machine, models that are none, and questions that a model cannot answer."""

from __future__ import annotations

import io
import random
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.live_folder import below, content

from .kit import IMAGE, Attacker, ended, training_job, until

Add = Callable[[tarfile.TarFile], None]
CANARY = Path("/tmp/clary-was-here")


def file(name: str, content: bytes = b"{}", mode: int = 0o644) -> Add:
    def add(tar: tarfile.TarFile) -> None:
        member = tarfile.TarInfo(name)
        member.size, member.mode = len(content), mode
        tar.addfile(member, io.BytesIO(content))

    return add


def special(name: str, kind: bytes, target: str = "") -> Add:
    def add(tar: tarfile.TarFile) -> None:
        member = tarfile.TarInfo(name)
        member.type, member.linkname = kind, target
        member.devmajor, member.devminor = 1, 3
        tar.addfile(member)

    return add


class _Zeros(io.RawIOBase):
    """So many zeros that nobody would keep them."""

    def read(self, size: int = -1) -> bytes:
        return bytes(size)


def zeros(name: str, size: int) -> Add:
    def add(tar: tarfile.TarFile) -> None:
        member = tarfile.TarInfo(name)
        member.size = size
        tar.addfile(member, _Zeros())  # type: ignore[arg-type]

    return add


def packed(*members: Add) -> bytes:
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w:gz", compresslevel=1) as tar:
        for add in members:
            add(tar)
    return archive.getvalue()


def archives() -> dict[str, tuple[bytes, str]]:
    """Hostile archives, and what the endpoint's FailureReason must say."""
    noise = random.Random(5).randbytes(4000)
    whole = packed(file("xgboost-model"))
    return {
        "absolute": (packed(file(str(CANARY))), "absolute path"),
        "up": (packed(file("../../../../../../../../tmp/clary-was-here")), "outside of the archive"),
        "symlink": (packed(special("xgboost-model", tarfile.SYMTYPE, "/etc/passwd")), "absolute path"),
        "way": (packed(special("way", tarfile.SYMTYPE, "/tmp"), file("way/clary-was-here")), "way"),
        "hard-link": (packed(special("xgboost-model", tarfile.LNKTYPE, "../../../../etc/passwd")), "outside"),
        "device": (packed(special("xgboost-model", tarfile.CHRTYPE)), "device or a pipe"),
        "pipe": (packed(special("xgboost-model", tarfile.FIFOTYPE)), "device or a pipe"),
        "folder-and-file": (packed(file("a"), file("a/b")), "at once"),
        "long-name": (packed(file("a/" * 200 + "b")), "too deep or too long"),
        "bomb": (packed(zeros("xgboost-model", 300 << 20)), "unpacks to more than"),
        "noise": (noise, "valid tar.gz archive"),
        "cut": (whole[: len(whole) // 2], "valid tar.gz archive"),
        "empty": (b"", "valid tar.gz archive"),
        "no-model": (packed(file("readme.txt"), file("notes.txt")), "no xgboost-model"),
        "not-a-model": (packed(file("xgboost-model", b"I am no model")), "not an XGBoost model"),
        "json-not-a-model": (packed(file("xgboost-model", b'{"learner": 7}')), "not an XGBoost model"),
        "pickle": (packed(file("xgboost-model", b"\x80\x04cos\nsystem\n.")), "pickle"),
        "deep-json-model": (
            packed(file("xgboost-model", b'{"learner":' + b"[" * 300_000)),
            "SIGSEGV",
        ),  # in a process of its own
        "ubjson-noise": (packed(file("xgboost-model", b"{L" + bytes(7) + b"\x07learner" + noise)), "XGBoost model"),
        "duplicate": (packed(file("xgboost-model", b"first"), file("xgboost-model", b"second")), "not an XGBoost"),
    }


ARCHIVES = archives()


def endpoint(sagemaker: Any, name: str, role: str, uri: str) -> None:
    """Begins to deploy a model."""
    sagemaker.create_model(
        ModelName=name, PrimaryContainer={"Image": IMAGE, "ModelDataUrl": uri}, ExecutionRoleArn=role
    )
    variant = {"VariantName": "all", "ModelName": name, "InitialInstanceCount": 1, "InstanceType": "ml.m5.large"}
    sagemaker.create_endpoint_config(EndpointConfigName=name, ProductionVariants=[variant])
    sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=name)


def settled(sagemaker: Any, name: str) -> dict[str, Any]:
    """The endpoint's description once it is no longer being made."""

    def description() -> dict[str, Any] | None:
        found: dict[str, Any] = sagemaker.describe_endpoint(EndpointName=name)
        return None if found["EndpointStatus"] == "Creating" else found

    return until(f"an end of making {name}", description)  # type: ignore[no-any-return]


@pytest.fixture(scope="module")
def deployed(attacker: Attacker, s3: Any, sagemaker: Any) -> dict[str, dict[str, Any]]:
    """The descriptions of the endpoints of all hostile archives."""
    CANARY.unlink(missing_ok=True)
    for name, (archive, _) in ARCHIVES.items():
        s3.put_object(Bucket="hostile", Key=f"archives/{name}.tar.gz", Body=archive)
        endpoint(sagemaker, f"hostile-{name}", attacker.role, f"s3://hostile/archives/{name}.tar.gz")
    found = {name: settled(sagemaker, f"hostile-{name}") for name in ARCHIVES}
    for name in ARCHIVES:
        sagemaker.delete_endpoint(EndpointName=f"hostile-{name}")
    return found


@pytest.mark.parametrize("name", ARCHIVES)
def test_a_hostile_archive_fails_its_endpoint_and_touches_nothing(
    deployed: dict[str, dict[str, Any]], attacker: Attacker, name: str
) -> None:
    assert deployed[name]["EndpointStatus"] == "Failed"
    assert ARCHIVES[name][1] in deployed[name]["FailureReason"], deployed[name]["FailureReason"]
    assert "Traceback" not in deployed[name]["FailureReason"]
    assert not CANARY.exists()
    links = [path for path in below(attacker.clary.data / "endpoints") if path.is_symlink()]
    assert not links


def test_what_a_hostile_archive_unpacked_is_removed(deployed: dict[str, dict[str, Any]], attacker: Attacker) -> None:
    def left() -> list[Path]:
        files = below(attacker.clary.data / "endpoints")
        return [path for path in files if path.name == "xgboost-model" and len(content(path)) > 100 << 20]

    until("the bomb's removal", lambda: not left(), 20)


@pytest.fixture(scope="module")
def model(attacker: Attacker, s3: Any, sagemaker: Any) -> str:
    """A model in service, of two features; the name of its endpoint."""
    rows = b"".join(b"%d,%d,%d\n" % (row % 2, row, row * 3) for row in range(40))
    s3.put_object(Bucket="hostile", Key="honest/data.csv", Body=rows)
    sagemaker.create_training_job(**training_job("honest", attacker.role, "s3://hostile/honest/"))
    job = ended(sagemaker, "honest")
    assert job["TrainingJobStatus"] == "Completed", job.get("FailureReason")
    endpoint(sagemaker, "honest", attacker.role, job["ModelArtifacts"]["S3ModelArtifacts"])
    found = settled(sagemaker, "honest")
    assert found["EndpointStatus"] == "InService", found.get("FailureReason")
    return "honest"


@pytest.mark.parametrize(
    ("content_type", "body", "status", "said"),
    [
        ("text/csv", b"\x00\xff\x80garbage", 400, ""),
        ("text/csv", b"1,apple", 400, "apple"),
        ("text/csv", b"1,2,3", 400, "3"),
        ("text/csv", b"1,2\n1", 400, "line 2"),
        ("image/png", b"\x89PNG", 415, "image/png"),
        ("application/json", b'{"instances": 7}', 400, ""),
        ("application/json", b"[" * 100_000, 400, ""),
        ("text/libsvm", b"a:b c", 400, ""),
        ("application/x-recordio-protobuf", b"\x0a\x23\xd7\xce" + b"\xff" * 50, 400, ""),
    ],
    ids=["bytes", "word", "too-wide", "too-narrow", "picture", "json", "deep-json", "libsvm", "recordio"],
)
def test_a_question_that_cannot_be_read_is_the_models_own_error(
    attacker: Attacker, model: str, content_type: str, body: bytes, status: int, said: str
) -> None:
    runtime = attacker.client("sagemaker-runtime")
    with pytest.raises(ClientError) as caught:
        runtime.invoke_endpoint(EndpointName=model, ContentType=content_type, Body=body)
    answer = caught.value.response
    assert answer["Error"]["Code"] == "ModelError"
    assert answer["OriginalStatusCode"] == status, answer
    assert answer["OriginalMessage"] and said in answer["OriginalMessage"], answer
    assert "Traceback" not in answer["OriginalMessage"] and "/site-packages/" not in answer["OriginalMessage"]
    good = runtime.invoke_endpoint(EndpointName=model, ContentType="text/csv", Body=b"1,2")
    assert 0 <= float(good["Body"].read()) <= 1


def test_the_largest_body_reaches_the_model_and_one_byte_more_does_not(attacker: Attacker, model: str) -> None:
    runtime = attacker.client("sagemaker-runtime")
    body = b"1,2\n" * (6_291_456 // 4)
    answer = runtime.invoke_endpoint(EndpointName=model, ContentType="text/csv", Body=body)
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 200
    with pytest.raises(ClientError, match="6291456"):
        runtime.invoke_endpoint(EndpointName=model, ContentType="text/csv", Body=body + b"\n")
