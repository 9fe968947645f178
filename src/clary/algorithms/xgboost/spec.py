"""XGBoost for the platform: names, hyperparameters, metrics, channels and content types; imports nothing heavy."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from clary.algorithms.contract import Metric, Predictor
from clary.algorithms.hyperparameters import HyperparameterTable
from clary.algorithms.xgboost.parameters import MAXIMIZED_METRICS, MINIMIZED_METRICS, TABLE

# Not \S+: the separator before the next metric of a line is the text "#011", no white space.
_NUMBER = r"([-+]?(?:[0-9]*\.?[0-9]+(?:[eE][-+]?[0-9]+)?|inf|nan))"


def _metrics() -> tuple[Metric, ...]:
    """Every metric of both channels; tuning may use those of the validation channel."""
    return tuple(
        _metric(channel, name, direction)
        for channel in ("train", "validation")
        for names, direction in ((MAXIMIZED_METRICS, "Maximize"), (MINIMIZED_METRICS, "Minimize"))
        for name in names
    )


def _metric(channel: str, name: str, direction: str) -> Metric:
    regex = rf".*\[[0-9]+\].*#011{channel}-{_literally(name)}:{_NUMBER}"
    return Metric(f"{channel}:{name}", direction, regex, channel == "validation", f"#011{channel}-{name}:")


def _literally(name: str) -> str:
    """A metric's name as a regular expression: only the threshold of "error@0.7" has anything to escape."""
    return name.replace(".", r"\.")


@dataclass(frozen=True)
class XGBoostAlgorithm:
    """The built-in XGBoost; see `contract.Algorithm`."""

    name: str = "xgboost"
    hyperparameters: HyperparameterTable = TABLE
    metrics: tuple[Metric, ...] = _metrics()
    required_channels: tuple[str, ...] = ("train",)
    optional_channels: tuple[str, ...] = ("validation", "model", "code")
    train_content_types: tuple[str, ...] = (
        "text/libsvm",
        "text/csv",
        "application/x-parquet",
        "application/x-recordio-protobuf",
    )
    inference_content_types: tuple[str, ...] = (
        "text/csv",
        "text/libsvm",
        "text/x-libsvm",
        "application/json",
        "application/jsonlines",
        "application/x-recordio-protobuf",
    )
    supports_distributed: bool = True

    def metrics_for(self, hyperparameters: Mapping[str, str]) -> tuple[Metric, ...]:
        """See `contract.Algorithm`."""
        asked = [name.strip() for name in hyperparameters.get("eval_metric", "").split(",")]
        named = [name for name in dict.fromkeys(asked) if "@" in name and not name.startswith("tweedie-nloglik@")]
        if not named:
            return self.metrics
        directions = {name: "Maximize" if name.partition("@")[0] in MAXIMIZED_METRICS else "Minimize" for name in named}
        return self.metrics + tuple(
            _metric(channel, name, direction)
            for channel in ("train", "validation")
            for name, direction in directions.items()
        )

    def validate(self, hyperparameters: Mapping[str, str]) -> list[str]:
        """See `contract.Algorithm`."""
        return self.hyperparameters.problems(hyperparameters)

    def train(self, root: Path) -> None:
        """See `contract.Algorithm`."""
        importlib.import_module("clary.algorithms.xgboost.training").train(root)

    def load(self, model_folder: Path, environment: Mapping[str, str]) -> Predictor:
        """See `contract.Algorithm`."""
        module = importlib.import_module("clary.algorithms.xgboost.inference")
        predictor: Predictor = module.load(model_folder, environment)
        return predictor


XGBOOST = XGBoostAlgorithm()
