"""Blobs: whole or not at all, whatever happens meanwhile."""

from __future__ import annotations

import hashlib
import os
import time
from pathlib import Path

import pytest

from clary.storage.blobs import Blobs, NoSuchUpload, UploadBusy, WrongDigest, WrongOffset


def digest_of(data: bytes) -> str:
    return "sha256:" + hashlib.sha256(data).hexdigest()


@pytest.fixture
def blobs(tmp_path: Path) -> Blobs:
    return Blobs(tmp_path)


def test_a_blob_is_there_once_it_is_finished_and_not_before(blobs: Blobs) -> None:
    upload = blobs.begin("one")
    assert blobs.append("one", upload, [b"ab", b"c"]) == 3
    assert blobs.size(digest_of(b"abc")) is None
    assert blobs.finish("one", upload, digest_of(b"abc")) == 3
    assert blobs.path(digest_of(b"abc")).read_bytes() == b"abc"
    with pytest.raises(NoSuchUpload):
        blobs.received("one", upload)


def test_another_process_goes_on_with_an_upload_and_checks_all_of_it(blobs: Blobs, tmp_path: Path) -> None:
    upload = blobs.begin("one")
    blobs.append("one", upload, [b"abc"])
    after = Blobs(tmp_path)  # as after a crash: nobody knows the hash of what came before
    assert after.received("one", upload) == 3
    after.append("one", upload, [b"def"], offset=3)
    after.finish("one", upload, digest_of(b"abcdef"))
    assert after.size(digest_of(b"abcdef")) == 6


def test_bytes_that_were_changed_behind_its_back_do_not_become_a_blob(blobs: Blobs, tmp_path: Path) -> None:
    upload = blobs.begin("one")
    blobs.append("one", upload, [b"abc"])
    (path,) = (tmp_path / "uploads").glob("*/*")
    path.write_bytes(b"abcd")
    with pytest.raises(WrongDigest):
        blobs.finish("one", upload, digest_of(b"abc"))
    assert not path.exists()


def test_an_upload_belongs_to_its_scope(blobs: Blobs) -> None:
    upload = blobs.begin("one")
    for attempt in (
        lambda: blobs.append("other", upload, [b"x"]),
        lambda: blobs.finish("other", upload, digest_of(b"")),
        lambda: blobs.received("other", upload),
        lambda: blobs.received("one", "../../etc/passwd"),
    ):
        with pytest.raises(NoSuchUpload):
            attempt()


def test_parts_follow_one_another(blobs: Blobs) -> None:
    upload = blobs.begin("one")
    blobs.append("one", upload, [b"abc"], offset=0)
    with pytest.raises(WrongOffset) as wrong:
        blobs.append("one", upload, [b"xyz"], offset=0)
    assert wrong.value.size == 3


def test_only_one_writes_at_a_time(blobs: Blobs) -> None:
    upload = blobs.begin("one")

    class Nosy(bytes):
        """Bytes that try to write themselves while they are written."""

        def __len__(self) -> int:
            with pytest.raises(UploadBusy):
                blobs.append("one", upload, [b"y"])
            return 1

    assert blobs.append("one", upload, [Nosy(b"x")]) == 1


def test_what_is_old_is_removed_unless_somebody_touched_it(blobs: Blobs) -> None:
    for data in (b"old", b"touched"):
        upload = blobs.begin("one")
        blobs.append("one", upload, [data])
        blobs.finish("one", upload, digest_of(data))
        long_ago = time.time() - 3600
        os.utime(blobs.path(digest_of(data)), (long_ago, long_ago))
    assert sorted(blobs.older_than(60)) == sorted([digest_of(b"old"), digest_of(b"touched")])
    assert blobs.touch(digest_of(b"touched"))
    assert not blobs.touch(digest_of(b"absent"))
    for data in (b"old", b"touched", b"absent"):
        blobs.unlink_older_than(60, digest_of(data))
    assert blobs.size(digest_of(b"old")) is None
    assert blobs.size(digest_of(b"touched")) == 7


def test_uploads_that_nobody_goes_on_with_are_forgotten(blobs: Blobs, tmp_path: Path) -> None:
    old, young = blobs.begin("one"), blobs.begin("one")
    (path,) = (tmp_path / "uploads").glob(f"*/{old}")
    long_ago = time.time() - 2 * 86_400
    os.utime(path, (long_ago, long_ago))
    blobs.forget_old_uploads()
    assert blobs.received("one", young) == 0
    with pytest.raises(NoSuchUpload):
        blobs.received("one", old)
