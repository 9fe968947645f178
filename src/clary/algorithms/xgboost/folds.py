"""Cross-validation: a model for each fold, tested on the rows that it did not see."""

from __future__ import annotations

import csv
from collections.abc import Callable
from typing import Any

import numpy as np
import xgboost

from clary.algorithms import log_lines
from clary.algorithms.contract import AlgorithmError
from clary.algorithms.job_folder import JobFolder
from clary.algorithms.xgboost import boosting, model_files
from clary.algorithms.xgboost.metrics import predicted_classes
from clary.algorithms.xgboost.settings import Settings


def train(job: JobFolder, settings: Settings, matrix: xgboost.DMatrix, stop_requested: Callable[[], bool]) -> None:
    """Trains `_kfold` models, `_num_cv_round` times over; saves all of them and the predictions of the unseen rows.

    The last log line of each round of cross-validation holds the means of the metrics over its folds.

    Args:
        matrix: the rows of all channels together.

    Raises:
        AlgorithmError: there are too few rows, or xgboost refuses data or parameters.
    """
    from sklearn.model_selection import RepeatedKFold, RepeatedStratifiedKFold  # noqa: PLC0415  (heavy, seldom used)

    labels, count = matrix.get_label(), settings.folds or 2
    classifies = settings.objective.startswith(("binary:", "multi:"))
    splitter = (RepeatedStratifiedKFold if classifies else RepeatedKFold)(
        n_splits=count, n_repeats=settings.fold_rounds, random_state=settings.parameters.get("seed", 0)
    )
    log_lines.info(f"Run {settings.fold_rounds}-round of {count}-fold cross validation with {len(labels)} rows")
    scores: list[dict[tuple[str, str], float]] = []
    unseen: list[list[Any]] = [[] for _ in labels]
    try:
        splits = list(splitter.split(np.zeros(len(labels)), labels))
    except ValueError as error:
        raise AlgorithmError(f"Hyperparameter _kfold: {error}") from None
    for number, (inside, outside) in enumerate(splits):
        log_lines.info(f"Train cross validation fold {number % count + 1}")
        part, rest = matrix.slice(inside), matrix.slice(outside)
        outcome = boosting.boost(
            settings, None, part, [(part, "train"), (rest, "validation")], stop_requested=stop_requested
        )
        booster = boosting.finished(outcome, settings)
        if not booster.num_boosted_rounds():
            break
        model_files.write(model_files.to_bytes(booster), job.model / f"{model_files.MODEL_NAME}-{number}")
        for row, prediction in zip(outside, booster.predict(rest), strict=True):
            unseen[row].append(prediction)
        if outcome.stopped:
            log_lines.info("Stopped by SIGTERM; the models of the folds so far are saved.")
            return
        scores.append(outcome.scores)
        if len(scores) % count == 0:
            _log_means(f"The metrics of round {len(scores) // count} cross validation", settings, scores[-count:])
    if settings.fold_rounds > 1 and scores:
        _log_means(f"The overall metrics of {settings.fold_rounds}-round cross validation", settings, scores)
    _write_predictions(job, settings, labels, unseen, classifies)


def _log_means(title: str, settings: Settings, scores: list[dict[tuple[str, str], float]]) -> None:
    """Logs the means of the metrics of several folds."""
    log_lines.info(title)
    means = {key: float(np.mean([item[key] for item in scores])) for key in scores[0]}
    log_lines.line(boosting.log_line(settings.rounds, means))


def _write_predictions(
    job: JobFolder, settings: Settings, labels: Any, unseen: list[list[Any]], classifies: bool
) -> None:
    """Writes `output/data/predictions.csv`: each row's label and the mean prediction of models not trained on it."""
    with (job.output_data / "predictions.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["label", "prediction", *(["predicted_class"] if classifies else [])])
        for label, predictions in zip(labels, unseen, strict=True):
            if not predictions:
                continue
            mean = np.mean(predictions, axis=0)
            row = [float(label), mean.tolist()]
            if classifies:
                row.append(
                    int(predicted_classes(np.atleast_2d(mean) if np.ndim(mean) else mean[None], settings.objective)[0])
                )
            writer.writerow(row)
