from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from clary.compute.contract import JobSpec, MetricDefinition, Program
from clary.compute.jobs.events import StopRequested
from clary.compute.jobs.queue import JobQueue
from clary.storage.records import Record
from tests.programs.job_stores import ACCOUNT, REGION, ROLE, Stores


@pytest.fixture
def stores(tmp_path: Path) -> Iterator[Stores]:
    stores = Stores(tmp_path)
    yield stores
    stores.close()


def submit(queue: JobQueue, name: str) -> None:
    arn = f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:training-job/{name}"
    metrics = (MetricDefinition("train:auc", r"auc:(\S+)"),)
    spec = JobSpec(name, "job", ACCOUNT, REGION, name, arn, ROLE, Program(entry="any:program"), metrics=metrics)
    queue.submit(Record("job", ACCOUNT, REGION, name, arn), spec)


def test_a_waiting_job_is_read_once_however_often_the_queue_is_looked_at(
    stores: Stores, monkeypatch: pytest.MonkeyPatch
) -> None:
    queue = JobQueue(stores.records)
    read: list[str] = []
    from_json = JobSpec.from_json

    def counted(value: dict[str, Any]) -> JobSpec:
        read.append(value["id"])
        return from_json(value)

    monkeypatch.setattr(JobSpec, "from_json", counted)
    for name in ("a", "b", "c"):
        submit(queue, name)
    for _ in range(3):
        assert [entry.spec.name for entry in queue.entries()] == ["a", "b", "c"]
    assert sorted(read) == ["a", "b", "c"]


def test_a_finished_job_leaves_the_queue_and_a_job_made_anew_is_another(stores: Stores) -> None:
    queue = JobQueue(stores.records)
    submit(queue, "a")
    submit(queue, "b")
    first, second = queue.entries()
    queue.apply(first.spec.arn, StopRequested(1.0))
    assert [entry.spec for entry in queue.entries()] == [second.spec]
    assert queue.entry("a") is None


def test_jobs_share_the_metrics_of_their_algorithm(stores: Stores) -> None:
    queue = JobQueue(stores.records)
    submit(queue, "a")
    submit(queue, "b")
    first, second = queue.entries()
    assert first.spec.metrics[0] is second.spec.metrics[0]
