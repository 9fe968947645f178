"""Images of one's own, from `docker build` to an endpoint: pushed to Clary, trained with, deployed."""

from __future__ import annotations

import base64
import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest

from clary.compute import processes
from clary.compute.containers.program import DATA_LABEL, RUNNER_LABEL

from ..docker_engine import DockerEngine
from .conftest import CLARY, RunningClary, client_python, start_clary

PROGRAMS = Path(__file__).parent / "programs"
BUCKET = "own-containers"


@dataclass(frozen=True)
class World:
    """A Clary that runs images in the tests' own dockerd, with one image pushed to it."""

    clary: RunningClary
    docker: DockerEngine
    image: str
    session: boto3.Session

    def client(self, service: str) -> Any:
        return self.session.client(service, endpoint_url=self.clary.url)

    @property
    def role(self) -> str:
        account = self.client("sts").get_caller_identity()["Account"]
        return f"arn:aws:iam::{account}:role/ClaryExecutionRole"

    def containers(self) -> list[dict[str, Any]]:
        return self.docker.engine.containers([f"{DATA_LABEL}={self.clary.data}"])

    def train(self, name: str, parameters: dict[str, str] | None = None, **request: Any) -> str:
        resources = {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1}
        source = {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": f"s3://{BUCKET}/numbers/"}}
        self.client("sagemaker").create_training_job(
            **{
                "TrainingJobName": name,
                "AlgorithmSpecification": {"TrainingImage": self.image, "TrainingInputMode": "File"},
                "RoleArn": self.role,
                "InputDataConfig": [{"ChannelName": "training", "DataSource": source}],
                "OutputDataConfig": {"S3OutputPath": f"s3://{BUCKET}/output"},
                "ResourceConfig": resources,
                "StoppingCondition": {"MaxRuntimeInSeconds": 600},
                "HyperParameters": parameters or {},
                **request,
            }
        )
        return name

    def until_ended(self, name: str, seconds: float = 90) -> dict[str, Any]:
        def look() -> dict[str, Any] | None:
            job = self.client("sagemaker").describe_training_job(TrainingJobName=name)
            return job if job["TrainingJobStatus"] not in ("InProgress", "Stopping") else None

        return until(look, seconds)

    def log(self, name: str) -> str:
        logs, group = self.client("logs"), "/aws/sagemaker/TrainingJobs"
        streams = logs.describe_log_streams(logGroupName=group, logStreamNamePrefix=f"{name}/")["logStreams"]
        pages = [logs.get_log_events(logGroupName=group, logStreamName=one["logStreamName"]) for one in streams]
        return "\n".join(event["message"] for page in pages for event in page["events"])


def until(look: Callable[[], Any], seconds: float = 60) -> Any:
    deadline = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.1)
    return found


@pytest.fixture(scope="module")
def world(docker_engine: DockerEngine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    data = tmp_path_factory.mktemp("containers") / "data"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CLARY_CONTAINER_SOCKET", str(docker_engine.socket))
        patch.setenv("CLARY_HOST", "0.0.0.0")  # containers have a network of their own
        clary = start_clary(data)
    values = clary.environment()
    session = boto3.Session(
        values["AWS_ACCESS_KEY_ID"], values["AWS_SECRET_ACCESS_KEY"], region_name=values["AWS_DEFAULT_REGION"]
    )
    ecr = session.client("ecr", endpoint_url=clary.url)
    repository = ecr.create_repository(repositoryName="workshop/sums")["repository"]
    log_in(docker_engine, ecr)
    image = f"{repository['repositoryUri']}:v1"
    docker_engine.docker("build", "-q", "-t", image, str(PROGRAMS / "own_container"))
    docker_engine.docker("push", image)
    docker_engine.docker("rmi", image)
    s3 = session.client("s3", endpoint_url=clary.url)
    s3.create_bucket(Bucket=BUCKET)
    s3.put_object(Bucket=BUCKET, Key="numbers/a.csv", Body=b"1\n2\n3.5\n")
    yield World(clary, docker_engine, image, session)
    clary.command("down")


def log_in(docker: DockerEngine, ecr: Any) -> None:
    given = ecr.get_authorization_token()["authorizationData"][0]
    user, _, password = base64.b64decode(given["authorizationToken"]).decode().partition(":")
    docker.docker("login", "--username", user, "--password-stdin", given["proxyEndpoint"], text=password)


def test_what_docker_pushed_is_described_and_can_be_pulled_again(world: World) -> None:
    details = world.client("ecr").describe_images(repositoryName="workshop/sums")["imageDetails"]
    assert [detail["imageTags"] for detail in details] == [["v1"]]
    assert details[0]["imageSizeInBytes"] > 1 << 20
    world.docker.docker("pull", world.image)
    pulled = json.loads(world.docker.docker("inspect", world.image))[0]
    assert pulled["RepoDigests"] == [f"{world.image.removesuffix(':v1')}@{details[0]['imageDigest']}"]
    world.docker.docker("rmi", world.image)


def test_a_job_trains_in_the_image_and_its_model_is_served_by_it(world: World) -> None:
    name = world.train("first-sum", {"scale": "10"})
    job = world.until_ended(name)
    assert job["TrainingJobStatus"] == "Completed", job.get("FailureReason")
    assert "host=algo-1 job=first-sum" in world.log(name)
    answer = deployed(world, "first-sum", job["ModelArtifacts"]["S3ModelArtifacts"], isolated=False)
    assert answer["answer"] == 65 + 0.5
    assert answer["greeting"] == "hello"
    assert not answer["writable"]
    assert len(answer["interfaces"]) == 2
    assert until(lambda: not world.containers()) is True


def test_without_network_neither_the_job_nor_the_endpoint_has_one(world: World) -> None:
    port = world.clary.url.rpartition(":")[2]
    parameters = {"mode": "network", "host": "127.0.0.1", "port": port}
    job = world.until_ended(world.train("alone", parameters, EnableNetworkIsolation=True))
    assert job["TrainingJobStatus"] == "Completed", job.get("FailureReason")
    log = world.log("alone")
    assert "outside=ConnectionRefusedError" in log
    assert "names=gaierror" in log
    assert "interfaces=['lo']" in log
    answer = deployed(world, "alone", job["ModelArtifacts"]["S3ModelArtifacts"], isolated=True)
    assert answer["answer"] == 7
    assert answer["interfaces"] == ["lo"]


def deployed(world: World, name: str, model: str, *, isolated: bool) -> dict[str, Any]:
    """Deploys, asks, lets the container die and asks again, and takes everything down."""
    sagemaker, runtime = world.client("sagemaker"), world.client("sagemaker-runtime")
    container = {"Image": world.image, "ModelDataUrl": model, "Environment": {"GREETING": "hello"}}
    sagemaker.create_model(
        ModelName=name, PrimaryContainer=container, ExecutionRoleArn=world.role, EnableNetworkIsolation=isolated
    )
    variant = {"VariantName": "all", "ModelName": name, "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
    sagemaker.create_endpoint_config(EndpointConfigName=name, ProductionVariants=[variant])
    sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=name)
    until(lambda: sagemaker.describe_endpoint(EndpointName=name)["EndpointStatus"] != "Creating")
    described = sagemaker.describe_endpoint(EndpointName=name)
    assert described["EndpointStatus"] == "InService", described.get("FailureReason")
    with pytest.raises(runtime.exceptions.ClientError):
        runtime.invoke_endpoint(EndpointName=name, Body=b"die")

    def ask() -> dict[str, Any] | None:
        try:
            answer = runtime.invoke_endpoint(EndpointName=name, Body=b"0.5")
        except runtime.exceptions.ClientError:
            return None
        return json.loads(answer["Body"].read())

    found = until(ask)
    sagemaker.delete_endpoint(EndpointName=name)
    return found


def test_a_failed_program_is_told_with_its_failure_file_and_exit_code(world: World) -> None:
    job = world.until_ended(world.train("fallen", {"mode": "fail"}))
    assert job["TrainingJobStatus"] == "Failed"
    assert job["FailureReason"].startswith("AlgorithmError: the third tree fell over, exit code: 3")


def test_too_much_memory_is_told_as_such(world: World) -> None:
    resources = {"InstanceType": "ml.t3.medium", "InstanceCount": 1, "VolumeSizeInGB": 1}
    job = world.until_ended(world.train("greedy", {"mode": "memory", "bytes": str(6 << 30)}, ResourceConfig=resources))
    assert job["TrainingJobStatus"] == "Failed"
    assert "exceeded the memory of ml.t3.medium (4 GiB)" in job["FailureReason"]


def test_a_container_calls_clary_as_its_role_unless_its_network_is_isolated(world: World) -> None:
    world.train("role", {"mode": "role"})
    world.train("no-role", {"mode": "role"}, EnableNetworkIsolation=True)
    for name, said in (
        ("role", "arn:aws:sts::123456789012:assumed-role/ClaryExecutionRole/SageMaker"),
        ("no-role", ""),
    ):
        assert world.until_ended(name)["TrainingJobStatus"] == "Completed"
        assert f"caller={said};" in world.log(name)


def test_the_hosts_of_an_isolated_job_reach_each_other_by_name(world: World) -> None:
    resources = {"InstanceType": "ml.m5.large", "InstanceCount": 2, "VolumeSizeInGB": 1}
    name = world.train("together", {"mode": "hosts"}, ResourceConfig=resources, EnableNetworkIsolation=True)
    job = world.until_ended(name)
    assert job["TrainingJobStatus"] == "Completed", job.get("FailureReason")
    log = world.log(name)
    assert log.count("reached algo-1") == log.count("reached algo-2") == 2
    assert not [one for one in world.docker.engine.networks() if one["Name"].startswith("clary-")]


def test_an_image_that_does_not_exist_fails_the_job_and_is_refused_for_a_model(world: World) -> None:
    account = world.client("sts").get_caller_identity()["Account"]
    uri = f"{account}.dkr.ecr.us-east-1.amazonaws.com"
    for name, image, reason in (
        ("no-repository", f"{uri}/nothing:v1", "ClientError: Cannot find repository: nothing in registry ID"),
        ("no-image", f"{uri}/workshop/sums:v9", "Please ensure that the image exists"),
    ):
        world.train(name, AlgorithmSpecification={"TrainingImage": image, "TrainingInputMode": "File"})
        job = world.until_ended(name)
        assert job["TrainingJobStatus"] == "Failed"
        assert reason in job["FailureReason"]
    sagemaker = world.client("sagemaker")
    with pytest.raises(sagemaker.exceptions.ClientError, match=r"Requested image .* not found"):
        sagemaker.create_model(
            ModelName="none", PrimaryContainer={"Image": f"{uri}/nothing:v1"}, ExecutionRoleArn=world.role
        )


def test_an_entry_point_of_the_request_takes_the_place_of_the_images(world: World) -> None:
    specification = {
        "TrainingImage": world.image,
        "TrainingInputMode": "File",
        "ContainerEntrypoint": ["/bin/sh", "-c"],
        "ContainerArguments": ["echo in the words of the request; exit 4"],
    }
    job = world.until_ended(world.train("entered", AlgorithmSpecification=specification))
    assert "exit code: 4" in job["FailureReason"]
    assert "in the words of the request" in world.log("entered")


def test_a_stopped_job_is_asked_to_stop_and_keeps_its_model(world: World) -> None:
    name = world.train("stopped", {"mode": "wait", "until": str(time.monotonic() + 500)})
    until(lambda: any(one["State"] == "running" for one in world.containers()))
    until(lambda: "waiting" in world.log(name))
    world.client("sagemaker").stop_training_job(TrainingJobName=name)
    job = world.until_ended(name)
    assert job["TrainingJobStatus"] == "Stopped"
    assert "told to stop" in world.log(name)
    assert not world.containers()


def test_neither_the_end_of_clary_nor_that_of_a_supervisor_loses_or_leaks_a_container(world: World) -> None:
    name = world.train("survivor", {"mode": "wait", "until": str(time.monotonic() + 12)})
    container = until(lambda: next(iter(world.containers()), None))
    until(lambda: "waiting" in world.log(name))
    running = json.loads((world.clary.data / "running.json").read_text())
    os.kill(running["pid"], signal.SIGKILL)
    until(lambda: processes.start_ticks(running["pid"]) is None)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CLARY_CONTAINER_SOCKET", str(world.docker.socket))
        start_clary(world.clary.data, int(world.clary.url.rpartition(":")[2]))
    assert [one["Id"] for one in world.containers()] == [container["Id"]]
    stand_in = int(container["Labels"][RUNNER_LABEL].partition("/")[0])
    supervisor = parent_of(parent_of(stand_in))
    os.kill(supervisor, signal.SIGKILL)
    until(lambda: world.containers() and world.containers()[0]["Id"] != container["Id"])
    assert len(world.containers()) == 1
    job = world.until_ended(name)
    assert job["TrainingJobStatus"] == "Completed", job.get("FailureReason")
    assert not world.containers()


def parent_of(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


BUILD_AND_PUSH = """set -e
account=$(aws sts get-caller-identity --query Account --output text)
registry="$account.dkr.ecr.$AWS_DEFAULT_REGION.amazonaws.com"
aws ecr describe-repositories --repository-names usual >/dev/null 2>&1 ||
  aws ecr create-repository --repository-name usual --query repository.repositoryUri --output text
aws ecr get-login-password | docker login --username AWS --password-stdin "$registry"
docker build -q -t usual .
docker tag usual "$registry/usual:latest"
docker push "$registry/usual:latest"
docker rmi "$registry/usual:latest" usual
"""


def test_the_usual_build_and_push_script_runs_unchanged_under_clary_exec(world: World, tmp_path: Path) -> None:
    aws = client_python("cli").parent
    docker = Path(world.docker.client).parent
    environment = {**world.docker.environment(), "PATH": f"{aws}:{docker}:{os.environ['PATH']}"}
    done = subprocess.run(
        [str(CLARY), "exec", "--data", str(world.clary.data), "--", "sh", "-c", BUILD_AND_PUSH],
        env=environment,
        cwd=PROGRAMS / "own_container",
        capture_output=True,
        text=True,
        timeout=200,
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    account = world.client("sts").get_caller_identity()["Account"]
    uri = f"{account}.dkr.ecr.us-east-1.amazonaws.com/usual"
    assert uri in done.stdout
    specification = {"TrainingImage": uri, "TrainingInputMode": "File"}
    job = world.until_ended(world.train("by-the-usual-address", AlgorithmSpecification=specification))
    assert job["TrainingJobStatus"] == "Completed", job.get("FailureReason")


def test_a_batch_transform_asks_the_image(world: World) -> None:
    sagemaker, s3 = world.client("sagemaker"), world.client("s3")
    job = world.until_ended(world.train("for-transform"))
    container = {
        "Image": world.image,
        "ModelDataUrl": job["ModelArtifacts"]["S3ModelArtifacts"],
        "Environment": {"GREETING": "hello"},
    }
    sagemaker.create_model(ModelName="for-transform", PrimaryContainer=container, ExecutionRoleArn=world.role)
    s3.put_object(Bucket=BUCKET, Key="rows/rows.csv", Body=b"1\n2\n")
    source = {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": f"s3://{BUCKET}/rows/"}}
    sagemaker.create_transform_job(
        TransformJobName="rows",
        ModelName="for-transform",
        BatchStrategy="SingleRecord",
        TransformInput={"DataSource": source, "SplitType": "Line", "ContentType": "text/csv"},
        TransformOutput={"S3OutputPath": f"s3://{BUCKET}/answers", "AssembleWith": "Line"},
        TransformResources={"InstanceType": "ml.m5.large", "InstanceCount": 1},
    )

    def look() -> dict[str, Any] | None:
        told = sagemaker.describe_transform_job(TransformJobName="rows")
        return told if told["TransformJobStatus"] != "InProgress" else None

    told = until(look)
    assert told["TransformJobStatus"] == "Completed", told.get("FailureReason")
    lines = s3.get_object(Bucket=BUCKET, Key="answers/rows.csv.out")["Body"].read().decode().splitlines()
    assert [json.loads(line)["answer"] for line in lines] == [7.5, 8.5]


@pytest.mark.parametrize("sdk", ["v2", "v3"])
def test_both_sdks_train_and_deploy_an_image_of_ones_own(world: World, tmp_path: Path, sdk: str) -> None:
    (tmp_path / "numbers.csv").write_text("1\n2\n")
    python = client_python(sdk.replace("v", "sdk"))
    done = subprocess.run(
        [str(python), str(PROGRAMS / f"sdk_{sdk}_own_container.py"), world.image, str(tmp_path)],
        env=world.clary.environment(),
        capture_output=True,
        text=True,
        timeout=280,
    )
    assert done.returncode == 0, f"{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
    answer = json.loads(done.stdout[done.stdout.index('{"status"') :])  # the SDK's progress marks come before it
    assert answer["status"] == "Completed"
    assert answer["answer"] == 6 + 1.5
    assert [(one["MetricName"], one["Value"]) for one in answer["metrics"]] == [("sum", 3.0)]
