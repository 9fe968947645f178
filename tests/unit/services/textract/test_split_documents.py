"""The papers of a loan file as documents of their own, and how a loan file's answers are laid out."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pypdfium2
import pytest
from PIL import Image

from clary.services.textract.jobs.job_kinds import LENDING
from clary.services.textract.jobs.result_folder import ResultFolder, ResultWriter
from clary.services.textract.programs.answer_files import write_answer_files
from clary.services.textract.programs.split_documents import write_pages

WIDTHS = (100, 200, 300)


def pdf(path: Path) -> Path:
    document = pypdfium2.PdfDocument.new()
    for width in WIDTHS:
        document.new_page(width, 50)
    document.save(path)
    return path


def tiff(path: Path) -> Path:
    frames = [Image.new("L", (width, 50)) for width in WIDTHS]
    frames[0].save(path, format="TIFF", save_all=True, append_images=frames[1:])
    return path


def test_pages_of_a_pdf_become_a_pdf(tmp_path: Path) -> None:
    written = write_pages(pdf(tmp_path / "document"), [3, 1], tmp_path / "out/1")
    assert written.name == "1.pdf"
    found = pypdfium2.PdfDocument(written)
    assert [page.get_width() for page in found] == [300, 100]


def test_pages_of_a_tiff_become_a_tiff(tmp_path: Path) -> None:
    written = write_pages(tiff(tmp_path / "document"), [2, 3], tmp_path / "out/1")
    assert written.name == "1.tiff"
    with Image.open(written) as found:
        widths = []
        for number in range(found.n_frames):
            found.seek(number)
            widths.append(found.width)
    assert widths == [200, 300]


def test_a_picture_is_copied(tmp_path: Path) -> None:
    content = io.BytesIO()
    Image.new("L", (10, 10)).save(content, "PNG")
    (tmp_path / "document").write_bytes(content.getvalue())
    written = write_pages(tmp_path / "document", [1], tmp_path / "out/1")
    assert (written.name, written.read_bytes()) == ("1.png", content.getvalue())


def test_the_answers_about_a_loan_file_have_folders_as_at_aws(tmp_path: Path) -> None:
    groups = [
        {"Type": "PAYSLIPS", "SplitDocuments": [{"Index": 1, "Pages": [1]}, {"Index": 2, "Pages": [3]}]},
        {"Type": "W_2", "SplitDocuments": [{"Index": 1, "Pages": [2]}]},
    ]
    writer = ResultWriter(tmp_path / "result", LENDING.items_per_answer)
    writer.add({"Page": number} for number in range(1, 32))
    writer.finish({"pages": 31, "warnings": [], "lending": {"DocumentGroups": groups}})
    result = ResultFolder(tmp_path / "result")
    write_answer_files(tmp_path / "out", LENDING, result, pdf(tmp_path / "document"))
    written = sorted(
        str(path.relative_to(tmp_path / "out")) for path in (tmp_path / "out").rglob("*") if path.is_file()
    )
    assert written == [
        ".s3_access_check",
        "detailedResponse/1",
        "detailedResponse/2",
        "splitDocuments/PAYSLIPS/1.pdf",
        "splitDocuments/PAYSLIPS/2.pdf",
        "splitDocuments/W_2/1.pdf",
        "summaryResponse/1",
    ]
    details = [json.loads((tmp_path / "out/detailedResponse" / name).read_text()) for name in ("1", "2")]
    assert [len(one["Results"]) for one in details] == [30, 1]
    assert json.loads((tmp_path / "out/summaryResponse/1").read_text())["Summary"]["DocumentGroups"] == groups


@pytest.mark.parametrize(
    ("start", "count", "found"), [(0, 3, [0, 1, 2]), (2, 3, [2, 3, 4]), (5, 10, [5, 6]), (7, 1, [])]
)
def test_items_are_found_across_files(tmp_path: Path, start: int, count: int, found: list[int]) -> None:
    writer = ResultWriter(tmp_path / "result", 3)
    writer.add(range(7))
    writer.finish({"pages": 1, "warnings": []})
    assert ResultFolder(tmp_path / "result").items(start, count) == found
    assert not list(tmp_path.glob("*.draft"))
