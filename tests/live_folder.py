"""Looks into a folder that a running Clary changes meanwhile."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path


def below(folder: Path) -> Iterator[Path]:
    """Everything below a folder; `Path.rglob` would raise where a folder goes away while it looks."""
    for parent, folders, files in os.walk(folder):
        for name in (*folders, *files):
            yield Path(parent, name)


def files_below(folder: Path) -> set[Path]:
    """The files below a folder."""
    return {path for path in below(folder) if path.is_file()}


def content(path: Path) -> bytes:
    """A file's bytes; none where it has gone away."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return b""
