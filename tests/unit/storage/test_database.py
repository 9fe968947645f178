"""Group commit: durable, atomic per write, ordered, and honest about failure."""

from __future__ import annotations

import asyncio
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from clary.storage.database import Database, DatabaseClosed

SCHEMA = "CREATE TABLE IF NOT EXISTS numbers (n INTEGER PRIMARY KEY)"


@pytest.fixture
def database(tmp_path: Path):
    opened = Database(tmp_path / "numbers.db", SCHEMA)
    yield opened
    opened.close()


def insert(number: int):
    return lambda connection: connection.execute("INSERT INTO numbers VALUES (?)", (number,)).lastrowid


def numbers(database: Database) -> list[int]:
    return [row[0] for row in database.read().execute("SELECT n FROM numbers ORDER BY n")]


def test_a_write_is_visible_to_readers_once_it_has_returned(database: Database) -> None:
    assert database.write(insert(7)) == 7
    assert numbers(database) == [7]


async def test_a_write_whose_caller_went_away_stops_nobody_else(database: Database) -> None:
    gate = threading.Event()
    held = database.submit(lambda connection: gate.wait(10))
    gone = asyncio.create_task(database.write_async(insert(1)))
    await asyncio.sleep(0)
    gone.cancel()
    with pytest.raises(asyncio.CancelledError):
        await gone
    gate.set()
    held.result(10)
    assert await asyncio.wait_for(database.write_async(insert(2)), 10) == 2
    assert numbers(database) == [2]


def test_a_failing_write_reaches_its_caller_and_leaves_its_neighbours_alone(database: Database) -> None:
    gate = threading.Event()
    held = database.submit(lambda connection: gate.wait(10))  # the next three share one commit

    def half_done(connection: sqlite3.Connection) -> None:
        insert(2)(connection)
        raise ValueError("on purpose")

    futures = [database.submit(write) for write in (insert(1), half_done, insert(3))]
    gate.set()
    held.result()
    with pytest.raises(ValueError, match="on purpose"):
        futures[1].result(10)
    assert (futures[0].result(10), futures[2].result(10)) == (1, 3)
    assert numbers(database) == [1, 3]


def test_writes_of_many_threads_all_arrive(database: Database) -> None:
    threads = [threading.Thread(target=lambda n=n: database.write(insert(n))) for n in range(40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert numbers(database) == list(range(40))


def test_a_full_disk_fails_the_write_and_nothing_before_it(database: Database) -> None:
    database.write(insert(1))

    def fill(connection: sqlite3.Connection) -> None:
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count={pages}")
        for number in range(2, 200_000):
            insert(number)(connection)

    with pytest.raises(sqlite3.OperationalError, match="full"):
        database.write(fill)
    database.write(lambda connection: connection.execute("PRAGMA max_page_count=1000000"))
    database.write(insert(2))
    assert numbers(database) == [1, 2]


async def test_an_asynchronous_write_returns_its_result(database: Database) -> None:
    assert await database.write_async(insert(5)) == 5


def test_a_closed_database_refuses_writes(tmp_path: Path) -> None:
    database = Database(tmp_path / "numbers.db", SCHEMA)
    database.close()
    with pytest.raises(DatabaseClosed):
        database.write(insert(1))


def test_what_was_acknowledged_survives_a_kill(tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from clary.storage.database import Database\n"
        f"database = Database(Path({str(tmp_path / 'numbers.db')!r}), {SCHEMA!r})\n"
        "for n in range(10**9):\n"
        "    database.write(lambda c: c.execute('INSERT INTO numbers VALUES (?)', (n,)))\n"
        "    print(n, flush=True)\n"
    )
    writer = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    assert writer.stdout is not None
    for line in writer.stdout:
        if int(line) >= 50:
            break
    writer.kill()
    acknowledged = [int(line) for line in writer.stdout.read().splitlines()]
    writer.wait()
    last = acknowledged[-1] if acknowledged else 50
    database = Database(tmp_path / "numbers.db", SCHEMA)
    assert numbers(database)[: last + 1] == list(range(last + 1))
    database.close()


def test_a_write_that_ends_the_transaction_itself_fails_with_its_own_error_and_stops_nobody(database: Database) -> None:
    def ends_it(connection: sqlite3.Connection) -> None:
        connection.execute("ROLLBACK")
        raise ValueError("no transaction is left")

    with pytest.raises(ValueError, match="no transaction is left"):
        database.submit(ends_it).result(10)
    database.submit(insert(1)).result(10)
    assert numbers(database) == [1]


def test_only_its_owner_reads_a_database(database: Database) -> None:
    database.write(insert(1))
    files = sorted(database.path.parent.glob("numbers.db*"))
    assert len(files) == 3
    assert [file.stat().st_mode & 0o777 for file in files] == [0o600] * 3
