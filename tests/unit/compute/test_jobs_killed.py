"""Jobs under `kill -9` at random moments: nothing acknowledged is lost, everything finishes."""

from __future__ import annotations

import contextlib
import itertools
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from clary.compute import processes
from tests.unit.compute.job_world import World

ARN = "arn:aws:sagemaker:us-east-1:123456789012:training-job/"
CLARY = """
import sys
from pathlib import Path
from tests.unit.compute.job_world import World
from clary.compute.contract import Channel
from tests.unit.compute.job_world import entry
world = World(Path(sys.argv[1]))
print(world.server.pid, flush=True)
for line in sys.stdin:
    name = line.strip()
    world.submit(name, entry("count_up", "12"), channels=(Channel("train", "s3://data/in/"),))
    print(name, flush=True)
"""


class Victim:
    """A Clary in a process of its own, to be killed."""

    def __init__(self, folder: Path) -> None:
        root = Path(__file__).parents[3]
        self._process = subprocess.Popen(
            [sys.executable, "-c", CLARY, str(folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": f"{os.environ['PYTHONPATH']}:{root}"},
        )
        self.server = int(self._read())

    def _read(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()

    def submit(self, name: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(name + "\n")
        self._process.stdin.flush()
        assert self._read() == name

    def kill(self) -> None:
        self._process.kill()
        self._process.communicate()


@pytest.mark.skipif(not processes.ON_LINUX, reason="finds supervisors in /proc/locks")
@pytest.mark.parametrize("seed", [1, 2])
def test_every_acknowledged_job_finishes_whoever_is_killed_whenever(tmp_path: Path, seed: int) -> None:
    choice = random.Random(seed)
    setup = World(tmp_path)
    setup.put("in/a.csv", b"1\n")
    setup.close()
    names: list[str] = []
    victim = Victim(tmp_path)
    looking = World.__new__(World)
    looking.folder = tmp_path
    try:
        for number in range(6):
            names.append(f"job-{number}")
            victim.submit(names[-1])
            time.sleep(choice.random() * 0.3)
            target = choice.choice(["clary", "clary", "fork server", "supervisor"])
            if target == "clary":
                victim.kill()
                time.sleep(choice.random() * 0.2)
                victim = Victim(tmp_path)
            elif target == "fork server":
                with contextlib.suppress(ProcessLookupError):
                    os.kill(victim.server, signal.SIGKILL)
            else:
                with contextlib.suppress(LookupError, FileNotFoundError, ProcessLookupError):
                    os.kill(looking.supervisor(ARN + choice.choice(names)), signal.SIGKILL)
    finally:
        victim.kill()
    world = World(tmp_path)
    try:
        for name in names:
            record = world.finished(ARN + name, seconds=60)
            assert record.status == "Completed", record.body["job"]
            assert record.body["job"]["outputs"] == {"model": f"s3://data/{name}/output/model.tar.gz"}
            assert world.get(f"{name}/output/model.tar.gz")
            states = record.body["job"]["transitions"]
            assert all(a["end"] == b["start"] for a, b in itertools.pairwise(states))
        assert not world.stores.database.read().execute("SELECT * FROM jobs").fetchall()
    finally:
        world.close()
