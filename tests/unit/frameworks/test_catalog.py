from __future__ import annotations

import pytest

from clary.frameworks.catalog import FRAMEWORKS, IMAGES, framework, framework_of

_ECR = "763104351884.dkr.ecr.us-east-1.amazonaws.com"

KNOWN = [
    ("sagemaker-scikit-learn:0.20.0-cpu-py3", "scikit-learn-1.2"),
    ("sagemaker-scikit-learn:0.23-1-cpu-py3", "scikit-learn-1.2"),
    ("sagemaker-scikit-learn:1.2-1-cpu-py3", "scikit-learn-1.2"),
    ("sagemaker-scikit-learn:1.4-2-cpu-py3", "scikit-learn-1.9"),
    ("sagemaker-xgboost:1.7-1", "xgboost-3.2"),
    ("pytorch-training:1.6.0-cpu-py36-ubuntu16.04", "pytorch-2.13"),
    ("pytorch-training:2.5.1-gpu-py311-cu124-ubuntu22.04-sagemaker", "pytorch-2.13"),
    ("pytorch-inference:1.12.1-cpu-py38", "pytorch-2.13"),
    ("pytorch-inference-graviton:2.0.0-cpu-py310", "pytorch-2.13"),
    ("sagemaker-pytorch:1.1.0-gpu-py3", "pytorch-2.13"),
    ("sagemaker-tensorflow-scriptmode:1.12.0-cpu-py3", "tensorflow-1"),
    ("tensorflow-training:1.15.2-cpu-py36", "tensorflow-1"),
    ("sagemaker-tensorflow-serving:1.12.0-cpu", "tensorflow-1"),
    ("tensorflow-training:2.3.1-cpu-py37", "tensorflow-2-keras-2"),
    ("tensorflow-inference:2.15-gpu", "tensorflow-2-keras-2"),
    ("tensorflow-training:2.16.2-cpu-py310", "tensorflow-2.21"),
    ("tensorflow-training:2.19-gpu-py312-cu125-ubuntu22.04-sagemaker", "tensorflow-2.21"),
    ("huggingface-pytorch-training:1.13.1-transformers4.26.0-gpu-py39-cu117-ubuntu20.04", "huggingface-pytorch"),
    ("huggingface-pytorch-inference:2.1.0-transformers4.37.0-cpu-py310-ubuntu22.04", "huggingface-pytorch"),
    ("huggingface-tensorflow-training:2.11.0-transformers4.26.0-gpu-py39-cu112-ubuntu20.04", "huggingface-tensorflow"),
    ("huggingface-tensorflow-inference:2.11.1-transformers4.26.0-cpu-py39-ubuntu20.04", "huggingface-tensorflow"),
    ("sagemaker-base-python-310:1.0", "python-3"),
]


@pytest.mark.parametrize(("image", "name"), KNOWN)
def test_the_images_of_the_framework_containers_have_an_environment(image: str, name: str) -> None:
    found = framework_of(f"{_ECR}/{image}", python=(3, 11))
    assert found is not None
    assert found.name == name


@pytest.mark.parametrize("image", ["python:3.11-slim", "public.ecr.aws/docker/library/python:3.12", "library/python"])
def test_a_plain_python_image_runs_on_the_python_of_this_machine(image: str) -> None:
    assert framework_of(image) is framework("python-3")


@pytest.mark.parametrize(
    "image",
    [f"{_ECR}/mxnet-training:1.9.0-cpu-py38", f"{_ECR}/team/pytorch-training:2.0", f"{_ECR}/pytorch-training:mine", ""],
)
def test_other_images_have_none(image: str) -> None:
    assert framework_of(image) is None


def test_where_a_version_does_not_exist_for_the_python_the_next_one_is_taken() -> None:
    image = f"{_ECR}/sagemaker-scikit-learn:1.2-1-cpu-py3"
    found = framework_of(image, python=(3, 13))
    assert found is not None
    assert found.name == "scikit-learn-1.9"


@pytest.mark.parametrize("one", FRAMEWORKS, ids=lambda one: one.name)
def test_every_lock_pins_exactly_and_holds_the_direct_requirements(one) -> None:  # type: ignore[no-untyped-def]
    assert all("==" in pin.partition(";")[0] for pin in one.pins)
    assert set(one.packages) <= set(one.pins)
    assert one.version in " ".join(one.packages) or one.family == "python"


def test_every_framework_is_used_by_an_image_and_every_image_finds_its_frameworks() -> None:
    used = {name for row in IMAGES for name in row.frameworks}
    assert used == {one.name for one in FRAMEWORKS}
