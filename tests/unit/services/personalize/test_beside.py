"""What is computed beside tells its result, and its failure."""

from __future__ import annotations

import os
import signal

import pytest

from clary.engines.recommendation.contract import TrainingError
from clary.services.personalize.programs import beside as module
from clary.services.personalize.programs.beside import beside


@pytest.mark.parametrize("cpus", [1, 2])
def test_the_result_arrives_and_only_with_two_cpus_from_another_process(
    cpus: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "available_cpus", lambda: list(range(cpus)))
    here = {"learned": list(range(1000))}
    found = beside(lambda: (len(here["learned"]), os.getpid()))()
    assert found[0] == 1000
    assert (found[1] == os.getpid()) == (cpus == 1)


@pytest.mark.parametrize("cpus", [1, 2])
def test_what_the_computation_raises_is_raised(cpus: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "available_cpus", lambda: list(range(cpus)))

    def fails() -> None:
        raise TrainingError("too little")

    with pytest.raises(TrainingError, match="too little"):
        beside(fails)()


def test_a_child_that_is_killed_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "available_cpus", lambda: [0, 1])
    with pytest.raises(RuntimeError, match="-9"):
        beside(lambda: os.kill(os.getpid(), signal.SIGKILL))()
