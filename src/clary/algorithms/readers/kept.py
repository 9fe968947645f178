"""Tables that jobs keep for each other: the trials of a tuning job all read the same data.

The folder belongs to jobs of one user that do the same; what lies in it is found by the content of the files it was
read from, so that data which changes meanwhile is read again.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import fields
from pathlib import Path

import numpy as np

from clary.algorithms.contract import KEPT_TABLES
from clary.algorithms.readers.table import Source, Table

MOST_BYTES = 256 << 20
"""Larger files are read by every job: what reads for so long also learns for long."""


def kept(sources: Sequence[Source], how: str, read: Callable[[], Table]) -> Table:
    """What `read` makes of files: from the folder that `KEPT_TABLES` names, where another job has put it.

    Args:
        sources: the files.
        how: all that the table depends on beside them.
    """
    folder = os.environ.get(KEPT_TABLES)
    paths = [source.path for source in sources]
    if not folder or not paths or None in paths or sum(path.stat().st_size for path in paths if path) > MOST_BYTES:
        return read()
    path = Path(folder) / f"{_fingerprint(sources, how)}.npz"
    table = _load(path)
    if table is None:
        table = read()
        _keep(table, path)
    return table


def _fingerprint(sources: Sequence[Source], how: str) -> str:
    """A name for what is read of these files in this way."""
    digest = hashlib.blake2b(how.encode(), digest_size=16)
    for source in sources:
        if source.path is not None:
            with source.path.open("rb") as file:
                content = hashlib.file_digest(file, "blake2b").digest()
            digest.update(repr((source.name, content)).encode())
    return digest.hexdigest()


def _load(path: Path) -> Table | None:
    """A kept table; None where there is none, or none that is whole."""
    try:
        with np.load(path, allow_pickle=False) as arrays:
            return Table(**{name: arrays[name] for name in arrays.files})
    except (OSError, ValueError, TypeError, EOFError, zipfile.BadZipFile):
        return None


def _keep(table: Table, path: Path) -> None:
    """Keeps a dense table; a disk that takes none does no harm."""
    if not isinstance(table.features, np.ndarray) or table.features.nbytes > MOST_BYTES:
        return
    arrays = {field.name: getattr(table, field.name) for field in fields(table)}
    part = path.with_name(f".{secrets.token_hex(8)}")
    try:
        with part.open("wb") as file:
            np.savez(file, **{name: array for name, array in arrays.items() if array is not None})
        part.replace(path)
    except OSError:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)
