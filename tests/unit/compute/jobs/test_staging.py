from __future__ import annotations

import gzip
import io
import os
import random
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from clary.compute.contract import Channel, JobSpec, Program
from clary.compute.jobs import staging
from clary.compute.jobs.channel_files import DataError
from clary.compute.jobs.staging import Cancelled, Staging, as_records, restore, unpack
from clary.storage.data_access import DataAccess
from clary.storage.object_values import Attributes, StoredObject
from tests.programs.job_stores import ACCOUNT, REGION, ROLE, Stores


@pytest.fixture
def stores(tmp_path: Path) -> Iterator[Stores]:
    stores = Stores(tmp_path)
    yield stores
    stores.close()


def put(stores: Stores, key: str, data: bytes) -> None:
    stores.objects.put_bytes("data", key, data, Attributes())


def spec(*channels: Channel) -> JobSpec:
    return JobSpec("id", "kind", ACCOUNT, REGION, "job", "arn", ROLE, Program(entry="a:b"), channels=channels)


def stage(stores: Stores, root: Path, *channels: Channel) -> Staging:
    staged = Staging(stores.data, spec(*channels), threading.Event())
    staged.stage([root])
    return staged


def test_gzip_objects_are_unpacked_and_lose_their_ending(stores: Stores, tmp_path: Path) -> None:
    put(stores, "in/a.csv.gz", gzip.compress(b"1,2\n", mtime=0) + gzip.compress(b"3,4\n", mtime=0))
    put(stores, "in/b.gz", gzip.compress(b"", mtime=0))
    stage(stores, tmp_path / "ml", Channel("train", "s3://data/in/", compression="Gzip"))
    folder = tmp_path / "ml/input/data/train"
    assert (folder / "a.csv").read_bytes() == b"1,2\n3,4\n"
    assert (folder / "b").read_bytes() == b""


@pytest.mark.parametrize(
    ("data", "message"),
    [(b"plain text", "is not a gzip file"), (gzip.compress(b"x" * 999, mtime=0)[:-9], "ends too early")],
)
def test_what_is_not_gzip_is_named(stores: Stores, tmp_path: Path, data: bytes, message: str) -> None:
    put(stores, "in/a", data)
    with pytest.raises(DataError, match=message):
        stage(stores, tmp_path / "ml", Channel("train", "s3://data/in/", compression="Gzip"))


def test_a_small_file_that_unpacks_to_much_is_unpacked_in_small_pieces_and_ends_before_the_disk_is_full(
    stores: Stores, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bomb = gzip.compress(b"\0" * (64 << 20))
    assert max(map(len, unpack(io.BytesIO(bomb), "bomb"))) <= 1 << 20
    put(stores, "in/bomb", bomb)
    real = os.fstatvfs(0)

    def nearly_full(descriptor: int) -> object:
        used = os.fstat(descriptor).st_size
        return SimpleNamespace(
            f_bavail=(staging._SPARE_DISK_BYTES + (8 << 20) - used) // real.f_frsize, f_frsize=real.f_frsize
        )

    monkeypatch.setattr(staging.os, "fstatvfs", nearly_full)
    with pytest.raises(DataError, match="does not fit on the disk"):
        stage(stores, tmp_path / "ml", Channel("train", "s3://data/in/", compression="Gzip"))
    assert (tmp_path / "ml/input/data/train/bomb").stat().st_size < 16 << 20


def test_unpacking_gives_back_what_was_packed_however_it_is_cut() -> None:
    source = random.Random(3)
    for _ in range(20):
        parts = [source.randbytes(source.randrange(0, 3000)) for _ in range(source.randrange(1, 5))]
        packed = b"".join(map(gzip.compress, parts)) + b"\0" * source.randrange(3)
        assert b"".join(unpack(io.BytesIO(packed), "x")) == b"".join(parts)


@pytest.mark.parametrize("size", [0, 1, 3, 4, 5, 1000])
def test_a_record_has_magic_length_bytes_and_padding(size: int) -> None:
    record = b"".join(as_records(iter([b"x" * size]), size))
    assert record[:4] == bytes.fromhex("0a23d7ce")
    assert int.from_bytes(record[4:8], "little") == size
    assert record[8 : 8 + size] == b"x" * size
    assert len(record) % 4 == 0


def test_an_object_too_large_for_a_record_is_refused() -> None:
    with pytest.raises(DataError, match="does not fit into a RecordIO record"):
        list(as_records(iter([]), 1 << 29))


def test_a_stop_ends_staging(stores: Stores, tmp_path: Path) -> None:
    for number in range(20):
        put(stores, f"in/{number}", b"x")
    cancelled = threading.Event()
    cancelled.set()
    with pytest.raises(Cancelled):
        Staging(stores.data, spec(Channel("train", "s3://data/in/")), cancelled).stage([tmp_path / "ml"])


def test_a_fast_file_channel_lies_there_as_files(stores: Stores, tmp_path: Path) -> None:
    put(stores, "in/a.csv", b"1")
    stage(stores, tmp_path / "ml", Channel("train", "s3://data/in/", mode="FastFile"))
    assert (tmp_path / "ml/input/data/train/a.csv").read_bytes() == b"1"


def test_a_program_that_changes_its_input_does_not_change_the_stored_object(stores: Stores, tmp_path: Path) -> None:
    put(stores, "in/a.csv", b"x" * (1 << 20))
    stage(stores, tmp_path / "ml", Channel("train", "s3://data/in/"))
    with (tmp_path / "ml/input/data/train/a.csv").open("r+b") as file:
        file.write(b"changed")
    with stores.objects.open(stores.objects.head("data", "in/a.csv")) as stored:
        assert stored.read() == b"x" * (1 << 20)


def test_a_pipe_nobody_reads_is_let_go_of(stores: Stores, tmp_path: Path) -> None:
    put(stores, "in/a", b"x" * (1 << 20))
    staged = stage(stores, tmp_path / "ml", Channel("train", "s3://data/in/", mode="Pipe"))
    before = time.monotonic()
    staged.close()
    assert time.monotonic() - before < 5
    assert staged.error is None


def test_a_reader_may_leave_an_epoch_early_and_begin_the_next(stores: Stores, tmp_path: Path) -> None:
    put(stores, "in/a", b"x" * (1 << 20))
    staged = stage(stores, tmp_path / "ml", Channel("train", "s3://data/in/", mode="Pipe"))
    with (tmp_path / "ml/input/data/train_0").open("rb") as pipe:
        assert pipe.read(10) == b"x" * 10
    with (tmp_path / "ml/input/data/train_1").open("rb") as pipe:
        assert len(pipe.read()) == 1 << 20
    staged.close()


def test_a_shuffled_pipe_has_another_order_each_epoch_and_the_same_for_the_same_seed(
    stores: Stores, tmp_path: Path
) -> None:
    for letter in "abcdefgh":
        put(stores, f"in/{letter}", letter.encode())
    channel = Channel("train", "s3://data/in/", mode="Pipe", shuffle_seed=1)
    orders = []
    for root in (tmp_path / "one", tmp_path / "two"):
        staged = stage(stores, root, channel)
        orders.append([(root / f"input/data/train_{epoch}").read_bytes() for epoch in range(2)])
        staged.close()
    assert orders[0] == orders[1]
    assert orders[0][0] != orders[0][1]
    assert sorted(orders[0][0]) == sorted(b"abcdefgh")


@pytest.mark.parametrize("mode", ["Pipe", "File"])
def test_hosts_share_the_objects_of_a_shuffled_channel_and_get_others_in_the_next_epoch(
    stores: Stores, tmp_path: Path, mode: str
) -> None:
    for letter in "abcdefgh":
        put(stores, f"in/{letter}", letter.encode())
    channel = Channel("train", "s3://data/in/", mode=mode, distribution="ShardedByS3Key", shuffle_seed=1)
    roots = [tmp_path / "one", tmp_path / "two"]
    staged = Staging(stores.data, spec(channel), threading.Event())
    staged.stage(roots)
    if mode == "File":
        shares = [{path.name for path in (root / "input/data/train").iterdir()} for root in roots]
        assert shares[0] | shares[1] == set("abcdefgh")
        assert (len(shares[0]), len(shares[1])) == (4, 4)
        assert shares[0] != set("aceg"), "the seed decides who gets what"
        return
    epochs = [[(root / f"input/data/train_{epoch}").read_bytes() for root in roots] for epoch in range(3)]
    staged.close()
    for first, second in epochs:
        assert sorted(first + second) == sorted(b"abcdefgh")
        assert len(first) == len(second) == 4
    assert len({bytes(sorted(first)) for first, _ in epochs}) > 1, "a host gets others in another epoch"


def test_an_object_that_disappears_while_a_pipe_is_fed_is_an_error(stores: Stores, tmp_path: Path) -> None:
    put(stores, "in/a", b"x")
    staged = stage(stores, tmp_path / "ml", Channel("train", "s3://data/in/", mode="Pipe"))
    stores.objects.delete("data", "in/a")
    (tmp_path / "ml/input/data/train_0").read_bytes()
    staged.close()
    assert "NoSuchKey" in str(staged.error)


def test_checkpoints_that_were_restored_in_part_are_not_taken_for_newer_ones(
    stores: Stores, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("one", "two", "three"):
        put(stores, f"ck/{name}", name.encode())
    folder = tmp_path / "checkpoints"
    folder.mkdir()
    whole = DataAccess.download

    def killed_at_two(data: DataAccess, role_arn: str, bucket: str, key: str, path: Path) -> StoredObject:
        stored = whole(data, role_arn, bucket, key, path)
        if key == "ck/two":
            path.write_bytes(b"")
            raise KeyboardInterrupt
        return stored

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(DataAccess, "download", killed_at_two)
        restore(stores.data, ROLE, "s3://data/ck", folder)
    restore(stores.data, ROLE, "s3://data/ck", folder)
    assert {path.name: path.read_text() for path in folder.iterdir()} == {n: n for n in ("one", "two", "three")}


def test_only_checkpoints_below_the_prefix_are_restored(stores: Stores, tmp_path: Path) -> None:
    put(stores, "ck/a", b"1")
    put(stores, "ck/deep/b", b"2")
    put(stores, "ck2/c", b"3")
    restore(stores.data, ROLE, "s3://data/ck", tmp_path / "restored")
    found = sorted(str(p.relative_to(tmp_path / "restored")) for p in (tmp_path / "restored").rglob("*") if p.is_file())
    assert found == ["a", "deep/b"]


def test_checkpoints_that_lie_there_already_are_not_overwritten(stores: Stores, tmp_path: Path) -> None:
    put(stores, "ck/a", b"old")
    (tmp_path / "here").mkdir()
    (tmp_path / "here/a").write_bytes(b"new")
    restore(stores.data, ROLE, "s3://data/ck", tmp_path / "here")
    assert (tmp_path / "here/a").read_bytes() == b"new"


def test_a_pipe_that_a_program_replaced_by_a_link_is_not_written_through(stores: Stores, tmp_path: Path) -> None:
    put(stores, "in/a", b"x" * (1 << 20))  # more than a pipe holds: the next one is not opened yet
    victim = tmp_path / "victim"
    victim.write_text("precious")
    staged = stage(stores, tmp_path / "ml", Channel("train", "s3://data/in/", mode="Pipe"))
    first, second = (tmp_path / f"ml/input/data/train_{epoch}" for epoch in range(2))
    with first.open("rb") as pipe:
        while not second.exists():
            time.sleep(0.001)
        second.unlink()
        second.symlink_to(victim)
        assert len(pipe.read()) == 1 << 20
    staged._pipes[0]._thread.join(10)
    assert staged.error is not None
    assert victim.read_text() == "precious"
    staged.close()
