"""Warm start: what a tuning job learns from earlier ones, and which parents it may have."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from clary.core.errors import ValidationException
from clary.engines.tuning.spaces import Categorical, Integer, Space, Value, Values
from clary.engines.tuning.trials import Trial
from clary.services.sagemaker.names import TUNING_JOB
from clary.services.sagemaker.tuning.plan import Definition, Plan, plan_of
from clary.services.sagemaker.tuning.trials import TrialJob, trial_jobs
from clary.storage.records import Record, Records

_HINTS = 5
_FINISHED = ("Completed", "Stopped", "Failed")


@dataclass(frozen=True, slots=True)
class Inheritance:
    """What the parents leave, by the index of the definition.

    Attributes:
        trials: IdenticalDataAndAlgorithm: results that count as the search's own.
        hints: TransferLearning: where another objective was best; these points are tried first.
    """

    trials: Mapping[int, tuple[Trial, ...]] = field(default_factory=dict)
    hints: Mapping[int, tuple[Values, ...]] = field(default_factory=dict)


def parents_of(records: Records, account: str, region: str, request: Mapping[str, Any]) -> list[Record]:
    """The parents that a request names and that still exist."""
    config = request.get("WarmStartConfig", {})
    found = [
        records.get(TUNING_JOB, account, region, parent.get("HyperParameterTuningJobName", ""))
        for parent in config.get("ParentHyperParameterTuningJobs", [])
    ]
    return [record for record in found if record is not None]


def check_parents(records: Records, account: str, region: str, request: Mapping[str, Any], plan: Plan) -> None:
    """Checks the parents against the tuning job that wants to learn from them.

    Raises:
        ValidationException: one does not exist, has not finished, or tuned another objective; with
            IdenticalDataAndAlgorithm also one of another algorithm.
    """
    config = request.get("WarmStartConfig")
    if config is None:
        return
    if len(plan.definitions) > 1:
        raise ValidationException("WarmStartConfig isn't supported with more than one training job definition.")
    names = [parent.get("HyperParameterTuningJobName", "") for parent in config["ParentHyperParameterTuningJobs"]]
    definition = plan.definitions[0]
    for name in names:
        parent = records.get(TUNING_JOB, account, region, name)
        if parent is None:
            raise ValidationException(f"The parent hyperparameter tuning job [{name}] doesn't exist.")
        if names.count(name) > 1:
            raise ValidationException(f"The parent hyperparameter tuning job [{name}] is specified more than once.")
        if parent.status not in _FINISHED:
            raise ValidationException(
                f"The parent hyperparameter tuning job [{name}] is in status [{parent.status}]. It must be Completed, "
                "Stopped or Failed."
            )
        _check_parent(name, plan_of(parent.body["request"]), definition, config["WarmStartType"])


def _check_parent(name: str, parent: Plan, child: Definition, kind: str) -> None:
    first = parent.definitions[0]
    if len(parent.definitions) > 1:
        raise ValidationException(f"The parent hyperparameter tuning job [{name}] has several definitions.")
    if (first.metric, first.maximize) != (child.metric, child.maximize):
        raise ValidationException(
            f"The objective of the parent hyperparameter tuning job [{name}], [{first.objective_type} {first.metric}], "
            f"must be the same as that of this job, [{child.objective_type} {child.metric}]."
        )
    if kind != "IdenticalDataAndAlgorithm":
        return
    images = [one.training["AlgorithmSpecification"].get("TrainingImage") for one in (first, child)]
    if images[0] != images[1]:
        raise ValidationException(
            f"With IdenticalDataAndAlgorithm the training image must be that of the parent [{name}], [{images[0]}], "
            f"but it is [{images[1]}]."
        )


def inheritance_of(records: Records, tuning: Record, plan: Plan) -> Inheritance:
    """What a tuning job's parents leave to it."""
    request = tuning.body["request"]
    config = request.get("WarmStartConfig")
    if config is None:
        return Inheritance()
    definition = plan.definitions[0]
    known: list[tuple[TrialJob, Values]] = []
    for parent in parents_of(records, tuning.account, tuning.region, request):
        static = plan_of(parent.body["request"]).definitions[0].training.get("StaticHyperParameters", {})
        for trial in trial_jobs(records, parent):
            values = _in_space(definition.space, {**static, **trial.values})
            if trial.objective is not None and values is not None:
                known.append((trial, values))
    if config["WarmStartType"] == "IdenticalDataAndAlgorithm":
        return Inheritance(trials={0: tuple(Trial(values, objective=trial.objective) for trial, values in known)})
    sign = -1.0 if definition.maximize else 1.0
    known.sort(key=lambda pair: sign * (pair[0].objective or 0.0))
    hints: list[Values] = []
    for _, values in known:
        if values not in hints and len(hints) < _HINTS:
            hints.append(values)
    return Inheritance(hints={0: tuple(hints)})


def _in_space(space: Space, values: Mapping[str, Value]) -> Values | None:
    """A parent's point in the child's space: what was static for the parent may be tuned here, and the other way."""
    point: Values = {}
    for dimension in space.dimensions:
        if dimension.name not in values:
            return None
        raw = values[dimension.name]
        try:
            if isinstance(dimension, Categorical):
                point[dimension.name] = str(raw)
            elif isinstance(dimension, Integer):
                point[dimension.name] = int(float(raw))
            else:
                point[dimension.name] = float(raw)
        except ValueError:
            return None
    return point if space.contains(point) else None
