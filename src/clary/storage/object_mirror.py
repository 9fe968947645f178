"""Mirrors: read-only buckets that show the files of a folder, where they lie."""

from __future__ import annotations

import hashlib
import mimetypes
import os
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import orjson

from clary.core.errors import ValidationException
from clary.storage.buckets import Buckets
from clary.storage.object_errors import BucketAlreadyOwnedByYou
from clary.storage.object_values import Attributes, Bucket, Segment
from clary.storage.object_writes import Content, ObjectWrites

_FILES_PER_COMMIT = 200
_LONGEST_KEY_BYTES = 1024
Write = Callable[[sqlite3.Connection, list[str]], None]
Progress = Callable[[int, int], None]
_Found = tuple[str, Content, float]


@dataclass(frozen=True, slots=True)
class Mirrored:
    """What `Mirrors.add` found.

    Attributes:
        added: files that are new or have changed.
        removed: files that are there no more.
        skipped: paths that cannot be shown, with the reason.
    """

    bucket: Bucket
    added: int
    removed: int
    skipped: list[tuple[str, str]]


class Mirrors:
    """Makes mirrors and brings them up to date.

    Args:
        transact: carries out a write, as `Objects.transact` does.
    """

    def __init__(self, buckets: Buckets, writes: ObjectWrites, transact: Callable[[Write], None]) -> None:
        self._buckets = buckets
        self._writes = writes
        self._transact = transact

    def add(
        self, name: str, folder: Path, account: str, region: str, progress: Progress = lambda done, total: None
    ) -> Mirrored:
        """Makes a bucket that shows a folder, or brings it up to date: everybody reads it, nobody writes to it.

        Files are registered by reference, with size, time and MD5; a file that changes afterwards is refused to
        readers until the mirror is added again. Links that lead out of the folder are not followed.

        Args:
            progress: called after each file that was read, with the bytes read so far and those there are to read.

        Raises:
            ValidationException: `folder` is not a folder.
            BucketAlreadyExists: another account has a bucket of that name.
            BucketAlreadyOwnedByYou: the bucket is there and is not a mirror of that folder.
        """
        root = folder.resolve()
        if not root.is_dir():
            raise ValidationException(f"'{folder}' is not a folder")
        bucket = self._bucket(name, root, account, region)
        known = self._known(bucket)
        skipped: list[tuple[str, str]] = []
        changed: list[tuple[str, Path, os.stat_result]] = []
        for key, path in _walk(root, skipped):
            before = known.pop(key, None)
            found = path.stat()
            if before is None or (before.size, before.modified_ns) != (found.st_size, found.st_mtime_ns):
                changed.append((key, path, found))
        batch: list[_Found] = []
        done, total = 0, sum(found.st_size for _, _, found in changed)
        for key, path, found in changed:
            batch.append((key, _content(path, found), found.st_mtime))
            done += found.st_size
            progress(done, total)
            if len(batch) >= _FILES_PER_COMMIT:
                self._commit(bucket, batch)
                batch = []
        self._commit(bucket, batch)
        self._forget(bucket, list(known))
        return Mirrored(bucket, len(changed), len(known), skipped)

    def remove(self, name: str) -> None:
        """Removes a mirror; the folder stays as it is.

        Raises:
            NoSuchBucket: there is none of that name.
            ValidationException: the bucket is not a mirror.
        """
        bucket = self._buckets.require(name)
        if "mirror" not in bucket.settings:
            raise ValidationException(f"the bucket {name} is not a mirror")
        self._forget(bucket, list(self._known(bucket)))
        self._buckets.delete(name)

    def _bucket(self, name: str, root: Path, account: str, region: str) -> Bucket:
        bucket = self._buckets.get(name)
        if bucket is None:
            readers = {
                "Version": "2012-10-17",
                "Statement": [
                    {
                        "Sid": "MirrorReaders",
                        "Effect": "Allow",
                        "Principal": "*",
                        "Action": ["s3:GetObject", "s3:ListBucket", "s3:GetBucketLocation"],
                        "Resource": [f"arn:aws:s3:::{name}", f"arn:aws:s3:::{name}/*"],
                    }
                ],
            }
            return self._buckets.create(name, account, region, {"mirror": str(root), "policy": readers})
        if bucket.settings.get("mirror") != str(root):
            raise BucketAlreadyOwnedByYou(f"the bucket {name} exists and is not a mirror of {root}", BucketName=name)
        return bucket

    def _known(self, bucket: Bucket) -> dict[str, Segment]:
        connection = self._buckets.database.read()
        rows = connection.execute("SELECT key, segments FROM objects WHERE bucket = ?", (bucket.id,))
        return {key.decode(): Segment.from_json(orjson.loads(segments)[0]) for key, segments in rows}

    def _commit(self, bucket: Bucket, batch: Sequence[_Found]) -> None:
        def write(connection: sqlite3.Connection, dead: list[str]) -> None:
            for key, content, modified in batch:
                kind = mimetypes.guess_type(key)[0] or "binary/octet-stream"
                attributes = Attributes(headers={"Content-Type": kind}, owner=bucket.account)
                self._writes.put(
                    connection, dead, bucket.name, key, content, attributes, modified=modified, bucket=bucket
                )

        if batch:
            self._transact(write)

    def _forget(self, bucket: Bucket, keys: Sequence[str]) -> None:
        def write(connection: sqlite3.Connection, dead: list[str]) -> None:
            for key in keys:
                stored = self._writes.last(connection, bucket, key.encode())
                if stored is not None:
                    self._writes.remove(connection, dead, stored.id)

        if keys:
            self._transact(write)


def _walk(root: Path, skipped: list[tuple[str, str]]) -> Iterator[tuple[str, Path]]:
    """Key and path of every file below `root`; the path has no links in it."""
    for here, folders, names in os.walk(root):
        folders.sort()
        for name in sorted(names):
            shown = Path(here, name)
            path = shown.resolve()
            key = os.fsencode(shown.relative_to(root).as_posix())
            if not path.is_file():
                skipped.append((str(shown), "not a plain file"))
            elif not path.is_relative_to(root):
                skipped.append((str(shown), "a link that leads out of the folder"))
            elif len(key) > _LONGEST_KEY_BYTES:
                skipped.append((str(shown), "its path is longer than a key may be"))
            elif (text := _decoded(key)) is None:
                skipped.append((str(shown), "its name is not UTF-8"))
            else:
                yield text, path


def _decoded(key: bytes) -> str | None:
    try:
        return key.decode()
    except UnicodeDecodeError:
        return None


def _content(path: Path, found: os.stat_result) -> Content:
    with path.open("rb") as file:
        md5 = hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
    segment = Segment(str(path), found.st_size, 0, found.st_mtime_ns)
    return Content(found.st_size, md5, {}, segments=[segment])
