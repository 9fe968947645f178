"""Tables of the text engine, printed and, with `--write`, put into docs/services/comprehend.md."""

from __future__ import annotations

import sys
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs/services/comprehend.md"


def publish(name: str, text: str) -> None:
    """Prints a result; `--write` on the command line also puts it between the markers of that name."""
    print(text)
    if "--write" in sys.argv:
        begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
        page = PAGE.read_text(encoding="utf-8")
        if begin not in page:
            raise SystemExit(f"{PAGE} has no markers of the name {name}")
        before, _, rest = page.partition(begin)
        _, _, after = rest.partition(end)
        PAGE.write_text(f"{before}{begin}\n{text}\n{end}{after}", encoding="utf-8")
