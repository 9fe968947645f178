"""The documents that requests bring or name: bytes, or an object that the caller may read."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from clary.core.call import Call
from clary.core.errors import ServiceError
from clary.services.textract.errors import (
    DocumentTooLargeException,
    InvalidParameterException,
    InvalidS3ObjectException,
    UnsupportedDocumentException,
)
from clary.storage.caller_access import CallerAccess
from clary.storage.object_reading import Source

MOST_BYTES_AT_ONCE = 10 << 20
"""What a synchronous operation reads, and a picture has anywhere."""
MOST_BYTES_OF_A_JOB = 500 << 20
"""What a PDF or TIFF file has that is read asynchronously."""
MOST_PAGES_OF_A_JOB = 3000
_BEGINNINGS = {b"\xff\xd8\xff": "JPEG", b"\x89PNG\r\n\x1a\n": "PNG", b"II*\0": "TIFF", b"MM\0*": "TIFF"}
_PDF_WITHIN = 1024  # readers of PDF forgive so much in front of the header


def format_of(beginning: bytes) -> str:
    """What kind of file begins so: "JPEG", "PNG", "TIFF" or "PDF".

    Raises:
        UnsupportedDocumentException: none of them.
    """
    for start, name in _BEGINNINGS.items():
        if beginning.startswith(start):
            return name
    if b"%PDF-" in beginning[:_PDF_WITHIN]:
        return "PDF"
    raise UnsupportedDocumentException(why="it is none of JPEG, PNG, TIFF and PDF")


class Sources:
    """Reads documents with the rights of whoever asks.

    Args:
        access: reaches S3's objects as the caller.
    """

    def __init__(self, access: CallerAccess) -> None:
        self._access = access

    def document(self, call: Call, document: Mapping[str, Any], member: str = "Document") -> bytes:
        """The bytes of a document that an operation answers for at once.

        Args:
            document: a `Document` of a request.
            member: what the request calls it.

        Raises:
            InvalidParameterException: not exactly one of Bytes and S3Object is given, or the object is not named whole.
            InvalidS3ObjectException: the object is not there, or the caller may not read it.
            DocumentTooLargeException: it has more than 10 MB.
            UnsupportedDocumentException: it is of none of the four formats.
        """
        if ("Bytes" in document) == ("S3Object" in document):
            raise InvalidParameterException(rule=f"{member} needs exactly one of Bytes and S3Object.")
        if "Bytes" in document:
            content: bytes = document["Bytes"]
        else:
            content = self.read(call, document["S3Object"], MOST_BYTES_AT_ONCE, f"{member}.S3Object")
        format_of(content[:_PDF_WITHIN])
        return content

    def read(self, call: Call, place: Mapping[str, str], most_bytes: int, member: str) -> bytes:
        """The bytes of an object.

        Raises:
            InvalidParameterException, InvalidS3ObjectException: as `document`.
            DocumentTooLargeException: it has more than `most_bytes`.
        """
        source = self._find(call, place, member)
        try:
            _check_size(source.stored.size, most_bytes)
            with source.file() as file:
                return file.read()
        finally:
            source.close()

    def stage(self, call: Call, place: Mapping[str, str], path: Path, member: str) -> None:
        """Writes a document that is to be read by a job to a new file.

        Raises:
            InvalidParameterException, InvalidS3ObjectException, UnsupportedDocumentException: as `document`.
            DocumentTooLargeException: it has more than 500 MB, or 10 MB of a picture.
        """
        source = self._find(call, place, member)
        try:
            with source.file() as file:
                name = format_of(file.read(_PDF_WITHIN))
            _check_size(source.stored.size, MOST_BYTES_OF_A_JOB if name in ("PDF", "TIFF") else MOST_BYTES_AT_ONCE)
        finally:
            source.close()
        self.save(call, place, path, member)

    def save(self, call: Call, place: Mapping[str, str], path: Path, member: str) -> None:
        """Writes an object to a new file; returns when it is on disk.

        Raises:
            InvalidParameterException, InvalidS3ObjectException: as `document`.
        """
        self._find(call, place, member).save(path, durable=True)

    def check_writable(self, call: Call, bucket: str, key: str) -> None:
        """Checks that the caller may store an object.

        Raises:
            InvalidS3ObjectException: the bucket is not there, or the caller may not.
        """
        try:
            self._access.require_writable(call, bucket, key)
        except ServiceError as error:
            raise InvalidS3ObjectException(
                f"Unable to put the output to S3. Check bucket name, region and/or access permissions: {bucket}: "
                f"{error.message}"
            ) from error

    def _find(self, call: Call, place: Mapping[str, str], member: str) -> Source:
        for name in ("Bucket", "Name"):
            if not place.get(name):
                raise InvalidParameterException(rule=f"{member}.{name} is missing.")
        try:
            return self._access.source(call, place["Bucket"], place["Name"], place.get("Version"))
        except ServiceError as error:
            raise InvalidS3ObjectException from error


def _check_size(size_bytes: int, most_bytes: int) -> None:
    if size_bytes > most_bytes:
        raise DocumentTooLargeException(why=f"it has {size_bytes} bytes, and {most_bytes} are read at most")
