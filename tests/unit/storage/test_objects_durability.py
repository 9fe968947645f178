from __future__ import annotations

import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from clary.storage.database import Database
from clary.storage.object_errors import NoSuchKey
from clary.storage.objects import SCHEMA, Objects
from tests.programs.object_writer import KEYS, content

LANES = 3
PROGRAM = Path(__file__).parents[2] / "programs" / "object_writer.py"


@pytest.mark.parametrize("seed", [1, 2, 3, 4])
def test_what_was_acknowledged_survives_kill_9_and_nothing_half_written_is_seen(tmp_path, seed):
    acknowledged = write_until_killed(tmp_path, seed, random.Random(seed).randint(20, 60))
    database = Database(tmp_path / "objects.db", SCHEMA)
    objects = Objects(database, tmp_path / "objects")
    for lane in range(LANES):
        for slot in range(KEYS):
            check_key(objects, seed + lane, f"{lane}/{slot}", slot, acknowledged[lane])
    objects.close()
    needed = {name for (name,) in database.read().execute("SELECT name FROM files WHERE dead_after IS NULL")}
    assert {path.name for path in tmp_path.glob("objects/files/*/*")} == needed
    assert [path for path in tmp_path.glob("objects/incoming/*/*") if path.name != "lock"] == []
    database.close()


def write_until_killed(folder: Path, seed: int, enough: int) -> list[int]:
    """Runs the program until it has acknowledged `enough` writes; returns the last number of each lane."""
    acknowledged = [0] * LANES
    writer = subprocess.Popen(
        [sys.executable, str(PROGRAM), str(folder), str(seed), str(LANES)], stdout=subprocess.PIPE, text=True
    )
    assert writer.stdout is not None
    for _ in range(enough):
        lane, number = map(int, writer.stdout.readline().split())
        acknowledged[lane] = number
    writer.send_signal(signal.SIGKILL)
    for line in writer.stdout:  # said before it died
        if line.endswith("\n"):
            lane, number = map(int, line.split())
            acknowledged[lane] = number
    writer.wait()
    return acknowledged


def check_key(objects: Objects, seed: int, key: str, slot: int, last: int) -> None:
    """The key holds its last acknowledged write, or the one that was under way."""
    numbers = [number for number in range(1, last + 1) if number % KEYS == slot]
    allowed = {numbers[-1] if numbers else None}
    if (last + 1) % KEYS == slot:
        allowed.add(last + 1)
    try:
        source = objects.source("bucket", key)
    except NoSuchKey:
        assert None in allowed
        return
    number = int(source.stored.metadata["number"])
    assert number in allowed
    with source.file() as file:
        assert file.read() == content(seed, number)
