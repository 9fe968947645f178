"""How well tables are found and taken apart: cell adjacency F1, mean over pages and over all relations.

.venv/bin/python -m benchmarks.documents_tables [pdf] [pictures] [cropped] [--every N] [--write]

The data sets lie beside the project in ../shared/data; their `dev` parts were seen while the rules were made.
`--every N` takes each Nth page.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable
from itertools import islice

from benchmarks.documents.page import every, named, publish
from benchmarks.documents.table_measures import Cell, f1, hits
from benchmarks.documents.table_sets import TablePage, competition, pub_tab_net
from benchmarks.report import machine, table
from clary.engines.documents.analysis import grey
from clary.engines.documents.reading import Reader
from clary.engines.documents.tables import find_tables
from clary.engines.documents.understanding import Table

SETS: dict[str, tuple[str, Callable[[], Iterable[TablePage]]]] = {
    "pdf": ("ICDAR 2013, PDF text", competition),
    "pictures": ("ICDAR 2013, 150 dpi pictures", lambda: competition(150)),
    "cropped": ("PubTabNet, pictures of tables, three times enlarged", pub_tab_net),
}


def main() -> None:
    """Measures the sets named on the command line, or all."""
    reader = Reader()
    sets = [SETS[name] for name in named(SETS)]
    rows = [measured(reader, title, islice(pages(), 0, None, every())) for title, pages in sets]
    head = ["set", "pages", "mean page F1", "pooled F1", "recall", "precision", "table CPU s / page"]
    publish("documents-tables", f"{table(head, rows)}\n\n{machine()}.")


def measured(reader: Reader, title: str, pages: Iterable[TablePage]) -> list[str]:
    """The row of a set."""
    totals, scores, seconds = [0, 0, 0], [], 0.0
    for page in pages:
        (sheet,) = reader.read(page.file, page.number, page.number)
        picture = grey(sheet)
        started = time.process_time()
        found = find_tables(sheet.page, picture)
        seconds += time.process_time() - started
        counts = hits(page.tables, [cells_of(one) for one in found])
        totals = [total + count for total, count in zip(totals, counts, strict=True)]
        scores.append(f1(*counts))
        print(f"{page.name:32} {scores[-1]:6.1f}", file=sys.stderr)
    right, wanted, given = totals
    figures = (sum(scores) / len(scores), f1(right, wanted, given), 100 * right / wanted, 100 * right / max(given, 1))
    return [title, str(len(scores)), *(f"{figure:.1f}" for figure in figures), f"{seconds / len(scores):.2f}"]


def cells_of(found: Table) -> list[Cell]:
    """As the measure wants them."""
    return [(cell.row - 1, cell.column - 1, cell.row_span, cell.column_span, cell.text) for cell in found.cells]


if __name__ == "__main__":
    main()
