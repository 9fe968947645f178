"""Word documents as lines, page by page."""

import io
import zipfile

import pytest

from clary.engines.refusals import Refused
from clary.engines.text import word_documents

W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
MC = "http://schemas.openxmlformats.org/markup-compatibility/2006"


def packed(body: str, name: str = "word/document.xml", start: str = "") -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        xml = f'{start}<w:document xmlns:w="{W}" xmlns:mc="{MC}"><w:body>{body}</w:body></w:document>'
        archive.writestr(name, xml)
    return file.getvalue()


def run(text: str) -> str:
    return f'<w:r><w:t xml:space="preserve">{text}</w:t></w:r>'


def test_paragraphs_cells_and_line_breaks_are_lines_and_runs_join() -> None:
    table = f"<w:tbl><w:tr><w:tc><w:p>{run('Net')}</w:p></w:tc><w:tc><w:p>{run('42')}</w:p></w:tc></w:tr></w:tbl>"
    tabs = '<w:pPr><w:tabs><w:tab w:val="left"/></w:tabs></w:pPr>'
    body = (
        f"<w:p>{tabs}{run('Dear ')}{run('Zo')}{run('ë')}<w:r><w:tab/></w:r>{run('Lee')}</w:p><w:p/>{table}"
        f"<w:p>{run('one')}<w:r><w:br/></w:r>{run('two &amp; three')}</w:p>"
    )
    assert word_documents.read(packed(body)) == [["Dear Zoë Lee", "Net", "42", "one", "two & three"]]


def test_a_page_ends_where_a_break_is_set_or_was_laid_out_once_for_both() -> None:
    both = '<w:r><w:br w:type="page"/></w:r><w:r><w:lastRenderedPageBreak/></w:r>'
    laid_out = "<w:r><w:lastRenderedPageBreak/></w:r>"
    body = f"<w:p>{run('first')}{both}{run('second')}</w:p><w:p>{laid_out}{run('third')}</w:p>"
    assert word_documents.read(packed(body)) == [["first"], ["second"], ["third"]]


def test_what_was_deleted_and_copies_for_older_readers_are_left_out() -> None:
    deleted = "<w:del><w:r><w:delText>gone</w:delText></w:r></w:del>"
    fields = "<w:r><w:instrText>PAGE</w:instrText></w:r>"
    box = (
        f"<mc:AlternateContent><mc:Choice><w:p>{run('boxed')}</w:p></mc:Choice>"
        f"<mc:Fallback><w:p>{run('boxed')}</w:p></mc:Fallback></mc:AlternateContent>"
    )
    assert word_documents.read(packed(f"<w:p>{deleted}{fields}{run('kept')}{box}</w:p>")) == [["kept", "boxed"]]


def test_an_empty_document_has_one_empty_page() -> None:
    assert word_documents.read(packed("<w:p/>")) == [[]]


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        (b"PK\x03\x04 no archive", "bad-document"),
        (packed("", name="xl/workbook.xml"), "unsupported-format"),
        (packed("<w:p>"), "bad-document"),
        (packed("", start='<!DOCTYPE d [<!ENTITY a "aaaa">]>'), "bad-document"),
        (packed(f"<w:p>{run('long ' * 40)}</w:p>")[:-60], "bad-document"),
    ],
)
def test_what_is_no_word_document_is_refused(document: bytes, reason: str) -> None:
    with pytest.raises(Refused) as refused:
        word_documents.read(document)
    assert refused.value.reason == reason


def test_a_document_that_unpacks_to_too_much_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(word_documents, "MOST_XML_BYTES", 1 << 20)
    with pytest.raises(Refused) as refused:
        word_documents.read(packed(f"<w:p>{run('a' * (2 << 20))}</w:p>"))
    assert refused.value.reason == "too-large"
