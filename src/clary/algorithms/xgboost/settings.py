"""What the hyperparameters mean for xgboost: its own parameters, the metrics, and how training is run."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import xgboost

from clary.algorithms import log_lines
from clary.algorithms.contract import AlgorithmError
from clary.algorithms.hyperparameters import HyperparameterError
from clary.algorithms.xgboost.metrics import OWN_METRICS
from clary.algorithms.xgboost.parameters import MAXIMIZED_METRICS, OWN_NAMES, TABLE


@dataclass(frozen=True, slots=True)
class Settings:
    """How to train.

    Attributes:
        parameters: for `xgboost.Booster`.
        rounds: rounds to add to the model that training starts from.
        own_metrics: metrics that Clary computes, in the order of the log.
        target_metric: the metric that stops early and that is tuned; "" is the last one of the log.
        patience_rounds: rounds without a better target metric before training stops; None is never.
    """

    parameters: dict[str, Any]
    objective: str
    rounds: int
    own_metrics: tuple[str, ...]
    target_metric: str
    patience_rounds: int | None
    csv_weights: bool
    saves_on_termination: bool
    folds: int | None
    fold_rounds: int

    @classmethod
    def from_hyperparameters(cls, raw: Mapping[str, str]) -> Settings:
        """Validates hyperparameters and turns them into settings.

        Raises:
            AlgorithmError: names every hyperparameter that is wrong.
        """
        try:
            values = TABLE.parse(raw)
        except HyperparameterError as error:
            raise AlgorithmError(str(error)) from None
        wanted = list(values.get("eval_metric", ()))
        tuned = values.get("_tuning_objective_metric", "").partition(":")[2]
        if tuned and tuned not in wanted:
            wanted.append(tuned)
        metrics = [_library_name(name, values) for name in wanted]
        parameters = _parameters(values)
        if native := [name for name in metrics if name not in OWN_METRICS]:
            parameters["eval_metric"] = native
        return cls(
            parameters,
            parameters.get("objective", "reg:squarederror"),
            values["num_round"],
            tuple(name for name in metrics if name in OWN_METRICS),
            _library_name(tuned, values) if tuned else (metrics[-1] if metrics else ""),
            values.get("early_stopping_rounds"),
            values.get("csv_weights") == 1,
            values.get("save_model_on_termination", "true") == "true",
            values.get("_kfold"),
            values.get("_num_cv_round", 1),
        )


def maximizes(metric: str) -> bool:
    """Whether more of a metric ("ndcg@5") is better."""
    return metric.partition("@")[0] in MAXIMIZED_METRICS


def _library_name(metric: str, values: Mapping[str, Any]) -> str:
    """A metric as xgboost calls it: the Tweedie likelihood needs its power in the name."""
    if metric == "tweedie-nloglik":
        return f"{metric}@{values.get('tweedie_variance_power', 1.5)}"
    return metric


def _parameters(values: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters for xgboost; what it no longer has is left out and logged."""
    parameters: dict[str, Any] = {}
    for name, value in values.items():
        if name in OWN_NAMES:
            continue
        if TABLE[name].note:
            log_lines.warning(f"Hyperparameter {name} has no effect. {TABLE[name].note}")
        elif name == "interaction_constraints":
            parameters[name] = json.dumps(value)
        elif name == "monotone_constraints":
            parameters[name] = f"({','.join(str(item) for item in value)})"
        elif name == "quantile_alpha":
            parameters[name] = list(value)
        elif name == "updater":
            parameters[name] = ",".join(value)
        else:
            parameters[name] = value
    if parameters.get("objective") == "reg:linear":
        parameters["objective"] = "reg:squarederror"
    if values.get("silent") == 1:
        parameters.setdefault("verbosity", 0)
    if parameters.get("tree_method") == "gpu_hist":
        if not xgboost.build_info().get("USE_CUDA"):
            raise AlgorithmError(
                "Hyperparameter tree_method: gpu_hist needs a GPU, and the xgboost here is built without; use hist."
            )
        parameters |= {"tree_method": "hist", "device": "cuda"}
    return parameters
