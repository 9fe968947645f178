"""Tables of the `clary` command: names are never cut off, since the next command needs them."""

from __future__ import annotations

import os

from rich.console import Console
from rich.table import Table

_LINE_CHARACTERS = 1000  # of what is no terminal: nothing wraps there, and `grep` and `awk` find whole rows


def console() -> Console:
    """The console of standard output; a pipe or a file has no width but the one that `COLUMNS` gives it."""
    found = Console()
    if not found.is_terminal and "COLUMNS" not in os.environ:
        found.width = _LINE_CHARACTERS
    return found


def named_table(title: str, *columns: str) -> Table:
    """A table whose first column holds names: on a narrow terminal the other columns give way.

    Args:
        title: stands above it; "" for none.
        columns: the headings, the first that of the names.
    """
    table = Table(title=title or None, title_justify="left")
    for position, heading in enumerate(columns):
        table.add_column(heading, no_wrap=position == 0, overflow="fold")
    return table
