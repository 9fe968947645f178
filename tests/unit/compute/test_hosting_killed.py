from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from clary.compute import processes
from clary.compute.forkserver import ForkServer
from tests.unit.compute.houses import House, eventually

ROOT = Path(__file__).parents[3]


@pytest.fixture
def killed(tmp_path: Path) -> Iterator[dict[str, object]]:
    """A Clary that served an endpoint until it was killed; what it told of its processes."""
    program = ROOT / "tests" / "programs" / "hosting_program.py"
    path = os.pathsep.join([str(ROOT), str(program.parent)])
    with subprocess.Popen(
        [sys.executable, str(program), str(tmp_path)], stdout=subprocess.PIPE, env={**os.environ, "PYTHONPATH": path}
    ) as clary:
        assert clary.stdout is not None
        told = json.loads(clary.stdout.readline())
        clary.send_signal(signal.SIGKILL)
    yield told


@pytest.mark.skipif(not processes.ON_LINUX, reason="needs the kernel's parent-death signal")
async def test_replicas_end_with_a_clary_that_is_killed_and_come_back_with_the_next(
    killed: dict[str, list[int]], tmp_path: Path
) -> None:
    old = killed["replicas"]
    assert len(old) == 2
    await eventually(lambda: all(processes.start_ticks(pid) is None for pid in old), 5)
    left = {path.name for path in (tmp_path / "hosting" / "sockets").iterdir()}
    server = ForkServer(["clary.algorithms.serve"])
    house = House(tmp_path, server)
    await house.hosting.start()
    try:
        assert (await house.ask())["word"] == "kept"
        assert house.record().status == "InService"
        new = {path.name for path in (tmp_path / "hosting" / "sockets").iterdir()}
        assert not left & new
    finally:
        await house.hosting.close()
        house.database.close()
        server.close()
