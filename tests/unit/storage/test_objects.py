from __future__ import annotations

import asyncio
import errno
import hashlib
import os

import pytest

from clary.core.clock import FixedClock
from clary.core.http import ByteStream, stream_of
from clary.storage.database import Database
from clary.storage.object_errors import (
    AccessDenied,
    BadDigest,
    IncompleteBody,
    InsufficientStorage,
    InternalError,
    NoSuchBucket,
    NoSuchKey,
    PreconditionFailed,
)
from clary.storage.object_files import Files
from clary.storage.object_uploads import Uploads
from clary.storage.object_values import Attributes, CompletedPart, Integrity
from clary.storage.objects import SCHEMA, Objects

BIG = bytes(range(256)) * 2000


@pytest.fixture
def database(tmp_path):
    opened = Database(tmp_path / "objects.db", SCHEMA)
    yield opened
    opened.close()


@pytest.fixture
def objects(database, tmp_path):
    store = Objects(database, tmp_path / "objects")
    store.create_bucket("bucket", "123456789012", "us-east-1")
    yield store
    store.close()


def files_of(tmp_path):
    return sorted(path.name for path in tmp_path.glob("objects/files/*/*"))


def leftovers(tmp_path):
    return [path.name for path in tmp_path.glob("objects/incoming/*/*") if path.name != "lock"]


def pieces_of(data, size=70_000, trailers=None, length=None):
    async def pieces():
        for start in range(0, len(data), size):
            yield data[start : start + size]
            await asyncio.sleep(0)
        stream.trailers.update(trailers or {})

    stream = ByteStream(pieces(), length)
    return stream


async def test_small_objects_are_inline_and_large_ones_are_one_file(objects, tmp_path):
    await objects.put("bucket", "small", stream_of(b"s"))
    assert files_of(tmp_path) == []
    await objects.put("bucket", "large", pieces_of(BIG))
    assert len(files_of(tmp_path)) == 1


async def test_a_body_of_unknown_length_is_streamed(objects):
    stored = await objects.put("bucket", "k", pieces_of(BIG))
    assert (stored.size, stored.etag) == (len(BIG), hashlib.md5(BIG).hexdigest())
    body = objects.read(stored)
    assert isinstance(body, ByteStream)
    assert body.length == len(BIG)
    assert await body.read() == BIG


async def test_a_range_of_a_stream_is_exact(objects):
    stored = await objects.put("bucket", "k", pieces_of(BIG))
    assert await objects.read(stored, 100_000, 400_001).read() == BIG[100_000:400_001]


@pytest.mark.parametrize("size", [10, 300_000])
async def test_a_body_that_ends_early_stores_nothing(objects, tmp_path, size):
    with pytest.raises(IncompleteBody):
        await objects.put("bucket", "k", pieces_of(b"x" * size, length=size + 1))
    assert objects.list("bucket").objects == []
    objects.close()
    assert files_of(tmp_path) == leftovers(tmp_path) == []


async def test_a_body_that_breaks_off_stores_nothing(objects, tmp_path):
    async def breaking():
        yield BIG
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        await objects.put("bucket", "k", ByteStream(breaking(), None))
    objects.close()
    assert files_of(tmp_path) == leftovers(tmp_path) == []


async def test_a_cancelled_put_leaves_nothing_behind(objects, tmp_path):
    arrived = asyncio.Event()

    async def endless():
        while True:
            yield BIG
            arrived.set()
            await asyncio.sleep(0)

    task = asyncio.create_task(objects.put("bucket", "k", ByteStream(endless(), None)))
    await arrived.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    objects.close()
    assert files_of(tmp_path) == leftovers(tmp_path) == []


@pytest.mark.parametrize("size", [10, 300_000])
async def test_trailing_checksums_are_checked_though_nobody_announced_them(objects, size):
    data = b"x" * size
    good = objects.put_bytes("bucket", "k", data, integrity=Integrity(("SHA1",))).checksums["SHA1"]
    stored = await objects.put("bucket", "k", pieces_of(data, trailers={"x-amz-checksum-sha1": good}))
    assert stored.checksums == {"SHA1": good}
    bad = objects.put_bytes("bucket", "other", b"y", integrity=Integrity(("SHA1",))).checksums["SHA1"]
    with pytest.raises(BadDigest):
        await objects.put("bucket", "k", pieces_of(data, trailers={"x-amz-checksum-sha1": bad}))


async def test_a_reader_keeps_what_it_opened_when_the_object_is_replaced(objects, tmp_path):
    await objects.put("bucket", "k", stream_of(BIG * 8))
    body = objects.source("bucket", "k").stream()
    first = await anext(aiter(body))
    await objects.put("bucket", "k", stream_of(BIG[::-1] * 8))
    objects.delete("bucket", "k")
    assert first + await body.read() == BIG * 8


async def test_replaced_and_deleted_files_are_unlinked_after_the_commit(objects, tmp_path):
    await objects.put("bucket", "k", stream_of(BIG))
    before = files_of(tmp_path)
    await objects.put("bucket", "k", stream_of(BIG + b"1"))
    objects.pool.submit(lambda: None).result()
    objects.close()
    after = files_of(tmp_path)
    assert len(after) == 1 and after != before
    assert objects.database.read().execute("SELECT name FROM files WHERE dead_after IS NULL").fetchall() == [
        (after[0],)
    ]


def test_an_object_can_be_read_as_a_seekable_file(objects):
    stored = objects.put_bytes("bucket", "k", BIG)
    with objects.open(stored) as file:
        file.seek(-10, os.SEEK_END)
        assert file.read() == BIG[-10:]
        file.seek(5)
        assert file.read(3) == BIG[5:8]


def test_an_object_is_saved_to_a_new_file_whole_or_not_at_all(objects, tmp_path, monkeypatch):
    for size in (10, 300_000):
        objects.put_bytes("bucket", "k", b"q" * size)
        path = tmp_path / f"copy-{size}"
        objects.source("bucket", "k").save(path, durable=True)
        assert path.read_bytes() == b"q" * size
        assert path.stat().st_mode & 0o777 == 0o600
        with pytest.raises(FileExistsError):
            objects.source("bucket", "k").save(path)
        assert path.read_bytes() == b"q" * size

    def full(descriptor):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("clary.storage.object_reading.os.fsync", full)
    with pytest.raises(OSError, match="No space"):
        objects.source("bucket", "k").save(tmp_path / "other", durable=True)
    assert not (tmp_path / "other").exists()


def test_a_version_that_is_gone_cannot_be_opened(objects):
    stored = objects.put_bytes("bucket", "k", BIG)
    objects.delete("bucket", "k")
    with pytest.raises(NoSuchKey):
        objects.open(stored)


def test_a_file_outside_the_store_is_copied_in(objects, tmp_path):
    for size in (10, 300_000):
        path = tmp_path / f"file-{size}"
        path.write_bytes(b"q" * size)
        stored = objects.put_file("bucket", path.name, path, Attributes(headers={"Content-Type": "text/csv"}))
        path.write_bytes(b"changed")
        assert objects.open(stored).read() == b"q" * size
        assert objects.head("bucket", path.name).headers == {"Content-Type": "text/csv"}


def test_only_one_of_many_conditional_writers_wins(objects):
    outcomes = []

    def write(number):
        try:
            objects.put_bytes("bucket", "lock", str(number).encode(), if_none_match="*")
            outcomes.append(number)
        except PreconditionFailed:
            pass

    futures = [objects.pool.submit(write, number) for number in range(20)]
    for future in futures:
        future.result()
    assert len(outcomes) == 1
    assert objects.open(objects.head("bucket", "lock")).read() == str(outcomes[0]).encode()


def test_settings_of_a_bucket_are_seen_by_another_process(objects, database, tmp_path):
    other_database = Database(tmp_path / "objects.db", SCHEMA)
    other = Objects(other_database, tmp_path / "objects")
    assert objects.bucket("bucket").settings == {}
    other.set_bucket("bucket", "cors", {"CORSRules": []})
    assert objects.bucket("bucket").settings == {"cors": {"CORSRules": []}}
    assert objects.bucket("bucket") is objects.bucket("bucket")
    other.set_bucket("bucket", "cors", None)
    assert objects.bucket("bucket").settings == {}
    other.close()
    other_database.close()


def test_a_sweep_leaves_the_files_of_living_writers_alone(objects, tmp_path):
    writing = objects.files.create(())
    writing.write([b"half"])
    other_database = Database(tmp_path / "objects.db", SCHEMA)
    Objects(other_database, tmp_path / "objects").close()  # a second process starts and sweeps
    other_database.close()
    assert leftovers(tmp_path) == [writing.name]
    writing.discard()


def test_a_sweep_removes_what_a_dead_writer_left(objects, database, tmp_path):
    writing = objects.files.create(())
    writing.write([b"half"])
    published = objects.files.create(())
    published.write([b"whole, but never committed"])
    published.publish()
    objects.files.close()  # as the death of its process does, this gives up the lock
    Objects(database, tmp_path / "objects").close()
    assert files_of(tmp_path) == leftovers(tmp_path) == []


class FullDisk(Files):
    """A disk that is full at one of the steps of a write."""

    step = ""
    code = errno.ENOSPC

    def _fail(self, step):
        if step == self.step:
            raise OSError(self.code, os.strerror(self.code))

    def write(self, descriptor, pieces):
        super().write(descriptor, pieces[:1])
        self._fail("write")
        super().write(descriptor, pieces[1:])

    def sync(self, descriptor):
        self._fail("sync")
        super().sync(descriptor)

    def publish(self, incoming):
        self._fail("publish")
        super().publish(incoming)


@pytest.mark.parametrize("step", ["write", "sync", "publish"])
@pytest.mark.parametrize(("code", "error"), [(errno.ENOSPC, InsufficientStorage), (errno.EIO, InternalError)])
async def test_a_failing_disk_is_an_error_that_changes_nothing(database, tmp_path, step, code, error):
    disk = FullDisk(tmp_path / "objects")
    objects = Objects(database, tmp_path / "objects", files=disk)
    objects.create_bucket("bucket", "123456789012", "us-east-1")
    objects.put_bytes("bucket", "k", BIG)
    before = files_of(tmp_path)
    disk.step, disk.code = step, code
    with pytest.raises(error):
        await objects.put("bucket", "k", stream_of(BIG * 10))
    with pytest.raises(error):
        objects.put_bytes("bucket", "new", BIG)
    disk.step = ""
    assert objects.open(objects.head("bucket", "k")).read() == BIG
    assert [stored.key for stored in objects.list("bucket").objects] == ["k"]
    await objects.put("bucket", "new", stream_of(BIG))
    objects.close()
    assert leftovers(tmp_path) == []
    assert len(files_of(tmp_path)) == len(before) + 1


def test_a_full_database_is_an_error_that_loses_nothing(objects, database):
    pages = database.write(lambda connection: connection.execute("PRAGMA page_count").fetchone()[0])
    database.write(lambda connection: connection.execute(f"PRAGMA max_page_count={pages + 40}").fetchone())
    kept = []
    with pytest.raises(InsufficientStorage):
        for number in range(100):
            objects.put_bytes("bucket", f"k{number}", bytes(10_000))
            kept.append(f"k{number}")
    assert 0 < len(kept) < 100
    assert sorted(stored.key for stored in objects.list("bucket").objects) == sorted(kept)
    database.write(lambda connection: connection.execute("PRAGMA max_page_count=1000000").fetchone())
    objects.put_bytes("bucket", "again", bytes(10_000))


async def test_a_full_database_takes_the_file_of_the_object_along(objects, database, tmp_path):
    pages = database.write(lambda connection: connection.execute("PRAGMA page_count").fetchone()[0])
    database.write(lambda connection: connection.execute(f"PRAGMA max_page_count={pages}").fetchone())
    with pytest.raises(InsufficientStorage):
        for number in range(200):
            await objects.put("bucket", f"{number}" * 300, stream_of(BIG))
    stored = len(objects.list("bucket").objects)
    objects.close()
    assert len(files_of(tmp_path)) == stored
    assert leftovers(tmp_path) == []


def test_a_listing_seeks_past_common_prefixes(objects, database):
    def fill(connection):
        row = (1, "null", 1, 0, 0, "e", 0.0, "{}", "")
        connection.executemany(
            "INSERT INTO objects (bucket, key, version, latest, marker, size, etag, modified, meta, tags)"
            " VALUES (?,?,?,?,?,?,?,?,?,?)",
            [(row[0], f"{top:02}/{index:05}".encode(), *row[1:]) for top in range(20) for index in range(2000)],
        )

    database.write(fill)
    steps = 0

    def count():
        nonlocal steps
        steps += 1
        return 0

    connection = database.read()
    connection.set_progress_handler(count, 100)
    page = objects.list("bucket", delimiter="/")
    assert page.prefixes == [f"{top:02}/" for top in range(20)]
    assert steps < 100  # 40,000 rows would be some thousands
    steps = 0
    below = objects.list("bucket", prefix="07/", after="07/01000", limit=10)
    connection.set_progress_handler(None, 100)
    assert [stored.key for stored in below.objects] == [f"07/{index:05}" for index in range(1001, 1011)]
    assert steps < 20


async def test_an_upload_survives_a_restart(objects, database, tmp_path):
    uploads = Uploads(objects)
    upload = uploads.create("bucket", "k", Attributes(metadata={"a": "b"}))
    part = await uploads.put_part(upload, 1, stream_of(b"part"))
    objects.close()
    again = Objects(database, tmp_path / "objects")
    stored = Uploads(again).complete("bucket", "k", upload.id, [CompletedPart(1, part.etag)])
    assert again.open(stored).read() == b"part"
    assert stored.metadata == {"a": "b"}
    again.close()


async def test_files_of_an_object_with_very_many_parts_outlive_it_for_an_hour(database, tmp_path, monkeypatch):
    monkeypatch.setattr("clary.storage.object_multipart.SMALLEST_PART_BYTES", 1)
    clock = FixedClock()
    objects = Objects(database, tmp_path / "objects", clock)
    objects.create_bucket("bucket", "123456789012", "us-east-1")
    uploads = Uploads(objects)
    upload = uploads.create("bucket", "k", Attributes())
    parts = [await uploads.put_part(upload, number, stream_of(b"%03d" % number)) for number in range(1, 101)]
    uploads.complete("bucket", "k", upload.id, [CompletedPart(part.number, part.etag) for part in parts])
    body = objects.source("bucket", "k").stream()
    objects.delete("bucket", "k")
    objects.recover()
    assert await body.read() == b"".join(b"%03d" % number for number in range(1, 101))
    clock.advance(3601)
    objects.put_bytes("bucket", "other", BIG)  # any write of a file looks for those whose time has come
    objects.close()
    assert len(files_of(tmp_path)) == 1


def test_a_mirror_shows_a_folder_and_refuses_writes(objects, tmp_path):
    folder = tmp_path / "public"
    (folder / "sub").mkdir(parents=True)
    (folder / "a.csv").write_bytes(b"1,2\n")
    (folder / "sub" / "b.txt").write_bytes(BIG)
    (folder / "out").symlink_to("/etc/hostname")
    result = objects.add_mirror("mirror", folder, "123456789012", "us-east-1")
    assert (result.added, [reason for _, reason in result.skipped]) == (2, ["a link that leads out of the folder"])
    listed = objects.list("mirror").objects
    assert [stored.key for stored in listed] == ["a.csv", "sub/b.txt"]
    assert listed[0].etag == hashlib.md5(b"1,2\n").hexdigest()
    assert listed[0].headers["Content-Type"] == "text/csv"
    assert objects.source("mirror", "sub/b.txt").file().read() == BIG
    for refused in (
        lambda: objects.put_bytes("mirror", "x", b""),
        lambda: objects.delete("mirror", "a.csv"),
        lambda: objects.set_tags("mirror", "a.csv", {}),
    ):
        with pytest.raises(AccessDenied):
            refused()


def test_adding_a_mirror_tells_how_far_it_is(objects, tmp_path):
    folder = tmp_path / "public"
    folder.mkdir()
    (folder / "a").write_bytes(b"1234")
    (folder / "b").write_bytes(b"567890")
    told = []
    objects.add_mirror("mirror", folder, "123456789012", "us-east-1", lambda *far: told.append(far))
    assert told == [(4, 10), (10, 10)]
    (folder / "b").write_bytes(b"12")
    objects.add_mirror("mirror", folder, "123456789012", "us-east-1", lambda *far: told.append(far))
    assert told[2:] == [(2, 2)]


def test_a_mirror_follows_its_folder_when_it_is_added_again(objects, tmp_path):
    folder = tmp_path / "public"
    folder.mkdir()
    (folder / "kept").write_bytes(b"kept")
    (folder / "gone").write_bytes(b"gone")
    (folder / "changed").write_bytes(b"before")
    objects.add_mirror("mirror", folder, "123456789012", "us-east-1")
    (folder / "gone").unlink()
    (folder / "changed").write_bytes(b"afterwards")
    with pytest.raises(InternalError):
        objects.source("mirror", "changed")
    with pytest.raises(InternalError):
        objects.source("mirror", "gone")
    again = objects.add_mirror("mirror", folder, "123456789012", "us-east-1")
    assert (again.added, again.removed) == (1, 1)
    assert objects.source("mirror", "changed").file().read() == b"afterwards"
    assert [stored.key for stored in objects.list("mirror").objects] == ["changed", "kept"]
    objects.mirrors.remove("mirror")
    assert objects.bucket("mirror") is None
    assert (folder / "kept").read_bytes() == b"kept"


def test_objects_of_a_bucket_that_is_not_there_are_not_there(objects):
    for call in (
        lambda: objects.put_bytes("nowhere", "k", b""),
        lambda: objects.head("nowhere", "k"),
        lambda: objects.list("nowhere"),
        lambda: objects.delete("nowhere", "k"),
    ):
        with pytest.raises(NoSuchBucket):
            call()
