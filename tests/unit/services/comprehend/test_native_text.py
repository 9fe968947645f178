"""Pages as text with offsets and blocks; documents that come as bytes; engines that cannot answer."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from clary.compute.engine_hosts.hosts import EngineBusy, EngineFailed
from clary.engines.documents.contract import Box, Line, Origin, Page, Word
from clary.engines.refusals import Refused
from clary.services.comprehend.analyses import ANALYSES
from clary.services.comprehend.document_reading import MOST_DOCUMENT_BYTES, DocumentReading
from clary.services.comprehend.errors import (
    InternalServerException,
    InvalidRequestException,
    TextSizeLimitExceededException,
    ThrottlingException,
)
from clary.services.comprehend.native_text import PageText, entities_on_page
from clary.services.comprehend.programs.embeddings import KeptEmbeddings
from clary.services.comprehend.reading import Reading


def line(text: str, top: float) -> Line:
    box = Box(0.1, top, 0.9, top + 0.1)
    return Line(tuple(Word(word, box, 1.0) for word in text.split()), box)


PAGE = Page(2, 612, 792, (line("Send the pump", 0.1), line("BM 4711 now", 0.3)), origin=Origin.TEXT_LAYER)


class Engine:
    """Stands for the engines: does what it is told."""

    def __init__(self, does: Any) -> None:
        self.does = does

    def call(self, family: str, method: str, *, timeout_seconds: float = 1.0, **arguments: Any) -> Any:
        if isinstance(self.does, Exception):
            raise self.does
        return self.does[method]


def test_a_piece_of_a_page_is_told_by_lines_and_words() -> None:
    page = PageText.of(PAGE)
    assert page.text == "Send the pump\nBM 4711 now"
    names = {block["Id"]: block["Text"] for block in page.blocks}
    begin = page.text.index("pump")
    references = page.references(begin, page.text.index("4711") + 4)
    assert [names[one["BlockId"]] for one in references] == ["Send the pump", "BM 4711 now"]
    assert [(one["BeginOffset"], one["EndOffset"]) for one in references] == [(9, 13), (0, 7)]
    words = [names[child["ChildBlockId"]] for one in references for child in one["ChildBlocks"]]
    assert words == ["pump", "BM", "4711"]
    assert {block["Page"] for block in page.blocks} == {2}
    (cut,) = page.references(begin + 1, begin + 3)
    assert [(one["BeginOffset"], one["EndOffset"]) for one in cut["ChildBlocks"]] == [(1, 3)]


def test_entities_of_plain_text_keep_their_offsets() -> None:
    found = [{"type": "PART", "text": "BM", "begin": 3, "end": 5, "score": 0.5}]
    (entity,) = entities_on_page(PageText(1, "a  BM"), found)
    assert (entity["BeginOffset"], entity["EndOffset"]) == (3, 5)
    assert "BlockReferences" not in entity


def test_documents_are_read_by_what_they_are() -> None:
    engine = Engine({"inspect": {"pages": 1}, "read": [PAGE.to_value()]})
    assert DocumentReading(engine).read(b"%PDF-1.7 ...").types == ["NATIVE_PDF"]
    assert DocumentReading(engine).read(b"\x89PNG ...").types == ["IMAGE"]
    plain = DocumentReading(engine).read(b"\xef\xbb\xbfplain")
    assert (plain.pages[0].text, plain.is_plain) == ("plain", True)


@pytest.mark.parametrize(
    ("content", "detail"),
    [
        (b"x" * (MOST_DOCUMENT_BYTES + 1), "DOCUMENT_SIZE_EXCEEDED"),
        (b"\xd0\xcf\x11\xe0 word", "UNSUPPORTED_DOC_TYPE"),
        (b"\xff\xfe\x00 no text", "UNSUPPORTED_DOC_TYPE"),
        (b"%PDF-1.7 long", "PAGE_LIMIT_EXCEEDED"),
    ],
)
def test_what_is_no_document_is_refused_with_its_reason(content: bytes, detail: str) -> None:
    engine = Engine(Refused("too-many-pages", "It has 900 pages."))
    with pytest.raises(InvalidRequestException) as refused:
        DocumentReading(engine).read(content)
    assert refused.value.details == {"Reason": "INVALID_DOCUMENT", "Detail": {"Reason": detail}}
    with pytest.raises(TextSizeLimitExceededException):
        DocumentReading(engine).read(b"x" * 100_001)


@pytest.mark.parametrize(
    ("failure", "error"), [(EngineBusy("full"), ThrottlingException), (EngineFailed("dead"), InternalServerException)]
)
def test_engines_that_cannot_answer_are_told_as_the_api_s_errors(failure: Exception, error: type[Exception]) -> None:
    with pytest.raises(error):
        Reading(Engine(failure)).one(ANALYSES["sentiment"], "text", "en")
    with pytest.raises(error):
        DocumentReading(Engine(failure)).read(b"%PDF-1.7")


def test_embeddings_of_a_killed_training_are_not_made_again(tmp_path: Path) -> None:
    made: list[str] = []

    def embed(texts: Sequence[str]) -> Any:
        made.extend(texts)
        return np.array([[len(text)] for text in texts], dtype=np.float32)

    texts = [f"document {number}" for number in range(600)]
    first = KeptEmbeddings(tmp_path, embed)(texts)
    assert np.array_equal(KeptEmbeddings(tmp_path, embed)([*texts, "new"])[:600], first)
    assert len(made) == 600 + 89  # the last, shorter block is another one now
