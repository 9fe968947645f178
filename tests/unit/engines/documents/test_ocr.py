"""Pixels become words in their places, however the page lies."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont, ImageOps

from clary.engines.documents.contract import Box, Page
from clary.engines.documents.host import load
from clary.engines.documents.reading import Reader
from tests.unit.engines.documents.papers_made import TEXT, encoded, letter, pdf_of_pictures, pixels, printed


def read(reader: Reader, page: Image.Image) -> Page:
    (sheet,) = reader.read(encoded(page, "PNG"))
    return sheet.page


def texts(page: Page) -> list[str]:
    return [line.text for line in page.lines]


def box_of(page: Page, text: str) -> Box:
    return next(word.box for word in page.words if word.text == text)


def test_a_clean_page_is_read_word_by_word(reader: Reader) -> None:
    page = read(reader, letter())
    assert texts(page) == list(TEXT)
    assert all(word.confidence > 0.5 for word in page.words)
    assert (page.width, page.height, page.rotation_degrees) == (900, 640, 0)


def test_a_box_is_close_to_the_ink_of_its_word(reader: Reader) -> None:
    picture = Image.new("L", (900, 300), 255)
    pen, font = ImageDraw.Draw(picture), ImageFont.load_default(30)
    places = {}
    for text, across in (("alpha", 60), ("bravo", 300), ("charlie", 600)):
        pen.text((across, 120), text, 0, font)
        places[text] = pen.textbbox((across, 120), text, font)
    page = read(reader, picture)
    for text, place in places.items():
        box = box_of(page, text)
        found = (box.left * 900, box.top * 300, box.right * 900, box.bottom * 300)
        assert np.abs(np.subtract(found, place)).max() < 4, (text, found, place)


@pytest.mark.parametrize("turn", [90, 180, 270])
def test_a_page_that_lies_or_stands_on_its_head_is_turned_once(reader: Reader, turn: int) -> None:
    upright = letter()
    page = read(reader, upright.rotate(-turn, expand=True))  # PIL turns the other way round
    assert texts(page) == list(TEXT)
    assert page.rotation_degrees == turn
    assert (page.width, page.height) == (900, 640)
    box = Box.around(page.as_sent(box_of(page, "Invoice")))
    expected = {90: (1 - 0.11, 0.12), 180: (0.88, 0.89), 270: (0.11, 0.88)}[turn]
    assert box.centre == pytest.approx(expected, abs=0.04)


@pytest.mark.parametrize("degrees", [-7.0, 4.0])
def test_a_skewed_page_is_levelled(reader: Reader, degrees: float) -> None:
    page = read(reader, letter().rotate(-degrees, expand=True, fillcolor=255, resample=Image.Resampling.BICUBIC))
    assert texts(page) == list(TEXT)
    turned = (page.rotation_degrees + 180) % 360 - 180
    assert turned == pytest.approx(degrees, abs=0.5)
    heights = [line.box.height * page.height for line in page.lines]
    assert max(heights) < 50  # a level line of this font; a skewed one would be twice as high


def test_a_slight_slant_leaves_the_lines_whole(reader: Reader) -> None:
    wide = letter(["one two three four five six seven eight nine ten eleven"] * 3, size=20)
    page = read(reader, wide.rotate(-0.8, fillcolor=255, resample=Image.Resampling.BICUBIC))
    assert [len(line.words) for line in page.lines] == [11, 11, 11]


def test_light_text_on_dark_ground_is_read(reader: Reader) -> None:
    assert texts(read(reader, ImageOps.invert(letter()))) == list(TEXT)


def test_small_print_is_read(reader: Reader) -> None:
    page = read(reader, letter(size=14, width=700, height=300))
    wanted = [word for line in TEXT for word in line.split()]
    found = [word.text for word in page.words]
    assert len(set(wanted) & set(found)) >= 0.9 * len(set(wanted))


def test_ruled_lines_and_boxes_to_tick_are_no_words(reader: Reader) -> None:
    picture = letter(["Name: Jane Doe", "Signed here"], height=300)
    pen = ImageDraw.Draw(picture)
    pen.rectangle((40, 40, 860, 200), outline=0, width=2)
    pen.line((40, 115, 860, 115), 0, 2)
    pen.rectangle((600, 130, 622, 152), outline=0, width=2)
    page = read(reader, picture)
    assert [word.text for word in page.words] == ["Name:", "Jane", "Doe", "Signed", "here"]
    assert box_of(page, "Name:").height * 300 < 40


def test_a_wide_gap_parts_words_even_where_no_space_was_read(reader: Reader) -> None:
    picture = Image.new("L", (700, 120), 255)
    pen, font = ImageDraw.Draw(picture), ImageFont.load_default(30)
    pen.text((40, 40), "RESEARCH", 0, font)
    end = pen.textlength("RESEARCH", font) + 40
    pen.text((end + 16, 40), "CENTER", 0, font)
    assert [word.text for word in read(reader, picture).words] == ["RESEARCH", "CENTER"]


def test_an_empty_page_has_no_words(reader: Reader) -> None:
    page = read(reader, Image.new("L", (600, 400), 255))
    assert (page.lines, page.rotation_degrees) == ((), 0.0)


@pytest.mark.parametrize("size", [(1, 1), (3, 900), (2000, 4)])
def test_the_narrowest_pictures_have_no_words(reader: Reader, size: tuple[int, int]) -> None:
    assert list(read(reader, Image.new("L", size, 200)).words) == []


@pytest.mark.parametrize(
    "text",
    ["Rechnung über fünf Bücher", "Numéro déjà payé à Genève", "Año de España y mañana", "Conceição não é São"],
)
def test_languages_with_accents_keep_them(reader: Reader, text: str) -> None:
    assert texts(read(reader, printed([text, text, text]))) == [text] * 3


def test_signs_on_a_photograph_are_read_where_they_hang(reader: Reader) -> None:
    street = Image.effect_noise((800, 500), 40).convert("RGB")
    sign = Image.new("RGB", (300, 90), (20, 60, 160))
    ImageDraw.Draw(sign).text((30, 15), "HARBOUR", (255, 255, 255), ImageFont.load_default(50))
    street.paste(sign.rotate(12, expand=True, fillcolor=(20, 60, 160)), (350, 200))
    page = reader.scene(encoded(street, "JPEG", quality=92))
    (word,) = [word for word in page.words if word.text == "HARBOUR"]
    assert 0.4 < word.box.centre[0] < 0.85
    (x, y), (to_x, to_y) = word.outline[:2]
    assert to_y < y - 0.02  # it rises to the right
    assert to_x > x


def test_the_hosts_calls_give_plain_values_that_come_back_as_pages() -> None:
    engine = load()
    data = pdf_of_pictures([letter(), letter(["Second"])])
    assert engine.inspect(data) == {"format": "pdf", "pages": 2}
    first, second = (Page.from_value(value) for value in engine.read(data))
    assert texts(first) == list(TEXT)
    assert second.number == 2
    assert Page.from_value(first.to_value()) == first
    scene = Page.from_value(engine.detect_scene_text(encoded(letter(["STOP"], size=60), "JPEG")))
    assert texts(scene) == ["STOP"]


def test_the_same_page_is_read_the_same_twice(reader: Reader) -> None:
    one, other = (reader.scene_of(pixels(letter())) for _ in range(2))
    assert one == other
