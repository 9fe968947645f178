"""The server log is kept from growing for ever.

Several processes append to it through descriptors that they inherited, so it cannot be renamed under them: it is copied
and emptied. What is written between the two is lost; that is a line or none.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

LARGEST_FILE_BYTES = 64 << 20
KEPT_FILES = 3


def turn_over(path: Path, largest_file_bytes: int = LARGEST_FILE_BYTES, kept_files: int = KEPT_FILES) -> None:
    """Moves the contents of a full log to `NAME.1`, that of `NAME.1` to `NAME.2`, and so on; the oldest is removed.

    Raises:
        OSError: the disk is full or the log cannot be read; it is as it was then.
    """
    if not path.exists() or path.stat().st_size <= largest_file_bytes:
        return
    fresh = path.with_name(f"{path.name}.new")
    try:
        shutil.copyfile(path, fresh)
        fresh.chmod(0o600)
    except OSError:
        fresh.unlink(missing_ok=True)
        raise
    for number in range(kept_files - 1, 0, -1):
        older = path.with_name(f"{path.name}.{number}")
        if older.exists():
            older.replace(path.with_name(f"{path.name}.{number + 1}"))
    fresh.replace(path.with_name(f"{path.name}.1"))
    os.truncate(path, 0)
