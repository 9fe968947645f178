"""Tables in the terminal and, with `--write`, in docs/performance.md between a benchmark's markers."""

from __future__ import annotations

import platform
import sys
from collections.abc import Sequence
from pathlib import Path

PERFORMANCE = Path(__file__).parents[1] / "docs" / "performance.md"


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def report(name: str, text: str) -> None:
    """Prints a result; `--write` on the command line also puts it into docs/performance.md."""
    print(text)
    if "--write" in sys.argv:
        begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
        page = PERFORMANCE.read_text()
        before, _, rest = page.partition(begin)
        _, _, after = rest.partition(end)
        PERFORMANCE.write_text(f"{before}{begin}\n{text}\n{end}{after}")


def machine() -> str:
    """What the figures were taken on."""
    with Path("/proc/cpuinfo").open() as file:
        models = [line.split(":", 1)[1].strip() for line in file if line.startswith("model name")]
    return f"{len(models)} x {models[0] if models else platform.processor()}, Python {platform.python_version()}"
