"""How much a batch transform holds in memory, whatever the job and its model ask for."""

from __future__ import annotations

import pytest

from clary.compute.contract import Channel, Limits, Program, ReplicaPlan, TransformPlan
from clary.compute.transform.exchange import MOST_BYTES_AT_ONCE, settings_of

REPLICA = ReplicaPlan(Program(entry="a:b"), "", "", Limits(), 10)
INPUT = Channel("data", "s3://b/in")


@pytest.mark.parametrize(
    ("payload_bytes", "concurrent", "wishes", "at_once"),
    [
        (0, 1_000_000, {}, 4),
        (0, 2, {}, 2),
        (1 << 20, 100, {}, 100),
        (0, 0, {"MaxConcurrentTransforms": 10**9}, 1),
        (None, 0, {"MaxConcurrentTransforms": 10**9, "MaxPayloadInMB": 1}, 100),
        (None, 1_000_000, {"MaxPayloadInMB": 10**30}, 100),
    ],
)
def test_requests_at_once_are_bounded(
    payload_bytes: int | None, concurrent: int, wishes: dict[str, int], at_once: int
) -> None:
    plan = TransformPlan(REPLICA, INPUT, "s3://b/out", payload_bytes=payload_bytes, concurrent=concurrent)
    settings = settings_of(plan, wishes)
    assert settings.concurrent == at_once
    assert settings.answer_bytes * settings.concurrent <= 64 * MOST_BYTES_AT_ONCE


def test_a_single_request_at_a_time_may_have_a_large_answer() -> None:
    plan = TransformPlan(REPLICA, INPUT, "s3://b/out", payload_bytes=100 << 20, concurrent=1)
    assert settings_of(plan, {}).answer_bytes == 4 * MOST_BYTES_AT_ONCE
