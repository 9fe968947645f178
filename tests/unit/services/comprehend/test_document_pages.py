"""Documents of every kind as pages, read as a DocumentReaderConfig says."""

import json
from pathlib import Path
from typing import Any

import pytest

from clary.engines.documents.contract import Box, Line, Origin, Page, Word
from clary.engines.refusals import Refused
from clary.services.comprehend.document_pages import check_reader, is_native, read_pages
from clary.services.comprehend.errors import InvalidRequestException
from clary.services.comprehend.native_text import PageText, entities_on_page, metadata
from clary.services.comprehend.programs import custom_entities, native_passage
from clary.services.comprehend.programs.classification import place
from clary.services.comprehend.programs.documents import Document, Position

DETECT = {"DocumentReadAction": "TEXTRACT_DETECT_DOCUMENT_TEXT"}
BOX = Box(0.1, 0.1, 0.9, 0.2)
LINE = Line((Word("hello", BOX, 1.0),), BOX)


class Engines:
    """Stands for the engines: one page, of a text layer or of pixels, as it is asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, dict[str, Any]]] = []

    def __call__(self, family: str, method: str, **arguments: Any) -> Any:
        self.asked.append((family, method, arguments))
        if method == "word_document":
            return [["Send pump BM 4711", "now"], ["second page"]]
        if method == "inspect":
            return {"pages": 1}
        if arguments["from_pixels"]:
            return [Page(1, 100, 100, (LINE,), origin=Origin.PICTURE, notes={"text_layer": 1.0}).to_value()]
        return [Page(1, 100, 100, (LINE,), origin=Origin.TEXT_LAYER).to_value()]


def test_a_text_layer_is_left_aside_only_where_the_read_action_is_forced() -> None:
    engines = Engines()
    forced = {**DETECT, "DocumentReadMode": "FORCE_DOCUMENT_READ_ACTION"}
    for config in (None, DETECT, {**DETECT, "DocumentReadMode": "SERVICE_DEFAULT"}, forced):
        assert read_pages(b"%PDF-1.7", config, engines).types == ["NATIVE_PDF"]
    assert [arguments["from_pixels"] for _, _, arguments in engines.asked] == [False, False, False, True]
    assert read_pages(b"\x89PNG", forced, engines).types == ["IMAGE"]
    assert engines.asked[-1][2]["from_pixels"] is False


def test_an_analysis_must_say_of_what() -> None:
    analyze = {"DocumentReadAction": "TEXTRACT_ANALYZE_DOCUMENT"}
    check_reader(None)
    check_reader(DETECT)
    check_reader({**analyze, "FeatureTypes": ["TABLES"]})
    with pytest.raises(InvalidRequestException, match="FeatureTypes"):
        check_reader(analyze)


def test_a_word_document_has_blocks_without_geometry_and_entities_refer_to_them() -> None:
    read = read_pages(b"PK\x03\x04...", None, Engines())
    assert read.types == ["MS_WORD", "MS_WORD"]
    first = read.pages[0]
    assert first.text == "Send pump BM 4711\nnow"
    assert {"Geometry" in block for block in first.blocks} == {False}
    (entity,) = entities_on_page(first, [{"type": "PART", "text": "BM 4711", "begin": 10, "end": 17, "score": 1.0}])
    names = {block["Id"]: block["Text"] for block in first.blocks}
    (reference,) = entity["BlockReferences"]
    assert [names[child["ChildBlockId"]] for child in reference["ChildBlocks"]] == ["BM", "4711"]


def textract(**more: Any) -> dict[str, Any]:
    geometry = {"BoundingBox": {"Left": 0.1, "Top": 0.1, "Width": 0.5, "Height": 0.1}}
    return {
        "DocumentMetadata": {"Pages": 2},
        "Blocks": [
            {"Id": "p1", "BlockType": "PAGE", "Page": 1},
            {
                "Id": "l1",
                "BlockType": "LINE",
                "Text": "net 42",
                "Page": 1,
                "Geometry": geometry,
                "Relationships": [{"Type": "CHILD", "Ids": ["w1", "w2"]}],
            },
            {"Id": "w1", "BlockType": "WORD", "Text": "net", "Page": 1},
            {"Id": "w2", "BlockType": "WORD", "Text": "42", "Page": 1},
            {"Id": "p2", "BlockType": "PAGE", "Page": 2},
        ],
        "DetectDocumentTextModelVersion": "1.0",
        **more,
    }


def test_an_answer_of_textract_keeps_its_blocks_and_places() -> None:
    read = read_pages(json.dumps(textract()).encode(), None, Engines())
    assert [page.text for page in read.pages] == ["net 42", ""]
    assert read.types == ["TEXTRACT_DETECT_DOCUMENT_TEXT_JSON"] * 2
    line, net, _ = read.pages[0].blocks
    assert (line["Id"], net["Id"], line["Relationships"]) == ("l1", "w1", [{"Ids": ["w1", "w2"], "Type": "CHILD"}])
    assert line["Geometry"]["BoundingBox"]["Left"] == 0.1


@pytest.mark.parametrize("blocks", [None, [], [{}], [{"Id": "l", "BlockType": "LINE", "Text": 3}], "x"])
def test_a_damaged_answer_of_textract_is_refused(blocks: Any) -> None:
    with pytest.raises(Refused):
        read_pages(json.dumps(textract(Blocks=blocks)).encode(), None, Engines())


class DamagedEngines(Engines):
    """A document of three pages, some of which are damaged."""

    def __init__(self, damaged: dict[int, str], count: int = 3) -> None:
        super().__init__()
        self.damaged, self.count = damaged, count

    def __call__(self, family: str, method: str, **arguments: Any) -> Any:
        if method == "inspect":
            return {"pages": self.count}
        first, read = arguments.get("first", 1), arguments.get("count", self.count)
        numbers = range(first, first + read)
        for number in numbers:
            if number in self.damaged:
                raise Refused(self.damaged[number], f"Page {number} cannot be read.", page=number)
        return [Page(number, 100, 100, (LINE,), origin=Origin.TEXT_LAYER).to_value() for number in numbers]


def test_a_page_that_cannot_be_read_does_not_hold_up_the_others() -> None:
    read = read_pages(b"%PDF-1.7", None, DamagedEngines({1: "too-large", 3: "bad-document"}))
    assert [page.number for page in read.pages] == [2]
    assert [(one.number, one.code) for one in read.failures] == [(1, "PAGE_SIZE_EXCEEDED"), (3, "TEXTRACT_BAD_PAGE")]
    assert metadata(read.pages, read.count) == {"Pages": 3, "ExtractedCharacters": [{"Page": 2, "Count": 5}]}


@pytest.mark.parametrize("damaged", [{1: "bad-document"}, dict.fromkeys((1, 2, 3), "bad-document")])
def test_a_document_without_a_readable_page_is_refused(damaged: dict[int, str]) -> None:
    with pytest.raises(Refused, match="Page 1 cannot"):
        read_pages(b"%PDF-1.7", None, DamagedEngines(damaged, count=len(damaged)))


def test_a_job_writes_a_line_for_each_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    documents = tmp_path / "input/data/documents"
    documents.mkdir(parents=True)
    (documents / "a.pdf").write_bytes(b"%PDF-1.7")
    (documents / "b.txt").write_text("plain")
    monkeypatch.setattr(native_passage, "ask_here", DamagedEngines({2: "bad-document"}))

    def on_page(page: PageText, found: str) -> dict[str, Any]:
        return {"Found": found, "Page": page.number}

    task = {"name": "job", "format": "ONE_DOC_PER_FILE"}
    native_passage.go_through(
        tmp_path, tmp_path / "data", task, "output", lambda texts: texts, lambda found: {"Found": found}, on_page
    )
    lines = [json.loads(line) for line in (tmp_path / "output/result/a.pdf.out").read_text().splitlines()]
    assert [line["DocumentMetadata"] for line in lines] == [{"PageNumber": n, "Pages": 3} for n in (1, 2, 3)]
    assert {line["File"] for line in lines} == {"a.pdf"}
    assert (lines[0]["Found"], lines[0]["DocumentType"], lines[1]["ErrorCode"]) == (
        "hello",
        "NativePDF",
        "TEXTRACT_BAD_PAGE",
    )
    (plain,) = (tmp_path / "output/result/output").read_text().splitlines()
    assert json.loads(plain) == {"File": "b.txt", "Found": "plain"}


def test_classification_jobs_tell_lines_as_text_and_blocks_of_entity_jobs_are_related_in_small_letters() -> None:
    assert place(Document("a.txt", 3, "x", Position())) == {"File": "a.txt", "Line": "3"}
    assert place(Document("a.txt", None, "x", Position())) == {"File": "a.txt"}
    line, word = PageText.of_lines(1, ["net"]).blocks
    assert custom_entities._block(line)["Relationships"] == [{"ids": [word["Id"]], "type": "CHILD"}]
    assert custom_entities._block(word)["Relationships"] == []


def test_too_many_pages_are_refused_of_every_kind() -> None:
    for content in (b"PK\x03\x04", json.dumps(textract()).encode()):
        with pytest.raises(Refused, match="at most 1"):
            read_pages(content, None, Engines(), 1)


def test_json_without_textract_s_mark_is_plain_text(tmp_path: Path) -> None:
    assert not is_native(b'{"Blocks": []}')
    path = tmp_path / "answer.json"
    path.write_text(" " + json.dumps({"filler": "x" * 5000, **textract()}))
    assert native_passage.is_native(path)
    path.write_text('{"review": "good"}')
    assert not native_passage.is_native(path)
