"""Which program serves a model, and where its code comes from."""

from __future__ import annotations

from typing import Any

import pytest

from clary.compute.forking.child import LISTENING
from clary.core.errors import ValidationException
from clary.frameworks.toolkit import SERVE
from clary.services.sagemaker.serving import code_uri, serving_program

REGISTRY = "683313688378.dkr.ecr.us-east-1.amazonaws.com"
SCRIPT = {"SAGEMAKER_PROGRAM": "inference.py"}


def container(image: str, **environment: str) -> dict[str, Any]:
    return {"Image": f"{REGISTRY}/{image}", "Environment": environment}


@pytest.mark.parametrize(
    ("image", "environment", "family", "framework"),
    [
        ("sagemaker-scikit-learn:1.2-1-cpu-py3", {}, "scikit-learn", "scikit-learn-"),
        ("pytorch-inference:2.3-cpu-py311", {}, "pytorch", "pytorch-"),
        ("pytorch-inference:2.3-gpu-py311-cu121-ubuntu20.04-sagemaker", {}, "pytorch", "pytorch-"),
        ("tensorflow-inference:2.16-cpu", {}, "tensorflow", "tensorflow-"),
        ("huggingface-pytorch-inference:2.1-transformers4.37-cpu-py310-ubuntu22.04", {}, "huggingface", "huggingface-"),
        ("sagemaker-xgboost:1.7-1", SCRIPT, "xgboost", "xgboost-"),
        ("sagemaker-xgboost:1.7-1", {"SAGEMAKER_SUBMIT_DIRECTORY": "/opt/ml/model/code"}, "xgboost", "xgboost-"),
    ],
)
def test_a_framework_image_is_served_by_the_toolkit_in_its_environment(
    image: str, environment: dict[str, str], family: str, framework: str
) -> None:
    program = serving_program(container(image, **environment), {"A": "b"})
    assert program.argv == ("python3", SERVE, family, "--descriptor", str(LISTENING))
    assert program.framework.startswith(framework)
    assert program.environment == {"A": "b"}


def test_xgboosts_image_without_code_is_the_built_in_algorithm() -> None:
    program = serving_program(container("sagemaker-xgboost:1.7-1"), {})
    assert (program.entry, program.args, program.argv) == ("clary.algorithms.serve:main", ("xgboost",), ())


def test_an_image_of_the_users_own_is_told_to_serve() -> None:
    program = serving_program(container("mine:1"), {}, "registry/mine@sha256:0")
    assert (program.image, program.args) == ("registry/mine@sha256:0", ("serve",))


def test_an_unknown_image_is_refused_with_what_there_is() -> None:
    with pytest.raises(ValidationException, match="sagemaker-scikit-learn"):
        serving_program(container("blazingtext:1"), {})


@pytest.mark.parametrize(
    ("submitted", "uri"),
    [
        ("", ""),
        ("/opt/ml/model/code", ""),
        ("s3://bucket/job/source/sourcedir.tar.gz", "s3://bucket/job/source/sourcedir.tar.gz"),
    ],
)
def test_the_code_is_fetched_where_it_lies_in_s3(submitted: str, uri: str) -> None:
    assert code_uri(container("pytorch-inference:2.3-cpu-py311", SAGEMAKER_SUBMIT_DIRECTORY=submitted)) == uri


def test_an_address_that_is_none_of_s3_is_refused_by_name() -> None:
    with pytest.raises(ValidationException, match="SAGEMAKER_SUBMIT_DIRECTORY"):
        code_uri(container("pytorch-inference:2.3-cpu-py311", SAGEMAKER_SUBMIT_DIRECTORY="s3://B_B/x"))
