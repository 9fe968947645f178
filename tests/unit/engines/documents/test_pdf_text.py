"""The text layer of a PDF is taken at its word; pixels are read only where there is no text."""

from __future__ import annotations

import threading
import time

import pytest

from clary.engines.documents.contract import Origin, Page
from clary.engines.documents.ocr import Ocr
from clary.engines.documents.reading import Reader
from clary.engines.refusals import Refused
from tests.unit.engines.documents.papers_made import TEXT, letter, pdf, pdf_of_pictures, pdf_with_picture


def page_of(reader: Reader, data: bytes, number: int = 1) -> Page:
    (sheet,) = reader.read(data, number, number)
    return sheet.page


def test_words_and_boxes_are_those_of_the_file(reader: Reader) -> None:
    page = page_of(reader, pdf([["Total due: 1,204.75", "Thank you"]], size=20))
    assert [line.text for line in page.lines] == ["Total due: 1,204.75", "Thank you"]
    assert page.origin is Origin.TEXT_LAYER
    assert {word.confidence for word in page.words} == {1.0}
    first = next(page.words)
    assert first.text == "Total"
    assert first.box.left * 612 == pytest.approx(72, abs=1)
    assert first.box.bottom * 792 == pytest.approx(72, abs=1)  # the base line, 72 points below the top edge
    assert first.box.height * 792 == pytest.approx(14.5, abs=1)  # Helvetica's capitals


def test_no_model_is_needed_for_text(monkeypatch: pytest.MonkeyPatch) -> None:
    class Blind(Ocr):
        def __init__(self) -> None:
            pass

    page = page_of(Reader(Blind()), pdf([TEXT]))
    assert " ".join(line.text for line in page.lines) == " ".join(TEXT)


@pytest.mark.parametrize("turn", [90, 180, 270])
def test_a_page_that_is_shown_turned_is_given_upright_with_the_way_back(reader: Reader, turn: int) -> None:
    page = page_of(reader, pdf([TEXT], turn=turn))
    assert [line.text for line in page.lines] == list(TEXT)
    assert page.rotation_degrees == turn
    first = page.lines[0]
    assert first.box.top < 0.15
    (x, y), (to_x, to_y) = page.as_sent(first.box)[:2]
    runs = {90: (0, 1), 180: (-1, 0), 270: (0, -1)}[turn]
    assert ((to_x > x + 0.05) - (to_x < x - 0.05), (to_y > y + 0.05) - (to_y < y - 0.05)) == runs


def test_letters_set_apart_with_care_are_words_by_their_distance(reader: Reader) -> None:
    # no space is in the file: the second string stands 80 points further right
    data = pdf([["left"]]).replace(b"(left) Tj", b"(left) Tj 80 0 Td (right) Tj")
    words = [word.text for word in page_of(reader, data.replace(b"/Length 35", b"/Length 60")).words]
    assert words == ["left", "right"]


def test_a_scan_is_read_from_its_pixels(reader: Reader) -> None:
    page = page_of(reader, pdf_of_pictures([letter(), letter(["Second page here"])]), 2)
    assert [line.text for line in page.lines] == ["Second page here"]
    assert (page.number, page.origin) == (2, Origin.PICTURE)


def test_a_picture_on_a_page_of_text_is_read_too(reader: Reader) -> None:
    data = pdf_with_picture(["Written by a machine"], letter(["Printed on a picture"], size=40, height=300))
    page = page_of(reader, data)
    assert page.origin is Origin.MIXED
    lines = {line.text: line for line in page.lines}
    assert set(lines) == {"Written by a machine", "Printed on a picture"}
    assert lines["Printed on a picture"].box.top > 0.6
    assert {word.origin for word in lines["Printed on a picture"].words} == {Origin.PICTURE}


def test_text_that_is_not_painted_is_not_believed(reader: Reader) -> None:
    hidden = pdf([["invisible words"]]).replace(b" Tf 72", b" Tf 3 Tr 72")
    hidden = hidden.replace(b"/Length 48", b"/Length 53")
    assert list(page_of(reader, hidden).words) == []


def test_pages_of_text_come_faster_than_thirty_a_second(reader: Reader) -> None:
    line = "The quick brown fox jumps over the lazy dog and then rests for a while in the shade"
    data = pdf([[line] * 28] * 30)
    list(reader.read(data, 1, 2))
    begin = time.process_time()
    assert len(list(reader.read(data))) == 30
    assert time.process_time() - begin < 2.0  # one second is the promise; the machine may be busy


def test_pages_beyond_the_last_end_the_reading_and_a_first_page_beyond_it_is_refused(reader: Reader) -> None:
    assert len(list(reader.read(pdf([["a"], ["b"]]), 2, 9))) == 1
    with pytest.raises(Refused, match="2 pages"):
        list(reader.read(pdf([["a"], ["b"]]), 3))


def test_pixels_of_a_sheet_can_be_had_when_its_document_is_closed(reader: Reader) -> None:
    (sheet,) = reader.read(pdf([["one"]]))
    assert sheet.pixels(100).shape == (1100, 850, 3)
    assert sheet.pixels(100) is sheet.pixels(100)


def test_several_threads_may_read_one_document(reader: Reader) -> None:
    data = pdf([[f"page {number}"] for number in range(8)])
    found: dict[int, str] = {}

    def read(number: int) -> None:
        found[number] = page_of(reader, data, number).lines[0].text

    threads = [threading.Thread(target=read, args=(number,)) for number in range(1, 9)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert found == {number: f"page {number - 1}" for number in range(1, 9)}


def test_a_text_layer_can_be_left_aside_for_the_pixels(reader: Reader) -> None:
    data = pdf([["Total due: 1,204.75"]], size=20)
    (sheet,) = reader.read(data, from_pixels=True)
    assert sheet.page.origin is Origin.PICTURE
    assert {word.origin for word in sheet.page.words} == {Origin.PICTURE}
    assert [line.text for line in sheet.page.lines] == ["Total due: 1,204.75"]
    assert sheet.page.notes["text_layer"] == 1.0
