from __future__ import annotations

import io

import pytest
from PIL import Image

from clary.engines.jpeg_scans import MOST_SCANS, MOST_SEGMENTS, has_too_many_scans


@pytest.fixture(scope="module")
def progressive() -> bytes:
    data = io.BytesIO()
    Image.effect_noise((64, 64), 80).convert("RGB").save(data, "JPEG", progressive=True)
    return data.getvalue()


def last_scan(jpeg: bytes) -> bytes:
    return jpeg[jpeg.rindex(b"\xff\xda") : -2]


def test_an_encoder_s_scans_are_few(progressive: bytes) -> None:
    assert 5 < progressive.count(b"\xff\xda") < MOST_SCANS
    assert not has_too_many_scans(progressive)


def test_scans_are_counted_up_to_the_picture_s_end(progressive: bytes) -> None:
    many = last_scan(progressive) * (MOST_SCANS + 1)
    assert has_too_many_scans(progressive[:-2] + many + progressive[-2:])
    assert has_too_many_scans(progressive[:-2] + many)  # cut short
    assert not has_too_many_scans(progressive + many)  # a telephone's film behind its picture


def test_what_looks_like_a_scan_within_a_segment_is_none(progressive: bytes) -> None:
    comment = b"\xff\xda" * 1000
    held = b"\xff\xfe" + (len(comment) + 2).to_bytes(2) + comment
    assert not has_too_many_scans(progressive[:2] + held + progressive[2:])


def test_endless_segments_count_as_too_many(progressive: bytes) -> None:
    empty = b"\xff\xfe\x00\x02" * MOST_SEGMENTS
    assert has_too_many_scans(progressive[:2] + empty + progressive[2:])


@pytest.mark.parametrize("data", [b"", b"\xff", b"\xff\xd8", b"\xff\xd8\xff\xda", b"\xff\xd8\xff\xda\x00"])
def test_hardly_anything_has_not_too_many(data: bytes) -> None:
    assert not has_too_many_scans(data)
