from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from clary.compute import processes
from clary.compute.forking.server import ForkServer

Until = Callable[[Callable[[], bool]], None]
pytestmark = pytest.mark.skipif(not processes.ON_LINUX, reason="forks")


@pytest.fixture
def trunk() -> Iterator[ForkServer]:
    server = ForkServer(["json"], fork=True)
    yield server
    server.close()


@pytest.fixture
def branch(trunk: ForkServer) -> Iterator[ForkServer]:
    server = trunk.branch(["colorsys"], {"HOW_TO_WAIT": "patiently"})
    server.start()
    yield server
    server.close()


def facts(server: ForkServer, where: Path) -> dict[str, Any]:
    assert server.spawn("job_programs:report", [where], output=where / "facts").wait(60) == 0
    return json.loads((where / "facts").read_text())


def test_a_branch_has_what_its_trunk_has_loaded_and_more_and_the_trunk_has_not(
    trunk: ForkServer, branch: ForkServer, tmp_path: Path
) -> None:
    (tmp_path / "trunk").mkdir()
    modules = facts(branch, tmp_path)["modules"]
    assert {"json", "colorsys"} <= set(modules)
    assert "colorsys" not in facts(trunk, tmp_path / "trunk")["modules"]


def test_libraries_find_the_branchs_variables_when_they_are_loaded_and_programs_do_not(
    trunk: ForkServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "library_of_a_branch.py").write_text("import os\nfound = os.environ.get('HOW_TO_WAIT')\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")]))
    branch = trunk.branch(["library_of_a_branch"], {"HOW_TO_WAIT": "patiently"})
    try:
        output = tmp_path / "told"
        assert branch.spawn("job_programs:tell_library_of_a_branch", [tmp_path], output=output).wait(60) == 0
        assert output.read_text() == "patiently None\n"
    finally:
        branch.close()


def test_a_killed_branch_grows_again_and_so_does_one_whose_trunk_was_killed_too(
    trunk: ForkServer, branch: ForkServer, tmp_path: Path, until: Until
) -> None:
    assert branch.spawn("job_programs:leave_with", [tmp_path, "3"]).wait(60) == 3
    until(lambda: branch.pid != 0)
    first, root = branch.pid, trunk.pid
    os.kill(first, signal.SIGKILL)
    assert branch.spawn("job_programs:leave_with", [tmp_path, "4"]).wait(60) == 4
    until(lambda: branch.pid not in (0, first))
    os.kill(root, signal.SIGKILL)
    assert branch.spawn("job_programs:leave_with", [tmp_path, "5"]).wait(60) == 5  # a branch stands by itself
    os.kill(branch.pid, signal.SIGKILL)
    assert branch.spawn("job_programs:leave_with", [tmp_path, "6"]).wait(60) == 6


def test_a_branch_ends_when_it_is_closed_and_its_trunk_goes_on(
    trunk: ForkServer, branch: ForkServer, tmp_path: Path, until: Until
) -> None:
    assert branch.spawn("job_programs:leave_with", [tmp_path, "0"]).wait(60) == 0
    until(lambda: branch.pid != 0)
    pid = branch.pid
    branch.close()
    until(lambda: processes.start_ticks(pid) is None)
    assert trunk.spawn("job_programs:leave_with", [tmp_path, "7"]).wait(60) == 7


def test_a_branch_of_a_server_that_does_not_fork_starts_interpreters(tmp_path: Path) -> None:
    trunk = ForkServer(["json"], fork=False)
    branch = trunk.branch(["colorsys"], {})
    branch.start()
    assert branch.spawn("job_programs:leave_with", [tmp_path, "8"]).wait(60) == 8
    assert branch.pid == 0
