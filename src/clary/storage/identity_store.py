"""The tables of users, roles, policies and keys, and the cache in front of them.

Secrets must be readable to verify signatures, so the file that holds them is readable by its owner only:
`IdentityStore` sets its mode, and that of SQLite's files beside it, to 0600 when it opens them.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from clary.core.clock import Clock, SystemClock
from clary.core.errors import ServiceError
from clary.storage.database import Database

T = TypeVar("T")

SCHEMA = """
CREATE TABLE IF NOT EXISTS iam_entities (
    account TEXT NOT NULL, kind TEXT NOT NULL, key TEXT NOT NULL, name TEXT NOT NULL, path TEXT NOT NULL,
    id TEXT NOT NULL, arn TEXT NOT NULL, created REAL NOT NULL, body TEXT NOT NULL,
    PRIMARY KEY (account, kind, key)
) WITHOUT ROWID;
CREATE UNIQUE INDEX IF NOT EXISTS iam_entities_arn ON iam_entities (arn);
CREATE TABLE IF NOT EXISTS iam_attachments (
    account TEXT NOT NULL, kind TEXT NOT NULL, key TEXT NOT NULL, policy_arn TEXT NOT NULL,
    PRIMARY KEY (account, kind, key, policy_arn)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS iam_attachments_policy ON iam_attachments (policy_arn, account, kind, key);
CREATE TABLE IF NOT EXISTS iam_inline_policies (
    account TEXT NOT NULL, kind TEXT NOT NULL, key TEXT NOT NULL, name TEXT NOT NULL, document TEXT NOT NULL,
    PRIMARY KEY (account, kind, key, name)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS iam_members (
    account TEXT NOT NULL, container_kind TEXT NOT NULL, container_key TEXT NOT NULL, member_key TEXT NOT NULL,
    PRIMARY KEY (account, container_kind, container_key, member_key)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS iam_members_of ON iam_members (account, container_kind, member_key);
CREATE TABLE IF NOT EXISTS iam_policy_versions (
    arn TEXT NOT NULL, version INTEGER NOT NULL, created REAL NOT NULL, document TEXT NOT NULL,
    PRIMARY KEY (arn, version)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS iam_access_keys (
    id TEXT PRIMARY KEY, account TEXT NOT NULL, owner_kind TEXT NOT NULL, owner_key TEXT NOT NULL,
    secret TEXT NOT NULL, status TEXT NOT NULL, created REAL NOT NULL, session_name TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS iam_access_keys_owner ON iam_access_keys (account, owner_kind, owner_key, id);
CREATE TABLE IF NOT EXISTS iam_sessions (
    id TEXT PRIMARY KEY, secret TEXT NOT NULL, token TEXT NOT NULL, issued REAL NOT NULL, expires REAL NOT NULL,
    body TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS iam_sessions_expires ON iam_sessions (expires);
CREATE INDEX IF NOT EXISTS iam_sessions_holder ON iam_sessions (json_extract(body, '$.holder'));
CREATE TABLE IF NOT EXISTS iam_generation (one INTEGER PRIMARY KEY CHECK (one = 1), generation INTEGER NOT NULL);
INSERT OR IGNORE INTO iam_generation (one, generation) VALUES (1, 0);
"""


class NoSuchEntity(ServiceError):
    """A user, group, role, policy, version or key is not there."""

    status = 404


class EntityAlreadyExists(ServiceError):
    """The name is taken."""

    status = 409


class DeleteConflict(ServiceError):
    """Something still hangs on what is to be deleted."""

    status = 409


class LimitExceeded(ServiceError):
    """A quota of IAM would be exceeded."""

    status = 409


class Cache:
    """What was read since the last change of any identity; thrown away as a whole.

    Attributes:
        credentials: by access key id.
        rights: what a principal may do, by ARN, unique id and access key id.
    """

    __slots__ = ("credentials", "rights")

    def __init__(self) -> None:
        self.credentials: dict[str, Any] = {}
        self.rights: dict[tuple[str, str, str], Any] = {}


class IdentityStore:
    """Reads and writes identities, and knows when what was read before is out of date.

    Promises:
        **Own changes count at once.** After `write` has returned, `cache` holds nothing older.
        **Changes of other processes** are seen within `check_seconds`.

    Args:
        database: opened with (at least) this module's `SCHEMA`.
        check_seconds: how often `cache` looks for changes made by other processes.
    """

    def __init__(self, database: Database, clock: Clock | None = None, check_seconds: float = 0.1) -> None:
        self.database = database
        self.clock = clock or SystemClock()
        self._check_seconds = check_seconds
        self._next_check = 0.0
        self._generation = -1
        self._cache = Cache()
        for suffix in ("", "-wal", "-shm"):
            _restrict(database.path.with_name(database.path.name + suffix))

    def cache(self) -> Cache:
        """The cache; keep the object that you got for storing what you read after this call."""
        now = time.monotonic()
        if now >= self._next_check:
            self._next_check = now + self._check_seconds
            row = self.database.read().execute("SELECT generation FROM iam_generation").fetchone()
            if row[0] != self._generation:
                self._generation = row[0]
                self._cache = Cache()
        return self._cache

    def write(self, function: Callable[[sqlite3.Connection], T]) -> T:
        """Carries out a change that decisions may depend on, and forgets what was read before."""

        def run(connection: sqlite3.Connection) -> tuple[T, int]:
            result = function(connection)
            connection.execute("UPDATE iam_generation SET generation = generation + 1")
            return result, connection.execute("SELECT generation FROM iam_generation").fetchone()[0]

        result, self._generation = self.database.write(run)
        self._cache = Cache()
        return result

    def rows(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        """The rows of a query."""
        return self.database.read().execute(sql, values).fetchall()

    def row(self, sql: str, *values: Any) -> tuple[Any, ...] | None:
        """The first row of a query, None when there is none."""
        found: tuple[Any, ...] | None = self.database.read().execute(sql, values).fetchone()
        return found


def _restrict(path: Path) -> None:
    try:
        path.chmod(0o600)
    except FileNotFoundError:  # SQLite makes -wal and -shm when it needs them, with the mode of the main file
        pass
