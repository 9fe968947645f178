from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from clary.core.clock import FixedClock
from clary.gateway.pipeline import Outcome
from clary.gateway.request_log import RequestLog


def outcome(request_id: str = "r-1", **changes) -> Outcome:
    known = Outcome(
        request_id, "GET", "s3", "GetObject", "123456789012", "arn:aws:iam::123456789012:user/ada", 404, "NoSuchKey",
        0.0123456, "127.0.0.1", 0, 7,
    )  # fmt: skip
    for name, value in changes.items():
        setattr(known, name, value)
    return known


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "requests.log"


def test_a_request_is_one_line_of_json(path):
    log = RequestLog(path, FixedClock())
    log.observe(outcome())
    log.observe(outcome("r-2", api="", operation="", error_code="", sent_bytes=None))
    log.close()
    first, second = map(json.loads, path.read_text().splitlines())
    assert first == {
        "time": "2023-11-14T22:13:20.000Z",
        "request_id": "r-1",
        "method": "GET",
        "api": "s3",
        "operation": "GetObject",
        "account": "123456789012",
        "principal": "arn:aws:iam::123456789012:user/ada",
        "client_ip": "127.0.0.1",
        "status": 404,
        "error_code": "NoSuchKey",
        "duration_ms": 12.346,
        "received_bytes": 0,
        "sent_bytes": 7,
    }
    assert not {"api", "operation", "error_code", "sent_bytes"} & second.keys()


def test_only_the_owner_may_read_the_log(path):
    RequestLog(path).close()
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_full_file_is_put_aside_and_only_some_are_kept(path):
    log = RequestLog(path, FixedClock(), largest_file_bytes=700, kept_files=2)
    for i in range(20):
        log.observe(outcome(f"r-{i:02}"))
    log.close()
    names = sorted(entry.name for entry in path.parent.iterdir())
    assert names == ["requests.log", "requests.log.1", "requests.log.2"]
    kept = [
        json.loads(line)["request_id"]
        for name in reversed(names)
        for line in (path.parent / name).read_text().splitlines()
    ]
    assert kept == [f"r-{i:02}" for i in range(20 - len(kept), 20)]
    assert all((path.parent / name).stat().st_size <= 700 for name in names)


def test_a_log_that_is_opened_again_goes_on(path):
    for name in ("a", "b"):
        log = RequestLog(path, FixedClock())
        log.observe(outcome(name))
        log.close()
    assert [json.loads(line)["request_id"] for line in path.read_text().splitlines()] == ["a", "b"]


def test_a_disk_that_fails_is_reported_once_and_disturbs_nobody(path, monkeypatch, caplog):
    log = RequestLog(path, FixedClock())

    def fail(descriptor: int, data: bytes) -> int:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "write", fail)
        log.observe(outcome())
        log.observe(outcome())
    assert len(caplog.records) == 1
    log.observe(outcome("after"))
    log.close()
    assert json.loads(path.read_text())["request_id"] == "after"
