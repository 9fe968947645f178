"""How well fields are read: of receipts, invoices and forms, and answers to questions.

.venv/bin/python -m benchmarks.documents_fields [receipts] [invoices] [forms] [words] [questions] [--every N] [--write]

`forms` reads FUNSD's pictures; `words` takes FUNSD's own words instead, so that it measures the pairing alone. The
data sets lie beside the project in ../shared/data; their `dev` parts were seen while the rules were made. A field is
right when its letters and digits are, case folded. `--every N` takes each Nth document.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks.documents.page import every, named, publish
from benchmarks.documents.word_sets import DATA
from benchmarks.report import machine, table
from clary.engines.documents.analysis import analysed, grey
from clary.engines.documents.contract import Box, Line, Page, Word
from clary.engines.documents.dates import parse_date
from clary.engines.documents.expense import find_expenses
from clary.engines.documents.forms import find_fields
from clary.engines.documents.reading import Reader
from clary.engines.documents.tables import find_tables
from clary.engines.documents.understanding import Question

QUESTIONS = Path(__file__).parent / "documents" / "questions.json"


def bare(text: str) -> str:
    """Letters and digits alone, in small letters."""
    return "".join(character for character in text.lower() if character.isalnum())


def receipts(reader: Reader) -> list[list[str]]:
    """SROIE: exact fields after normalisation, and their micro average."""
    kinds = {
        "company": "vendor-name",
        "address": "vendor-address",
        "date": "invoice-receipt-date",
        "total": "total",
    }
    right: Counter[str] = Counter()
    keys = sorted((DATA / "receipts_sroie/dev/key").glob("*.json"))[:: every()]
    for path in keys:
        (picture,) = (DATA / "receipts_sroie/dev/img").glob(f"{path.stem}.*")
        (bill,) = find_expenses([sheet.page for sheet in reader.read(picture.read_bytes())])
        found = {field.kind: field.value.text for field in reversed(bill.fields)}
        for name, wanted in json.loads(path.read_text()).items():
            given = found.get(kinds[name], "")
            right[name] += bare(given).removeprefix("rm") == bare(wanted).removeprefix("rm")
    rows = [[f"receipts: {name}", str(len(keys)), f"{100 * right[name] / len(keys):.1f} %"] for name in kinds]
    return [*rows, ["receipts: micro average", str(4 * len(keys)), f"{25 * right.total() / len(keys):.1f} %"]]


def invoices(reader: Reader) -> list[list[str]]:
    """Invoices with expected amount, date and number."""
    right = whole = 0
    for path in sorted((DATA / "invoices_invoice2data/dev").glob("*.pdf"))[:: every()]:
        wanted = json.loads(path.with_suffix(".json").read_text())[0]
        (bill, *_) = find_expenses([sheet.page for sheet in reader.read(path.read_bytes())])
        found = {field.kind: field.value.text for field in reversed(bill.fields)}
        digits = "".join(character for character in found.get("total", "") if character.isdigit())
        amount = f"{wanted['amount']:.2f}".replace(".", "")
        dates = {str(parse_date(found.get("invoice-receipt-date", ""), first)) for first in (True, False)}
        right += digits in (amount, amount.removesuffix("00"))
        right += wanted["date"] in dates
        right += bare(wanted["invoice_number"]) == bare(found.get("invoice-receipt-id", ""))
        whole += 3
    return [["invoices: amount, date, number", str(whole), f"{100 * right / whole:.1f} %"]]


def forms(reader: Reader, own_words: bool = False) -> list[list[str]]:
    """FUNSD: pairs of question and answer, both texts and the link right."""
    right = wanted = given = 0
    for path in sorted((DATA / "forms_funsd/dev/annotations").glob("*.json"))[:: every()]:
        entries = json.loads(path.read_text())["form"]
        image = DATA / "forms_funsd/dev/images" / f"{path.stem}.png"
        if own_words:
            picture = np.asarray(Image.open(image).convert("L"))
            page = page_of(entries, picture.shape[1], picture.shape[0])
        else:
            (sheet,) = reader.read(image.read_bytes())
            page, picture = sheet.page, grey(sheet)
        _, fields = find_fields(page, picture, find_tables(page, picture))
        found = Counter((bare(field.key.text), bare(field.value.text)) for field in fields if field.value)
        found = Counter({pair: count for pair, count in found.items() if all(pair)})
        truth = linked(entries)
        right, wanted, given = right + (found & truth).total(), wanted + truth.total(), given + found.total()
    title = "forms: pairs, from the set's own words" if own_words else "forms: pairs, from pictures"
    figures = f"{200 * right / (wanted + given):.1f} (P {100 * right / given:.1f}, R {100 * right / wanted:.1f})"
    return [[title, str(wanted), figures]]


def linked(entries: list[dict[str, object]]) -> Counter[tuple[str, str]]:
    """The pairs of texts that FUNSD links, those without letters or digits left out."""
    by_id = {entry["id"]: entry for entry in entries}
    links = {tuple(link) for entry in entries for link in entry["linking"]}  # type: ignore[attr-defined]
    pairs = [(by_id[one], by_id[other]) for one, other in links if one in by_id and other in by_id]
    texts = [
        (bare(str(one["text"])), bare(str(other["text"])))
        for one, other in pairs
        if one["label"] == "question" and other["label"] == "answer"
    ]
    return Counter(pair for pair in texts if all(pair))


def page_of(entries: list[dict[str, object]], width: int, height: int) -> Page:
    """A page of FUNSD's own words."""
    lines = []
    for entry in entries:
        for word in entry["words"]:  # type: ignore[attr-defined]
            if word["text"].strip():
                left, top, right, bottom = word["box"]
                box = Box(left / width, top / height, right / width, bottom / height)
                lines.append(Line((Word(word["text"], box, 1.0),), box))
    return Page(1, width, height, tuple(lines))


def questions(reader: Reader) -> list[list[str]]:
    """Questions about sample documents, with answers by hand."""
    right = whole = 0
    for name, asked in list(json.loads(QUESTIONS.read_text(encoding="utf-8")).items())[:: every()]:
        document = (DATA / "aws_sample_documents/common" / name).read_bytes()
        (sheet,) = reader.read(document, 1, 1)
        answers = analysed(sheet, ["queries"], [Question(question) for question, _ in asked]).answers
        texts = {answer.question: answer.passage.text for answer in answers}
        for number, (question, wanted) in enumerate(asked):
            good = bare(texts.get(number, "")) == bare(wanted)
            right, whole = right + good, whole + 1
            if not good:
                print(f"{name}: {question} {texts.get(number)!r}, not {wanted!r}", file=sys.stderr)
    return [["questions", str(whole), f"{100 * right / whole:.1f} %"]]


MEASURES: dict[str, Callable[[Reader], list[list[str]]]] = {
    "receipts": receipts,
    "invoices": invoices,
    "forms": forms,
    "words": lambda reader: forms(reader, own_words=True),
    "questions": questions,
}


def main() -> None:
    """Takes the measures named on the command line, or all."""
    reader = Reader()
    rows = [row for name in named(MEASURES) for row in MEASURES[name](reader)]
    publish("documents-fields", f"{table(['measure', 'fields', 'right'], rows)}\n\n{machine()}.")


if __name__ == "__main__":
    main()
