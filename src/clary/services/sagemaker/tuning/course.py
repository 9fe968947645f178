"""How far a tuning job has come: its counters and its best trial, computed from its trials or, at the end, kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from clary.engines.tuning.stopping import without_improvement
from clary.services.sagemaker.tuning.decisions import results
from clary.services.sagemaker.tuning.plan import Plan
from clary.services.sagemaker.tuning.trials import TrialJob

_RETRYABLE = "InternalServerError"


@dataclass(frozen=True, slots=True)
class Progress:
    """What Describe and List tell of all trials.

    Attributes:
        jobs, objectives: SageMaker's TrainingJobStatusCounters and ObjectiveStatusCounters.
        best: the best trial with a result, as the fields of a `TrialJob`; None while there is none.
        without_improvement: results since the best one.
    """

    jobs: dict[str, int] = field(default_factory=dict)
    objectives: dict[str, int] = field(default_factory=dict)
    best: dict[str, Any] | None = None
    without_improvement: int = 0

    def to_json(self) -> dict[str, Any]:
        """As JSON-compatible values."""
        return asdict(self)

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Progress:
        """Reads what `to_json` wrote."""
        return cls(**value)


def progress(plan: Plan, trials: Sequence[TrialJob]) -> Progress:
    """What the trials come to."""
    jobs = dict.fromkeys(("Completed", "InProgress", "RetryableError", "NonRetryableError", "Stopped"), 0)
    objectives = dict.fromkeys(("Succeeded", "Pending", "Failed"), 0)
    for trial in trials:
        objectives[trial.objective_status] += 1
        if trial.status == "Failed":
            jobs["RetryableError" if trial.failure_reason.startswith(_RETRYABLE) else "NonRetryableError"] += 1
        else:
            jobs[trial.status if trial.is_over else "InProgress"] += 1
    best = best_trial(plan, trials)
    behind = [
        without_improvement(results(trials, index), maximize=definition.maximize)
        for index, definition in enumerate(plan.definitions)
    ]
    return Progress(jobs, objectives, None if best is None else asdict(best), min(behind, default=0))


def best_trial(plan: Plan, trials: Sequence[TrialJob]) -> TrialJob | None:
    """The trial with the best objective; of equals the first.

    Definitions that minimise and such that maximise cannot be compared: the direction of the first one counts.
    """
    maximize = plan.definitions[0].maximize
    known = [
        trial
        for trial in trials
        if trial.objective is not None and plan.definitions[trial.definition].maximize == maximize
    ]
    sign = -1.0 if maximize else 1.0
    return min(known, key=lambda trial: (sign * (trial.objective or 0.0), trial.number), default=None)
