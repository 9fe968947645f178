"""What a built-in algorithm is.

The light half (`Algorithm`: names, hyperparameter table, metrics, content types) is imported by the platform; the
heavy half (`train`, `load`: the learning libraries) is imported only in the process that learns or serves.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from clary.algorithms.hyperparameters import HyperparameterTable

KEPT_TABLES = "CLARY_KEPT_TABLES"
"""The variable that names a folder where jobs which read the same keep what they have read for each other."""


@dataclass(frozen=True, slots=True)
class Metric:
    """A metric an algorithm writes to its log.

    Attributes:
        name: "validation:auc".
        direction: "Maximize" or "Minimize".
        regex: finds it in the log; the first group is the value.
        tunable: whether tuning may use it as its objective.
        marker: a text that stands in every line that `regex` finds the metric in.
    """

    name: str
    direction: str
    regex: str
    tunable: bool = True
    marker: str = ""


class AlgorithmError(Exception):
    """Training or loading failed because of what the user gave; the message becomes the job's FailureReason.

    Args:
        message: names file, line and column where there are some, and what to try.
    """


class ContentTypeError(Exception):
    """A serving request came in (or wants out) a content type that the algorithm does not have (HTTP 415 or 406)."""

    def __init__(self, message: str, status: int = 415) -> None:
        super().__init__(message)
        self.status = status


class InputError(Exception):
    """A serving request's body cannot be read (HTTP 400)."""


class Predictor(Protocol):
    """A loaded model.

    Promises: `predict` may be called from several threads; equal input gives equal output.
    """

    def predict(self, body: bytes, content_type: str, accept: str) -> tuple[bytes, str]:
        """Answers one `/invocations` request.

        Args:
            content_type: as sent, with its parameters ("text/csv; label_size=0").
            accept: as sent; "" and "*/*" mean the algorithm's default.

        Returns:
            The body and its content type.

        Raises:
            ContentTypeError: 415 or 406.
            InputError: 400.
        """
        ...


class Algorithm(Protocol):
    """One built-in algorithm.

    Promises:
        **Folders.** `train(root)` reads `root/input/config/*.json` and `root/input/data/<channel>`, writes `root/model`
        (and `root/checkpoints` where that exists), logs to stdout with the container's own log lines, and touches
        nothing else. `root` is what SageMaker calls `/opt/ml`.
        **Repeatability.** The same seed, data and machine give the same model.
        **Resuming.** With a checkpoint in `root/checkpoints` training goes on from it.
        **Stopping.** SIGTERM ends training early with a usable model in `root/model`.
    """

    name: str
    hyperparameters: HyperparameterTable
    metrics: tuple[Metric, ...]
    required_channels: tuple[str, ...]
    optional_channels: tuple[str, ...]
    train_content_types: tuple[str, ...]
    inference_content_types: tuple[str, ...]
    supports_distributed: bool

    def metrics_for(self, hyperparameters: Mapping[str, str]) -> tuple[Metric, ...]:
        """`metrics`, and those that only these hyperparameters give a name ("validation:error@0.7")."""
        ...

    def validate(self, hyperparameters: Mapping[str, str]) -> list[str]:
        """What is wrong with these hyperparameters, one sentence each that names the parameter, value and rule."""
        ...

    def train(self, root: Path) -> None:
        """Trains.

        Raises:
            AlgorithmError: the data or a hyperparameter is wrong.
        """
        ...

    def load(self, model_folder: Path, environment: Mapping[str, str]) -> Predictor:
        """Loads what `train` left in `root/model`.

        Raises:
            AlgorithmError: there is no model, or it is not one.
        """
        ...
