"""The pictures that requests bring or name: bytes, or an object that the caller may read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from clary.core.call import Call
from clary.core.errors import ServiceError
from clary.services.rekognition.errors import (
    ImageTooLargeException,
    InvalidImageFormatException,
    InvalidParameterException,
    InvalidS3ObjectException,
)
from clary.services.rekognition.picture_size import size_of
from clary.services.rekognition.shelf import INVALID
from clary.storage.caller_access import CallerAccess
from clary.storage.object_reading import Source

MOST_BYTES_SENT = 5 << 20
MOST_BYTES_IN_S3 = 15 << 20
SHORTEST_SIDE = 80
_JPEG = b"\xff\xd8\xff"
_PNG = b"\x89PNG\r\n\x1a\n"


class Pictures:
    """Reads what requests mean by `Image`, and other objects, with the caller's rights.

    Args:
        access: reaches S3's objects as the caller.
    """

    def __init__(self, access: CallerAccess) -> None:
        self._access = access

    def read(self, call: Call, image: Mapping[str, Any], shortest_side: int = SHORTEST_SIDE) -> bytes:
        """The bytes of a picture that looks like a JPEG or PNG file.

        Args:
            image: an `Image` of a request: `Bytes` or `S3Object`.
            shortest_side: what each of its sides needs, in pixels.

        Raises:
            InvalidParameterException: neither or both are given, the object is not named whole, or the picture is too
                small.
            InvalidS3ObjectException: the object is not there, or the caller may not read it.
            ImageTooLargeException: more than 5 MB are sent, or more than 15 MB lie in S3.
            InvalidImageFormatException: it is neither JPEG nor PNG.
        """
        if ("Bytes" in image) == ("S3Object" in image):
            raise InvalidParameterException(f"{INVALID}: an image needs either Bytes or S3Object.")
        if "Bytes" in image:
            content: bytes = image["Bytes"]
            if len(content) > MOST_BYTES_SENT:
                raise ImageTooLargeException
        else:
            content = self.read_object(call, image["S3Object"], MOST_BYTES_IN_S3)
        if not content.startswith((_JPEG, _PNG)):
            raise InvalidImageFormatException
        size = size_of(content)
        if size is not None and min(size) < shortest_side:
            raise InvalidParameterException(
                f"{INVALID}: the image is {size[0]} x {size[1]} pixels; each side needs at least {shortest_side}."
            )
        return content

    def read_object(self, call: Call, place: Mapping[str, str], most_bytes: int) -> bytes:
        """The bytes of an object.

        Args:
            place: an `S3Object` of a request.

        Raises:
            InvalidParameterException, InvalidS3ObjectException: as `find`.
            ImageTooLargeException: it has more than `most_bytes`.
        """
        source = self.find(call, place)
        try:
            if source.stored.size > most_bytes:
                raise ImageTooLargeException
            with source.file() as file:
                return file.read()
        finally:
            source.close()

    def read_lines(self, call: Call, place: Mapping[str, str], most_bytes: int, longest: int) -> Iterator[bytes]:
        """The lines of an object, read as they are asked for.

        Args:
            longest: bytes of a line; one that is longer comes cut, a byte longer than that.

        Raises:
            InvalidParameterException, InvalidS3ObjectException, ImageTooLargeException: as `read_object`.
        """
        source = self.find(call, place)
        try:
            if source.stored.size > most_bytes:
                raise ImageTooLargeException
            with source.file() as file:
                yield from iter(lambda: file.readline(longest + 1), b"")
        finally:
            source.close()

    def find(self, call: Call, place: Mapping[str, str]) -> Source:
        """An object whose bytes stay readable until the source is closed.

        Raises:
            InvalidParameterException: bucket or name are missing.
            InvalidS3ObjectException: it is not there, or the caller may not read it.
        """
        if not place.get("Bucket") or not place.get("Name"):
            raise InvalidParameterException(f"{INVALID}: an S3Object needs Bucket and Name.")
        try:
            return self._access.source(call, place["Bucket"], place["Name"], place.get("Version"))
        except ServiceError as error:
            raise InvalidS3ObjectException from error

    def require_writable(self, call: Call, bucket: str, key: str) -> None:
        """Checks that the caller may store an object.

        Raises:
            InvalidParameterException: the bucket is not there, or the caller may not.
        """
        try:
            self._access.require_writable(call, bucket, key)
        except ServiceError as error:
            raise InvalidParameterException(f"{INVALID}: bucket {bucket}: {error.message}") from error
