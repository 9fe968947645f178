"""Multipart uploads: parts are files of their own, and the finished object is the list of them, never rewritten.

Like `object_writes`, this runs inside the transaction of the writer and touches no file.
"""

from __future__ import annotations

import itertools
import secrets
import sqlite3
from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from clary.core.clock import Clock
from clary.storage.buckets import Buckets
from clary.storage.checksums import DEFAULT_ALGORITHM, combine, composite, multipart_etag
from clary.storage.object_errors import (
    BadDigest,
    EntityTooSmall,
    InvalidPart,
    InvalidPartOrder,
    InvalidRequest,
    NoSuchUpload,
)
from clary.storage.object_values import (
    OBJECT_COLUMNS,
    Attributes,
    CompletedPart,
    Part,
    Segment,
    StoredObject,
    Upload,
    object_from_row,
)
from clary.storage.object_writes import NO_CONDITIONS, Conditions, Content, ObjectWrites

SMALLEST_PART_BYTES = 5 * 1024 * 1024
MOST_PARTS = 10_000
_UPLOAD_COLUMNS = "id, key, created, description"
_PART_COLUMNS = "number, size, etag, modified, checksums, file"
# A client that lost the answer to its completion may ask again for this long.
_COMPLETED_KEPT_SECONDS = 7 * 24 * 3600.0


class MultipartWrites:
    """Writes and reads rows of `uploads` and `parts`.

    Threads: what takes a connection runs inside write functions of the database, or on a reading connection.
    """

    def __init__(self, buckets: Buckets, writes: ObjectWrites, clock: Clock) -> None:
        self._buckets = buckets
        self._writes = writes
        self._clock = clock

    def create(
        self,
        connection: sqlite3.Connection,
        bucket_name: str,
        key: str,
        attributes: Attributes,
        algorithm: str | None,
        checksum_type: str | None,
    ) -> Upload:
        """Begins an upload. Its id sorts by time, as listings of uploads do."""
        bucket = self._buckets.require_writable_in(connection, bucket_name)
        now = self._clock.time()
        upload = Upload(
            id=f"{int(now * 1_000_000):014x}.{secrets.token_urlsafe(48).replace('-', '.')}",
            bucket=bucket_name,
            key=key,
            created=now,
            attributes=attributes,
            algorithm=algorithm or DEFAULT_ALGORITHM,
            checksum_type=checksum_type or ("COMPOSITE" if algorithm not in (None, "CRC64NVME") else "FULL_OBJECT"),
            explicit=algorithm is not None,
        )
        description = {
            "attributes": attributes.to_json(),
            "tags": dict(attributes.tags),
            "algorithm": upload.algorithm,
            "checksum_type": upload.checksum_type,
            "explicit": upload.explicit,
        }
        connection.execute(
            "INSERT INTO uploads (id, bucket, key, created, description) VALUES (?,?,?,?,?)",
            (upload.id, bucket.id, key.encode(), now, orjson.dumps(description).decode()),
        )
        connection.execute(
            "DELETE FROM uploads WHERE completed IS NOT NULL AND created < ?", (now - _COMPLETED_KEPT_SECONDS,)
        )
        return upload

    def find(self, connection: sqlite3.Connection, bucket_name: str, key: str, upload_id: str) -> Upload:
        """The upload in progress.

        Raises:
            NoSuchUpload: there is none of that id for that bucket and key.
        """
        bucket = self._buckets.require_in(connection, bucket_name)
        row = connection.execute(
            f"SELECT {_UPLOAD_COLUMNS} FROM uploads"  # noqa: S608
            " WHERE id = ? AND bucket = ? AND key = ? AND completed IS NULL",
            (upload_id, bucket.id, key.encode()),
        ).fetchone()
        if row is None:
            raise NoSuchUpload(UploadId=upload_id)
        return _upload(bucket_name, row)

    def put_part(
        self,
        connection: sqlite3.Connection,
        dead: list[str],
        upload: Upload,
        number: int,
        content: Content,
    ) -> Part:
        """Stores a part; one of the same number is replaced."""
        self.find(connection, upload.bucket, upload.key, upload.id)
        (incoming,) = content.incoming
        before = connection.execute(
            "SELECT file FROM parts WHERE upload = ? AND number = ?", (upload.id, number)
        ).fetchone()
        if before:
            self._writes.bury(connection, dead, [before[0]])
        part = Part(number, content.size, content.etag, self._clock.time(), content.checksums, incoming.name)
        connection.execute("INSERT INTO files (name) VALUES (?)", (incoming.name,))
        connection.execute(
            f"INSERT OR REPLACE INTO parts (upload, {_PART_COLUMNS}) VALUES (?,?,?,?,?,?,?)",  # noqa: S608
            (
                upload.id,
                number,
                part.size,
                part.etag,
                part.modified,
                orjson.dumps(dict(part.checksums)).decode(),
                part.file,
            ),
        )
        return part

    def parts(self, connection: sqlite3.Connection, upload_id: str, after: int = 0, limit: int = -1) -> list[Part]:
        """The parts whose numbers are greater than `after`, in order."""
        rows = connection.execute(
            f"SELECT {_PART_COLUMNS} FROM parts WHERE upload = ? AND number > ? ORDER BY number LIMIT ?",  # noqa: S608
            (upload_id, after, limit),
        )
        return [
            Part(number, size, etag, modified, orjson.loads(checksums), file)
            for number, size, etag, modified, checksums, file in rows
        ]

    def complete(
        self,
        connection: sqlite3.Connection,
        dead: list[str],
        bucket_name: str,
        key: str,
        upload_id: str,
        listed: Sequence[CompletedPart],
        conditions: Conditions = NO_CONDITIONS,
        expected: Mapping[str, str] | None = None,
        size: int | None = None,
    ) -> StoredObject:
        """Makes the listed parts an object; asking again with the same list gives the same object.

        Args:
            expected: the checksum of the whole object by algorithm, as the client knows it.
            size: of the whole object, as the client knows it.

        Raises:
            NoSuchUpload, InvalidPart, InvalidPartOrder, EntityTooSmall, BadDigest, PreconditionFailed.
        """
        request = orjson.dumps([[part.number, part.etag] for part in listed]).decode()
        if (again := self._completed(connection, bucket_name, key, upload_id, request)) is not None:
            return again
        upload = self.find(connection, bucket_name, key, upload_id)
        parts = self.parts(connection, upload_id)
        chosen = _choose(upload, {part.number: part for part in parts}, listed)
        content = _assemble(upload, chosen, expected or {})
        if size is not None and size != content.size:
            raise InvalidRequest(
                f"The provided 'x-amz-mp-object-size' header value {size} does not match what was computed:"
                f" {content.size}"
            )
        stored = self._writes.put(connection, dead, bucket_name, key, content, upload.attributes, conditions)
        used = {part.file for part in chosen}
        self._writes.bury(connection, dead, [part.file for part in parts if part.file not in used])
        connection.execute("DELETE FROM parts WHERE upload = ?", (upload_id,))
        connection.execute(
            "UPDATE uploads SET completed = ?, request = ? WHERE id = ?", (stored.id, request, upload_id)
        )
        return stored

    def abort(
        self, connection: sqlite3.Connection, dead: list[str], bucket_name: str, key: str, upload_id: str
    ) -> None:
        """Gives up an upload and its parts.

        Raises:
            NoSuchUpload: there is none.
        """
        upload = self.find(connection, bucket_name, key, upload_id)
        self._writes.bury(connection, dead, [part.file for part in self.parts(connection, upload.id)])
        connection.execute("DELETE FROM parts WHERE upload = ?", (upload.id,))
        connection.execute("DELETE FROM uploads WHERE id = ?", (upload.id,))

    def uploads(
        self, connection: sqlite3.Connection, bucket_name: str, start: bytes, end: bytes, after_id: str, limit: int
    ) -> list[Upload]:
        """Uploads in progress by key and time.

        Args:
            start: the first key; with `after_id`, only uploads of it that sort behind that id.
            end: the first key that is too great.
        """
        bucket = self._buckets.require_in(connection, bucket_name)
        rows = connection.execute(
            f"SELECT {_UPLOAD_COLUMNS} FROM uploads INDEXED BY uploads_open"  # noqa: S608
            " WHERE bucket = ? AND completed IS NULL AND (key, id) > (?, ?) AND key < ? ORDER BY key, id LIMIT ?",
            (bucket.id, start, after_id, end, limit),
        )
        return [_upload(bucket_name, row) for row in rows]

    def _completed(
        self, connection: sqlite3.Connection, bucket_name: str, key: str, upload_id: str, request: str
    ) -> StoredObject | None:
        bucket = self._buckets.require_in(connection, bucket_name)
        row = connection.execute(
            f"SELECT {OBJECT_COLUMNS} FROM objects WHERE id = (SELECT completed FROM uploads"  # noqa: S608
            " WHERE id = ? AND bucket = ? AND key = ? AND request = ?)",
            (upload_id, bucket.id, key.encode(), request),
        ).fetchone()
        return object_from_row(bucket_name, row) if row else None


def _choose(upload: Upload, stored: Mapping[int, Part], listed: Sequence[CompletedPart]) -> list[Part]:
    """The stored parts that the client listed, checked one by one."""
    numbers = [part.number for part in listed]
    if any(later <= earlier for earlier, later in itertools.pairwise(numbers)):
        raise InvalidPartOrder(UploadId=upload.id)
    if upload.checksum_type == "COMPOSITE" and numbers != list(range(1, len(numbers) + 1)):
        raise InvalidPart(UploadId=upload.id, PartNumber=_first_gap(numbers))
    chosen: list[Part] = []
    for index, part in enumerate(listed):
        found = stored.get(part.number)
        if found is None or found.etag != part.etag.strip('"'):
            raise InvalidPart(UploadId=upload.id, PartNumber=part.number, ETag=part.etag)
        for algorithm, value in part.checksums.items():
            if found.checksums.get(algorithm) != value:
                raise InvalidPart(UploadId=upload.id, PartNumber=part.number, ETag=part.etag)
        if found.size < SMALLEST_PART_BYTES and index < len(listed) - 1:
            raise EntityTooSmall(
                ProposedSize=found.size, MinSizeAllowed=SMALLEST_PART_BYTES, PartNumber=part.number, ETag=part.etag
            )
        chosen.append(found)
    return chosen


def _first_gap(numbers: Sequence[int]) -> int:
    return next(index for index, number in enumerate([*numbers, 0], start=1) if number != index)


def _assemble(upload: Upload, parts: Sequence[Part], expected: Mapping[str, str]) -> Content:
    """The object that the parts make."""
    algorithm = upload.algorithm
    if upload.checksum_type == "COMPOSITE":
        whole = composite(algorithm, [part.checksums[algorithm] for part in parts])
    else:
        whole = combine(algorithm, [(part.checksums[algorithm], part.size) for part in parts])
    other = next((name for name in expected if name != algorithm), None)
    if other is not None:
        raise InvalidRequest(
            f"Checksum Type mismatch occurred, expected checksum Type: {algorithm.lower()},"
            f" actual checksum Type: {other.lower()}"
        )
    wanted = expected.get(algorithm)
    if wanted is not None and wanted not in (whole, whole.rpartition("-")[0] or whole):
        raise BadDigest(f"The {algorithm} you specified did not match the calculated checksum.")
    return Content(
        size=sum(part.size for part in parts),
        etag=multipart_etag([part.etag for part in parts]),
        checksums={algorithm: whole},
        segments=[Segment(part.file, part.size, part.number, 0, part.checksums) for part in parts],
        checksum_type=upload.checksum_type,
        part_count=len(parts),
    )


def _upload(bucket_name: str, row: tuple[Any, ...]) -> Upload:
    values = orjson.loads(row[3])
    return Upload(
        id=row[0],
        bucket=bucket_name,
        key=row[1].decode(),
        created=row[2],
        attributes=Attributes(**values["attributes"], tags=values["tags"]),
        algorithm=values["algorithm"],
        checksum_type=values["checksum_type"],
        explicit=values["explicit"],
    )
