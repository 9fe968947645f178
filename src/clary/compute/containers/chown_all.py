"""Gives everything in a folder to the folder's owner; the standard library alone, run in a container by root."""

from __future__ import annotations

import os
import sys


def chown_all(folder: str) -> None:
    """Changes owner and group of all files and folders, of links themselves."""
    owner = os.stat(folder)  # noqa: PTH116
    for place, folders, files in os.walk(folder):
        for name in (*folders, *files):
            os.lchown(os.path.join(place, name), owner.st_uid, owner.st_gid)  # noqa: PTH118


if __name__ == "__main__":
    chown_all(sys.argv[1])
