"""Multipart uploads as their callers see them: begin, add parts, complete or abort, list."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from clary.core.http import ByteStream
from clary.storage.object_listing import after_prefix
from clary.storage.object_multipart import MultipartWrites
from clary.storage.object_reading import Source
from clary.storage.object_values import Attributes, CompletedPart, Integrity, Part, StoredObject, Upload
from clary.storage.object_writes import NO_CONDITIONS, Conditions, Content
from clary.storage.objects import NO_INTEGRITY, Objects


class Uploads:
    """Multipart uploads of an object store; its promises are those of `Objects`."""

    def __init__(self, objects: Objects) -> None:
        self._objects = objects
        self._writes = MultipartWrites(objects.buckets, objects.writes, objects.clock)

    def create(
        self,
        bucket: str,
        key: str,
        attributes: Attributes,
        algorithm: str | None = None,
        checksum_type: str | None = None,
    ) -> Upload:
        """Begins an upload.

        Args:
            algorithm: the checksum of its parts; CRC64NVME of the whole object by default.
            checksum_type: "COMPOSITE" or "FULL_OBJECT"; the algorithm's usual one by default.

        Raises:
            NoSuchBucket, AccessDenied (a mirror).
        """
        return self._objects.transact(
            lambda connection, _: self._writes.create(connection, bucket, key, attributes, algorithm, checksum_type)
        )

    def find(self, bucket: str, key: str, upload_id: str) -> Upload:
        """The upload in progress; raises `NoSuchUpload`."""
        return self._writes.find(self._objects.database.read(), bucket, key, upload_id)

    async def put_part(
        self, upload: Upload, number: int, body: ByteStream, integrity: Integrity = NO_INTEGRITY
    ) -> Part:
        """Stores a part; one of the same number is replaced.

        Raises:
            NoSuchUpload, BadDigest, IncompleteBody, EntityTooLarge, InsufficientStorage.
        """
        checked = _with_algorithm(integrity, upload.algorithm)
        content = await self._objects.receiver.receive(body, checked, into_file=True)
        return await self._objects.transact_async(
            lambda connection, dead: self._writes.put_part(connection, dead, upload, number, content), content
        )

    def copy_part(self, upload: Upload, number: int, source: Source, start: int, end: int) -> Part:
        """Stores the bytes of another object from `start` to before `end` as a part."""
        integrity = _with_algorithm(NO_INTEGRITY, upload.algorithm)
        content = self._objects.receiver.copy_source(source, start, end, integrity, into_file=True)
        return self._commit_part(upload, number, content)

    def parts(self, upload: Upload, after: int = 0, limit: int = 1000) -> list[Part]:
        """The parts whose numbers are greater than `after`, in order."""
        return self._writes.parts(self._objects.database.read(), upload.id, after, limit)

    def complete(
        self,
        bucket: str,
        key: str,
        upload_id: str,
        parts: Sequence[CompletedPart],
        *,
        conditions: Conditions = NO_CONDITIONS,
        expected: Mapping[str, str] | None = None,
        size: int | None = None,
    ) -> StoredObject:
        """Makes the listed parts an object; asking again with the same list gives the same object.

        Args:
            expected: the checksum of the whole object, by algorithm.
            size: bytes of the whole object.

        Raises:
            NoSuchUpload, InvalidPart, InvalidPartOrder, EntityTooSmall, BadDigest, PreconditionFailed.
        """
        return self._objects.transact(
            lambda connection, dead: self._writes.complete(
                connection, dead, bucket, key, upload_id, parts, conditions, expected, size
            )
        )

    def abort(self, bucket: str, key: str, upload_id: str) -> None:
        """Gives up an upload and its parts; raises `NoSuchUpload`."""
        self._objects.transact(lambda connection, dead: self._writes.abort(connection, dead, bucket, key, upload_id))

    def list(
        self, bucket: str, prefix: str = "", key_marker: str = "", id_marker: str = "", limit: int = 1000
    ) -> list[Upload]:
        """Uploads in progress by key and time.

        Args:
            key_marker: exclusive; with `id_marker`, uploads of that key that sort behind that id come too.
        """
        start, after_id = prefix.encode(), ""
        if key_marker and key_marker.encode() >= start:
            start, after_id = key_marker.encode(), id_marker
            if not id_marker:
                start += b"\x00"
        return self._writes.uploads(
            self._objects.database.read(), bucket, start, after_prefix(prefix.encode()), after_id, limit
        )

    def _commit_part(self, upload: Upload, number: int, content: Content) -> Part:
        return self._objects.transact(
            lambda connection, dead: self._writes.put_part(connection, dead, upload, number, content), content
        )


def _with_algorithm(integrity: Integrity, algorithm: str) -> Integrity:
    if algorithm in integrity.algorithms:
        return integrity
    return Integrity((*integrity.algorithms, algorithm), integrity.expected, integrity.md5)
