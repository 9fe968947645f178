"""Damaged files are answered or refused: never a crash, a hang or memory that is kept."""

from __future__ import annotations

import random
import time

import psutil
import pytest

from clary.engines.documents.analysis import analysed
from clary.engines.documents.expense import find_expenses
from clary.engines.documents.pages import open_document
from clary.engines.documents.reading import Reader
from clary.engines.documents.understanding import Question
from clary.engines.refusals import Refused
from tests.unit.engines.documents.papers_made import encoded, letter, pdf, pdf_of_pictures

SMALL = letter(["Fuzz 123"], size=20, width=160, height=90)
SEEDS = {
    "png": encoded(SMALL, "PNG"),
    "jpeg": encoded(SMALL.convert("RGB"), "JPEG"),
    "tiff": encoded(
        SMALL.convert("1"), "TIFF", compression="group4", save_all=True, append_images=[SMALL.convert("1")]
    ),
    "tiff-lzw": encoded(SMALL.convert("RGB"), "TIFF", compression="tiff_lzw"),
    "tiff-cmyk": encoded(SMALL.convert("CMYK"), "TIFF", compression="tiff_deflate"),
    "progressive": encoded(SMALL.convert("RGB"), "JPEG", progressive=True),
    "cmyk": encoded(SMALL.convert("CMYK"), "JPEG"),
    "palette": encoded(SMALL.convert("P"), "PNG"),
    "one-bit": encoded(SMALL.convert("1"), "PNG"),
    "animated": encoded(
        SMALL.convert("RGB"), "PNG", save_all=True, append_images=[SMALL.convert("RGB").rotate(180)], loop=0
    ),
    "pdf": pdf([["Fuzz 123", "second line"], ["another page"]]),
    "scan": pdf_of_pictures([SMALL]),
}
REASONS = {"unsupported-format", "bad-document", "encrypted-document", "too-large", "too-many-pages"}
SLOWEST_SECONDS = 20


def damaged(data: bytes, dice: random.Random) -> bytes:
    """The file with some bytes changed, cut out, doubled or swapped for others that mean something to parsers."""
    body = bytearray(data)
    for _ in range(dice.choice((1, 2, 8, 40))):
        if len(body) < 64:
            break
        at, what = dice.randrange(len(body)), dice.randrange(12)
        if what < 4:
            body[at] = dice.randrange(256)
        elif what < 6:
            del body[at : at + dice.randrange(1, 64)]
        elif what < 8:
            body[at:at] = body[at : at + dice.randrange(1, 64)]
        elif what < 11:
            body[at : at + 4] = dice.choice((b"\xff\xff\xff\xff", b"\0\0\0\0", b"\x7f\xff\xff\xff", b"-999"))
        else:
            body = body[: max(at, 12)]
    return bytes(body)


def looked_at(data: bytes) -> str:
    """What becomes of a file: its kind, or the reason of its refusal."""
    try:
        with open_document(data) as document:
            for number in range(1, min(document.count, 3) + 1):
                assert document.pixels(number, 40).dtype == "uint8"
            return document.format
    except Refused as refusal:
        assert refusal.reason in REASONS
        assert refusal.message
        assert " at 0x" not in refusal.message
        return refusal.reason


@pytest.mark.parametrize("name", SEEDS)
def test_damaged_files_are_painted_or_refused(name: str) -> None:
    dice = random.Random(name)
    outcomes = set()
    for _ in range(80):
        begin = time.monotonic()
        outcomes.add(looked_at(damaged(SEEDS[name], dice)))
        assert time.monotonic() - begin < SLOWEST_SECONDS
    assert outcomes & REASONS, "none was damaged enough to say anything"


def test_damaged_pdfs_are_read_or_refused(reader: Reader) -> None:
    dice = random.Random("read")
    for _ in range(40):
        try:
            for sheet in reader.read(damaged(SEEDS["pdf"], dice), 1, 2):
                for word in sheet.page.words:
                    assert 0 <= word.box.left <= word.box.right <= 1
                    assert 0 <= word.box.top <= word.box.bottom <= 1
        except Refused as refusal:
            assert refusal.reason in REASONS | {"no-such-page"}


def test_damaged_scans_are_understood_or_refused(reader: Reader) -> None:
    dice, features = random.Random("understand"), ("forms", "tables", "layout", "signatures", "queries")
    for name in ("scan", "jpeg", "one-bit"):
        for _ in range(6):
            try:
                for sheet in reader.read(damaged(SEEDS[name], dice), 1, 1):
                    understood = analysed(sheet, features, [Question("What is the number?")])
                    assert all(0 <= one.key.confidence <= 1 for one in understood.key_values)
                    find_expenses([sheet.page])
            except Refused as refusal:
                assert refusal.reason in REASONS


@pytest.mark.parametrize("name", SEEDS)
def test_a_file_that_ends_anywhere_is_painted_or_refused(name: str) -> None:
    data = SEEDS[name]
    for at in range(0, len(data), max(1, len(data) // 40)):
        assert looked_at(data[:at])


def test_noise_after_a_signature_is_refused() -> None:
    dice = random.Random("noise")
    for signature in (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff\xe0", b"II*\0", b"MM\0*", b"%PDF-1.7\n"):
        for _ in range(20):
            assert looked_at(signature + dice.randbytes(dice.randrange(2000))) in REASONS


def test_pictures_of_noise_have_places_on_the_page(reader: Reader) -> None:
    dice = random.Random("pixels")
    for _ in range(4):
        picture = letter(["".join(map(chr, dice.choices(range(33, 127), k=12)))], size=30, width=400, height=150)
        data = encoded(picture.rotate(dice.uniform(0, 360), fillcolor=dice.randrange(256)), "PNG")
        for sheet in reader.read(data):
            for word in sheet.page.words:
                assert all(0 <= ratio <= 1 for corner in sheet.page.as_sent(word.outline) for ratio in corner)
                assert 0 <= word.confidence <= 1


def test_documents_that_were_read_are_not_kept() -> None:
    process = psutil.Process()
    large = encoded(letter(width=2000, height=2000), "PNG")
    scan = pdf_of_pictures([letter(width=1500, height=1500)])

    def look() -> None:
        for data in (large, scan, scan[:-400], large[:-100]):
            looked_at(data)

    for _ in range(5):
        look()
    before = process.memory_info().rss
    for _ in range(40):
        look()
    grown = (process.memory_info().rss - before) / 2**20
    assert grown < 60, f"{grown:.0f} MiB after 160 documents"
