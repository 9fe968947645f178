import csv
from pathlib import Path

import numpy as np
import pytest
import sklearn.metrics

from tests.unit.algorithms.jobs import as_csv
from tests.unit.algorithms.xgboost.conftest import predictions

FILE = Path(__file__).parents[4] / "../shared/data/bank_marketing/dev/bank-additional-full.csv"
SETTINGS = {
    "objective": "binary:logistic",
    "num_round": "200",
    "max_depth": "4",
    "eta": "0.1",
    "subsample": "0.8",
    "colsample_bytree": "0.7",
    "min_child_weight": "6",
    "eval_metric": "auc",
    "early_stopping_rounds": "30",
}


@pytest.fixture(scope="module")
def table():
    if not FILE.is_file():
        pytest.skip("the bank marketing data set is not beside the project")
    with FILE.open(newline="") as file:
        header, *lines = list(csv.reader(file, delimiter=";"))
    return header, np.array(lines)


def encoded(table, without=()):
    """The label and one column for each number or category, as a shuffled array."""
    header, lines = table
    columns = [lines[:, header.index("y")] == "yes"]
    for index, name in enumerate(header[:-1]):
        if name in without:
            continue
        try:
            columns.append(lines[:, index].astype(float))
        except ValueError:
            columns.extend(lines[:, index] == value for value in np.unique(lines[:, index]))
    rows = np.column_stack(columns).astype(float)
    return rows[np.random.default_rng(1).permutation(len(rows))]


@pytest.mark.parametrize(("without", "least_auc"), [((), 0.93), (("duration",), 0.78)])
def test_bank_marketing_is_learnt(table, train, booster_of, without, least_auc):
    rows = encoded(table, without)
    tenth = len(rows) // 10
    test, validation, rest = rows[:tenth], rows[tenth : 2 * tenth], rows[2 * tenth :]
    root, _ = train(channels={"train": as_csv(rest), "validation": as_csv(validation)}, hyperparameters=SETTINGS)
    auc = sklearn.metrics.roc_auc_score(test[:, 0], predictions(booster_of(root), test))
    assert auc > least_auc
