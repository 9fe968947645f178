from __future__ import annotations

import gzip
import io
import os
import stat
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from clary.compute.hosting.model_files import (
    BrokenArchive,
    ModelStore,
    ModelUnavailable,
    UnpackLimits,
    UnsafeArchive,
    unpack,
)
from clary.storage.object_errors import NoSuchKey

Add = Callable[[tarfile.TarFile], None]


def file(name: str, data: bytes = b"x", mode: int = 0o644) -> Add:
    def add(tar: tarfile.TarFile) -> None:
        member = tarfile.TarInfo(name)
        member.size, member.mode = len(data), mode
        tar.addfile(member, io.BytesIO(data))

    return add


def special(name: str, kind: bytes, target: str = "") -> Add:
    def add(tar: tarfile.TarFile) -> None:
        member = tarfile.TarInfo(name)
        member.type, member.linkname = kind, target
        tar.addfile(member)

    return add


@pytest.fixture
def unpacked(tmp_path: Path) -> Callable[..., Path]:
    """Packs members into a `model.tar.gz` and unpacks it; returns the folder."""

    def make(*members: Add, limits: UnpackLimits | None = None) -> Path:
        archive, folder = tmp_path / "model.tar.gz", tmp_path / "model"
        with tarfile.open(archive, "w:gz") as tar:
            for add in members:
                add(tar)
        folder.mkdir()
        unpack(archive, folder, limits)
        return folder

    return make


def test_files_and_folders_are_unpacked(unpacked: Callable[..., Path]) -> None:
    folder = unpacked(file("model", b"one"), special("empty", tarfile.DIRTYPE), file("./code/serve.py", b"two", 0o755))
    assert (folder / "model").read_bytes() == b"one"
    assert (folder / "empty").is_dir()
    assert (folder / "code" / "serve.py").read_bytes() == b"two"
    assert os.access(folder / "code" / "serve.py", os.X_OK)
    assert stat.S_IMODE((folder / "model").stat().st_mode) == 0o644


def test_a_set_user_id_bit_is_dropped(unpacked: Callable[..., Path]) -> None:
    assert stat.S_IMODE((unpacked(file("a", mode=0o4777)) / "a").stat().st_mode) == 0o755


@pytest.mark.parametrize("name", ["/etc/passwd", "../out", "a/../../out", "a/..", "..", "a\\..\\b"])
def test_a_name_that_leaves_the_folder_is_refused(unpacked: Callable[..., Path], name: str, tmp_path: Path) -> None:
    before = set(tmp_path.parent.iterdir())
    with pytest.raises(UnsafeArchive):
        unpacked(file(name))
    assert set(tmp_path.parent.iterdir()) == before
    assert {path.name for path in tmp_path.iterdir()} == {"model.tar.gz", "model"}


@pytest.mark.parametrize("kind", [tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE])
def test_devices_and_pipes_are_refused(unpacked: Callable[..., Path], kind: bytes) -> None:
    with pytest.raises(UnsafeArchive, match="device or a pipe"):
        unpacked(special("device", kind))


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE])
@pytest.mark.parametrize("target", ["/etc/passwd", "../../etc/passwd", "nothing"])
def test_links_to_what_is_not_in_the_archive_are_refused(
    unpacked: Callable[..., Path], kind: bytes, target: str
) -> None:
    with pytest.raises(UnsafeArchive):
        unpacked(special("link", kind, target))


def test_links_within_the_archive_become_the_file(unpacked: Callable[..., Path]) -> None:
    folder = unpacked(
        special("a/early", tarfile.SYMTYPE, "../b/model"),
        file("b/model", b"one"),
        special("hard", tarfile.LNKTYPE, "b/model"),
        special("chain", tarfile.SYMTYPE, "a/early"),
    )
    for name in ("a/early", "hard", "chain"):
        assert (folder / name).read_bytes() == b"one"
        assert not (folder / name).is_symlink()


def test_a_file_cannot_be_written_through_a_link(unpacked: Callable[..., Path], tmp_path: Path) -> None:
    with pytest.raises(UnsafeArchive):
        unpacked(special("way", tarfile.SYMTYPE, str(tmp_path)), file("way/out", b"escaped"))
    assert not (tmp_path / "out").exists()


def test_a_file_that_is_a_folder_too_is_refused(unpacked: Callable[..., Path]) -> None:
    with pytest.raises(UnsafeArchive, match="at once"):
        unpacked(file("a"), file("a/b"))


def test_more_bytes_than_allowed_are_refused_before_they_are_written(unpacked: Callable[..., Path]) -> None:
    with pytest.raises(UnsafeArchive, match="more than 1000000 bytes"):
        unpacked(file("big", os.urandom(3_000_000)), limits=UnpackLimits(total_bytes=1_000_000))


def test_a_bomb_of_zeros_is_refused_by_its_ratio(unpacked: Callable[..., Path], tmp_path: Path) -> None:
    with pytest.raises(UnsafeArchive, match="unpacks to more than"):
        unpacked(file("zeros", bytes(8 << 20)), limits=UnpackLimits(ratio=20, ratio_free_bytes=1 << 20))
    assert sum(path.stat().st_size for path in (tmp_path / "model").iterdir()) <= 1 << 20


def test_a_regular_small_model_is_no_bomb(unpacked: Callable[..., Path]) -> None:
    assert (unpacked(file("zeros", bytes(8 << 20))) / "zeros").stat().st_size == 8 << 20


def test_too_many_members_are_refused(unpacked: Callable[..., Path]) -> None:
    with pytest.raises(UnsafeArchive, match="more than 10 members"):
        unpacked(*[file(f"{number}") for number in range(11)], limits=UnpackLimits(files=10))


def test_a_header_that_would_fill_the_memory_is_refused(tmp_path: Path) -> None:
    header = tarfile.TarInfo("././@LongLink")
    header.type, header.size = tarfile.GNUTYPE_LONGNAME, 1 << 40
    archive = tmp_path / "model.tar.gz"
    archive.write_bytes(gzip.compress(header.tobuf(tarfile.GNU_FORMAT) + bytes(4096)))
    (tmp_path / "model").mkdir()
    with pytest.raises(UnsafeArchive, match="header of"):
        unpack(archive, tmp_path / "model")


@pytest.mark.parametrize("damage", ["cut", "garbage", "empty", "flipped"])
def test_a_damaged_archive_is_broken(tmp_path: Path, damage: str) -> None:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as tar:
        file("model", os.urandom(200_000))(tar)
    data = out.getvalue()
    flipped = bytearray(data)
    flipped[len(data) // 2] ^= 255
    damaged = {"cut": data[: len(data) // 2], "garbage": b"\x1f\x8bgarbage", "empty": b"", "flipped": bytes(flipped)}
    archive = tmp_path / "model.tar.gz"
    archive.write_bytes(damaged[damage])
    (tmp_path / "model").mkdir()
    with pytest.raises(BrokenArchive):
        unpack(archive, tmp_path / "model")


def test_an_uncompressed_tar_is_read_too(tmp_path: Path) -> None:
    archive = tmp_path / "model.tar.gz"
    with tarfile.open(archive, "w") as tar:
        file("model", b"one")(tar)
    (tmp_path / "model").mkdir()
    unpack(archive, tmp_path / "model")
    assert (tmp_path / "model" / "model").read_bytes() == b"one"


class Bucket:
    def __init__(self, objects: dict[str, bytes]) -> None:
        self.objects = objects
        self.reads: list[str] = []

    def download(self, role_arn: str, bucket: str, key: str, path: Path) -> None:
        self.reads.append(key)
        if key not in self.objects:
            raise NoSuchKey(Key=key)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(self.objects[key])

    def list(self, role_arn: str, uri: str):
        prefix = uri.split("/", 3)[3]

        class Found:
            def __init__(self, key: str, size: int) -> None:
                self.key, self.size = key, size

        return iter([Found(key, len(data)) for key, data in self.objects.items() if key.startswith(prefix)])


def test_a_model_that_is_complete_is_not_fetched_again(tmp_path: Path) -> None:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as tar:
        file("model", b"one")(tar)
    bucket = Bucket({"m.tar.gz": out.getvalue()})
    for _ in range(2):
        ModelStore(bucket).fetch("role", "s3://bucket/m.tar.gz", tmp_path)
    assert bucket.reads == ["m.tar.gz"]
    assert {path.name for path in tmp_path.iterdir()} == {"model"}


def test_a_model_that_was_half_unpacked_is_unpacked_anew(tmp_path: Path) -> None:
    (tmp_path / "model.unpacking").mkdir()
    (tmp_path / "model.unpacking" / "half").touch()
    ModelStore(Bucket({})).fetch("role", "", tmp_path)
    assert list((tmp_path / "model").iterdir()) == []


def test_a_model_of_files_is_brought_below_its_prefix(tmp_path: Path) -> None:
    bucket = Bucket({"m/a": b"1", "m/b/c": b"2", "m/": b"", "other": b"3"})
    ModelStore(bucket).fetch("role", "s3://bucket/m/", tmp_path)
    assert (tmp_path / "model" / "a").read_bytes() == b"1"
    assert (tmp_path / "model" / "b" / "c").read_bytes() == b"2"


def test_a_key_that_leaves_the_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailable, match="outside"):
        ModelStore(Bucket({"m/../../x": b"1"})).fetch("role", "s3://bucket/m/", tmp_path)
    assert not (tmp_path / "model").exists()
