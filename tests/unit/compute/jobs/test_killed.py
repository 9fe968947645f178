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
from clary.compute.contract import Channel, Limits, Spot
from clary.compute.jobs.scheduler import NotInterruptible
from tests.unit.compute.job_world import entry
world = World(Path(sys.argv[1]), "stop_seconds=1", most_losses=1000)
print(world.server.pid, flush=True)
ARN = "arn:aws:sagemaker:us-east-1:123456789012:training-job/"
for line in sys.stdin:
    kind, name = line.split()
    job = {"channels": (Channel("train", "s3://data/in/"),)}
    if kind == "interrupt":
        try:
            world.jobs.interrupt(ARN + name)
        except NotInterruptible:
            pass
    elif kind == "stop":
        world.jobs.stop(ARN + name)
    elif kind == "spot":
        kept = f"s3://data/checkpoints/{name}/"
        world.submit(name, entry("count_up", "30"), spot=Spot(), checkpoint_uri=kept, **job)
    elif kind == "dear":
        world.submit(name, entry("count_up", "2"), limits=Limits(cpus=2, memory_bytes=1 << 30), **job)
    else:
        world.submit(name, entry("count_up", "12"), **job)
    print(name, flush=True)
"""


class Victim:
    """A Clary in a process of its own, to be killed."""

    def __init__(self, folder: Path) -> None:
        root = Path(__file__).parents[4]
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
        self.do("job", name)

    def do(self, what: str, name: str) -> None:
        """Has a job of a kind submitted, interrupted or stopped; acknowledged when this returns."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{what} {name}\n")
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


@pytest.mark.skipif(not processes.ON_LINUX, reason="finds supervisors in /proc/locks")
@pytest.mark.parametrize("seed", [3, 4])
def test_spot_jobs_that_give_way_are_stopped_or_killed_whenever_end_as_they_should(tmp_path: Path, seed: int) -> None:
    choice = random.Random(seed)
    setup = World(tmp_path)
    setup.put("in/a.csv", b"1\n")
    setup.close()
    victim = Victim(tmp_path)
    looking = World.__new__(World)
    looking.folder = tmp_path
    spots, dear, stopped = [f"spot-{number}" for number in range(3)], [], set()
    try:
        for name in spots:
            victim.do("spot", name)
        for number in range(12):
            time.sleep(choice.random() * 0.25)
            name = choice.choice(spots)
            match choice.choice(["interrupt", "dear", "stop", "clary", "fork server", "supervisor"]):
                case "interrupt":
                    victim.do("interrupt", name)
                case "dear":
                    dear.append(f"dear-{number}")
                    victim.do("dear", dear[-1])
                case "stop" if not stopped:
                    stopped.add(name)
                    victim.do("stop", name)
                case "clary":
                    victim.kill()
                    victim = Victim(tmp_path)
                case "fork server":
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(victim.server, signal.SIGKILL)
                case "supervisor":
                    with contextlib.suppress(LookupError, FileNotFoundError, ProcessLookupError):
                        os.kill(looking.supervisor(ARN + name), signal.SIGKILL)
    finally:
        victim.kill()
    world = World(tmp_path, "stop_seconds=1", most_losses=1000)
    try:
        for name in (*spots, *dear):
            record = world.finished(ARN + name, seconds=60)
            job = record.body["job"]
            told = (job.get("failure_reason"), job["transitions"])
            assert record.status == "Completed" or (name in stopped and record.status == "Stopped"), told
            assert all(a["end"] == b["start"] for a, b in itertools.pairwise(job["transitions"]))
            assert job.get("billable_seconds", 0) <= job.get("training_seconds", 0)
            if record.status == "Completed":
                assert job["outputs"] == {"model": f"s3://data/{name}/output/model.tar.gz"}
        assert not world.stores.database.read().execute("SELECT * FROM jobs").fetchall()
    finally:
        world.close()
