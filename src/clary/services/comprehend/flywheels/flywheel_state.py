"""What is known of a flywheel from what belongs to it: its iterations, its data sets, its active model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from clary.services.comprehend.job_status import failure_of
from clary.services.comprehend.names import (
    CLASSIFIER,
    DATASET,
    IN_ERROR,
    ITERATION,
    RECOGNIZER,
    STOP_REQUESTED,
    STOPPED,
    SUBMITTED,
    TRAINED,
    TRAINING,
)
from clary.storage.records import Record, Records

KINDS = {"DOCUMENT_CLASSIFIER": CLASSIFIER, "ENTITY_RECOGNIZER": RECOGNIZER}
"""AWS's model type -> the kind of its records."""
_STATUS = {
    SUBMITTED: TRAINING,
    TRAINING: TRAINING,
    TRAINED: "COMPLETED",
    IN_ERROR: "FAILED",
    STOP_REQUESTED: STOP_REQUESTED,
    STOPPED: STOPPED,
}


def iterations(records: Records, flywheel: Record) -> list[Record]:
    """The iterations of a flywheel, oldest first."""
    return records.children(ITERATION, flywheel)


def datasets(records: Records, flywheel: Record) -> list[Record]:
    """The data sets of a flywheel, oldest first."""
    return records.children(DATASET, flywheel)


def trained_model(records: Records, iteration: Record) -> Record | None:
    """The model that an iteration trains; None where it never began to, or the model was deleted."""
    return records.by_arn(iteration.body["model"])


def iteration_status(records: Records, iteration: Record) -> tuple[str, str]:
    """How an iteration goes, in AWS's words, and why it failed ("" where it did not)."""
    model = trained_model(records, iteration)
    if model is None:
        return "FAILED", "The model that the iteration trains is not there."
    return _STATUS[model.status], failure_of(model)


def active_model(records: Records, flywheel: Record) -> str:
    """The ARN of the model that a flywheel answers with: the one it was given, else the first it has trained; or ""."""
    if flywheel.body["active"]:
        return str(flywheel.body["active"])
    for iteration in iterations(records, flywheel):
        model = trained_model(records, iteration)
        if model is not None and model.status == TRAINED:
            return model.arn
    return ""


def average_metrics(kind: str, metrics: Mapping[str, float]) -> dict[str, Any]:
    """A model's metrics as those of an iteration, from 0 to 1."""
    scale = 100.0 if kind == RECOGNIZER else 1.0  # recognizers' are told in percent
    told = {
        "AverageF1Score": metrics["f1"] / scale,
        "AveragePrecision": metrics["precision"] / scale,
        "AverageRecall": metrics["recall"] / scale,
    }
    return {**told, "AverageAccuracy": metrics["accuracy"]} if "accuracy" in metrics else told
