from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from clary.compute import processes
from clary.compute.forking.server import ForkServer
from clary.compute.hosting.endpoints import socket_folder
from tests.unit.compute.houses import House, eventually

ROOT = Path(__file__).parents[4]


pytestmark = pytest.mark.skipif(not processes.ON_LINUX, reason="needs the kernel's parent-death signal")


def started(folder: Path, *mode: str) -> subprocess.Popen[bytes]:
    program = ROOT / "tests" / "programs" / "hosting_program.py"
    path = os.pathsep.join([str(ROOT), str(program.parent)])
    command = [sys.executable, str(program), str(folder), *mode]
    return subprocess.Popen(command, stdout=subprocess.PIPE, env={**os.environ, "PYTHONPATH": path})


@pytest.fixture
def killed(tmp_path: Path) -> Iterator[dict[str, object]]:
    """A Clary that served an endpoint until it was killed; what it told of its processes."""
    with started(tmp_path) as clary:
        assert clary.stdout is not None
        told = json.loads(clary.stdout.readline())
        clary.send_signal(signal.SIGKILL)
    yield told


async def test_replicas_end_with_a_clary_that_is_killed_and_come_back_with_the_next(
    killed: dict[str, list[int]], tmp_path: Path
) -> None:
    old = killed["replicas"]
    assert len(old) == 2
    await eventually(lambda: all(processes.start_ticks(pid) is None for pid in old), 5)
    left = {path.name for path in socket_folder(tmp_path / "hosting").iterdir()}
    server = ForkServer(["clary.algorithms.serve"])
    house = House(tmp_path, server)
    await house.hosting.start()
    try:
        assert (await house.ask())["word"] == "kept"
        assert house.record().status == "InService"
        new = {path.name for path in socket_folder(tmp_path / "hosting").iterdir()}
        assert not left & new
    finally:
        await house.hosting.close()
        house.database.close()
        server.close()


async def test_no_acknowledged_update_is_lost_however_often_clary_is_killed(tmp_path: Path) -> None:
    chance = random.Random(11)
    acknowledged = 1
    for _ in range(4):
        with started(tmp_path, "updates") as clary:
            assert clary.stdout is not None
            clary.stdout.readline()
            killer = threading.Timer(chance.uniform(0.05, 0.8), clary.send_signal, [signal.SIGKILL])
            killer.start()
            for line in clary.stdout:
                if line.endswith(b"\n"):
                    acknowledged = json.loads(line)["acknowledged"]
    server = ForkServer(["clary.algorithms.serve"])
    house = House(tmp_path, server)
    await house.hosting.start()
    try:
        assert await house.settled() == "InService"
        assert house.record().body["plan"]["generation"] >= acknowledged > 1
        answer = await house.ask()
        assert int(answer["word"]) == house.record().body["plan"]["generation"]
        await eventually(lambda: len(list((tmp_path / "hosting" / "models").glob("*/*"))) == 1)
    finally:
        await house.hosting.close()
        house.database.close()
        server.close()
