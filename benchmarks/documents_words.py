"""How well words are read on forms, receipts and photographs: Clary, rapidocr as it comes, Tesseract.

OMP_NUM_THREADS=1 .venv/bin/python -m benchmarks.documents_words [forms] [receipts] [scenes]
    [--every N] [--from K] [--alone] [--write]

Reads the data sets beside the project. `--every N --from K` takes each Nth picture from the Kth on; `--alone` leaves
the others out. CPU seconds are those of all threads and child processes, for a picture.

forms: words with equal text in the right place (overlap of half), one to one: the protocol of docTR's published
figures, by which Amazon Textract has recall 78.1 and precision 83.0, docTR 70.8 and 75.6 on all 199 forms of FUNSD.
receipts: words of a receipt wherever they stand, case folded; and character errors within each labelled line, case
folded, outer spaces aside. scenes: ICDAR 2015's word spotting.
"""

from __future__ import annotations

import resource
import sys
from collections.abc import Iterator

from benchmarks.documents import readers, word_measures, word_sets
from benchmarks.documents.page import every, named, option, publish
from benchmarks.documents.word_measures import Found, Tally
from benchmarks.documents.word_sets import Labelled
from benchmarks.report import machine, table

SETS = ("forms", "receipts", "scenes")


def main() -> None:
    wanted = named(SETS)
    texts = []
    if "forms" in wanted:
        texts.append(forms())
    if "receipts" in wanted:
        texts.append(receipts())
    if "scenes" in wanted:
        texts.append(scenes())
    publish("documents-words", "\n\n".join([*texts, f"{machine()}."]))


def part() -> slice:
    """The pictures that the command line asks for."""
    return slice(option("--from", 0), None, every())


def compared(scene: bool = False) -> Iterator[tuple[str, readers.Reads]]:
    yield "Clary", readers.clary(scene)
    if "--alone" in sys.argv:
        return
    yield "rapidocr, defaults", readers.rapidocr()
    other = readers.tesseract()
    if other:
        yield "Tesseract, defaults", other


def read_all(pages: list[Labelled], read: readers.Reads) -> tuple[list[list[Found]], float]:
    """What stands on each page, and CPU seconds a page."""
    read(pages[0].path)  # the models load
    begin = cpu_seconds()
    found = [read(page.path) for page in pages]
    return found, (cpu_seconds() - begin) / len(pages)


def cpu_seconds() -> float:
    own, children = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime


def forms() -> str:
    pages = list(word_sets.forms(part()))
    rows = []
    for name, read in compared():
        tally, places = Tally(), Tally()
        found, seconds = read_all(pages, read)
        for page, words in zip(pages, found, strict=True):
            word_measures.exact_words(page.words, words, tally)
            places.add(len(word_measures.assigned(page.words, words)), len(page.words), len(words))
        located = f"{places.recall:.1f} / {places.precision:.1f}"
        rows.append([name, f"{tally.recall:.1f} / {tally.precision:.1f}", f"{tally.f1:.1f}", located, f"{seconds:.2f}"])
    head = ("reader", "exact words, recall / precision", "F1", "located", "CPU-s")
    return f"Forms (FUNSD, {len(pages)} pages)\n\n" + table(head, rows)


def receipts() -> str:
    pages = list(word_sets.receipts(part()))
    rows = []
    for name, read in compared():
        tally, errors, characters = Tally(), 0, 0
        found, seconds = read_all(pages, read)
        for page, words in zip(pages, found, strict=True):
            wanted = [word for text, _ in page.words for word in text.split()]
            word_measures.bag_of_words(wanted, [text for text, _ in words], tally)
            for (text, _), seen in zip(page.words, word_measures.inside(page.words, words), strict=True):
                errors += word_measures.edits(text.casefold().strip(), seen.casefold())
                characters += len(text.strip())
        rate = 100 * errors / characters
        rows.append([name, f"{tally.f1:.1f}", f"{rate:.2f}", f"{seconds:.2f}"])
    head = ("reader", "words, F1", "character errors, %", "CPU-s")
    return f"Receipts (SROIE, {len(pages)} pictures)\n\n" + table(head, rows)


def scenes() -> str:
    pages = list(word_sets.scenes(part()))
    rows = []
    for name, read in compared(scene=True):
        tally = Tally()
        found, seconds = read_all(pages, read)
        for page, words in zip(pages, found, strict=True):
            word_measures.spotted(page.words, words, tally)
        rows.append([name, f"{tally.recall:.1f} / {tally.precision:.1f}", f"{tally.f1:.1f}", f"{seconds:.2f}"])
    head = ("reader", "words spotted, recall / precision", "F1", "CPU-s")
    return f"Photographs (ICDAR 2015, {len(pages)} pictures)\n\n" + table(head, rows)


if __name__ == "__main__":
    main()
