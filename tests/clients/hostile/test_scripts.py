"""Scripts that do what they should not: each job ends, with a reason its owner can act on, and harms nobody else."""

from __future__ import annotations

import io
import json
import tarfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.clients.conftest import RunningClary, start_clary
from tests.clients.frameworks import framework_python

from .kit import Attacker, ended, until

IMAGE = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.2-1-cpu-py3"
STOP_SECONDS = "2"

OUTSIDE = """
import pathlib
for folder in ("/etc", "/usr", "/root", "/home", "/"):
    try:
        pathlib.Path(folder, "clary-was-here").write_text("x")
    except OSError as error:
        last = error
    else:
        raise SystemExit(f"wrote into {folder}")
raise last
"""
FILL = """
import os, time
os.posix_fallocate(os.open("/opt/ml/big", os.O_CREAT | os.O_WRONLY), 0, 3 << 30)
time.sleep(600)
"""
DEAF = "import signal, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\ntime.sleep(600)\n"
GROW = "kept = []\nwhile True:\n    kept.append(bytearray(256 << 20))\n"
NOISE = """
import os
for _ in range(200):
    os.write(1, os.urandom(50_000))
os.write(2, b"no line end" * 100_000)
print("\\nloss=0.25;", flush=True)
"""
ENDLESS = "print('a' * 4000 + '!')\nprint('loss=0.5;')\n" * 5
NEST = "import os\nos.chdir('/opt/ml/model')\nfor _ in range(2000):\n os.mkdir('d' * 9)\n os.chdir('d' * 9)\n"
NETWORK = "import socket\nsocket.create_connection(('127.0.0.1', {port}), timeout=5)\n"

# (files, members of the request, the status, what the FailureReason must say)
Case = tuple[dict[str, str], dict[str, Any], str, list[str]]
ISOLATED = {"EnableNetworkIsolation": True}
CASES: dict[str, Case] = {
    "writes-outside": ({"train.py": OUTSIDE}, {}, "Failed", ["train.py, line", "only /opt/ml and /tmp can be written"]),
    "fills-the-disk": ({"train.py": FILL}, {}, "Failed", ["VolumeSizeInGB"]),
    "grows": ({"train.py": GROW}, {}, "Failed", ["MemoryError", "train.py, line 3", "larger instance type"]),
    "nests-without-end": ({"train.py": NEST}, {}, "Failed", []),
    "makes-noise": ({"train.py": NOISE}, {}, "Completed", []),
    "endless-regex": ({"train.py": ENDLESS}, {}, "Completed", []),
    "no-network": ({"train.py": NETWORK}, ISOLATED, "Failed", ["Error", "train.py, line 2"]),
    "no-network-for-pip": (
        {"train.py": "", "requirements.txt": "left-pad-of-nobody==1\n"},
        ISOLATED,
        "Failed",
        ["InstallRequirementsError", "left-pad-of-nobody==1", "EnableNetworkIsolation is set"],
    ),
    "bad-requirement": (
        {"train.py": "", "requirements.txt": "./not-there-1.0-py3-none-any.whl\n"},
        {},
        "Failed",
        ["InstallRequirementsError", "not-there-1.0-py3-none-any.whl"],
    ),
}


@pytest.fixture(scope="module")
def impatient(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningClary]:
    """A Clary that kills a stopped program soon."""
    framework_python("scikit-learn-1.2")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CLARY_JOB_STOP_SECONDS", STOP_SECONDS)
        running = start_clary(tmp_path_factory.mktemp("impatient") / "data")
    yield running
    running.command("down")


@pytest.fixture(scope="module")
def owner(impatient: RunningClary) -> Attacker:
    made = Attacker.of(impatient)
    made.client("s3").create_bucket(Bucket="scripts")
    return made


def submit(owner: Attacker, name: str, files: dict[str, str], **members: Any) -> None:
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w:gz") as packed:
        for path, text in files.items():
            content = text.replace("{port}", owner.host.rpartition(":")[2]).encode()
            entry = tarfile.TarInfo(path)
            entry.size = len(content)
            packed.addfile(entry, io.BytesIO(content))
    key = f"{name}/sourcedir.tar.gz"
    owner.client("s3").put_object(Bucket="scripts", Key=key, Body=archive.getvalue())
    told = {"sagemaker_program": "train.py", "sagemaker_submit_directory": f"s3://scripts/{key}"}
    metrics = [{"Name": "loss", "Regex": r"loss=([0-9.]+);"}, {"Name": "endless", "Regex": r"(a+)+$"}]
    owner.client("sagemaker").create_training_job(
        TrainingJobName=name,
        AlgorithmSpecification={
            "TrainingImage": IMAGE,
            "TrainingInputMode": "File",
            "MetricDefinitions": metrics,
        },
        RoleArn=owner.role,
        HyperParameters={key: json.dumps(value) for key, value in told.items()},
        OutputDataConfig={"S3OutputPath": "s3://scripts/output"},
        ResourceConfig={"InstanceType": "ml.t3.medium", "InstanceCount": 1, "VolumeSizeInGB": 1},
        StoppingCondition={"MaxRuntimeInSeconds": 600},
        **members,
    )


def described(owner: Attacker, name: str) -> dict[str, Any]:
    return owner.client("sagemaker").describe_training_job(TrainingJobName=name)


@pytest.fixture(scope="module")
def jobs(owner: Attacker) -> dict[str, dict[str, Any]]:
    """The descriptions of all jobs; they queue up and run meanwhile."""
    for name, (files, members, _, _) in CASES.items():
        submit(owner, name, files, **members)
    return {name: ended(owner.client("sagemaker"), name) for name in CASES}


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
def test_each_job_ends_as_it_should_and_says_why(jobs: dict[str, dict[str, Any]], name: str) -> None:
    _, _, status, said = CASES[name]
    job = jobs[name]
    assert job["TrainingJobStatus"] == status, job.get("FailureReason")
    for words in said:
        assert words in job["FailureReason"]


def test_metrics_are_read_in_noise_and_beside_a_pattern_without_end(jobs: dict[str, dict[str, Any]]) -> None:
    for name, value in (("makes-noise", 0.25), ("endless-regex", 0.5)):
        assert [metric["Value"] for metric in jobs[name]["FinalMetricDataList"]] == [value]


def test_nothing_of_these_scripts_is_left_on_the_machine(jobs: dict[str, dict[str, Any]]) -> None:
    assert [
        str(folder) for folder in (Path("/etc"), Path("/usr"), Path("/")) if (folder / "clary-was-here").exists()
    ] == []


def test_a_script_that_ignores_the_order_to_stop_is_killed(owner: Attacker) -> None:
    submit(owner, "deaf", {"train.py": DEAF})
    until("the script runs", lambda: described(owner, "deaf")["SecondaryStatus"] == "Training")
    owner.client("sagemaker").stop_training_job(TrainingJobName="deaf")
    started = time.monotonic()
    assert ended(owner.client("sagemaker"), "deaf")["TrainingJobStatus"] == "Stopped"
    assert time.monotonic() - started < 60


def test_processes_that_a_script_leaves_behind_end_with_it(owner: Attacker) -> None:
    mark = f"clary-orphan-{time.time_ns()}"
    script = f"""
import os, subprocess, sys
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        os.execvp(sys.executable, [sys.executable, "-c", "import time; time.sleep(600)", "{mark}"])
    os._exit(0)
os.wait()
"""
    submit(owner, "forks", {"train.py": script})
    assert ended(owner.client("sagemaker"), "forks")["TrainingJobStatus"] == "Completed"
    assert not [process for process in psutil.process_iter(["cmdline"]) if mark in (process.info["cmdline"] or [])]


def test_the_variables_of_a_job_do_nothing_outside_of_its_isolation(owner: Attacker, impatient: RunningClary) -> None:
    """The dynamic linker obeys them before a program's first line: also that of the program that isolates."""
    mark = impatient.data / "left"
    submit(owner, "linked", {"train.py": ""}, Environment={"LD_DEBUG": "libs", "LD_DEBUG_OUTPUT": str(mark)})
    assert ended(owner.client("sagemaker"), "linked")["TrainingJobStatus"] == "Completed"
    assert not list(impatient.data.glob("left*"))


def test_no_folder_of_a_job_is_left_whatever_its_script_did_to_it(
    impatient: RunningClary, jobs: dict[str, dict[str, Any]]
) -> None:
    until("the last folder is gone", lambda: not list((impatient.data / "jobs").glob("*/algo-1")))
