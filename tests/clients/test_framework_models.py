"""Models behind users' own handlers, with every unmodified client."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.clients.conftest import RunningClary, client_python
from tests.clients.frameworks import SCRIPTS, make_model

PROGRAMS = Path(__file__).parent / "programs"

# Each computes 2 a + b.
SCIKIT_LEARN = """
import joblib, numpy
from sklearn.linear_model import LinearRegression
rows = numpy.array([[0, 0], [1, 0], [0, 1]])
joblib.dump(LinearRegression().fit(rows, rows @ [2, 1]), "model.joblib")
"""
PYTORCH = """
import torch
torch.save({"layer.weight": torch.tensor([[2.0, 1.0]]), "layer.bias": torch.zeros(1)}, "model.pth")
"""
TENSORFLOW = """
import numpy, keras
model = keras.Sequential([keras.layers.Input((2,)), keras.layers.Dense(1)])
model.layers[0].set_weights([numpy.array([[2.0], [1.0]]), numpy.zeros(1)])
model.export("1")
"""


def run(clary: RunningClary, client: str, program: str, folder: Path) -> dict[str, Any]:
    command = [str(client_python(client)), str(PROGRAMS / program), str(folder), str(SCRIPTS)]
    done = subprocess.run(command, env=clary.environment(), capture_output=True, text=True, timeout=280)
    assert done.returncode == 0, f"{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answer


def numbers(value: Any) -> list[float]:
    """All numbers of an answer, however deep they lie."""
    if isinstance(value, dict):
        value = list(value.values())
    return [number for item in value for number in numbers(item)] if isinstance(value, list) else [float(value)]


@pytest.mark.timeout(900)  # the first time environments are built
def test_the_sagemaker_sdk_v2_deploys_models_of_three_frameworks(clary: RunningClary, tmp_path: Path) -> None:
    make_model("scikit-learn-1.2", SCIKIT_LEARN, tmp_path / "scikit-learn.tar.gz")
    make_model("pytorch-2.13", PYTORCH, tmp_path / "pytorch.tar.gz")
    make_model("tensorflow-2.21", TENSORFLOW, tmp_path / "tensorflow.tar.gz")
    answers = run(clary, "sdk2", "serve_v2.py", tmp_path)
    error = answers.pop("error")
    assert error["Code"] == "ModelError"
    assert error["status"] == 500
    assert "serve_pytorch.py" in error["Message"]
    assert numbers(answers.pop("tensorflow-handlers")) == pytest.approx([4.0])
    for name, answer in answers.items():
        assert numbers(answer) == pytest.approx([4.0, 10.0]), name
    assert list(answers["tensorflow list"]) == list(answers["tensorflow csv"]) == ["predictions"]
    assert list(answers["tensorflow inputs"]) == ["outputs"]


@pytest.mark.timeout(600)
def test_the_sagemaker_sdk_v3_deploys_code_from_s3_and_runs_it_over_a_file(clary: RunningClary, tmp_path: Path) -> None:
    make_model("scikit-learn-1.2", SCIKIT_LEARN, tmp_path / "scikit-learn.tar.gz")
    answers = run(clary, "sdk3", "serve_v3.py", tmp_path)
    assert set(answers) == {"text/csv", "application/json", "batch"}
    for answer in answers.values():
        assert numbers(answer) == pytest.approx([4.0, 10.0])
