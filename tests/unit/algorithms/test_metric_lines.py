import re

import pytest

from clary.algorithms.catalog import algorithm


def read(line: str) -> dict[str, float]:
    """What the built-in XGBoost's metric definitions find in a log line."""
    xgboost = algorithm("xgboost")
    assert xgboost is not None
    found = {metric.name: re.search(metric.regex, line) for metric in xgboost.metrics}
    return {name: float(match[1]) for name, match in found.items() if match is not None}


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("[0]#011train-auc:0.98446#011validation-auc:0.97335", {"train:auc": 0.98446, "validation:auc": 0.97335}),
        ("[12]#011train-rmse:1.5e-07", {"train:rmse": 1.5e-07}),
        ("[3]#011validation-logloss:inf", {"validation:logloss": float("inf")}),
        ("[2026-11-22:18:13:06:INFO] Train matrix has 16000 rows and 10 columns", {}),
    ],
)
def test_every_metric_of_a_line_is_read_on_its_own(line: str, expected: dict[str, float]) -> None:
    assert read(line) == expected
