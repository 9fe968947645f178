import numpy as np
import pytest
import xgboost

from clary.algorithms.catalog import algorithm
from tests.unit.algorithms.jobs import as_csv, make_job, tiny_rows

BINARY = {"objective": "binary:logistic", "num_round": "8", "max_depth": "3", "eta": "0.5"}


@pytest.fixture
def xgboost_algorithm():
    return algorithm("sagemaker-xgboost")


@pytest.fixture
def train(tmp_path, xgboost_algorithm, capsys):
    """Trains in a folder; gives the folder and the log."""

    def run(name="job", channels=None, hyperparameters=None, **options):
        rows = tiny_rows()
        channels = channels or {"train": as_csv(rows[:300]), "validation": as_csv(rows[300:])}
        root = make_job(tmp_path / name, BINARY | (hyperparameters or {}), channels, **options)
        capsys.readouterr()
        xgboost_algorithm.train(root)
        return root, capsys.readouterr().out

    return run


@pytest.fixture
def booster_of():
    """Loads the model of a job with plain xgboost."""

    def load(root, name="xgboost-model"):
        booster = xgboost.Booster()
        booster.load_model(str(root / "model" / name))
        return booster

    return load


def predictions(booster, rows):
    """Plain xgboost's predictions for a table whose first column is the label."""
    return booster.predict(xgboost.DMatrix(np.asarray(rows, np.float32)[:, 1:]))
