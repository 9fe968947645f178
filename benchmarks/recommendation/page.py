"""Tables of the recommenders, printed and, with `--write`, put into docs/services/personalize.md."""

from __future__ import annotations

import sys

import numpy as np

from benchmarks.report import DOCS, report

PAGE = DOCS / "services" / "personalize.md"


def publish(name: str, text: str) -> None:
    """Prints a result; `--write` on the command line also puts it into Personalize's page."""
    report(name, text, PAGE)


def with_spread(values: list[float]) -> str:
    """Mean and standard deviation over the seeds."""
    return f"{np.mean(values):.3f} ± {np.std(values):.3f}"


def option(name: str, default: int) -> int:
    """The number after `--name` on the command line."""
    return int(sys.argv[sys.argv.index(f"--{name}") + 1]) if f"--{name}" in sys.argv else default
