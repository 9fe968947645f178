"""Handlers of a model that attack the machine they run on."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from clary.compute.executors import isolation
from tests.clients.frameworks import framework_python
from tests.contracts.test_isolated_replicas import NAP_SECONDS, processes_with

from .kit import Attacker, until
from .test_models import file, packed, settled

HANDLERS = (Path(__file__).parents[2] / "programs" / "isolated_handlers.py").read_bytes()
IMAGE = "123456789012.dkr.ecr.us-east-1.amazonaws.com/python:3.11"
NAME = "hostile-handlers"

pytestmark = pytest.mark.skipif(not isolation.probe().bubblewrap, reason=isolation.probe().description)


@pytest.fixture(scope="module")
def deployed(attacker: Attacker, s3: Any, sagemaker: Any) -> Iterator[str]:
    """The endpoint of a model whose handlers do what they are asked to, without a network."""
    framework_python("python-3")
    s3.put_object(Bucket="hostile", Key="handlers.tar.gz", Body=packed(file("code/inference.py", HANDLERS)))
    sagemaker.create_model(
        ModelName=NAME,
        PrimaryContainer={"Image": IMAGE, "ModelDataUrl": "s3://hostile/handlers.tar.gz"},
        ExecutionRoleArn=attacker.role,
        EnableNetworkIsolation=True,
    )
    variant = {"VariantName": "all", "ModelName": NAME, "InitialInstanceCount": 1, "InstanceType": "ml.m5.large"}
    sagemaker.create_endpoint_config(EndpointConfigName=NAME, ProductionVariants=[variant])
    sagemaker.create_endpoint(EndpointName=NAME, EndpointConfigName=NAME)
    found = settled(sagemaker, NAME)
    assert found["EndpointStatus"] == "InService", found.get("FailureReason")
    yield NAME
    sagemaker.delete_endpoint(EndpointName=NAME)
    until("the end of all that the handlers started", lambda: not processes_with(f"sleep {NAP_SECONDS}"))


def do(attacker: Attacker, what: str, *arguments: Any) -> Any:
    body = json.dumps({"do": what, "with": arguments})
    runtime = attacker.client("sagemaker-runtime")
    answer = runtime.invoke_endpoint(EndpointName=NAME, ContentType="application/json", Body=body)["Body"].read()
    try:
        return json.loads(answer)
    except ValueError:
        return answer.decode()


def test_handlers_see_nothing_of_clarys_data(attacker: Attacker, deployed: str) -> None:
    assert do(attacker, "listing", str(attacker.clary.data)) in ([], "FileNotFoundError")


def test_handlers_cannot_write_outside_of_their_folders(attacker: Attacker, deployed: str) -> None:
    for place in (str(Path.home() / "hostile"), "/etc/hostile", "/usr/hostile", "/opt/ml/model/hostile"):
        assert do(attacker, "write", place) != "written", place
        assert not Path(place).exists()


def test_handlers_of_an_isolated_model_cannot_even_reach_clary(attacker: Attacker, deployed: str) -> None:
    assert do(attacker, "reach", urlsplit(attacker.clary.url).port) == "ConnectionRefusedError"


@pytest.mark.parametrize("name", ["AWS_SECRET_ACCESS_KEY", "AWS_ACCESS_KEY_ID", "CLARY_DATA"])
def test_handlers_find_no_keys_in_their_environment(attacker: Attacker, deployed: str, name: str) -> None:
    assert do(attacker, "variable", name) in (None, "")


def test_what_handlers_hide_ends_with_their_endpoint(attacker: Attacker, deployed: str) -> None:
    assert do(attacker, "hide_a_child", NAP_SECONDS) == "hidden"  # the fixture's end looks for it
    until("the hidden child", lambda: processes_with(f"sleep {NAP_SECONDS}"))


def test_handlers_that_end_their_own_server_are_served_again(attacker: Attacker, deployed: str) -> None:
    runtime = attacker.client("sagemaker-runtime")
    with pytest.raises(runtime.exceptions.ModelError):
        do(attacker, "end_everything")
    assert str(do(attacker, "hello")).startswith("hello from")
