from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from clary.compute.contract import JobSpec, MetricDefinition, Program
from clary.compute.jobs.log_collector import LogCollector
from clary.compute.jobs.metric_reader import MetricReader
from tests.programs.job_stores import ACCOUNT, REGION, ROLE, Stores

Until = Callable[[Callable[[], bool]], None]
SPEC = JobSpec(
    "id",
    "kind",
    ACCOUNT,
    REGION,
    "job",
    "arn",
    ROLE,
    Program(entry="a:b"),
    metrics=(MetricDefinition("train:loss", r"loss=(\S+)"), MetricDefinition("validation:auc", r"auc:([0-9.]+)")),
    log_group="/aws/sagemaker/TrainingJobs",
    metric_namespace="/aws/sagemaker/TrainingJobs",
    metric_dimension="TrainingJobName",
)


@pytest.fixture
def stores(tmp_path: Path) -> Iterator[Stores]:
    stores = Stores(tmp_path)
    yield stores
    stores.close()


class Run:
    """A collector and the writing end of its pipe."""

    def __init__(self, stores: Stores, folder: Path, spec: JobSpec = SPEC) -> None:
        self._stores = stores
        pipe = folder / "pipe"
        os.mkfifo(pipe)
        self.collector = LogCollector(stores.logs, stores.metrics, spec, pipe, "job/algo-1-1")
        self.writing = os.open(pipe, os.O_WRONLY)

    def write(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            view = view[os.write(self.writing, view) :]

    def lines(self) -> list[str]:
        return self._stores.log_lines(SPEC.log_group, "job/")

    def end(self) -> list[str]:
        os.close(self.writing)
        self.collector.close()
        return self.lines()


def test_a_line_is_stored_as_soon_as_it_is_written(stores: Stores, tmp_path: Path, until: Until) -> None:
    run = Run(stores, tmp_path)
    run.write(b"first\nhalf of the sec")
    until(lambda: run.lines() == ["first"])
    run.write(b"ond\n")
    until(lambda: run.lines() == ["first", "half of the second"])
    assert run.end() == ["first", "half of the second"]


def test_every_line_arrives_in_order_however_much_is_written(stores: Stores, tmp_path: Path) -> None:
    run = Run(stores, tmp_path)
    run.write(b"".join(b"line %d\n" % number for number in range(50_000)))
    run.write(b"no newline")
    assert run.end() == [*(f"line {number}" for number in range(50_000)), "no newline"]


def test_odd_bytes_long_lines_and_empty_lines_are_kept_as_well_as_the_logs_can(stores: Stores, tmp_path: Path) -> None:
    run = Run(stores, tmp_path)
    run.write(b"\xff\xfe\r\n\n" + b"x" * (300 << 10) + b"\n")
    lines = run.end()
    assert lines[:2] == ["\ufffd\ufffd", " "]
    assert "".join(lines[2:]) == "x" * (300 << 10)
    assert max(len(line) for line in lines) < 256 << 10


def test_a_program_that_closes_its_output_and_goes_on_costs_no_time(stores: Stores, tmp_path: Path) -> None:
    run = Run(stores, tmp_path)
    run.write(b"bye\n")
    os.close(run.writing)
    time.sleep(0.3)
    before = time.process_time()
    time.sleep(0.3)
    assert time.process_time() - before < 0.1
    run.collector.close()
    assert run.lines() == ["bye"]


def test_metrics_are_read_from_the_lines_and_the_last_value_counts(stores: Stores, tmp_path: Path) -> None:
    run = Run(stores, tmp_path)
    run.write(b"loss=0.5 auc:0.75\nloss=nan\nloss=none\nloss=0.25\n")
    run.end()
    assert [(metric["name"], metric["value"]) for metric in run.collector.metrics] == [
        ("train:loss", 0.25),
        ("validation:auc", 0.75),
    ]
    found = stores.metrics.metric(ACCOUNT, REGION, SPEC.metric_namespace, "train:loss", {"TrainingJobName": "job"})
    assert found is not None


def test_a_regex_that_cannot_be_used_does_no_harm() -> None:
    spec = replace(SPEC, metrics=(MetricDefinition("bad", "("), MetricDefinition("none", "x"), SPEC.metrics[0]))
    assert MetricReader(spec).read("x loss=1") == [("train:loss", 1.0)]


def test_logs_that_cannot_be_stored_do_not_stop_the_program(
    stores: Stores, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*arguments: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(stores.logs, "submit", full)
    run = Run(stores, tmp_path)
    run.write(b"line\n" * 100_000)
    assert run.end() == []
    assert run.collector.last_lines[-1] == "line"


def test_lines_that_a_full_disk_did_not_take_are_stored_once_there_is_room(
    stores: Stores, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, until: Until
) -> None:
    refused: list[object] = []

    def full(*arguments: object) -> None:
        refused.append(arguments)
        raise OSError("disk full")

    monkeypatch.setattr(stores.logs, "submit", full)
    run = Run(stores, tmp_path)
    run.write(b"one loss=1\n")
    until(lambda: bool(refused))
    monkeypatch.undo()
    until(lambda: run.lines() == ["one loss=1"])  # though the program says nothing more
    run.write(b"two\n")
    assert run.end() == ["one loss=1", "two"]
    metric = stores.metrics.metric(ACCOUNT, REGION, SPEC.metric_namespace, "train:loss", {"TrainingJobName": "job"})
    assert metric is not None
