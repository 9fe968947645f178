from __future__ import annotations

from pathlib import Path

import pytest

from clary.compute import machine


@pytest.mark.parametrize(("percent", "busy"), [("0.00", False), ("49.90", False), ("50.10", True), ("99.25", True)])
def test_a_machine_is_busy_when_work_waits_for_cpus_most_of_the_time(
    monkeypatch: pytest.MonkeyPatch, percent: str, busy: bool
) -> None:
    text = f"some avg10={percent} avg60=98.84 avg300=98.40 total=10862007981\nfull avg10=0.00 avg60=0.00 total=0\n"
    monkeypatch.setattr(Path, "read_text", lambda self, **_: text)
    assert machine.is_busy() is busy


@pytest.mark.parametrize(("load", "busy"), [(0.1, False), (1e6, True)])
def test_where_the_kernel_tells_nothing_the_load_decides(
    monkeypatch: pytest.MonkeyPatch, load: float, busy: bool
) -> None:
    def missing(self: Path, **_: str) -> str:
        raise FileNotFoundError(self)

    monkeypatch.setattr(Path, "read_text", missing)
    monkeypatch.setattr(machine.os, "getloadavg", lambda: (load, 0.0, 0.0))
    assert machine.is_busy() is busy
