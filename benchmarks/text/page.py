"""Tables of the text engine, printed and, with `--write`, put into docs/services/comprehend.md."""

from __future__ import annotations

from benchmarks.report import DOCS, report


def publish(name: str, text: str) -> None:
    """Prints a result; `--write` on the command line also puts it into Comprehend's page."""
    report(name, text, DOCS / "services" / "comprehend.md")
