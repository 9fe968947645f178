"""The main path, whole, with every unmodified client: upload, train, watch the log, deploy, ask, clean up."""

from __future__ import annotations

import json
import subprocess
import sys
import tarfile
from pathlib import Path

import numpy as np
import pytest
import xgboost

from tests.clients.conftest import RunningClary, client_python
from tests.clients.datasets import area_under_curve, bank_marketing, made_up, write_parts

PROGRAMS = Path(__file__).parent / "programs"
SEEN_BY_NAME = {
    "bank": (lambda: bank_marketing(duration=True), 0.93),
    "bank_without_duration": (lambda: bank_marketing(duration=False), 0.78),
    "made_up": (made_up, 0.80),
}


@pytest.fixture(params=list(SEEN_BY_NAME))
def parts(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Path, float]:
    """A folder with train.csv, validation.csv and test.csv, and the AUC the model must reach on the last."""
    make, auc = SEEN_BY_NAME[request.param]
    write_parts(make(), tmp_path)
    return tmp_path, auc


def run_program(clary: RunningClary, *command: str) -> str:
    done = subprocess.run(command, env=clary.environment(), capture_output=True, text=True, timeout=280)
    assert done.returncode == 0, f"{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
    return done.stdout


def answer_of(clary: RunningClary, python: Path | str, program: str, folder: Path) -> dict:
    return json.loads(run_program(clary, str(python), str(PROGRAMS / program), str(folder), "60").splitlines()[-1])


def auc_of(folder: Path, scores: list[float]) -> float:
    return area_under_curve(np.loadtxt(folder / "test.csv", delimiter=",")[:, 0], np.array(scores))


def test_boto3_trains_deploys_and_predicts(clary: RunningClary, parts: tuple[Path, float]) -> None:
    folder, wanted = parts
    answer = answer_of(clary, sys.executable, "boto3_path.py", folder)
    assert answer["status"] == "Completed"
    assert auc_of(folder, answer["scores"]) > wanted
    assert {"train:auc", "validation:auc"} <= set(answer["metrics"])
    assert any("#011validation-auc:" in line for line in answer["log"])


def test_the_sagemaker_sdk_v2_trains_deploys_and_predicts(clary: RunningClary, parts: tuple[Path, float]) -> None:
    folder, wanted = parts
    answer = answer_of(clary, client_python("sdk2"), "sdk_v2.py", folder)
    assert auc_of(folder, answer["scores"]) > wanted
    assert "validation:auc" in answer["metric_names"]
    assert answer["role"] == f"arn:aws:iam::{answer['account']}:role/ClaryExecutionRole"
    assert answer["model_data"].endswith("/output/model.tar.gz")


def test_the_sagemaker_sdk_v3_trains_deploys_and_predicts(clary: RunningClary, parts: tuple[Path, float]) -> None:
    folder, wanted = parts
    answer = answer_of(clary, client_python("sdk3"), "sdk_v3.py", folder)
    assert auc_of(folder, answer["scores"]) > wanted
    assert "validation:auc" in answer["metrics"]


def test_the_aws_cli_trains_deploys_and_predicts(clary: RunningClary, parts: tuple[Path, float]) -> None:
    folder, wanted = parts
    test = np.loadtxt(folder / "test.csv", delimiter=",")
    np.savetxt(folder / "test-features.csv", test[:, 1:], delimiter=",", fmt="%.10g")
    aws = client_python("cli").with_name("aws")
    run_program(clary, "bash", str(PROGRAMS / "cli_path.sh"), str(aws), str(folder), "60")
    scores = np.loadtxt(folder / "scores.csv", delimiter=",")
    assert area_under_curve(test[:, 0], scores) > wanted
    with tarfile.open(folder / "model.tar.gz") as archive:
        archive.extract("xgboost-model", folder, filter="data")
    booster = xgboost.Booster(model_file=str(folder / "xgboost-model"))
    assert np.allclose(booster.inplace_predict(test[:, 1:]), scores, atol=1e-6)
