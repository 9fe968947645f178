"""What a tuning job does next, as pure functions of its plan and its trials.

Nothing is read or written here. Whoever carries a step out stores `closing` first: from then on no trial is started,
whatever the trials that still run turn out to be.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from clary.engines.tuning import stopping
from clary.engines.tuning.trials import Trial
from clary.services.sagemaker.tuning.plan import Definition, Plan
from clary.services.sagemaker.tuning.trials import TrialJob

MOST_FAILURES_AT_FIRST = 5
MOST_FAILURES_IN_A_ROW = 10
_MOST_REASON_CHARACTERS = 1024


@dataclass(frozen=True, slots=True)
class Closing:
    """Why no further trial is started, and how the tuning job ends once those that run have ended.

    Attributes:
        status: "Completed", "Failed" or "Stopped".
        reason: the FailureReason.
        converged: whether it ends because the results have stopped getting better.
    """

    status: str
    reason: str = ""
    converged: bool = False

    def to_json(self) -> dict[str, Any]:
        """As JSON-compatible values."""
        return {"status": self.status, "reason": self.reason, "converged": self.converged}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Closing:
        """Reads what `to_json` wrote."""
        return cls(**value)


@dataclass(frozen=True, slots=True)
class Step:
    """What to do now.

    Attributes:
        launch: how many trials to start.
        closing: what to note before anything else; None while the search goes on.
        stop: ARNs of the trials to stop.
        over: whether nothing runs any more and the tuning job ends.
    """

    launch: int = 0
    closing: Closing | None = None
    stop: tuple[str, ...] = ()
    over: bool = False


def decide(
    plan: Plan,
    trials: Sequence[TrialJob],
    *,
    closing: Closing | None,
    stop_asked: bool,
    exhausted: bool,
    elapsed_seconds: float,
) -> Step:
    """The next step.

    Args:
        trials: all, in the order they were started.
        closing: what an earlier step noted.
        stop_asked: whether the user stops the tuning job.
        exhausted: whether the search has no further point.
        elapsed_seconds: since the tuning job was created.
    """
    running = [trial for trial in trials if not trial.is_over]
    if stop_asked:
        closing = Closing("Stopped")
    closing = closing or _reached(plan, trials, elapsed_seconds)
    if closing is not None:
        stop = tuple(trial.arn for trial in running if trial.status == "InProgress")
        return Step(closing=closing, stop=stop, over=not running)
    left = 0 if exhausted else plan.most_jobs - len(trials)
    if left <= 0:
        return Step(closing=_at_the_end(trials), over=True) if not running else Step()
    return Step(launch=max(0, min(left, plan.most_parallel - len(running))))


def _reached(plan: Plan, trials: Sequence[TrialJob], elapsed_seconds: float) -> Closing | None:
    """A limit or a criterion that is reached."""
    hopeless = _hopeless(trials)
    if hopeless is not None:
        return hopeless
    if plan.runtime_seconds is not None and elapsed_seconds >= plan.runtime_seconds:
        return _at_the_end(trials) if any(trial.is_over for trial in trials) else Closing("Completed")
    for index, definition in enumerate(plan.definitions):
        known = results(trials, index)
        best = [trial.objective for trial in known if trial.objective is not None]
        if plan.target is not None and best and _is_reached(plan.target, best, definition):
            return Closing("Completed")
    searches = [(definition, results(trials, index)) for index, definition in enumerate(plan.definitions)]
    if plan.patience is not None and all(
        stopping.without_improvement(known, maximize=definition.maximize) >= plan.patience
        for definition, known in searches
    ):
        return Closing("Completed")
    if plan.ends_on_convergence and all(
        stopping.has_converged(known, len(definition.space.dimensions), maximize=definition.maximize)
        for definition, known in searches
    ):
        return Closing("Completed", converged=True)
    return None


def _is_reached(target: float, known: Sequence[float], definition: Definition) -> bool:
    return max(known) >= target if definition.maximize else min(known) <= target


def results(trials: Sequence[TrialJob], definition: int) -> list[Trial]:
    """The trials of one definition that have ended, in the order in which they did."""
    ended = [trial for trial in trials if trial.definition == definition and trial.is_over]
    return [trial.as_trial() for trial in sorted(ended, key=lambda trial: (trial.ended or 0.0, trial.number))]


def _hopeless(trials: Sequence[TrialJob]) -> Closing | None:
    """No trial had a result at first, or none of many in a row."""
    ended = sorted((trial for trial in trials if trial.is_over), key=lambda trial: (trial.ended or 0.0, trial.number))
    if any(trial.objective is not None for trial in ended):
        latest = ended[-MOST_FAILURES_IN_A_ROW:]
        if len(latest) == MOST_FAILURES_IN_A_ROW and all(trial.status == "Failed" for trial in latest):
            return _failed(latest, f"The last {len(latest)} training jobs failed.")
        return None
    return _at_the_end(ended) if len(ended) >= MOST_FAILURES_AT_FIRST else None


def _at_the_end(trials: Sequence[TrialJob]) -> Closing:
    """How it ends when all trials have run."""
    ended = [trial for trial in trials if trial.is_over]
    if not ended or any(trial.objective is not None for trial in ended):
        return Closing("Completed")
    if all(trial.status == "Failed" for trial in ended):
        return _failed(
            ended,
            f"No training job succeeded after {len(ended)} attempts. Please take a look at the training job failures "
            "to get more details.",
        )
    return _failed(
        ended,
        f"No objective metrics found after running {len(ended)} training jobs. Please ensure that the custom algorithm "
        "is emitting the objective metric as defined by the regular expression provided.",
    )


def _failed(trials: Sequence[TrialJob], reason: str) -> Closing:
    first = next((trial for trial in sorted(trials, key=lambda one: one.number) if trial.failure_reason), None)
    if first is not None:
        reason = f"{reason} The first failure, of {first.name}: {first.failure_reason}"
    return Closing("Failed", reason[:_MOST_REASON_CHARACTERS])


def fallen_behind(plan: Plan, trials: Sequence[TrialJob], curves: Mapping[str, tuple[float, ...]]) -> list[str]:
    """The ARNs of the running trials that shall not go on: behind the median, or out of Hyperband's race.

    Args:
        curves: the objective's values so far, by the name of the training job.
    """
    behind = []
    for index, definition in enumerate(plan.definitions):
        own = [trial for trial in trials if trial.definition == index]
        seen = [trial.as_trial(curves.get(trial.name, ())) for trial in own]
        for number, trial in enumerate(own):
            if trial.status != "InProgress":
                continue
            if plan.halving is not None:
                ends = plan.halving.ends(number, seen, maximize=definition.maximize)
            else:
                others = [one for one in seen if one is not seen[number]]
                ends = stopping.falls_behind_median(seen[number], others, maximize=definition.maximize)
            if ends:
                behind.append(trial.arn)
    return behind


def next_definition(plan: Plan, trials: Sequence[TrialJob], exhausted: Sequence[int]) -> int | None:
    """The definition whose turn it is: the one with the fewest trials so far; None when none has a point left."""
    counts = [(sum(trial.definition == index for trial in trials), index) for index in range(len(plan.definitions))]
    return min(((count, index) for count, index in counts if index not in exhausted), default=(0, None))[1]
