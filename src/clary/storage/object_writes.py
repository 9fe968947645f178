"""What a write does to the index: versions, delete markers, conditions. Runs inside the transaction of the writer.

Nothing here touches a file; the names of files that are no longer needed are appended to `dead`, to be unlinked after
the commit.
"""

from __future__ import annotations

import secrets
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from clary.core.clock import Clock
from clary.storage.buckets import Buckets
from clary.storage.object_errors import NoSuchKey, NoSuchVersion, PreconditionFailed
from clary.storage.object_files import IncomingFile
from clary.storage.object_reading import SEGMENTS_OPENED_AT_ONCE
from clary.storage.object_values import (
    NULL_VERSION,
    OBJECT_COLUMNS,
    Attributes,
    Bucket,
    Deleted,
    Segment,
    StoredObject,
    object_from_row,
)

# A reader of an object with very many parts opens them as it goes: it has this long to finish after a replacement.
_GRACE_SECONDS = 3600.0
_SELECT_LAST = (
    f"SELECT {OBJECT_COLUMNS}, segments FROM objects"  # noqa: S608
    " WHERE bucket = ? AND key = ? ORDER BY id DESC LIMIT 1"
)
_INSERT = (
    "INSERT INTO objects (bucket, key, version, latest, marker, size, etag, modified, meta, tags, segments)"
    " VALUES (?,?,?,?,?,?,?,?,?,?,?)"
)


@dataclass(slots=True)
class Content:
    """Bytes that were received, hashed and checked, and are ready to be committed.

    Attributes:
        etag: the MD5 in hexadecimal, or a multipart ETag.
        data: the bytes of a small object.
        segments: where the others are.
        incoming: files that become the store's with the commit, or go when it fails.
    """

    size: int
    etag: str
    checksums: Mapping[str, str]
    data: bytes | None = None
    segments: Sequence[Segment] = ()
    incoming: list[IncomingFile] = field(default_factory=list)
    checksum_type: str = "FULL_OBJECT"
    part_count: int = 0

    def discard(self) -> None:
        """Removes the files; nothing refers to them."""
        for file in self.incoming:
            file.discard()


@dataclass(frozen=True, slots=True)
class Conditions:
    """What must hold of the current object for a write to happen, checked in the same transaction.

    Attributes:
        if_match: the current object's ETag, or "*" for any object.
        if_none_match: "*": there must be no object.
    """

    if_match: str | None = None
    if_none_match: str | None = None

    def check(self, key: str, current: StoredObject | None) -> None:
        """Compares with the current object; a delete marker counts as none.

        Raises:
            NoSuchKey: `if_match` is set and there is no object.
            PreconditionFailed: a condition does not hold.
        """
        exists = current is not None and not current.is_delete_marker
        if self.if_none_match is not None and exists:
            raise PreconditionFailed(Condition="If-None-Match")
        if self.if_match is not None:
            if current is None or not exists:
                raise NoSuchKey(Key=key)
            if self.if_match.strip('"') not in ("*", current.etag):
                raise PreconditionFailed(Condition="If-Match")


NO_CONDITIONS = Conditions()


class ObjectWrites:
    """Writes rows of `objects` and what belongs to them.

    Threads: only inside write functions of the database.
    """

    def __init__(self, buckets: Buckets, clock: Clock) -> None:
        self._buckets = buckets
        self._clock = clock

    def put(
        self,
        connection: sqlite3.Connection,
        dead: list[str],
        bucket_name: str,
        key: str,
        content: Content,
        attributes: Attributes,
        conditions: Conditions = NO_CONDITIONS,
        *,
        modified: float | None = None,
        bucket: Bucket | None = None,
    ) -> StoredObject:
        """Makes `content` the current version of the key.

        Args:
            modified: seconds since 1970; now by default.
            bucket: the bucket where it was looked up already (a mirror is only written to by its own seeding).
        """
        bucket = bucket or self._buckets.require_writable_in(connection, bucket_name)
        encoded = key.encode()
        current = self.last(connection, bucket, encoded)
        conditions.check(key, current)
        version = self._make_room(connection, dead, bucket, encoded, current)
        meta = attributes.to_json()
        if content.checksums:
            meta["checksums"] = dict(content.checksums)
        if content.checksum_type != "FULL_OBJECT":
            meta["checksum_type"] = content.checksum_type
        if content.part_count:
            meta["part_count"] = content.part_count
        tags = orjson.dumps(dict(attributes.tags)).decode() if attributes.tags else ""
        segments = None
        if content.data is None:
            segments = orjson.dumps([segment.to_json() for segment in content.segments]).decode()
        row = (1, 0, content.size, content.etag, self._clock.time() if modified is None else modified)
        text = orjson.dumps(meta).decode()
        identity = connection.execute(_INSERT, (bucket.id, encoded, version, *row, text, tags, segments)).lastrowid
        if content.data is not None:
            connection.execute("INSERT INTO inline (id, data) VALUES (?,?)", (identity, content.data))
        for file in content.incoming:
            connection.execute("INSERT INTO files (name) VALUES (?)", (file.name,))
        return object_from_row(bucket.name, (identity, encoded, version, *row, text, tags))

    def delete(
        self,
        connection: sqlite3.Connection,
        dead: list[str],
        bucket_name: str,
        key: str,
        version_id: str | None = None,
        if_match: str | None = None,
    ) -> Deleted:
        """Deletes a key as S3 does: a version for good, else the object, else by a delete marker."""
        bucket = self._buckets.require_writable_in(connection, bucket_name)
        encoded = key.encode()
        current = self.last(connection, bucket, encoded)
        if if_match is not None:
            Conditions(if_match=if_match).check(key, current)
        if version_id is not None:
            return self._delete_version(connection, dead, bucket, encoded, version_id)
        if not bucket.versioning:
            if current is not None:
                self.remove(connection, dead, current.id)
            return Deleted()
        version = self._make_room(connection, dead, bucket, encoded, current)
        connection.execute(_INSERT, (bucket.id, encoded, version, 2, 1, 0, "", self._clock.time(), "{}", "", None))
        return Deleted(version, is_delete_marker=True)

    def last(self, connection: sqlite3.Connection, bucket: Bucket, key: bytes) -> StoredObject | None:
        """The newest version or delete marker of a key."""
        row = connection.execute(_SELECT_LAST, (bucket.id, key)).fetchone()
        return object_from_row(bucket.name, row[:-1]) if row else None

    def remove(self, connection: sqlite3.Connection, dead: list[str], identity: int) -> None:
        """Removes a row, its inline bytes, and its claim on files."""
        row = connection.execute("SELECT segments FROM objects WHERE id = ?", (identity,)).fetchone()
        connection.execute("DELETE FROM objects WHERE id = ?", (identity,))
        if row is None or row[0] is None:
            connection.execute("DELETE FROM inline WHERE id = ?", (identity,))
            return
        segments = [Segment.from_json(values) for values in orjson.loads(row[0])]
        self.bury(connection, dead, [segment.file for segment in segments if not segment.modified_ns])

    def bury(self, connection: sqlite3.Connection, dead: list[str], names: Sequence[str]) -> None:
        """Marks files as needed no more."""
        grace = _GRACE_SECONDS if len(names) > SEGMENTS_OPENED_AT_ONCE else 0.0
        when = self._clock.time() + grace
        connection.executemany("UPDATE files SET dead_after = ? WHERE name = ?", [(when, name) for name in names])
        if not grace:
            dead.extend(names)

    def set_tags(
        self,
        connection: sqlite3.Connection,
        bucket_name: str,
        key: str,
        version_id: str | None,
        tags: Mapping[str, str],
    ) -> StoredObject:
        """Replaces the tags of a version, the latest by default; returns it as it was before."""
        bucket = self._buckets.require_writable_in(connection, bucket_name)
        stored = self.find(connection, bucket, key, version_id)
        text = orjson.dumps(dict(tags)).decode() if tags else ""
        connection.execute("UPDATE objects SET tags = ? WHERE id = ?", (text, stored.id))
        return stored

    def set_acl(
        self, connection: sqlite3.Connection, bucket_name: str, key: str, version_id: str | None, acl: str
    ) -> None:
        """Gives a version, the latest by default, a canned ACL; "" for the default one."""
        bucket = self._buckets.require_writable_in(connection, bucket_name)
        stored = self.find(connection, bucket, key, version_id)
        (text,) = connection.execute("SELECT meta FROM objects WHERE id = ?", (stored.id,)).fetchone()
        meta = {name: value for name, value in orjson.loads(text).items() if name != "acl"}
        if acl:
            meta["acl"] = acl
        connection.execute("UPDATE objects SET meta = ? WHERE id = ?", (orjson.dumps(meta).decode(), stored.id))

    def find(self, connection: sqlite3.Connection, bucket: Bucket, key: str, version_id: str | None) -> StoredObject:
        """A version, or the latest; may be a delete marker only when `version_id` names it.

        Raises:
            NoSuchKey: there is no object; `VersionId` in the details names the delete marker that hides it.
            NoSuchVersion: there is no such version.
        """
        encoded = key.encode()
        if version_id is None:
            stored = self.last(connection, bucket, encoded)
            if stored is None:
                raise NoSuchKey(Key=key)
            if stored.is_delete_marker:
                raise NoSuchKey(Key=key, DeleteMarkerVersionId=stored.version_id)
            return stored
        row = connection.execute(
            f"SELECT {OBJECT_COLUMNS} FROM objects WHERE bucket = ? AND key = ? AND version = ?",  # noqa: S608
            (bucket.id, encoded, version_id),
        ).fetchone()
        if row is None:
            raise NoSuchVersion(Key=key, VersionId=version_id)
        return object_from_row(bucket.name, row)

    def _make_room(
        self,
        connection: sqlite3.Connection,
        dead: list[str],
        bucket: Bucket,
        key: bytes,
        current: StoredObject | None,
    ) -> str:
        """Retires what a new version replaces or hides; returns the new version's id."""
        version = new_version_id() if bucket.versioning == "Enabled" else NULL_VERSION
        if current is None:
            return version
        if version == NULL_VERSION:
            if current.version_id == NULL_VERSION:
                self.remove(connection, dead, current.id)
                return version
            for (identity,) in connection.execute(
                "SELECT id FROM objects WHERE bucket = ? AND key = ? AND version = ?", (bucket.id, key, NULL_VERSION)
            ).fetchall():
                self.remove(connection, dead, identity)
        connection.execute("UPDATE objects SET latest = 0 WHERE id = ?", (current.id,))
        return version

    def _delete_version(
        self, connection: sqlite3.Connection, dead: list[str], bucket: Bucket, key: bytes, version_id: str
    ) -> Deleted:
        row = connection.execute(
            "SELECT id, latest, marker FROM objects WHERE bucket = ? AND key = ? AND version = ?",
            (bucket.id, key, version_id),
        ).fetchone()
        if row is None:
            return Deleted(version_id)
        self.remove(connection, dead, row[0])
        if row[1]:
            connection.execute(
                "UPDATE objects SET latest = 1 + marker WHERE id ="
                " (SELECT id FROM objects WHERE bucket = ? AND key = ? ORDER BY id DESC LIMIT 1)",
                (bucket.id, key),
            )
        return Deleted(version_id, is_delete_marker=bool(row[2]))


def new_version_id() -> str:
    """A version id: 32 characters without meaning."""
    return secrets.token_urlsafe(24).replace("-", ".")


def forget_files(connection: sqlite3.Connection, names: Iterable[str]) -> None:
    """Removes the rows of files that were unlinked."""
    connection.executemany("DELETE FROM files WHERE name = ?", [(name,) for name in names])


def named_files(connection: sqlite3.Connection, names: Sequence[str]) -> set[str]:
    """Which of the names belong to a file that is still needed."""
    found: set[str] = set()
    for name in names:
        row: tuple[Any, ...] | None = connection.execute(
            "SELECT 1 FROM files WHERE name = ? AND dead_after IS NULL", (name,)
        ).fetchone()
        if row:
            found.add(name)
    return found
