"""Listing keys by seeks in the index.

A common prefix costs one seek however many keys share it: the listing jumps to the first key behind them. So a page
costs what it shows, not what the bucket holds.
"""

from __future__ import annotations

import sqlite3
from typing import Any

from clary.storage.object_values import (
    OBJECT_COLUMNS,
    Bucket,
    Listing,
    StoredObject,
    VersionListing,
    object_from_row,
)

_KEY = 1
_VISIBLE = (
    f"SELECT {OBJECT_COLUMNS} FROM objects INDEXED BY objects_visible"  # noqa: S608
    " WHERE bucket = ? AND latest = 1 AND key >= ? AND key < ? ORDER BY key LIMIT ?"
)
_VERSIONS = (
    f"SELECT {OBJECT_COLUMNS} FROM objects INDEXED BY objects_versions"  # noqa: S608
    " WHERE bucket = ? AND key >= ? AND key < ? ORDER BY key, id DESC LIMIT ?"
)
# Behind every key: keys are UTF-8, which has no byte 0xff.
_END = b"\xff"


def after_prefix(prefix: bytes) -> bytes:
    """The first possible key behind all keys that begin with `prefix`."""
    return prefix + _END


def list_objects(
    connection: sqlite3.Connection, bucket: Bucket, prefix: str, delimiter: str, after: str, limit: int
) -> Listing:
    """A page of the current objects and common prefixes behind `after`.

    Args:
        after: exclusive; a common prefix (or a key below it) continues behind all keys of that prefix.
        limit: of objects and prefixes together.
    """
    page = _Page(prefix.encode(), delimiter.encode(), limit)
    start = page.start_behind(after.encode())
    rows = _Rows(connection, _VISIBLE, bucket)
    objects = [object_from_row(bucket.name, row) for row in rows.walk(page, start)]
    more = page.last.decode() if page.is_truncated and page.last is not None else None
    return Listing(objects, page.prefixes, more)


def list_versions(
    connection: sqlite3.Connection,
    bucket: Bucket,
    prefix: str,
    delimiter: str,
    key_marker: str,
    version_marker: str,
    limit: int,
) -> VersionListing:
    """A page of all versions and delete markers, by key, the newest first.

    Args:
        key_marker: listing continues behind this key, or with `version_marker` behind that version of it.
    """
    page = _Page(prefix.encode(), delimiter.encode(), limit)
    versions: list[StoredObject] = []
    start = page.start_behind(key_marker.encode())
    if version_marker:
        for row in _older_versions(connection, bucket, key_marker, version_marker):
            if not page.take(row[_KEY]):
                break
            versions.append(object_from_row(bucket.name, row))
    if not page.is_truncated:
        rows = _Rows(connection, _VERSIONS, bucket)
        versions += [object_from_row(bucket.name, row) for row in rows.walk(page, start)]
    if not page.is_truncated or page.last is None:
        return VersionListing(versions, page.prefixes, None, None)
    ends_in_version = bool(versions) and versions[-1].key.encode() == page.last
    return VersionListing(
        versions, page.prefixes, page.last.decode(), versions[-1].version_id if ends_in_version else None
    )


def _older_versions(connection: sqlite3.Connection, bucket: Bucket, key: str, version_id: str) -> list[tuple[Any, ...]]:
    return connection.execute(
        f"SELECT {OBJECT_COLUMNS} FROM objects WHERE bucket = ? AND key = ? AND id <"  # noqa: S608
        " (SELECT id FROM objects WHERE bucket = ? AND key = ? AND version = ?) ORDER BY id DESC",
        (bucket.id, key.encode(), bucket.id, key.encode(), version_id),
    ).fetchall()


class _Page:
    """Counts what a page holds and knows which keys share a common prefix."""

    def __init__(self, prefix: bytes, delimiter: bytes, limit: int) -> None:
        self.prefix = prefix
        self.delimiter = delimiter
        self.limit = limit
        self.count = 0
        self.prefixes: list[str] = []
        self.last: bytes | None = None
        self.is_truncated = False

    @property
    def left(self) -> int:
        """How many more entries fit."""
        return self.limit - self.count

    def common_prefix(self, key: bytes) -> bytes | None:
        """The key up to the delimiter behind the prefix, or None."""
        if not self.delimiter or not key.startswith(self.prefix):
            return None
        at = key.find(self.delimiter, len(self.prefix))
        return None if at < 0 else key[: at + len(self.delimiter)]

    def start_behind(self, after: bytes) -> bytes:
        """The first key that may be on the page."""
        if not after or after < self.prefix:
            return self.prefix
        shared = self.common_prefix(after)
        return after_prefix(shared) if shared is not None else after + b"\x00"

    def take(self, last: bytes) -> bool:
        """Makes room for one more entry, which ends at `last`; False when the page is full."""
        if self.count >= self.limit:
            self.is_truncated = True
            return False
        self.count += 1
        self.last = last
        return True

    def take_all(self, rows: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
        """Those of the rows that fit; none of them has a common prefix."""
        taken = rows[: self.left]
        self.is_truncated = len(rows) > len(taken)
        self.count += len(taken)
        if taken:
            self.last = taken[-1][_KEY]
        return taken


class _Rows:
    """Walks over one of the two indexes."""

    def __init__(self, connection: sqlite3.Connection, sql: str, bucket: Bucket) -> None:
        self._connection = connection
        self._sql = sql
        self._bucket = bucket

    def walk(self, page: _Page, start: bytes) -> list[tuple[Any, ...]]:
        """The rows of the page's single keys, in order; common prefixes are noted in the page."""
        end = after_prefix(page.prefix)
        if not page.delimiter:
            rows = self._connection.execute(self._sql, (self._bucket.id, start, end, page.left + 1)).fetchall()
            return page.take_all(rows)
        found: list[tuple[Any, ...]] = []
        seek: bytes | None = start
        while seek is not None:
            cursor = self._connection.execute(self._sql, (self._bucket.id, seek, end, page.left + 1))
            seek = None
            for row in cursor:
                shared = page.common_prefix(row[_KEY])
                if not page.take(row[_KEY] if shared is None else shared):
                    break
                if shared is not None:
                    page.prefixes.append(shared.decode())
                    seek = after_prefix(shared)
                    break
                found.append(row)
            cursor.close()
        return found
