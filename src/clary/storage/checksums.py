"""MD5 and S3's additional checksums: computed piece by piece, combined over parts."""

from __future__ import annotations

import base64
import hashlib
import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from awscrt import checksums as crt

ALGORITHMS = (
    "CRC32",
    "CRC32C",
    "CRC64NVME",
    "SHA1",
    "SHA256",
    "SHA512",
    "MD5",
    "XXHASH64",
    "XXHASH3",
    "XXHASH128",
)
DEFAULT_ALGORITHM = "CRC64NVME"

_Crc = Callable[[Any, int], int]
_CRC: Mapping[str, tuple[_Crc, Callable[[int, int, int], int], int]] = {
    # zlib's CRC32 gives up the interpreter lock; awscrt's is used for combining
    "CRC32": (zlib.crc32, crt.combine_crc32, 4),
    "CRC32C": (crt.crc32c, crt.combine_crc32c, 4),
    "CRC64NVME": (crt.crc64nvme, crt.combine_crc64nvme, 8),
}


class _XxHash:
    """One of awscrt's hashes with the methods of hashlib's."""

    def __init__(self, make: Callable[[], Any]) -> None:
        self._hash = make()

    def update(self, data: bytes) -> None:
        self._hash.update(data)

    def digest(self) -> bytes:
        return bytes(self._hash.finalize())


_HASHES: Mapping[str, Callable[[], Any]] = {
    "SHA1": lambda: hashlib.sha1(usedforsecurity=False),
    "SHA256": hashlib.sha256,
    "SHA512": hashlib.sha512,
    "MD5": lambda: hashlib.md5(usedforsecurity=False),
    "XXHASH64": lambda: _XxHash(crt.XXHash.new_xxhash64),
    "XXHASH3": lambda: _XxHash(crt.XXHash.new_xxhash3_64),
    "XXHASH128": lambda: _XxHash(crt.XXHash.new_xxhash3_128),
}
DIGEST_BYTES: Mapping[str, int] = {
    "CRC32": 4,
    "CRC32C": 4,
    "CRC64NVME": 8,
    "SHA1": 20,
    "SHA256": 32,
    "SHA512": 64,
    "MD5": 16,
    "XXHASH64": 8,
    "XXHASH3": 8,
    "XXHASH128": 16,
}


class Hasher:
    """Computes MD5 and the named checksums of bytes that arrive in pieces.

    Args:
        algorithms: some of `ALGORITHMS`.
    """

    __slots__ = ("_crcs", "_hashes", "_md5")

    def __init__(self, algorithms: Iterable[str] = ()) -> None:
        self._md5 = hashlib.md5(usedforsecurity=False)
        self._crcs: dict[str, int] = {}
        self._hashes: dict[str, Any] = {}
        for name in algorithms:
            if name in _CRC:
                self._crcs[name] = 0
            else:
                self._hashes[name] = _HASHES[name]()

    def update(self, data: bytes) -> None:
        """Takes the next piece."""
        self._md5.update(data)
        for name, value in self._crcs.items():
            self._crcs[name] = _CRC[name][0](data, value)
        for hashing in self._hashes.values():
            hashing.update(data)

    @property
    def md5(self) -> bytes:
        """The MD5 digest, 16 bytes."""
        return self._md5.digest()

    def checksums(self) -> dict[str, str]:
        """The checksums, base64 by algorithm."""
        found = {name: _encode_crc(name, value) for name, value in self._crcs.items()}
        for name, hashing in self._hashes.items():
            found[name] = base64.b64encode(hashing.digest()).decode()
        return found


def checksum(algorithm: str, data: bytes) -> str:
    """The checksum of `data`, base64."""
    if algorithm in _CRC:
        return _encode_crc(algorithm, _CRC[algorithm][0](data, 0))
    hashing = _HASHES[algorithm]()
    hashing.update(data)
    return base64.b64encode(hashing.digest()).decode()


def is_checksum(algorithm: str, text: str) -> bool:
    """Whether `text` is the base64 form of a checksum of that algorithm."""
    try:
        return len(base64.b64decode(text, validate=True)) == DIGEST_BYTES[algorithm]
    except ValueError:
        return False


def can_combine(algorithm: str) -> bool:
    """Whether the checksum of a whole follows from those of its parts (the CRCs)."""
    return algorithm in _CRC


def combine(algorithm: str, parts: Sequence[tuple[str, int]]) -> str:
    """The checksum of the whole from those of its parts.

    Args:
        algorithm: one for which `can_combine` holds.
        parts: base64 checksum and size in bytes of each part, in order.
    """
    _, join, width = _CRC[algorithm]
    value = 0
    for index, (text, size) in enumerate(parts):
        part = int.from_bytes(base64.b64decode(text), "big")
        value = part if index == 0 else join(value, part, size)
    return base64.b64encode(value.to_bytes(width, "big")).decode()


def composite(algorithm: str, parts: Sequence[str]) -> str:
    """The checksum of the parts' checksums, followed by "-N"."""
    joined = b"".join(base64.b64decode(text) for text in parts)
    return f"{checksum(algorithm, joined)}-{len(parts)}"


def multipart_etag(etags: Sequence[str]) -> str:
    """The ETag of a multipart object: the MD5 of its parts' MD5s, followed by "-N"."""
    joined = b"".join(bytes.fromhex(etag) for etag in etags)
    return f"{hashlib.md5(joined, usedforsecurity=False).hexdigest()}-{len(etags)}"


def _encode_crc(algorithm: str, value: int) -> str:
    return base64.b64encode(value.to_bytes(_CRC[algorithm][2], "big")).decode()
