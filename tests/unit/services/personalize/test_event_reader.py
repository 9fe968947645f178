"""A program that may only read a data set's events reads them as they are put, whoever has the file open."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

import pytest

from clary.services.personalize.events import event_reader
from clary.services.personalize.events.event_reader import EventReader
from clary.services.personalize.events.event_store import Event, EventStore, folder_of

PROGRAM = """
import sys
from pathlib import Path
from clary.compute.forking.confinement import Confinement, confine
from clary.services.personalize.events.event_reader import EventReader

root = Path(sys.argv[1])
if not confine(Confinement((), (str(root),), (str(root / "events/mine"),), network=False, required=False)):
    print("open", flush=True)
    sys.exit()
reader = EventReader(root)
print("seen", [path.name for path in (root / "events").iterdir()], flush=True)
for _ in sys.stdin:
    print([event.item for event in reader.of_user("mine", "u")], reader.last_event("strange"), flush=True)
"""


def event(item: str) -> Event:
    return Event("u", "s", item, 1, "click")


async def test_a_confined_program_sees_what_is_put_into_its_data_set_and_nothing_of_others(tmp_path: Path) -> None:
    for dataset in ("mine", "strange"):
        folder_of(tmp_path, dataset).mkdir(parents=True)
    store = EventStore(tmp_path)
    await store.put_events("strange", [event("secret")])
    program = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert program.stdin is not None
    assert program.stdout is not None
    try:
        first = program.stdout.readline().strip()
        if first == "open":
            pytest.skip("this machine gives no namespaces")
        assert first == "seen ['mine']"
        found = []
        for number in range(4):
            print("?", file=program.stdin, flush=True)
            found.append(program.stdout.readline().strip())
            await store.put_events("mine", [event(f"i{number}")])
        assert found == ["[] 0", "['i0'] 0", "['i0', 'i1'] 0", "['i0', 'i1', 'i2'] 0"]
    finally:
        program.kill()
        program.communicate()
        store.close()


async def test_a_reader_waits_until_somebody_has_the_file_open_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = EventStore(tmp_path)
    await store.put_events("mine", [event("a")])
    store.close()
    folder = folder_of(tmp_path, "mine")
    opened = event_reader.sqlite3.connect
    closed = threading.Event()

    class Refusing:
        """Stands for a connection of a program that cannot make SQLite's other files."""

        def execute(self, text: str) -> object:
            closed.set()
            error = event_reader.sqlite3.OperationalError("unable to open database file")
            error.sqlite_errorcode = event_reader.sqlite3.SQLITE_CANTOPEN
            if not list(folder.glob("*-wal")):
                raise error
            return opened(folder / "events.db").execute(text)

    again: list[EventStore] = []

    def come_back() -> None:
        closed.wait()
        again.append(EventStore(tmp_path))

    back = threading.Thread(target=come_back)
    back.start()
    assert event_reader._is_readable(Refusing())  # type: ignore[arg-type]
    back.join()
    assert EventReader(tmp_path).last_event("mine") == 1
    again[0].close()
