"""Buckets: names, owners, and the settings that belong to a bucket as a whole."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import orjson

from clary.core.clock import Clock, SystemClock
from clary.storage.database import Database
from clary.storage.object_errors import (
    AccessDenied,
    BucketAlreadyExists,
    BucketAlreadyOwnedByYou,
    BucketNotEmpty,
    NoSuchBucket,
)
from clary.storage.object_values import Bucket

_COLUMNS = "id, name, account, region, created, settings"
_BY_NAME = f"SELECT {_COLUMNS} FROM buckets WHERE name = ?"  # noqa: S608
_MOST_REMEMBERED = 1000


class Buckets:
    """The table of buckets.

    Promises:
        **Freshness.** `get` sees what any process has committed; what is remembered is only the parsed form of a row.
        **Durability.** As `Database` promises.

    Args:
        database: opened with `object_schema.SCHEMA`.
    """

    def __init__(self, database: Database, clock: Clock | None = None) -> None:
        self.database = database
        self._clock = clock or SystemClock()
        self._parsed: dict[str, tuple[tuple[Any, ...], Bucket]] = {}

    def create(self, name: str, account: str, region: str, settings: Mapping[str, Any] | None = None) -> Bucket:
        """Makes a bucket.

        Raises:
            BucketAlreadyOwnedByYou: the account has it already.
            BucketAlreadyExists: another account has it.
        """
        created = self._clock.time()
        text = orjson.dumps(dict(settings or {})).decode()

        def write(connection: sqlite3.Connection) -> Bucket:
            if (row := connection.execute(_BY_NAME, (name,)).fetchone()) is not None:
                error = BucketAlreadyOwnedByYou if row[2] == account else BucketAlreadyExists
                raise error(BucketName=name)
            identity = connection.execute(
                "INSERT INTO buckets (name, account, region, created, settings) VALUES (?,?,?,?,?)",
                (name, account, region, created, text),
            ).lastrowid
            return Bucket(int(identity or 0), name, account, region, created, orjson.loads(text))

        return self.database.write(write)

    def get(self, name: str) -> Bucket | None:
        """The bucket, or None."""
        return self.get_in(self.database.read(), name)

    def get_in(self, connection: sqlite3.Connection, name: str) -> Bucket | None:
        """`get` through a connection of the caller's."""
        row = connection.execute(_BY_NAME, (name,)).fetchone()
        if row is None:
            return None
        known = self._parsed.get(name)
        if known is not None and known[0] == row:
            return known[1]
        bucket = _bucket(row)
        if len(self._parsed) >= _MOST_REMEMBERED:
            self._parsed.clear()
        self._parsed[name] = (row, bucket)
        return bucket

    def require(self, name: str) -> Bucket:
        """The bucket.

        Raises:
            NoSuchBucket: there is none of that name.
        """
        return self.require_in(self.database.read(), name)

    def require_in(self, connection: sqlite3.Connection, name: str) -> Bucket:
        """`require` through a connection of the caller's."""
        bucket = self.get_in(connection, name)
        if bucket is None:
            raise NoSuchBucket(BucketName=name)
        return bucket

    def require_writable_in(self, connection: sqlite3.Connection, name: str) -> Bucket:
        """A bucket that may be written to.

        Raises:
            NoSuchBucket: there is none of that name.
            AccessDenied: it mirrors a folder and is therefore read-only.
        """
        bucket = self.require_in(connection, name)
        if "mirror" in bucket.settings:
            raise AccessDenied(f"Access Denied: the bucket {name} mirrors a folder and is read-only")
        return bucket

    def list(self, account: str) -> list[Bucket]:
        """The account's buckets by name."""
        rows = self.database.read().execute(
            f"SELECT {_COLUMNS} FROM buckets WHERE account = ? ORDER BY name",  # noqa: S608
            (account,),
        )
        return [_bucket(row) for row in rows]

    def delete(self, name: str) -> None:
        """Removes an empty bucket.

        Raises:
            NoSuchBucket: there is none of that name.
            BucketNotEmpty: it holds objects, versions or delete markers.
        """

        def write(connection: sqlite3.Connection) -> None:
            bucket = self.require_in(connection, name)
            if connection.execute("SELECT 1 FROM objects WHERE bucket = ? LIMIT 1", (bucket.id,)).fetchone():
                if bucket.versioning:
                    raise BucketNotEmpty(
                        "The bucket you tried to delete is not empty. You must delete all versions in the bucket.",
                        BucketName=name,
                    )
                raise BucketNotEmpty(BucketName=name)
            connection.execute(
                "UPDATE files SET dead_after = 0 WHERE name IN (SELECT file FROM parts JOIN uploads"
                " ON uploads.id = parts.upload WHERE bucket = ?)",
                (bucket.id,),
            )
            connection.execute(
                "DELETE FROM parts WHERE upload IN (SELECT id FROM uploads WHERE bucket = ?)", (bucket.id,)
            )
            connection.execute("DELETE FROM uploads WHERE bucket = ?", (bucket.id,))
            connection.execute("DELETE FROM buckets WHERE id = ?", (bucket.id,))

        self.database.write(write)

    def set(self, name: str, setting: str, value: Any | None) -> Bucket:
        """Changes one setting, or removes it with None; returns the bucket as it is then.

        Raises:
            NoSuchBucket: there is none of that name.
        """

        def write(connection: sqlite3.Connection) -> Bucket:
            bucket = self.require_in(connection, name)
            settings = {key: kept for key, kept in bucket.settings.items() if key != setting}
            if value is not None:
                settings[setting] = value
            text = orjson.dumps(settings).decode()
            connection.execute("UPDATE buckets SET settings = ? WHERE id = ?", (text, bucket.id))
            return replace(bucket, settings=orjson.loads(text))

        return self.database.write(write)


def _bucket(row: tuple[Any, ...]) -> Bucket:
    identity, name, account, region, created, settings = row
    return Bucket(identity, name, account, region, created, orjson.loads(settings))
