"""The command line of the document engine's benchmarks, and where their tables go: docs/services/textract.md."""

from __future__ import annotations

import sys
from collections.abc import Iterable

from benchmarks.report import DOCS, report


def publish(name: str, text: str) -> None:
    """Prints a result; `--write` on the command line also puts it into Textract's page."""
    report(name, text, DOCS / "services" / "textract.md")


def named(choices: Iterable[str]) -> list[str]:
    """Those of the choices that the command line names, or all of them."""
    every_one = list(choices)
    return [one for one in every_one if one in sys.argv[1:]] or every_one


def every() -> int:
    """Each how many-th document is looked at."""
    return option("--every", 1)


def option(name: str, default: int) -> int:
    """The number after a name on the command line."""
    return int(sys.argv[sys.argv.index(name) + 1]) if name in sys.argv else default
