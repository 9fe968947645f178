"""The credentials of a script: of its role alone, written nowhere, kept over a restart, worthless after the job."""

from __future__ import annotations

import io
import json
import socket
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.clients.conftest import RunningClary, start_clary
from tests.clients.frameworks import framework_python
from tests.live_folder import content, files_below

from .kit import Attacker, Key, allow, ended, policy, until
from .test_scripts import IMAGE

# Tells the test its credentials, without writing them anywhere but (as careless scripts do) into the log, and then
# does as it is told: one attempt to write an object for each line that comes.
SCRIPT = """
import json, os, socket
import boto3
names = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL")
print(dict(os.environ), flush=True)
with socket.create_connection(("127.0.0.1", PORT)) as test, test.makefile("rw") as lines:
    def say(what):
        print(json.dumps(what), file=lines, flush=True)
    say([os.environ.get(name) for name in names])
    for line in lines:
        try:
            boto3.client("s3").put_object(Bucket="own", Key=line.strip(), Body=b"x")
            say("written")
        except Exception as error:
            say(getattr(error, "response", {}).get("Error", {}).get("Code", repr(error)))
"""


@pytest.fixture(scope="module")
def keeping(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningClary]:
    """A Clary that keeps the folders of ended jobs."""
    framework_python("scikit-learn-1.2")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CLARY_KEEP_JOB_FOLDERS", "true")
        running = start_clary(tmp_path_factory.mktemp("keeping") / "data")
        Attacker.of(running).client("s3").create_bucket(Bucket="own")
        yield running
        running.command("down")


def submit(owner: Attacker, name: str, script: str, role: str, **members: Any) -> None:
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w:gz") as packed:
        entry = tarfile.TarInfo("train.py")
        entry.size = len(script.encode())
        packed.addfile(entry, io.BytesIO(script.encode()))
    owner.client("s3").put_object(Bucket="own", Key=f"{name}.tar.gz", Body=archive.getvalue())
    owner.client("sagemaker").create_training_job(
        TrainingJobName=name,
        AlgorithmSpecification={"TrainingImage": IMAGE, "TrainingInputMode": "File"},
        RoleArn=role,
        HyperParameters={"sagemaker_program": "train.py", "sagemaker_submit_directory": f"s3://own/{name}.tar.gz"},
        OutputDataConfig={"S3OutputPath": "s3://own/output"},
        ResourceConfig={"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1},
        StoppingCondition={"MaxRuntimeInSeconds": 300},
        **members,
    )


def make_role(owner: Attacker, name: str, *statements: dict[str, Any]) -> str:
    trust = policy({"Effect": "Allow", "Principal": {"Service": "sagemaker.amazonaws.com"}, "Action": "sts:AssumeRole"})
    role = owner.client("iam").create_role(RoleName=name, AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    owner.client("iam").put_role_policy(RoleName=name, PolicyName="policy", PolicyDocument=policy(*statements))
    return str(role)


def found_on_disk(data: Path, words: list[str]) -> list[Path]:
    """The files that hold one of the words, apart from the database of identities, which is there for that."""
    files = [path for path in files_below(data) if not path.name.startswith("identities.db")]
    return [path for path in files if any(word.encode() in content(path) for word in words)]


def refusal(owner: Attacker, key: Key) -> str:
    """Why a key is refused, "" while it is not."""
    try:
        owner.client("sts", key).get_caller_identity()
    except ClientError as error:
        return str(error.response["Error"]["Code"])
    return ""


def test_credentials_are_written_nowhere_outlive_a_restart_and_end_with_their_job(keeping: RunningClary) -> None:
    owner = Attacker.of(keeping)
    read = allow("s3:GetObject", "arn:aws:s3:::own/*")
    write = allow("s3:PutObject", ["arn:aws:s3:::own/allowed/*", "arn:aws:s3:::own/output/*"])
    role = make_role(owner, "writer", read, write, allow("s3:ListBucket", "arn:aws:s3:::own"))
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(90)
        submit(owner, "careless", SCRIPT.replace("PORT", str(server.getsockname()[1])), role)
        connection, _ = server.accept()
    with connection, connection.makefile("rw") as lines:

        def told(order: str) -> Any:
            print(order, file=lines, flush=True)
            return json.loads(lines.readline())

        key_id, secret, token, url = json.loads(lines.readline())
        key = owner.remember(Key(key_id, secret, token))
        assert url == keeping.url
        caller = owner.client("sts", key).get_caller_identity()["Arn"]
        assert caller == "arn:aws:sts::123456789012:assumed-role/writer/SageMaker"
        assert told("allowed/a") == "written"
        assert told("forbidden/a") == "AccessDenied"
        assert found_on_disk(keeping.data, [secret, token]) == []

        keeping.command("down")
        again = start_clary(keeping.data)  # any free port was asked for: it is the one that the script knows
        assert again.url == keeping.url
        assert told("allowed/b") == "written"
    assert ended(owner.client("sagemaker"), "careless")["TrainingJobStatus"] == "Completed"
    assert until("the end of the credentials", lambda: refusal(owner, key)) == "InvalidClientTokenId"
    log = keeping.command("logs", "careless")
    assert "'AWS_SECRET_ACCESS_KEY': '*****'" in log
    assert found_on_disk(keeping.data, [secret, token]) == []


def test_a_job_without_a_network_gets_neither_credentials_nor_an_address(keeping: RunningClary) -> None:
    owner = Attacker.of(keeping)
    script = "import os\nprint([name for name in os.environ if name.startswith('AWS_')])\n"
    submit(owner, "isolated", script, owner.role, EnableNetworkIsolation=True)
    job = ended(owner.client("sagemaker"), "isolated")
    assert job["TrainingJobStatus"] == "Completed", job.get("FailureReason")
    log = keeping.command("logs", "isolated")
    assert "AWS_REGION" in log
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL"):
        assert name not in log
