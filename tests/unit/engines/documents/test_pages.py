"""Whatever is sent is decoded within limits, or refused with a reason."""

from __future__ import annotations

import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from clary.engines.documents.pages import open_document
from clary.engines.documents.pictures import Limits
from clary.engines.refusals import Refused
from tests.unit.engines.documents.papers_made import encoded, letter, pdf


def refused(data: bytes, limits: Limits | None = None) -> Refused:
    with pytest.raises(Refused) as caught, open_document(data, limits or Limits()) as document:
        for number in range(1, document.count + 1):
            document.pixels(number, 72)
    return caught.value


def first_page(data: bytes) -> np.ndarray:
    with open_document(data) as document:
        return document.pixels(1, 72)


def dark_half(page: np.ndarray) -> str:
    """Which half of a page holds more ink."""
    ink = 255 - page.mean(axis=2)
    height, width = ink.shape
    sums = {
        "top": ink[: height // 2].sum(), "bottom": ink[height // 2 :].sum(),
        "left": ink[:, : width // 2].sum(), "right": ink[:, width // 2 :].sum(),
    }  # fmt: skip
    return max(sums, key=lambda side: sums[side])


def half_dark(mode: str = "L", size: tuple[int, int] = (80, 60)) -> Image.Image:
    page = Image.new("L", size, 255)
    page.paste(0, (0, 0, size[0], size[1] // 2))
    return page.convert(mode)


@pytest.mark.parametrize(
    ("mode", "kind", "options"),
    [
        ("1", "PNG", {}),
        ("L", "JPEG", {"progressive": True}),
        ("CMYK", "JPEG", {"quality": 95}),
        ("P", "PNG", {}),
        ("RGBA", "PNG", {}),
        ("1", "TIFF", {"compression": "group4"}),
        ("CMYK", "TIFF", {"compression": "tiff_lzw"}),
        ("I;16", "TIFF", {}),
        ("RGB", "TIFF", {"compression": "jpeg"}),
    ],
)
def test_pictures_of_every_colour_model_come_as_red_green_and_blue(mode: str, kind: str, options: dict) -> None:
    if mode == "I;16":
        grey = np.full((60, 80), 65535, np.uint16)
        grey[:30] = 0
        page = Image.fromarray(grey)
    else:
        page = half_dark(mode)
    painted = first_page(encoded(page, kind, **options))
    assert painted.shape == (60, 80, 3)
    assert painted.dtype == np.uint8
    assert painted[5].max() < 60
    assert painted[55].min() > 200


def test_what_is_transparent_is_white_paper() -> None:
    clear = Image.new("RGBA", (40, 30), (0, 0, 0, 0))
    assert first_page(encoded(clear, "PNG")).min() == 255


def test_a_photograph_is_turned_as_its_camera_says() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned clockwise
    painted = first_page(encoded(half_dark(), "JPEG", exif=exif.tobytes()))
    assert painted.shape[:2] == (80, 60)
    assert dark_half(painted) == "right"


def test_a_photograph_of_thousands_of_scans_is_refused() -> None:
    whole = encoded(half_dark(), "JPEG", progressive=True)
    last = whole[whole.rindex(b"\xff\xda") : -2]
    refusal = refused(whole[:-2] + last * 1000 + whole[-2:])
    assert (refusal.reason, "scans" in refusal.message) == ("bad-document", True)


def test_a_tiff_has_as_many_pages_as_pictures() -> None:
    first, *rest = [page.convert("1") for page in (letter(), half_dark(), letter())]
    data = encoded(first, "TIFF", save_all=True, append_images=rest, compression="group4")
    with open_document(data) as document:
        assert (document.format, document.count) == ("tiff", 3)
        assert document.pixels(2, 72).shape == (60, 80, 3)
        assert document.pixels(1, 72).shape == (640, 900, 3)


def test_an_animated_png_is_its_first_picture() -> None:
    data = encoded(half_dark("RGB"), "PNG", save_all=True, append_images=[Image.new("RGB", (80, 60), "red")])
    with open_document(data) as document:
        assert document.count == 1
        assert dark_half(document.pixels(1, 72)) == "top"


@pytest.mark.parametrize(
    "data", [b"hello", b"GIF89a" + b"\0" * 40, b"RIFF\0\0\0\0WEBP", b"\0" * 1000, b"BM" + b"\0" * 60]
)
def test_other_kinds_of_files_are_unsupported(data: bytes) -> None:
    assert refused(data).reason == "unsupported-format"


def test_an_empty_file_is_bad() -> None:
    assert refused(b"").reason == "bad-document"


def test_a_file_is_what_its_first_bytes_say() -> None:
    with open_document(b"\n\n" + pdf([["mislabelled"]])) as document:
        assert document.format == "pdf"


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "TIFF"])
def test_a_truncated_picture_is_bad(kind: str) -> None:
    data = encoded(letter().convert("RGB"), kind)
    refusal = refused(data[: len(data) // 2])
    assert refusal.reason == "bad-document"
    assert refusal.message


def test_a_picture_of_many_pixels_in_few_bytes_is_refused_before_it_is_made() -> None:
    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    head = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    data = (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0" * 1000)) + chunk(b"IEND", b"")
    )
    assert refused(data).reason == "too-large"


def test_a_large_picture_is_reduced_before_it_is_kept() -> None:
    data = encoded(Image.new("1", (4000, 3000), 1), "PNG")
    with open_document(data, Limits(most_kept_pixels=1_000_000)) as document:
        height, width, _ = document.pixels(1, 72).shape
    assert height * width <= 1_000_000
    assert width / height == pytest.approx(4 / 3, abs=0.01)


def test_more_pages_than_the_limit_are_refused_with_the_counts() -> None:
    refusal = refused(pdf([["one"], ["two"], ["three"]]), Limits(most_pages=2))
    assert (refusal.reason, refusal.details) == ("too-many-pages", {"pages": 3, "most_pages": 2})
    tiff = encoded(half_dark(), "TIFF", save_all=True, append_images=[half_dark()] * 3)
    assert refused(tiff, Limits(most_pages=2)).reason == "too-many-pages"


def test_a_pdf_of_ten_thousand_pages_is_refused() -> None:
    assert refused(pdf([["page"]] * 10_000)).reason == "too-many-pages"


def test_more_bytes_than_the_limit_are_refused() -> None:
    assert refused(encoded(letter(), "PNG"), Limits(most_bytes=100)).reason == "too-large"


def test_a_page_that_is_not_there_is_refused() -> None:
    with open_document(pdf([["one"]])) as document, pytest.raises(Refused) as caught:
        document.pixels(2, 72)
    assert caught.value.reason == "no-such-page"


def test_an_encrypted_pdf_is_refused() -> None:
    plain = pdf([["secret"]])
    key = b"<< /Filter /Standard /V 1 /R 2 /P -4 /O <%s> /U <%s> >>" % (b"41" * 32, b"42" * 32)
    extra = b" /Encrypt %s /ID [<00><00>]" % key
    assert refused(plain.replace(b"/Root 1 0 R", b"/Root 1 0 R" + extra)).reason == "encrypted-document"


def test_a_truncated_pdf_is_refused_or_repaired() -> None:
    data = pdf([["one"], ["two"]])
    assert refused(data[:40]).reason == "bad-document"


def test_a_huge_page_is_painted_within_the_limit() -> None:
    data = pdf([["poster"]]).replace(b"[0 0 612 792]", b"[0 0 14400 14400]")
    with open_document(data, Limits(most_kept_pixels=2_000_000)) as document:
        height, width, _ = document.pixels(1, 300).shape
    assert height * width <= 2_100_000


@pytest.mark.parametrize("data", [encoded(letter(), "PNG"), pdf([["one"]])])
def test_a_document_may_be_closed_twice(data: bytes) -> None:
    document = open_document(data)
    document.close()
    document.close()
