"""Image manifests: what one says, in Docker's and in the OCI's media types."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from typing import Any

DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json"
OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
OCI_INDEX = "application/vnd.oci.image.index.v1+json"
LISTS = frozenset({DOCKER_LIST, OCI_INDEX})
MEDIA_TYPES = frozenset({DOCKER_MANIFEST, OCI_MANIFEST}) | LISTS
LARGEST_BYTES = 4 << 20
_LARGEST_BLOB_BYTES = 1 << 44
"""More than any layer has; the sizes of the most that a manifest can name still add up to a number of 64 bits."""

_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


class InvalidManifest(ValueError):
    """The text is not a manifest that can be stored; the message says why."""


@dataclass(frozen=True, slots=True)
class Descriptor:
    """A blob or manifest that a manifest refers to.

    Attributes:
        size: bytes, as the manifest says.
        is_foreign: whether it is fetched from elsewhere, so that the registry need not have it.
        platform: "linux/amd64" of an index's entry, "" where it says none.
    """

    digest: str
    size: int
    media_type: str = ""
    is_foreign: bool = False
    platform: str = ""


@dataclass(frozen=True, slots=True)
class Manifest:
    """A parsed manifest.

    Attributes:
        text: exactly as it was pushed: its digest is that of these bytes.
        config: of an image, None for a list.
        layers: of an image, base first.
        children: the manifests of a list.
        subject: the digest of the manifest it is attached to, "" for none.
    """

    text: bytes
    media_type: str
    config: Descriptor | None = None
    layers: tuple[Descriptor, ...] = ()
    children: tuple[Descriptor, ...] = ()
    artifact_type: str = ""
    subject: str = ""

    @property
    def digest(self) -> str:
        """ "sha256:..." of its text."""
        return "sha256:" + hashlib.sha256(self.text).hexdigest()

    @property
    def blobs(self) -> tuple[Descriptor, ...]:
        """What the repository must have before the manifest may be pushed."""
        own = (self.config, *self.layers) if self.config is not None else self.layers
        return tuple(blob for blob in own if not blob.is_foreign)

    @property
    def size_bytes(self) -> int:
        """The compressed size of its config and layers."""
        return len(self.text) + sum(blob.size for blob in self.blobs)


def parse_manifest(text: bytes, media_type: str = "") -> Manifest:
    """Reads a manifest.

    Args:
        media_type: as its sender named it; what the manifest says of itself must not differ.

    Raises:
        InvalidManifest: it is none, or one of a kind that is not stored.
    """
    if len(text) > LARGEST_BYTES:
        raise InvalidManifest(f"the manifest has {len(text)} bytes; at most {LARGEST_BYTES} are taken")
    try:
        value = json.loads(text.decode())  # UTF-8 alone: `json` would take UTF-16, which nobody could read again
        _encoded(value)
    except (ValueError, RecursionError) as error:
        raise InvalidManifest(f"the manifest is not JSON: {error}") from error
    if not isinstance(value, dict) or value.get("schemaVersion") != 2:
        raise InvalidManifest("the manifest must be a JSON object with schemaVersion 2")
    kind = _media_type(value, media_type)
    try:
        if kind in LISTS:
            children = tuple(_descriptor(entry) for entry in value["manifests"])
            return Manifest(text, kind, children=children, artifact_type=_artifact_type(value))
        config = _descriptor(value["config"])
        layers = tuple(_descriptor(entry) for entry in value["layers"])
        subject = _descriptor(value["subject"]).digest if value.get("subject") else ""
        artifact = _artifact_type(value) or config.media_type
    except (KeyError, TypeError, AttributeError) as error:
        raise InvalidManifest(f"the manifest of type {kind} is not complete: {error!r}") from error
    return Manifest(text, kind, config, layers, artifact_type=artifact, subject=subject)


def is_digest(text: str) -> bool:
    """Whether the text is a digest that is supported: "sha256:" and 64 hexadecimal digits."""
    return _DIGEST.fullmatch(text) is not None


def _encoded(value: Any) -> bytes:
    """The value as UTF-8.

    Raises:
        UnicodeEncodeError: there is half a surrogate pair in it, which can neither be stored nor told again.
    """
    return json.dumps(value, ensure_ascii=False).encode()


def _media_type(value: dict[str, Any], sent: str) -> str:
    own = value.get("mediaType", "")
    sent = sent.partition(";")[0].strip()
    if not isinstance(own, str) or (own and sent in MEDIA_TYPES and own != sent):
        raise InvalidManifest(f"the manifest says that it is {own!r}, its sender that it is {sent!r}")
    kind = own or (sent if sent in MEDIA_TYPES else "") or (OCI_INDEX if "manifests" in value else OCI_MANIFEST)
    if kind not in MEDIA_TYPES:
        raise InvalidManifest(
            f"manifests of the type {kind!r} are not stored; known are {', '.join(sorted(MEDIA_TYPES))}"
        )
    return kind


def _artifact_type(value: dict[str, Any]) -> str:
    kind = value.get("artifactType", "")
    return kind if isinstance(kind, str) else ""


def _descriptor(value: dict[str, Any]) -> Descriptor:
    digest, size = value["digest"], value["size"]
    if not isinstance(digest, str) or not is_digest(digest):
        raise InvalidManifest(f"{digest!r} is not a digest: sha256: and 64 hexadecimal digits are taken")
    if not isinstance(size, int) or isinstance(size, bool) or not 0 <= size <= _LARGEST_BLOB_BYTES:
        raise InvalidManifest(f"the size of {digest} is {size!r}; it must be a number of bytes up to 2^44")
    platform = value.get("platform") or {}
    named = "/".join(str(platform[key]) for key in ("os", "architecture", "variant") if platform.get(key))
    media_type = str(value.get("mediaType", ""))
    is_foreign = bool(value.get("urls")) or "foreign" in media_type or "nondistributable" in media_type
    return Descriptor(digest, size, media_type, is_foreign, named)
