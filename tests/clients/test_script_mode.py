"""Scripts of the kind that the public workshops use, trained with both SDKs as they are."""

from __future__ import annotations

import json
import subprocess
import tarfile
from pathlib import Path

import boto3
import pytest

from tests.clients.conftest import RunningClary, client_python
from tests.clients.datasets import made_up, write_parts
from tests.clients.frameworks import SCRIPTS, framework_python

PROGRAMS = Path(__file__).parent / "programs"


def run(clary: RunningClary, sdk: str, program: str, folder: Path) -> dict:
    for name in ("scikit-learn-1.2", "pytorch-2.13", "tensorflow-2.21"):
        framework_python(name)  # built before the clocks of the jobs run
    write_parts(made_up(), folder)
    command = [str(client_python(sdk)), str(PROGRAMS / program), str(folder), str(SCRIPTS)]
    done = subprocess.run(command, env=clary.environment(), capture_output=True, text=True, timeout=280)
    assert done.returncode == 0, f"{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.slow
def test_the_sdk_v2_trains_scikit_learn_pytorch_and_keras_scripts(clary: RunningClary, tmp_path: Path) -> None:
    answers = run(clary, "sdk2", "script_v2.py", tmp_path)
    assert {name: answer["status"] for name, answer in answers.items()} == {
        "scikit-learn": "Completed",
        "pytorch": "Completed",
        "tensorflow": "Completed",
    }, answers
    assert answers["scikit-learn"]["metrics"]["accuracy"] > 0.7
    assert answers["pytorch"]["metrics"]["loss"] > 0
    assert answers["tensorflow"]["metrics"]["loss"] > 0
    contents = {name: files_of(clary, answer["model"], tmp_path) for name, answer in answers.items()}
    assert contents["scikit-learn"] == {"model.joblib"}
    assert contents["pytorch"] == {"model.pth"}
    assert "00000001/saved_model.pb" in contents["tensorflow"]
    log = clary.command("logs", answers["tensorflow"]["name"])
    assert "model_dir is s3://" in log


@pytest.mark.slow
def test_the_sdk_v3_trains_scripts_with_its_own_drivers(clary: RunningClary, tmp_path: Path) -> None:
    answers = run(clary, "sdk3", "script_v3.py", tmp_path)
    assert {name: answer["status"] for name, answer in answers.items()} == {
        "scikit-learn": "Completed",
        "pytorch": "Completed",
    }, answers
    assert answers["scikit-learn"]["metrics"]["accuracy"] > 0.7
    assert answers["pytorch"]["metrics"]["loss"] > 0


def files_of(clary: RunningClary, uri: str, folder: Path) -> set[str]:
    environment = clary.environment()
    s3 = boto3.client(
        "s3",
        endpoint_url=clary.url,
        region_name="us-east-1",
        aws_access_key_id=environment["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=environment["AWS_SECRET_ACCESS_KEY"],
    )
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    archive = folder / key.replace("/", "-")
    s3.download_file(bucket, key, str(archive))
    with tarfile.open(archive) as packed:
        return {member.name for member in packed if member.isfile()}
