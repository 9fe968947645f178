"""The coordinator step by step, and killed wherever it may be killed."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from clary.algorithms.contract import KEPT_TABLES
from clary.engines.tuning.spaces import Values
from clary.services.sagemaker.training_spec import METRIC_DIMENSION, METRIC_NAMESPACE
from clary.services.sagemaker.tuning.advice import NoAdvice
from clary.services.sagemaker.tuning.coordinator import Coordinator
from clary.services.sagemaker.tuning.trials import OBJECTIVE_METRIC, TrialJob
from clary.storage.metrics import MetricPoint
from clary.storage.records import Record
from tests.unit.services.sagemaker.tuning.conftest import House
from tests.unit.services.sagemaker.tuning.requests import METRIC, config, tuning_request


class Killed(BaseException):
    """The process is gone at this point."""


def objective(trial: TrialJob) -> float:
    return float(trial.values["eta"])


def values_of(house: House, name: str = "Tune-1") -> list[Values]:
    return [trial.values for trial in house.trials(name)]


def emit(house: House, trial: TrialJob, *values: float) -> None:
    """What the log collector does with lines of the trial's log."""
    points = [
        MetricPoint(name, {METRIC_DIMENSION: trial.name}, house.clock.time(), value)
        for value in values
        for name in (METRIC, OBJECTIVE_METRIC)
    ]
    house.metrics.put(house.call.account, house.call.region, METRIC_NAMESPACE, points)


@pytest.mark.parametrize("strategy", ["Random", "Bayesian"])
def test_a_seed_decides_what_is_tried(house: House, strategy: str) -> None:
    for name, seed in (("one", 5), ("two", 5), ("three", 6)):
        settings = config(Strategy=strategy, RandomSeed=seed)
        house.create(tuning_request(name, HyperParameterTuningJobConfig=settings))
        house.run_to_the_end(objective, name)
    assert values_of(house, "one") == values_of(house, "two")
    assert values_of(house, "one") != values_of(house, "three")


def test_the_coordinator_asks_with_all_that_was_tried(house: House) -> None:
    house.create(tuning_request())
    house.look()
    first, second = house.trials()
    house.end(first, 0.25)
    house.look()
    asked = house.oracle.asked[-1]
    assert [(trial.running, trial.objective) for trial in asked.trials] == [(False, 0.25), (True, None)]
    assert asked.trials[0].values == first.values
    assert asked.maximize
    assert second.values == asked.trials[1].values


def test_nothing_is_due_when_only_the_end_of_a_trial_can_change_anything(house: House) -> None:
    assert house.look() is None
    house.create(tuning_request())
    assert house.look() is None
    limits = {"MaxNumberOfTrainingJobs": 4, "MaxParallelTrainingJobs": 2, "MaxRuntimeInSeconds": 200}
    house.create(tuning_request("Tune-2", HyperParameterTuningJobConfig=config(ResourceLimits=limits)))
    house.clock.advance(50)
    assert house.look() == pytest.approx(150, abs=1)


def test_the_tuning_job_ends_when_its_time_is_over(house: House) -> None:
    limits = {"MaxNumberOfTrainingJobs": 4, "MaxParallelTrainingJobs": 2, "MaxRuntimeInSeconds": 200}
    house.create(tuning_request(HyperParameterTuningJobConfig=config(ResourceLimits=limits)))
    house.look()
    house.end(house.running()[0], 0.5)
    house.clock.advance(200)
    house.look()
    assert [trial.status for trial in house.trials()] == ["Completed", "Stopped"]
    house.look()
    assert house.tuning().status == "Completed"


def test_a_trial_behind_the_median_is_stopped_while_it_runs(house: House) -> None:
    limits = {"MaxNumberOfTrainingJobs": 6, "MaxParallelTrainingJobs": 2}
    settings = config(TrainingJobEarlyStoppingType="Auto", ResourceLimits=limits)
    house.create(tuning_request(HyperParameterTuningJobConfig=settings))
    for _ in range(3):
        house.look()
        trial = house.running()[0]
        emit(house, trial, 0.5, 0.6, 0.7)
        house.end(trial, 0.7)
    assert house.look() is not None
    good, bad = house.running()
    for trial in (good, bad):
        house.start(trial)
    emit(house, good, 0.4, 0.9)
    emit(house, bad, 0.4, 0.3)
    house.look()
    assert [trial.status for trial in house.running()] == ["InProgress", "Stopping"]
    house.end(bad, 0.3)
    (ended,) = [trial for trial in house.trials() if trial.name == bad.name]
    assert (ended.status, ended.objective, ended.objective_status) == ("Stopped", 0.3, "Succeeded")


def test_hyperband_ends_trials_at_their_rungs(house: House) -> None:
    settings = config(
        Strategy="Hyperband",
        StrategyConfig={"HyperbandStrategyConfig": {"MinResource": 1, "MaxResource": 3}},
        ResourceLimits={"MaxNumberOfTrainingJobs": 6, "MaxParallelTrainingJobs": 6},
    )
    house.create(tuning_request(HyperParameterTuningJobConfig=settings))
    house.look()
    for rank, trial in enumerate(house.running()):
        house.start(trial)
        emit(house, trial, rank / 10)
    house.look()
    stopped = [trial for trial in house.trials() if trial.status == "Stopping"]
    assert stopped
    assert house.trials()[-1].status == "InProgress"
    emit(house, house.trials()[-1], 0.9, 0.9)
    house.look()
    assert house.trials()[-1].status == "Stopping"


def test_the_tuning_job_fails_when_nobody_can_say_what_to_try(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(question: Any) -> None:
        raise NoAdvice("MemoryError: no room")

    monkeypatch.setattr(house.oracle, "ask", refuse)
    house.create(tuning_request())
    house.look()
    house.look()
    found = house.tuning()
    assert found.status == "Failed"
    assert "MemoryError: no room" in found.body["course"]["closing"]["reason"]


def kill_at(write: int, count: list[int], original: Callable[..., Any]) -> Callable[..., Any]:
    """The database's `write` that ends the process before or after its `write`th transaction."""

    def killing(function: Callable[[sqlite3.Connection], Any]) -> Any:
        count[0] += 1
        if count[0] == write:
            raise Killed
        result = original(function)
        if count[0] == write - 1 and write % 2:
            raise Killed  # what was written is on disk; nobody was told
        return result

    return killing


@pytest.mark.parametrize("strategy", ["Random", "Bayesian"])
def test_a_coordinator_killed_at_any_write_is_followed_by_one_that_loses_and_repeats_nothing(
    house: House, monkeypatch: pytest.MonkeyPatch, strategy: str
) -> None:
    """The seeds are the same: whatever happens in between, the same trials must be run, each once."""
    settings = config(Strategy=strategy, RandomSeed=3)
    house.create(tuning_request("whole", HyperParameterTuningJobConfig=settings))
    house.run_to_the_end(objective, "whole")
    original = house.records.database.write
    for write in range(1, 13):
        name = f"killed-{write}"
        house.create(tuning_request(name, HyperParameterTuningJobConfig=settings))
        count = [0]
        for _ in range(60):
            monkeypatch.setattr(house.records.database, "write", kill_at(write, count, original))
            try:
                house.look()
            except Killed:
                house.another_coordinator()
            monkeypatch.setattr(house.records.database, "write", original)
            if house.tuning(name).status == "Completed":
                break
            running = house.running(name)
            if len(running) == 2 or (running and len(house.trials(name)) == 4):
                house.end(running[0], objective(running[0]))
        assert house.tuning(name).status == "Completed"
        assert values_of(house, name) == values_of(house, "whole"), write
        assert [trial.number for trial in house.trials(name)] == [1, 2, 3, 4]


def test_a_trial_that_was_submitted_already_is_not_submitted_again(house: House) -> None:
    record = house.create(tuning_request())
    house.look()
    before = house.trials()
    search = house.coordinator._search(record)
    again = Coordinator(house.records, house.jobs, house.metrics, house.oracle, house.clock)  # type: ignore[arg-type]
    again._submit(house.tuning(), search.plan, 0, 1, {"max_depth": 3, "eta": 0.2})
    assert house.trials() == before


def test_trials_of_an_algorithm_share_a_folder_that_goes_when_the_tuning_job_ends(house: House, tmp_path: Path) -> None:
    tables = tmp_path / "tables"
    (tables / "of-a-tuning-job-that-ended").mkdir(parents=True)
    parts = (house.records, house.jobs, house.metrics, house.oracle, house.clock)
    house.coordinator = Coordinator(*parts, tables=tables)  # type: ignore[arg-type]
    record = house.create(tuning_request())
    house.coordinator._sweep()
    house.look()
    (folder,) = tables.iterdir()
    assert folder.name == record.body["id"]
    for entry in house.queue.entries():
        assert entry.spec.program.environment[KEPT_TABLES] == str(folder)
        assert str(folder) in entry.spec.program.writable
    house.run_to_the_end(lambda trial: 0.5)
    assert not list(tables.iterdir())


def test_a_tuning_job_that_cannot_go_on_holds_up_no_other(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    broken, _ = house.create(tuning_request("broken")), house.create(tuning_request("sound"))
    carry_on = house.coordinator._carry_on

    def fail(record: Record) -> float | None:
        if record.name == broken.name:
            raise KeyError("what an older Clary did not write")
        return carry_on(record)

    monkeypatch.setattr(house.coordinator, "_carry_on", fail)
    assert house.look() is not None  # it is tried again
    assert len(house.running("sound")) == 2
