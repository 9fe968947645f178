"""How fast documents are read, and how well at that speed: Clary, rapidocr as it comes, Tesseract, in one run.

.venv/bin/python -m benchmarks.documents_speed [--every N] [--pages N] [--write]

An A4 page of print at 200 dots per inch; four of them at once and one after another; the words of each Nth form of
FUNSD (each third); a PDF of N pages (3,000) with a text layer, page by page as a job reads it, with the memory that it
took; and the greatest memory of the engine's process after all of it, a photograph, and all that can be understood of
AWS's sample documents. Everyone has all processors, save Tesseract: its threads are several times slower than one.
"""

from __future__ import annotations

import resource
import statistics
import tempfile
import threading
import time
from pathlib import Path

from benchmarks.documents import readers, word_measures, word_sets
from benchmarks.documents.page import option, publish
from benchmarks.documents.speed_pages import printed_page, text_pages
from benchmarks.documents.word_measures import Tally
from benchmarks.report import machine, table
from clary.engines.documents.host import Documents, load
from clary.engines.documents.reading import Reader

TURNS = 3
SAMPLES = word_sets.DATA / "aws_sample_documents/common"
FEATURES = ("forms", "tables", "layout", "signatures", "queries")


def main() -> None:
    alone = lengths(load())  # before the others' models lie in this process
    publish("documents-speed", "\n\n".join([side_by_side(), alone, f"{machine()}."]))


def side_by_side() -> str:
    """Seconds for a page of print, and words right on forms."""
    forms = list(word_sets.forms(slice(0, None, option("--every", 3))))
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder) / "page.jpg"
        page.write_bytes(printed_page())
        everyone = {"Clary": readers.clary(), "rapidocr, defaults": readers.rapidocr(threads=-1)}
        tesseract = readers.tesseract()
        if tesseract:
            everyone["Tesseract, defaults"] = tesseract
        for name, read in everyone.items():
            read(page)  # the models load
            seconds = min(timed(read, page) for _ in range(TURNS))
            tally, begin = Tally(), time.perf_counter()
            for form in forms:
                word_measures.exact_words(form.words, read(form.path), tally)
            of_a_form = (time.perf_counter() - begin) / max(len(forms), 1)
            right = f"{tally.recall:.1f} / {tally.precision:.1f}" if forms else "-"
            rows.append([name, f"{seconds:.2f}", f"{of_a_form:.2f}", right])
    head = ("reader", "page of print, s", "form, s", f"words of {len(forms)} forms, recall / precision")
    return table(head, rows)


def timed(read: readers.Reads, page: Path) -> float:
    begin = time.perf_counter()
    read(page)
    return time.perf_counter() - begin


def lengths(engine: Documents) -> str:
    """Pages at once, long files, memory."""
    page, count, reader = printed_page(), option("--pages", 3000), engine.reader
    list(reader.read(page))
    turns = [(four_alone(reader, page), four_at_once(reader, page)) for _ in range(TURNS)]
    alone, at_once = (statistics.median(column) for column in zip(*turns, strict=True))
    text = text_pages(count)
    tenth = max(count // 10, 1)
    begin, read = time.perf_counter(), reader.read(text)
    for _ in range(tenth):
        next(read)
    before = memory_mib()
    rest = sum(1 for _ in read)
    seconds, came = time.perf_counter() - begin, memory_mib() - before
    understand(engine)
    rows = [
        ["four pages of print, one after another", f"{alone:.2f} s"],
        ["four pages of print at once", f"{at_once:.2f} s"],
        [f"{count:,} pages with a text layer", f"{seconds:.0f} s, {(tenth + rest) / seconds:.0f} a second"],
        ["memory that came after a tenth of them", f"{came:.0f} MiB"],
        ["greatest memory of the engine's process", f"{greatest_mib():.0f} MiB"],
    ]
    return table(("what", "measured"), rows)


def four_alone(reader: Reader, page: bytes) -> float:
    begin = time.perf_counter()
    for _ in range(4):
        list(reader.read(page))
    return time.perf_counter() - begin


def four_at_once(reader: Reader, page: bytes) -> float:
    begin = time.perf_counter()
    threads = [threading.Thread(target=lambda: list(reader.read(page))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return time.perf_counter() - begin


def understand(engine: Documents) -> None:
    """Loads whatever the engine can load: every call, with sample documents and a photograph where they are there."""
    files = sorted(file for file in SAMPLES.glob("*") if file.suffix in {".jpg", ".png", ".jpeg"})
    for file in files[::3]:
        data = file.read_bytes()
        engine.analyze(data, list(FEATURES), [{"text": "What is the name?"}])
        engine.expense(data)
        engine.identity([data])
        engine.lending(data)
        engine.detect_scene_text(data)


def memory_mib() -> float:
    """What the process holds now."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * resource.getpagesize() / 2**20


def greatest_mib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main()
