"""S3 locations as SageMaker's requests write them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from clary.core.errors import ValidationException

_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_HOST = re.compile(r"(?:(?P<bucket>.+)\.)?s3[.-](?:[a-z0-9-]+\.)?amazonaws\.com(?:\.cn)?")


@dataclass(frozen=True, slots=True)
class Location:
    """A bucket and a key or prefix in it."""

    bucket: str
    key: str

    def __str__(self) -> str:
        return f"s3://{self.bucket}/{self.key}"

    def below(self, path: str) -> str:
        """The address of `path` below this prefix, whether or not the prefix ends with a slash."""
        prefix = self.key.rstrip("/")
        return f"s3://{self.bucket}/{prefix}/{path}" if prefix else f"s3://{self.bucket}/{path}"


def location(uri: str, member: str) -> Location:
    """Reads `s3://BUCKET/KEY` and the https addresses of S3.

    Args:
        member: where the request says it ("OutputDataConfig.S3OutputPath"), for the message.

    Raises:
        ValidationException: it is not an address in S3.
    """
    bucket, key = _parts(uri)
    if not _BUCKET.fullmatch(bucket):
        raise ValidationException(f"Invalid S3 URI in {member}: {uri!r}. The form is s3://BUCKET/KEY.")
    return Location(bucket, key)


def _parts(uri: str) -> tuple[str, str]:
    scheme, _, rest = uri.partition("://")
    if scheme == "s3":
        bucket, _, key = rest.partition("/")
        return bucket, key
    parts = urlsplit(uri)
    host = _HOST.fullmatch(parts.hostname or "")
    if scheme != "https" or host is None:
        return "", ""
    path = unquote(parts.path.removeprefix("/"))
    if host["bucket"]:
        return host["bucket"], path
    bucket, _, key = path.partition("/")
    return bucket, key
