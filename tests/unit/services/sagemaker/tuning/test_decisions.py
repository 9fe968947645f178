"""The decision table: plan and trials in, the next step out."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from clary.engines.tuning.spaces import Continuous, Space
from clary.engines.tuning.stopping import Halving
from clary.services.sagemaker.tuning.decisions import (
    Closing,
    Step,
    decide,
    fallen_behind,
    next_definition,
)
from clary.services.sagemaker.tuning.plan import Definition, Plan
from clary.services.sagemaker.tuning.trials import TrialJob

DEFINITION = Definition("", "TrainingJobDefinition", {}, "validation:auc", True, Space((Continuous("x", 0, 1),)))
PLAN = Plan((DEFINITION,), "random", 10, 3, None, None, None, False, False, None, None)


def trial(number: int, status: str = "Completed", objective: float | None = None, **more: Any) -> TrialJob:
    reason = "AlgorithmError: no such column" if status == "Failed" else ""
    ended = None if status in ("InProgress", "Stopping") else float(number)
    found = TrialJob(
        number, f"t-{number}", f"arn:{number}", 0, "", {"x": 0.5}, status, objective, 0.0, 0.0, ended, reason
    )
    return replace(found, **more)


def running(number: int, status: str = "InProgress") -> TrialJob:
    return trial(number, status)


def done(number: int, objective: float = 0.5) -> TrialJob:
    return trial(number, "Completed", objective)


def failed(number: int) -> TrialJob:
    return trial(number, "Failed")


def decided(plan: Plan, *trials: TrialJob, **how: Any) -> Step:
    given = {"closing": None, "stop_asked": False, "exhausted": False, "elapsed_seconds": 60.0, **how}
    return decide(plan, trials, **given)


def test_as_many_trials_are_started_as_may_run_at_a_time() -> None:
    assert decided(PLAN) == Step(launch=3)
    assert decided(PLAN, running(1), done(2)) == Step(launch=2)
    assert decided(PLAN, running(1), running(2), running(3, "Stopping")) == Step(launch=0)


def test_no_more_are_started_than_the_limit_allows() -> None:
    ended = [done(number) for number in range(1, 9)]
    assert decided(PLAN, *ended, running(9)) == Step(launch=1)
    assert decided(PLAN, *ended, running(9), running(10)) == Step()


def test_it_completes_when_the_last_trial_has_ended_or_the_space_is_exhausted() -> None:
    assert decided(PLAN, *[done(number) for number in range(1, 11)]) == Step(closing=Closing("Completed"), over=True)
    assert decided(PLAN, done(1), done(2), exhausted=True) == Step(closing=Closing("Completed"), over=True)
    assert decided(PLAN, done(1), running(2), exhausted=True) == Step()


def test_a_stop_ends_what_runs_once_and_then_the_tuning_job() -> None:
    first = decided(PLAN, done(1), running(2), running(3, "Stopping"), stop_asked=True)
    assert first == Step(closing=Closing("Stopped"), stop=("arn:2",))
    assert decided(PLAN, done(1), trial(2, "Stopped"), stop_asked=True) == Step(closing=Closing("Stopped"), over=True)
    assert decided(PLAN, stop_asked=True) == Step(closing=Closing("Stopped"), over=True)


def test_failed_trials_do_not_stop_the_tuning() -> None:
    assert decided(PLAN, failed(1), failed(2), failed(3), failed(4)).launch == 3
    assert decided(PLAN, failed(1), failed(2), done(3), failed(4), failed(5), failed(6)).launch == 3


def test_it_fails_when_the_first_five_have_failed_and_names_the_first_reason() -> None:
    step = decided(PLAN, *[failed(number) for number in (1, 2, 3, 4, 5)], running(6))
    assert step.closing is not None
    assert step.closing.status == "Failed"
    assert step.closing.reason.startswith("No training job succeeded after 5 attempts. Please take a look at")
    assert step.closing.reason.endswith("The first failure, of t-1: AlgorithmError: no such column")
    assert step.stop == ("arn:6",)
    assert not step.over


def test_it_fails_when_the_first_five_told_no_objective() -> None:
    step = decided(PLAN, *[trial(number) for number in (1, 2, 3, 4, 5)])
    assert step.closing is not None
    assert step.closing.reason.startswith("No objective metrics found after running 5 training jobs.")
    assert step.over


def test_it_fails_when_all_of_fewer_trials_have_failed() -> None:
    step = decided(replace(PLAN, most_jobs=2), failed(1), failed(2))
    assert step.over
    assert step.closing is not None
    assert "after 2 attempts" in step.closing.reason


def test_it_fails_after_ten_failures_in_a_row() -> None:
    many = replace(PLAN, most_jobs=50)
    assert decided(many, done(1), *[failed(number) for number in range(2, 11)]).launch == 3
    step = decided(many, done(1), *[failed(number) for number in range(2, 12)])
    assert step.closing is not None
    assert step.closing.reason.startswith("The last 10 training jobs failed.")


@pytest.mark.parametrize("maximize", [True, False])
def test_it_completes_when_the_target_is_reached(maximize: bool) -> None:
    plan = replace(PLAN, target=0.8, definitions=(replace(DEFINITION, maximize=maximize),))
    reaching, missing = (0.81, 0.79) if maximize else (0.79, 0.81)
    assert decided(plan, done(1, missing)).closing is None
    step = decided(plan, done(1, missing), done(2, reaching), running(3))
    assert step == Step(closing=Closing("Completed"), stop=("arn:3",))


def test_it_completes_when_the_best_has_not_improved_for_long_enough() -> None:
    plan = replace(PLAN, patience=3)
    assert decided(plan, done(1, 0.9), done(2), done(3)).closing is None
    assert decided(plan, done(1, 0.9), done(2), done(3), done(4)).closing == Closing("Completed")


def test_it_completes_when_its_time_is_over_and_keeps_what_there_is() -> None:
    plan = replace(PLAN, runtime_seconds=120)
    assert decided(plan, done(1), running(2), elapsed_seconds=119).closing is None
    step = decided(plan, done(1), running(2), elapsed_seconds=121)
    assert step == Step(closing=Closing("Completed"), stop=("arn:2",))


def test_convergence_is_told_as_the_reason_to_end() -> None:
    plan = replace(PLAN, ends_on_convergence=True, most_jobs=100)
    flat = [done(number, 0.1 * (number % 5)) for number in range(1, 30)]
    assert decided(plan, *flat).closing == Closing("Completed", converged=True)
    assert decided(replace(plan, ends_on_convergence=False), *flat).closing is None


def test_what_was_noted_is_not_reconsidered() -> None:
    noted = Closing("Failed", "No training job succeeded after 5 attempts.")
    step = decided(PLAN, *[failed(n) for n in range(1, 6)], done(6, 0.9), closing=noted)
    assert step == Step(closing=noted, over=True)


def test_definitions_take_turns() -> None:
    two = replace(PLAN, definitions=(DEFINITION, replace(DEFINITION, name="b")))
    assert next_definition(two, [], ()) == 0
    assert next_definition(two, [running(1)], ()) == 1
    assert next_definition(two, [running(1), running(2)], (1,)) == 0
    assert next_definition(two, [], (0, 1)) is None


def test_running_trials_below_the_median_are_stopped_and_ended_ones_are_left() -> None:
    plan = replace(PLAN, stops_early=True)
    trials = [done(1), done(2), done(3), running(4), running(5), running(6, "Stopping")]
    curves = {"t-1": (0.6, 0.7), "t-2": (0.5, 0.8), "t-3": (0.6, 0.6), "t-4": (0.5,), "t-5": (0.9,), "t-6": (0.1,)}
    assert fallen_behind(plan, trials, curves) == ["arn:4"]


def test_hyperband_stops_what_has_used_all_its_resource() -> None:
    plan = replace(PLAN, halving=Halving(4, 8))
    assert fallen_behind(plan, [running(1), running(2)], {"t-1": (0.5,) * 8, "t-2": (0.5,) * 3}) == ["arn:1"]
