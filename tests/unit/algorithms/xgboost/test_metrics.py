import re

import numpy as np
import pytest
import sklearn.metrics
import xgboost

from clary.algorithms.xgboost import boosting, metrics
from clary.algorithms.xgboost.spec import XGBOOST

REFERENCE = {
    "accuracy": sklearn.metrics.accuracy_score,
    "balanced_accuracy": sklearn.metrics.balanced_accuracy_score,
    "f1": lambda y, p: sklearn.metrics.f1_score(y, p, average="macro"),
    "f1_macro": lambda y, p: sklearn.metrics.f1_score(y, p, average="macro"),
    "precision_macro": lambda y, p: sklearn.metrics.precision_score(y, p, average="macro", zero_division=0),
    "precision_micro": lambda y, p: sklearn.metrics.precision_score(y, p, average="micro"),
    "recall_macro": lambda y, p: sklearn.metrics.recall_score(y, p, average="macro", zero_division=0),
    "recall_micro": lambda y, p: sklearn.metrics.recall_score(y, p, average="micro"),
}
BINARY_REFERENCE = REFERENCE | {
    "f1_binary": sklearn.metrics.f1_score,
    "precision": sklearn.metrics.precision_score,
    "recall": sklearn.metrics.recall_score,
}


def evaluated(names, objective, predictions, labels):
    data = xgboost.DMatrix(np.zeros((len(labels), 1)), label=labels)
    return dict(metrics.evaluator(names, objective)(np.asarray(predictions, np.float32), data))


@pytest.mark.parametrize("seed", range(5))
def test_binary_metrics_are_those_of_scikit_learn(seed):
    random = np.random.default_rng(seed)
    labels, scores = random.integers(0, 2, 100), random.random(100)
    found = evaluated(list(BINARY_REFERENCE), "binary:logistic", scores, labels)
    for name, reference in BINARY_REFERENCE.items():
        assert found[name] == pytest.approx(reference(labels, scores > 0.5)), name


@pytest.mark.parametrize("seed", range(5))
def test_multiclass_metrics_are_those_of_scikit_learn(seed):
    random = np.random.default_rng(seed)
    labels, scores = random.integers(0, 4, 60), random.random((60, 5))
    found = evaluated(list(REFERENCE), "multi:softprob", scores, labels)
    for name, reference in REFERENCE.items():
        assert found[name] == pytest.approx(reference(labels, scores.argmax(axis=1))), name


def test_regression_metrics_are_those_of_scikit_learn():
    random = np.random.default_rng(0)
    labels, scores = random.random(50), random.random(50)
    found = evaluated(["mse", "r2"], "reg:squarederror", scores, labels)
    assert found["mse"] == pytest.approx(sklearn.metrics.mean_squared_error(labels, scores), rel=1e-5)
    assert found["r2"] == pytest.approx(sklearn.metrics.r2_score(labels, scores), rel=1e-5)


def test_a_margin_is_positive_above_zero():
    assert metrics.predicted_classes(np.array([-0.3, 0.3]), "binary:logitraw").tolist() == [0, 1]


def test_without_own_metrics_there_is_nothing_to_evaluate():
    assert metrics.evaluator([], "reg:squarederror") is None


def test_a_metric_with_a_threshold_is_found_in_the_log_under_its_own_name():
    line = boosting.log_line(3, {("validation", "error@0.7"): 0.25, ("validation", "ndcg@5"): 0.5})
    found = {}
    for metric in XGBOOST.metrics_for({"eval_metric": "error@0.7, ndcg@5"}):
        if match := re.search(metric.regex, line):
            found[metric.name] = (metric.direction, float(match[1]))
    assert found == {"validation:error@0.7": ("Minimize", 0.25), "validation:ndcg@5": ("Maximize", 0.5)}
    assert XGBOOST.metrics_for({"eval_metric": "auc"}) is XGBOOST.metrics
