"""A loaded XGBoost model that answers requests."""

from __future__ import annotations

import copy
import json
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import xgboost
from scipy import sparse

from clary.algorithms.contract import InputError
from clary.algorithms.readers.table import widened
from clary.algorithms.xgboost import answers, model_files, requests
from clary.algorithms.xgboost.dense_prediction import DensePrediction
from clary.core.cpus import available_cpus

MANY_ROWS = 8192
"""From here on a request is worth several threads."""


def load(model_folder: Path, environment: Mapping[str, str]) -> XGBoostPredictor:
    """Loads the model, or the models of cross-validation.

    Raises:
        AlgorithmError: there is no model, or it is not one.
    """
    boosters = [model_files.to_booster(data, name, threads=1) for name, data in model_files.from_folder(model_folder)]
    if environment.get("SAGEMAKER_INFERENCE_ENSEMBLE", "true").lower() == "false":
        boosters = boosters[:1]
    return XGBoostPredictor([LoadedModel(booster) for booster in boosters], environment)


class LoadedModel:
    """One booster, ready to predict from several threads.

    Args:
        booster: set to one thread; a second one with all threads is made for the first large request.
    """

    def __init__(self, booster: xgboost.Booster) -> None:
        learner = json.loads(booster.save_config())["learner"]
        self.features = int(booster.num_features())
        self.objective = str(learner["objective"]["name"])
        # A linear model cannot predict in place, and its ordinary prediction is not safe for threads.
        self._is_linear = learner["gradient_booster"]["name"] == "gblinear"
        best = booster.attr("best_iteration")
        rounds = booster.num_boosted_rounds()
        self._rounds = (0, int(best) + 1) if best and best.isdigit() and int(best) < rounds else (0, 0)
        self._booster = booster
        self._dense = DensePrediction(booster, self._rounds)
        self._wide: DensePrediction | None = None
        self._lock = threading.Lock()

    def predict(self, features: Any) -> Any:
        """Predictions, float32, shape (rows,) or (rows, classes)."""
        if self._is_linear:
            with self._lock:
                return self._booster.predict(xgboost.DMatrix(features, nthread=1))
        if sparse.issparse(features):
            return self._booster.inplace_predict(features, iteration_range=self._rounds, validate_features=False)
        dense = self._dense if features.shape[0] < MANY_ROWS else self._many_rows()
        return dense(np.ascontiguousarray(features, np.float32))

    def _many_rows(self) -> DensePrediction:
        """Prediction with a copy of the booster that uses all threads."""
        with self._lock:
            if self._wide is None:
                booster = copy.copy(self._booster)
                booster.set_param({"nthread": len(available_cpus())})
                self._wide = DensePrediction(booster, self._rounds)
            return self._wide


class XGBoostPredictor:
    """See `contract.Predictor`.

    Args:
        models: one, or one for each fold, whose predictions are averaged (labels: the most frequent wins).
        environment: SAGEMAKER_BATCH, SAGEMAKER_INFERENCE_OUTPUT and SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT are looked at.
    """

    def __init__(self, models: Sequence[LoadedModel], environment: Mapping[str, str]) -> None:
        self._models = list(models)
        self._features = models[0].features
        self._objective = models[0].objective
        self._batch = bool(environment.get("SAGEMAKER_BATCH"))
        self._accept = environment.get("SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT", "")
        wanted = environment.get("SAGEMAKER_INFERENCE_OUTPUT", "").lower()
        self._keys = tuple(key.strip() for key in wanted.split(",") if key.strip())

    def predict(self, body: bytes, content_type: str, accept: str) -> tuple[bytes, str]:
        """See `contract.Predictor`."""
        form = answers.accepted(accept, self._accept)
        name, features = requests.features_of(body, content_type)
        predictions = self._predictions(self._checked(features, name))
        if self._keys:
            return answers.selected(predictions, self._keys, self._objective, form, self._batch)
        return answers.scores(predictions, form, self._batch)

    def _checked(self, features: Any, name: str) -> Any:
        """Features as wide as the model's.

        Raises:
            InputError: names both numbers.
        """
        columns, wanted = features.shape[1], self._features
        if columns == wanted:
            return features
        if sparse.issparse(features) and columns < wanted:
            return widened(features, wanted)
        raise InputError(
            f"Feature size of {name} inference data {columns} is not consistent with feature size of trained model "
            f"{wanted}.{' Leave out the label.' if columns == wanted + 1 else ''}"
        )

    def _predictions(self, features: Any) -> Any:
        """The predictions of the model, or of all models together."""
        try:
            if len(self._models) == 1:
                return self._models[0].predict(features)
            several = np.stack([model.predict(features) for model in self._models])
        except (xgboost.core.XGBoostError, ValueError) as error:
            raise InputError(f"Unable to evaluate payload provided: {model_files.first_sentence(error)}") from None
        if self._objective in ("multi:softmax", "binary:hinge"):
            return np.array([_most_frequent(column) for column in several.T], np.float32)
        return several.mean(axis=0)


def _most_frequent(votes: Any) -> Any:
    """The value that occurs most often; of several the least."""
    values, counts = np.unique(votes, return_counts=True)
    return values[counts.argmax()]
