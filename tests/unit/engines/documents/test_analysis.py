"""What the engine's host answers of whole documents."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image, ImageDraw

from clary.engines.documents.analysis import upright
from clary.engines.documents.contract import Box, Line, Page, Word
from clary.engines.documents.host import load
from clary.engines.documents.plain_values import from_plain
from clary.engines.documents.understanding import Understanding
from tests.clients.textract_desk import FIELDS, PAPERS, TABLE, form


def test_what_was_not_asked_for_is_empty():
    engine = load()
    answer = engine.analyze(form(), ["tables"])
    found = from_plain(Understanding, answer["understanding"])
    assert [[cell.text for cell in found.tables[0].cells]] == [[text for row in TABLE for text in row]]
    assert not (found.key_values or found.layout or found.answers or found.signatures)


def test_fields_and_answers_are_found_together():
    questions = [{"text": "What is the membership number?"}, {"text": "Who painted the ceiling?"}]
    answer = load().analyze(form(), ["forms", "queries", "layout"], questions)
    found = from_plain(Understanding, answer["understanding"])
    values = {field.key.text.rstrip(":"): field.value.text for field in found.key_values if field.value}
    assert {name: values.get(name) for name, _ in FIELDS} == dict(FIELDS)
    assert [(one.question, one.passage.text) for one in found.answers] == [(0, "C-20817")]
    assert found.layout and not found.tables


def test_pages_that_were_read_before_are_not_read_again():
    engine = load()
    invoice = PAPERS.invoice(*PAPERS.INVOICES["tea.pdf"])
    pages = engine.read(invoice)
    other = PAPERS.pdf(PAPERS.Sheet().text(50, 50, "nothing"))
    assert engine.expense(other, pages) == engine.expense(invoice)
    assert engine.lending(other, pages)["results"] == engine.lending(invoice)["results"]


@pytest.mark.parametrize(("degrees", "to_sent"), [(90.0, (0, -1, 1, 1, 0, 0)), (180.0, (-1, 0, 1, 0, -1, 1))])
def test_a_picture_is_turned_as_its_page_was(degrees, to_sent):
    picture = Image.new("RGB", (80, 50), "white")
    ImageDraw.Draw(picture).rectangle((5, 5, 20, 10), fill="black")
    sent = np.asarray(picture.rotate(-degrees, expand=True))
    page = Page(1, 80.0, 50.0, (Line((Word("x", Box(0, 0, 1, 1), 1.0),), Box(0, 0, 1, 1)),), degrees, to_sent)
    assert np.abs(upright(sent, page).astype(int) - np.asarray(picture.convert("L")).astype(int)).max() <= 1


def test_two_pictures_are_two_pages():
    def card(text: str) -> bytes:
        picture = Image.new("RGB", (400, 80), "white")
        ImageDraw.Draw(picture).text((20, 20), text, fill="black", font_size=28)
        written = io.BytesIO()
        picture.save(written, "PNG")
        return written.getvalue()

    answer = load().identity([card("PASSPORT"), card("Nationality")])
    assert [page["number"] for page in answer["pages"]] == [1, 2]
