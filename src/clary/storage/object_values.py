"""The values that `Objects` takes and gives: buckets, objects, parts, listings. No behaviour beyond reading them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import orjson

NULL_VERSION = "null"
_NONE: Mapping[str, Any] = {}


@dataclass(frozen=True, slots=True)
class Bucket:
    """A bucket.

    Attributes:
        id: never used twice, so that a new bucket of an old name has none of its objects.
        created: seconds since 1970, UTC.
        settings: JSON-compatible values by name ("policy", "cors", "versioning": "Enabled" | "Suspended",
            "mirror": the folder it shows, ...).
    """

    id: int
    name: str
    account: str
    region: str
    created: float
    settings: Mapping[str, Any]

    @property
    def versioning(self) -> str:
        """ "Enabled", "Suspended", or "" when versioning was never enabled."""
        return str(self.settings.get("versioning", ""))

    @property
    def arn(self) -> str:
        """The bucket's ARN."""
        return f"arn:aws:s3:::{self.name}"


@dataclass(frozen=True, slots=True)
class Attributes:
    """What a writer says of an object beside its bytes.

    Attributes:
        headers: HTTP headers to repeat to readers ("Content-Type", "Cache-Control", ...).
        metadata: user metadata, names without "x-amz-meta-".
        encryption: what the writer asked for ("ServerSideEncryption", "SSEKMSKeyId", "BucketKeyEnabled").
        owner: the writer's account.
    """

    headers: Mapping[str, str] = field(default_factory=dict)
    metadata: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    storage_class: str = "STANDARD"
    encryption: Mapping[str, Any] = field(default_factory=dict)
    owner: str = ""
    acl: str = ""

    def to_json(self) -> dict[str, Any]:
        """JSON-compatible values; what has its default is left out."""
        values: dict[str, Any] = {
            "headers": dict(self.headers),
            "metadata": dict(self.metadata),
            "storage_class": "" if self.storage_class == "STANDARD" else self.storage_class,
            "encryption": dict(self.encryption),
            "owner": self.owner,
            "acl": self.acl,
        }
        return {name: value for name, value in values.items() if value}


@dataclass(frozen=True, slots=True)
class Integrity:
    """How a writer wants the bytes checked.

    Attributes:
        algorithms: checksums to compute and keep ("CRC32", "SHA256", ...); CRC64NVME when there is none.
        expected: checksums that the bytes must have, base64, by algorithm.
        md5: the digest that the bytes must have (Content-MD5), raw.
    """

    algorithms: tuple[str, ...] = ()
    expected: Mapping[str, str] = field(default_factory=dict)
    md5: bytes | None = None


@dataclass(frozen=True, slots=True)
class Segment:
    """A file, or the part of an object that a file holds.

    Attributes:
        file: a generated name inside the store, or the absolute path of a mirrored file.
        number: the part's number, 0 for an object that was put whole.
        modified_ns: a mirrored file's modification time when it was added, 0 inside the store.
        checksums: the part's own checksums.
    """

    file: str
    size: int
    number: int = 0
    modified_ns: int = 0
    checksums: Mapping[str, str] = field(default_factory=dict)

    def to_json(self) -> list[Any]:
        """A JSON-compatible row."""
        return [self.file, self.size, self.number, self.modified_ns, dict(self.checksums)]

    @classmethod
    def from_json(cls, row: list[Any]) -> Segment:
        """Reads what `to_json` wrote."""
        return cls(row[0], row[1], row[2], row[3], row[4])


class StoredObject(NamedTuple):
    """One version of an object, or a delete marker. A named tuple, because a listing makes a thousand of them.

    Attributes:
        size: bytes.
        etag: without quotes.
        modified: seconds since 1970, UTC.
        version_id: "null" where versioning is not enabled.
        checksums: base64 by algorithm; a composite one ends in "-N".
        checksum_type: "FULL_OBJECT" or "COMPOSITE".
        part_count: parts of a multipart upload, 0 otherwise.
        id: grows with every write of the store; a newer version has a greater one.
    """

    bucket: str
    key: str
    size: int
    etag: str
    modified: float
    version_id: str = NULL_VERSION
    metadata: Mapping[str, str] = _NONE
    headers: Mapping[str, str] = _NONE
    checksums: Mapping[str, str] = _NONE
    checksum_type: str = "FULL_OBJECT"
    tags: Mapping[str, str] = _NONE
    storage_class: str = "STANDARD"
    encryption: Mapping[str, Any] = _NONE
    owner: str = ""
    acl: str = ""
    is_latest: bool = True
    is_delete_marker: bool = False
    part_count: int = 0
    id: int = 0


@dataclass(frozen=True, slots=True)
class Listing:
    """A page of keys in the order of their UTF-8 bytes.

    Attributes:
        prefixes: the keys up to the delimiter after the prefix, each once.
        next_after: `after` of the next page, None at the end.
    """

    objects: list[StoredObject]
    prefixes: list[str]
    next_after: str | None


@dataclass(frozen=True, slots=True)
class VersionListing:
    """A page of versions and delete markers: by key, the newest first.

    Attributes:
        next_key, next_version: the markers of the next page; None at the end.
    """

    versions: list[StoredObject]
    prefixes: list[str]
    next_key: str | None
    next_version: str | None


@dataclass(frozen=True, slots=True)
class Upload:
    """A multipart upload in progress.

    Attributes:
        algorithm: the checksum that its parts carry, "CRC64NVME" by default.
        checksum_type: "COMPOSITE" or "FULL_OBJECT".
        attributes: of the object it will become.
        explicit: whether the client chose the algorithm.
    """

    id: str
    bucket: str
    key: str
    created: float
    attributes: Attributes
    algorithm: str
    checksum_type: str
    explicit: bool


@dataclass(frozen=True, slots=True)
class Part:
    """An uploaded part; `file` is its name inside the store."""

    number: int
    size: int
    etag: str
    modified: float
    checksums: Mapping[str, str]
    file: str


@dataclass(frozen=True, slots=True)
class CompletedPart:
    """What a client says of a part when it completes an upload."""

    number: int
    etag: str
    checksums: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Deleted:
    """What a deletion did.

    Attributes:
        version_id: the version that was removed, or the delete marker that was made; None without versioning.
        is_delete_marker: whether that version is a delete marker.
    """

    version_id: str | None = None
    is_delete_marker: bool = False


def object_from_row(bucket: str, row: tuple[Any, ...]) -> StoredObject:
    """Builds an object from the columns `OBJECT_COLUMNS` of its row."""
    identity, key, version, latest, marker, size, etag, modified, meta, tags = row
    get = orjson.loads(meta).get
    return StoredObject(
        bucket,
        key.decode(),
        size,
        etag,
        modified,
        version,
        get("metadata", _NONE),
        get("headers", _NONE),
        get("checksums", _NONE),
        get("checksum_type", "FULL_OBJECT"),
        orjson.loads(tags) if tags else _NONE,
        get("storage_class", "STANDARD"),
        get("encryption", _NONE),
        get("owner", ""),
        get("acl", ""),
        latest != 0,
        marker != 0,
        get("part_count", 0),
        identity,
    )


OBJECT_COLUMNS = "id, key, version, latest, marker, size, etag, modified, meta, tags"
