"""Programs that try to leave their isolation, or to use up what the machine has for all."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path

import pytest

from clary.compute.contract import Executor, Limits, Program
from clary.compute.executors import executor, isolation
from clary.compute.folder import remove_tree
from clary.compute.forking import confinement
from clary.compute.forking.server import ForkServer

from .test_executors import LIMITS, confined, entry, isolated, python, root, secrets, server, shell

__all__ = ["root", "secrets", "server"]

SCRATCH = ("/tmp", "/var/tmp", "/dev/shm")


@pytest.fixture
def runner(server: ForkServer, secrets: Path) -> Executor:
    return executor("process", server, (secrets,))


@isolated
@pytest.mark.parametrize("variable", ["LD_DEBUG_OUTPUT", "LD_PRELOAD"])
def test_a_users_variables_do_not_reach_what_makes_the_isolation(
    runner: Executor, root: Path, secrets: Path, variable: str
) -> None:
    """The linker of a program that was not isolated yet would do what they say, with all of Clary's rights."""
    mark = secrets / "left"
    values = {"LD_DEBUG_OUTPUT": str(mark), "LD_DEBUG": "libs", "LD_PRELOAD": "./not-there.so"}
    given = {name: value for name, value in values.items() if (name == "LD_PRELOAD") is (variable == "LD_PRELOAD")}
    program = Program(argv=("/bin/sh", "-c", f'echo "[${variable}]"'), environment=given)
    assert runner.start(program, root, LIMITS, root / "log").wait(20) == 0
    told = (root / "log").read_text()
    assert f"[{given[variable]}]" in told  # the program itself has it
    assert told.count("not-there.so") <= 2  # in its own output and in its own linker's complaint
    assert not list(secrets.glob("left*"))


@isolated
def test_isolated_programs_do_not_see_the_sockets_of_services(runner: Executor, root: Path) -> None:
    program = shell("ls -A /run /var/run/ | grep -v : | sort -u; find /run -type s")
    assert runner.start(program, root, LIMITS, root / "log").wait(20) == 0
    kept = {path.relative_to("/run").parts[0] for path in confinement.kept_of_run()}
    assert set((root / "log").read_text().split()) <= kept


@confined
def test_built_in_programs_do_not_see_the_sockets_of_services(runner: Executor, root: Path) -> None:
    present = [str(path) for path in Path("/run").iterdir()] + ["/run/docker.sock", "/var/run/docker.sock"]
    assert runner.start(entry("try_files", "[]", json.dumps(present)), root, LIMITS, root / "log").wait(20) == 0
    kept = {f"/run/{path.relative_to('/run').parts[0]}" for path in confinement.kept_of_run()}
    assert set(json.loads((root / "log").read_text())["seen"]) <= kept


@isolated
def test_the_empty_folders_of_isolated_programs_hold_no_more_than_their_instance_has(
    runner: Executor, root: Path
) -> None:
    limits = Limits(cpus=1, memory_bytes=64 << 20)
    for place in SCRATCH:
        program = shell(f"head -c {80 << 20} /dev/zero > {place}/filled")
        assert runner.start(program, root, limits, root / "log").wait(20) != 0, place
    assert (root / "log").read_text().count("No space left on device") == len(SCRATCH)


@confined
@pytest.mark.parametrize("place", SCRATCH)
def test_the_empty_folders_of_built_in_programs_hold_no_more_than_their_instance_has(
    runner: Executor, root: Path, place: str
) -> None:
    limits = Limits(cpus=1, memory_bytes=128 << 20)
    assert runner.start(entry("fill", f"{place}/filled", "160"), root, limits, root / "log").wait(20) == 1
    assert "No space left on device" in (root / "log").read_text()


@isolated
def test_what_hides_something_holds_next_to_nothing(
    runner: Executor, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    command = isolation.command("bwrap", ["true"], root, [Path("/srv")], network=True)
    place = command.index("/srv")
    assert command[place - 3 : place] == ["--size", str(confinement.COVER_BYTES), "--tmpfs"]
    assert os.fspath(root) in command


@isolated
def test_nothing_is_hidden_from_the_limit_of_the_volume_by_nesting_folders(runner: Executor, root: Path) -> None:
    script = "import os, time\nfor _ in range(1000):\n os.mkdir('d' * 9)\n os.chdir('d' * 9)\ntime.sleep(600)"
    limits = Limits(cpus=1, memory_bytes=1 << 30, volume_bytes=1 << 30)
    try:
        assert runner.start(python(script), root, limits, root / "log").wait(20) == -signal.SIGKILL
        assert "nested deeper than a path can name" in (root / "log").read_text()
    finally:
        remove_tree(root)  # pytest cannot
