from __future__ import annotations

import time

from clary.compute.contract import JobSpec, MetricDefinition, Program
from clary.compute.jobs.metric_reader import MetricReader


def job(program: Program, *metrics: MetricDefinition) -> JobSpec:
    return JobSpec("id", "kind", "1", "r", "job", "arn", "role", program, metrics=metrics)


SCRIPT = Program(argv=("python3", "train.py"))
ENDLESS = MetricDefinition("endless", r"(a+)+$")
LOSS = MetricDefinition("loss", r"loss: ([0-9.]+)")


def test_a_pattern_that_goes_back_and_forth_for_ever_is_given_up_and_the_log_says_so() -> None:
    told: list[str] = []
    reader = MetricReader(job(SCRIPT, ENDLESS, LOSS), told.append)
    started = time.monotonic()
    for _ in range(50):
        assert reader.read("loss: 0.5 " + "a" * 3000 + "!") == [("loss", 0.5)]
        reader.read("a" * 3000 + "!")
    assert time.monotonic() - started < 10
    assert len(told) == 1
    assert "metric endless" in told[0]
    assert ENDLESS.regex in told[0]


def test_patterns_of_users_mean_what_they_mean_in_python() -> None:
    metric = MetricDefinition("m", r"(?i)Accuracy\s*[:=]\s*(?P<v>-?\d+(?:\.\d+)?(?:e-?\d+)?)(?=;)")
    assert MetricReader(job(SCRIPT, metric)).read("ACCURACY = 1.5e-3; done") == [("m", 0.0015)]


def test_a_metric_with_a_marker_is_found_from_the_first_line_that_holds_it() -> None:
    metrics = [MetricDefinition(name, rf"{name}-auc:(\S+)", f"{name}-auc:") for name in ("train", "validation")]
    reader = MetricReader(job(Program(entry="a:b"), *metrics))
    assert reader.read("nothing") == []
    assert reader.read("validation-auc:0.5") == [("validation", 0.5)]
    assert sorted(reader.read("validation-auc:0.6 train-auc:0.7")) == [("train", 0.7), ("validation", 0.6)]


def test_values_that_are_no_finite_numbers_are_left_out() -> None:
    metric = MetricDefinition("m", r"m=(\S+)")
    reader = MetricReader(job(SCRIPT, metric))
    assert [reader.read(f"m={value}") for value in ("nan", "inf", "none", "7")] == [[], [], [], [("m", 7.0)]]
