from __future__ import annotations

import base64
import hashlib
import zlib

import pytest

from clary.storage.checksums import ALGORITHMS, Hasher, can_combine, checksum, combine, composite, is_checksum

DATA = b"The quick brown fox jumps over the lazy dog" * 1000


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_pieces_give_the_checksum_of_the_whole(algorithm):
    hasher = Hasher([algorithm])
    for start in range(0, len(DATA), 777):
        hasher.update(DATA[start : start + 777])
    assert hasher.checksums() == {algorithm: checksum(algorithm, DATA)}
    assert hasher.md5 == hashlib.md5(DATA).digest()
    assert is_checksum(algorithm, checksum(algorithm, DATA))


@pytest.mark.parametrize(
    ("algorithm", "expected"),
    [
        ("CRC32", "cbf43926"),
        ("CRC32C", "e3069283"),
        ("CRC64NVME", "ae8b14860a799888"),
        ("SHA1", hashlib.sha1(b"123456789").hexdigest()),
        ("XXHASH64", "8cb841db40e6ae83"),
    ],
)
def test_checksums_are_those_that_the_world_agrees_on(algorithm, expected):
    assert base64.b64decode(checksum(algorithm, b"123456789")).hex() == expected


@pytest.mark.parametrize("algorithm", [name for name in ALGORITHMS if can_combine(name)])
def test_checksums_of_parts_combine_to_that_of_the_whole(algorithm):
    parts = [DATA[:100], DATA[100:20_000], b"", DATA[20_000:]]
    whole = combine(algorithm, [(checksum(algorithm, part), len(part)) for part in parts])
    assert whole == checksum(algorithm, DATA)


def test_a_composite_checksum_is_that_of_the_checksums():
    parts = [zlib.crc32(part).to_bytes(4, "big") for part in (b"a", b"b")]
    expected = base64.b64encode(zlib.crc32(b"".join(parts)).to_bytes(4, "big")).decode() + "-2"
    assert composite("CRC32", [base64.b64encode(part).decode() for part in parts]) == expected


@pytest.mark.parametrize("text", ["", "!", "AAAA", base64.b64encode(b"12345").decode()])
def test_what_is_not_a_checksum_is_told_apart(text):
    assert not is_checksum("CRC32", text)
