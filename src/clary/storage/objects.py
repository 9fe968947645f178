"""The object store: what S3 keeps, for the gateway, for jobs and for services that act on a role's behalf.

The index (buckets, keys, versions, metadata, small objects) is one SQLite file; larger bytes are plain files under
generated names. How a file comes and goes is told in `object_files`; what a write does to versions in `object_writes`.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

import orjson

from clary.core.clock import Clock, SystemClock
from clary.core.errors import ServiceError
from clary.core.http import ByteStream
from clary.storage.buckets import Buckets
from clary.storage.database import Database
from clary.storage.object_errors import NoSuchKey, NoSuchVersion
from clary.storage.object_files import Files
from clary.storage.object_listing import list_objects, list_versions
from clary.storage.object_mirror import Mirrored, Mirrors, Progress
from clary.storage.object_reading import Source
from clary.storage.object_receiving import Receiver, storage_errors
from clary.storage.object_schema import SCHEMA
from clary.storage.object_values import (
    OBJECT_COLUMNS,
    Attributes,
    Bucket,
    Deleted,
    Integrity,
    Listing,
    Segment,
    StoredObject,
    VersionListing,
    object_from_row,
)
from clary.storage.object_writes import Conditions, Content, ObjectWrites, forget_files, named_files

__all__ = ["SCHEMA", "Attributes", "Bucket", "Integrity", "Listing", "Objects", "StoredObject"]

T = TypeVar("T")
INLINE_LIMIT_BYTES = 64 * 1024
_THREADS = 8
# Files that had to outlive their objects for a while are looked for this often, when others come or go.
_REAPING_SECONDS = 60.0
# An overwrite between finding an object and opening its file is met by looking again.
_ATTEMPTS = 5
_VISIBLE = (
    f"SELECT {OBJECT_COLUMNS}, segments, data FROM objects LEFT JOIN inline USING (id)"  # noqa: S608
    " WHERE bucket = ? AND key = ? AND latest = 1"
)
_DESCRIBED = f"SELECT {OBJECT_COLUMNS}, segments, NULL FROM objects WHERE bucket = ? AND key = ? AND latest = 1"  # noqa: S608
_BY_ID = f"SELECT {OBJECT_COLUMNS}, segments, data FROM objects LEFT JOIN inline USING (id) WHERE id = ?"  # noqa: S608
NO_ATTRIBUTES = Attributes()
NO_INTEGRITY = Integrity()
Transaction = Callable[[sqlite3.Connection, list[str]], T]


class Objects:
    """Buckets and objects.

    Promises:
        **Durability.** What a method returned survives `kill -9` and power failure; what it did not return is either
        wholly there or not at all.
        **Isolation.** A reader keeps the version it has begun to read, whatever is written meanwhile.
        **Conditions.** `if_match` and `if_none_match` are checked in the transaction that writes.
        **Failure.** A full or failing disk is an error (`InsufficientStorage`, `InternalError`) that changes nothing.
        **Memory.** Constant, whatever the size of an object.
        **Threads and processes.** Any number of both; plain methods may block, `async` methods belong on an event loop.

    Args:
        database: opened with `SCHEMA`; closed by its owner, after this.
        folder: where files lie.
        files: another way of writing files (tests).
        inline_limit_bytes: the largest object that is kept in the database.
    """

    def __init__(
        self,
        database: Database,
        folder: Path,
        clock: Clock | None = None,
        *,
        files: Files | None = None,
        inline_limit_bytes: int = INLINE_LIMIT_BYTES,
    ) -> None:
        self.database = database
        self.clock = clock or SystemClock()
        self.buckets = Buckets(database, self.clock)
        self.files = files or Files(folder)
        self.pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="objects")
        self.receiver = Receiver(self.files, self.pool, inline_limit_bytes)
        self.writes = ObjectWrites(self.buckets, self.clock)
        self.mirrors = Mirrors(self.buckets, self.writes, self.transact)
        self._next_reaping = 0.0
        self.recover()

    def recover(self) -> None:
        """Removes what dead processes left uncommitted, and files that nothing needs any more."""
        self.files.sweep(lambda names: named_files(self.database.read(), names))
        self._reap()

    def close(self) -> None:
        """Waits for the work in its threads."""
        self.pool.shutdown()
        self.files.close()

    # Buckets

    def create_bucket(self, name: str, account: str, region: str, settings: Mapping[str, Any] | None = None) -> Bucket:
        """Makes a bucket; raises `BucketAlreadyOwnedByYou` or `BucketAlreadyExists`."""
        return self.buckets.create(name, account, region, settings)

    def bucket(self, name: str) -> Bucket | None:
        """The bucket, or None."""
        return self.buckets.get(name)

    def list_buckets(self, account: str) -> list[Bucket]:
        """The account's buckets by name."""
        return self.buckets.list(account)

    def delete_bucket(self, name: str) -> None:
        """Removes an empty bucket; raises `NoSuchBucket` or `BucketNotEmpty`."""
        self.buckets.delete(name)
        self._reap()

    def set_bucket(self, name: str, setting: str, value: Any | None) -> Bucket:
        """Changes one setting of a bucket, or removes it with None."""
        return self.buckets.set(name, setting, value)

    def add_mirror(
        self, name: str, folder: Path, account: str, region: str, progress: Progress = lambda done, total: None
    ) -> Mirrored:
        """Makes a read-only bucket that shows a folder, or brings it up to date; see `Mirrors.add`."""
        return self.mirrors.add(name, folder, account, region, progress)

    # Writing

    async def put(
        self,
        bucket: str,
        key: str,
        body: ByteStream,
        attributes: Attributes = NO_ATTRIBUTES,
        *,
        integrity: Integrity = NO_INTEGRITY,
        if_match: str | None = None,
        if_none_match: str | None = None,
    ) -> StoredObject:
        """Stores what a stream brings.

        Raises:
            NoSuchBucket, AccessDenied (a mirror), PreconditionFailed, BadDigest, IncompleteBody, EntityTooLarge,
            InsufficientStorage, InternalError.
        """
        self.buckets.require_writable_in(self.database.read(), bucket)
        content = await self.receiver.receive(body, integrity)
        conditions = Conditions(if_match, if_none_match)
        return await self.transact_async(
            lambda connection, dead: self.writes.put(connection, dead, bucket, key, content, attributes, conditions),
            content,
        )

    def put_bytes(
        self, bucket: str, key: str, data: bytes, attributes: Attributes = NO_ATTRIBUTES, **options: Any
    ) -> StoredObject:
        """`put` of bytes in memory, for threads; `options` are `integrity`, `if_match`, `if_none_match`."""
        self.buckets.require_writable_in(self.database.read(), bucket)
        content = self.receiver.keep(data, options.pop("integrity", NO_INTEGRITY))
        return self.put_content(bucket, key, content, attributes, Conditions(**options))

    def put_file(
        self, bucket: str, key: str, path: Path, attributes: Attributes = NO_ATTRIBUTES, **options: Any
    ) -> StoredObject:
        """`put` of a file outside the store, for threads; `options` as for `put_bytes`."""
        self.buckets.require_writable_in(self.database.read(), bucket)
        content = self.receiver.copy_file(path, options.pop("integrity", NO_INTEGRITY))
        return self.put_content(bucket, key, content, attributes, Conditions(**options))

    def put_content(
        self, bucket: str, key: str, content: Content, attributes: Attributes, conditions: Conditions
    ) -> StoredObject:
        """Commits content that was received."""
        return self.transact(
            lambda connection, dead: self.writes.put(connection, dead, bucket, key, content, attributes, conditions),
            content,
        )

    def copy(
        self,
        source: Source,
        bucket: str,
        key: str,
        attributes: Attributes,
        *,
        integrity: Integrity = NO_INTEGRITY,
        conditions: Conditions | None = None,
    ) -> StoredObject:
        """Stores an object's bytes under another key; a file is linked where that is possible."""
        self.buckets.require_writable_in(self.database.read(), bucket)
        content = self.receiver.copy_source(source, 0, source.stored.size, integrity)
        return self.put_content(bucket, key, content, attributes, conditions or Conditions())

    def delete(self, bucket: str, key: str, version_id: str | None = None, *, if_match: str | None = None) -> Deleted:
        """Deletes as S3 does: no error when there is nothing to delete."""
        return self.transact(
            lambda connection, dead: self.writes.delete(connection, dead, bucket, key, version_id, if_match)
        )

    def delete_many(
        self, bucket: str, keys: Sequence[tuple[str, str | None, str | None]]
    ) -> list[Deleted | ServiceError]:
        """Deletes in one commit; a refusal takes the place of its result.

        Args:
            keys: key, version id or None, ETag that must match or None.
        """

        def write(connection: sqlite3.Connection, dead: list[str]) -> list[Deleted | ServiceError]:
            results: list[Deleted | ServiceError] = []
            for key, version_id, if_match in keys:
                try:
                    results.append(self.writes.delete(connection, dead, bucket, key, version_id, if_match))
                except ServiceError as error:  # raised before anything is written
                    results.append(error)
            return results

        return self.transact(write)

    def set_tags(self, bucket: str, key: str, tags: Mapping[str, str], version_id: str | None = None) -> StoredObject:
        """Replaces an object's tags; raises `NoSuchKey` or `NoSuchVersion`."""
        return self.transact(lambda connection, _: self.writes.set_tags(connection, bucket, key, version_id, tags))

    def set_acl(self, bucket: str, key: str, acl: str, version_id: str | None = None) -> None:
        """Gives an object a canned ACL, "" for the default one; raises `NoSuchKey` or `NoSuchVersion`."""
        self.transact(lambda connection, _: self.writes.set_acl(connection, bucket, key, version_id, acl))

    # Reading

    def head(self, bucket: str, key: str, version_id: str | None = None) -> StoredObject:
        """What is known of an object; a delete marker only when `version_id` names it.

        Raises:
            NoSuchBucket, NoSuchKey, NoSuchVersion.
        """
        connection = self.database.read()
        return self.writes.find(connection, self.buckets.require_in(connection, bucket), key, version_id)

    def source(self, bucket: str, key: str, version_id: str | None = None, *, to_read: bool = True) -> Source:
        """Finds an object and makes sure that its bytes stay readable; `Source.close` when they are not read.

        Args:
            to_read: False when only its description and its segments are wanted.

        Raises:
            NoSuchBucket, NoSuchKey, NoSuchVersion, InternalError (a mirrored file has changed).
        """
        for attempt in range(_ATTEMPTS):
            row = self._row(bucket, key, version_id, to_read)
            data = row[-1]
            segments = () if row[-2] is None else [Segment.from_json(values) for values in orjson.loads(row[-2])]
            try:
                with storage_errors():
                    stored = object_from_row(bucket, row[:-2])
                    return Source(stored, data, segments, self.files, self.pool, to_read=to_read)
            except FileNotFoundError:
                if attempt == _ATTEMPTS - 1:
                    raise
        raise AssertionError("unreachable")

    def open(self, stored: StoredObject) -> BinaryIO:
        """That version's bytes as a seekable file; raises `NoSuchKey` when it is gone."""
        return self._source_of(stored).file()

    def read(self, stored: StoredObject, start: int = 0, end: int | None = None) -> bytes | ByteStream:
        """That version's bytes from `start` to before `end`; raises `NoSuchKey` when it is gone."""
        return self._source_of(stored).stream(start, end)

    def list(self, bucket: str, prefix: str = "", delimiter: str = "", after: str = "", limit: int = 1000) -> Listing:
        """A page of the current objects; raises `NoSuchBucket`."""
        connection = self.database.read()
        found = self.buckets.require_in(connection, bucket)
        return list_objects(connection, found, prefix, delimiter, after, limit)

    def list_versions(
        self,
        bucket: str,
        prefix: str = "",
        delimiter: str = "",
        key_marker: str = "",
        version_marker: str = "",
        limit: int = 1000,
    ) -> VersionListing:
        """A page of all versions and delete markers; raises `NoSuchBucket`."""
        connection = self.database.read()
        found = self.buckets.require_in(connection, bucket)
        return list_versions(connection, found, prefix, delimiter, key_marker, version_marker, limit)

    # Transactions

    def transact(self, write: Transaction[T], content: Content | None = None) -> T:
        """Carries out a write on the index; `content`'s files become the store's with it, or go."""
        with storage_errors():
            return self._submit(write, content).result()

    async def transact_async(self, write: Transaction[T], content: Content | None = None) -> T:
        """`transact` without blocking the event loop; once submitted, a write is finished even if its caller goes."""
        with storage_errors():
            return await asyncio.shield(asyncio.wrap_future(self._submit(write, content)))

    def _submit(self, write: Transaction[T], content: Content | None) -> Future[T]:
        dead: list[str] = []

        def settle(done: Future[T]) -> None:
            if not done.cancelled() and done.exception() is None:
                if dead or (content is not None and content.incoming):
                    self._in_pool(self._settle, content, dead)
            elif content is not None and content.incoming:
                self._in_pool(content.discard)

        try:
            future = self.database.submit(lambda connection: write(connection, dead))
        except BaseException:
            if content is not None:
                content.discard()
            raise
        future.add_done_callback(settle)
        return future

    def _in_pool(self, function: Callable[..., None], *arguments: Any) -> None:
        try:
            self.pool.submit(function, *arguments)
        except RuntimeError:  # closed: the next start sweeps
            return

    def _settle(self, content: Content | None, dead: Sequence[str]) -> None:
        for file in content.incoming if content is not None else ():
            file.settle()
        self._bury(dead)
        if self.clock.time() >= self._next_reaping:
            self._reap()

    def _bury(self, dead: Sequence[str]) -> None:
        if dead:
            self.files.unlink(dead)
            self.database.submit(lambda connection: forget_files(connection, dead))

    def _reap(self) -> None:
        self._next_reaping = self.clock.time() + _REAPING_SECONDS
        rows = self.database.read().execute("SELECT name FROM files WHERE dead_after <= ?", (self.clock.time(),))
        self._bury([name for (name,) in rows.fetchall()])

    def _row(self, bucket: str, key: str, version_id: str | None, with_data: bool) -> tuple[Any, ...]:
        connection = self.database.read()
        found = self.buckets.require_in(connection, bucket)
        row: tuple[Any, ...] | None = None
        if version_id is None:
            row = connection.execute(_VISIBLE if with_data else _DESCRIBED, (found.id, key.encode())).fetchone()
        if row is None:
            stored = self.writes.find(connection, found, key, version_id)
            row = connection.execute(_BY_ID, (stored.id,)).fetchone()
            if row is None:
                raise NoSuchVersion(Key=key, VersionId=version_id) if version_id else NoSuchKey(Key=key)
        return row

    def _source_of(self, stored: StoredObject) -> Source:
        row = self.database.read().execute(_BY_ID, (stored.id,)).fetchone()
        if row is None:
            raise NoSuchKey(Key=stored.key)
        segments = () if row[-2] is None else [Segment.from_json(values) for values in orjson.loads(row[-2])]
        try:
            with storage_errors():
                return Source(stored, row[-1], segments, self.files, self.pool)
        except FileNotFoundError:
            raise NoSuchKey(Key=stored.key) from None
