"""Tables in the terminal and, with `--write`, in a page of the documentation between a benchmark's markers."""

from __future__ import annotations

import platform
import sys
from collections.abc import Sequence
from pathlib import Path

DOCS = Path(__file__).parents[1] / "docs"
PERFORMANCE = DOCS / "performance.md"


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def report(name: str, text: str, page: Path = PERFORMANCE) -> None:
    """Prints a result; `--write` on the command line also puts it between the markers of that name.

    Args:
        page: the page of the documentation that has the markers.
    """
    print(text)
    if "--write" not in sys.argv:
        return
    begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
    before, found, rest = page.read_text(encoding="utf-8").partition(begin)
    if not found:
        raise SystemExit(f"{page} has no markers of the name {name}")
    after = rest.partition(end)[2]
    page.write_text(f"{before}{begin}\n{text}\n{end}{after}", encoding="utf-8")


def machine() -> str:
    """What the figures were taken on."""
    with Path("/proc/cpuinfo").open() as file:
        models = [line.split(":", 1)[1].strip() for line in file if line.startswith("model name")]
    return f"{len(models)} x {models[0] if models else platform.processor()}, Python {platform.python_version()}"
