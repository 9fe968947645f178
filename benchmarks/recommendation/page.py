"""Tables of the recommenders, printed and, with `--write`, put into docs/services/personalize.md."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

PAGE = Path(__file__).parents[2] / "docs/services/personalize.md"


def publish(name: str, text: str) -> None:
    """Prints a result; `--write` on the command line also puts it between the markers of that name."""
    print(text)
    if "--write" in sys.argv:
        begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
        page = PAGE.read_text()
        if begin not in page:
            raise SystemExit(f"{PAGE} has no markers of the name {name}")
        before, _, rest = page.partition(begin)
        _, _, after = rest.partition(end)
        PAGE.write_text(f"{before}{begin}\n{text}\n{end}{after}")


def with_spread(values: list[float]) -> str:
    """Mean and standard deviation over the seeds."""
    return f"{np.mean(values):.3f} ± {np.std(values):.3f}"


def option(name: str, default: int) -> int:
    """The number after `--name` on the command line."""
    return int(sys.argv[sys.argv.index(f"--{name}") + 1]) if f"--{name}" in sys.argv else default
