"""Whatever comes in as a picture becomes pixels or is refused by name."""

from __future__ import annotations

import io
import random
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from clary.engines.refusals import Refused
from clary.engines.vision.pictures import MOST_PIXELS, WORKING_SIDE, decode


def encoded(image: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    data = io.BytesIO()
    image.save(data, kind, **options)
    return data.getvalue()


def halves() -> Image.Image:
    """40 x 20, red on the left, blue on the right."""
    pixels = np.zeros((20, 40, 3), np.uint8)
    pixels[:, :20, 0] = 255
    pixels[:, 20:, 2] = 255
    return Image.fromarray(pixels)


def png_that_claims(width: int, height: int) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(b"\0" * 100)), (b"IEND", b"")]
    body = b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data)) for name, data in chunks
    )
    return b"\x89PNG\r\n\x1a\n" + body


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_picture_stands_upright_whatever_its_exif_says(orientation: int) -> None:
    undo = {
        1: None, 2: Image.Transpose.FLIP_LEFT_RIGHT, 3: Image.Transpose.ROTATE_180, 4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE, 6: Image.Transpose.ROTATE_90, 7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }[orientation]  # fmt: skip
    stored = halves() if undo is None else halves().transpose(undo)
    exif = Image.Exif()
    exif[0x0112] = orientation
    picture = decode(encoded(stored, "JPEG", exif=exif, quality=95))
    assert picture.size == {"width": 40, "height": 20, "orientation": orientation}
    assert picture.rgb.shape == (20, 40, 3)
    assert picture.rgb[10, 5, 0] > 200 and picture.rgb[10, 35, 2] > 200


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "I;16", "CMYK"])
def test_every_mode_becomes_red_green_and_blue(mode: str) -> None:
    image = Image.new("L", (30, 30), 128)
    image = Image.new("I;16", (30, 30), 128 * 257) if mode == "I;16" else image.convert(mode)
    picture = decode(encoded(image, "JPEG" if mode == "CMYK" else "PNG"))
    assert picture.rgb.shape == (30, 30, 3) and picture.rgb.dtype == np.uint8
    if mode != "1":
        assert np.abs(picture.rgb.astype(int) - 128).max() <= 3


def test_what_is_transparent_shows_white() -> None:
    assert (decode(encoded(Image.new("RGBA", (20, 20), (255, 0, 0, 0)))).rgb == 255).all()


@pytest.mark.parametrize("size", [(60_000, 60_000), (12_000, 10_000)])
def test_a_bomb_is_refused_by_its_header(size: tuple[int, int]) -> None:
    with pytest.raises(Refused) as caught:
        decode(png_that_claims(*size))
    assert caught.value.reason == "too-large" and caught.value.details["limit"] == MOST_PIXELS


@pytest.mark.parametrize("size", [(1, 1), (1, 400), (400, 7)])
def test_a_picture_of_hardly_any_pixels_is_refused(size: tuple[int, int]) -> None:
    with pytest.raises(Refused) as caught:
        decode(encoded(Image.new("RGB", size)))
    assert caught.value.reason == "too-small" and caught.value.details["limit"] == 8


@pytest.mark.parametrize(
    "data",
    [b"", b"\xff\xd8", b"GIF89a" + b"\0" * 50, b"<svg/>", encoded(Image.new("RGB", (30, 30)), "GIF"),
     encoded(Image.new("RGB", (30, 30)), "BMP"), png_that_claims(0, 10), png_that_claims(50, 50)],
)  # fmt: skip
def test_what_is_no_whole_jpeg_or_png_is_refused(data: bytes) -> None:
    with pytest.raises(Refused) as caught:
        decode(data)
    assert caught.value.reason == "invalid-format"


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_a_picture_that_is_cut_short_is_refused(kind: str) -> None:
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 255, (64, 64, 3), np.uint8))
    data = encoded(noise, kind)
    for length in range(0, len(data) - 20, len(data) // 15):
        with pytest.raises(Refused):
            decode(data[:length])


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_a_damaged_picture_is_pixels_or_refused_and_nothing_else(kind: str) -> None:
    noise = Image.fromarray(np.random.default_rng(1).integers(0, 255, (48, 48, 3), np.uint8))
    good = encoded(noise, kind)
    dice = random.Random(7)
    for _ in range(300):
        data = bytearray(good)
        for _ in range(dice.randint(1, 12)):
            data[dice.randrange(len(data))] = dice.randrange(256)
        try:
            picture = decode(bytes(data))
        except Refused:
            continue
        assert picture.rgb.ndim == 3 and picture.rgb.shape[2] == 3


def test_a_jpeg_of_thousands_of_scans_is_refused_before_it_is_decoded() -> None:
    image = Image.effect_noise((64, 64), 80).convert("RGB")
    for whole in (
        encoded(image, "JPEG", progressive=True),
        encoded(image, "MPO", progressive=True, save_all=True, append_images=[image]),
    ):
        end = whole.index(b"\xff\xd9")
        last = whole[whole.rindex(b"\xff\xda", 0, end) : end]
        assert decode(whole).width == 64
        with pytest.raises(Refused, match="more than 100 scans") as refused:
            decode(whole[:end] + last * 1000 + whole[end:])
        assert refused.value.reason == "invalid-format"


def test_a_large_picture_is_reduced_and_keeps_its_size_in_words() -> None:
    picture = decode(encoded(Image.new("RGB", (7000, 900), "navy"), "JPEG"))
    assert picture.size["width"] == 7000 and max(picture.rgb.shape) <= WORKING_SIDE
    assert picture.rgb.shape[1] / picture.rgb.shape[0] == pytest.approx(7000 / 900, rel=0.01)


def test_a_reduced_picture_is_made_once() -> None:
    picture = decode(encoded(halves()))
    assert picture.within(20) is picture.within(20)
    assert picture.within(20).shape == (10, 20, 3)
