"""A writable layer over a framework's environment: one program's own `pip install` goes there.

It is a virtual environment whose packages come before the framework's and that the framework's shine through. pip
takes those for packages outside of its environment: it counts them as installed, never touches them, and puts another
version beside them when one is asked for. Making a layer takes milliseconds.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from clary.frameworks.environments import Environment

LAYER = ".environment"
"""The layer's folder, relative to a program's `/opt/ml`."""

_VERSION = f"python{sys.version_info.major}.{sys.version_info.minor}"
_NAMES = ("python", "python3", _VERSION)
_LONGEST_SHEBANG_BYTES = 4096
# A script that finds its interpreter beside itself, wherever the layer appears; valid for sh and for Python.
_START = b"#!/bin/sh\n'''exec' \"$(dirname -- \"$0\")/python3\" \"$0\" \"$@\"\n' '''\n"


def make_layer(environment: Environment, root: Path) -> Path:
    """Makes a layer below a program's folder.

    Args:
        root: its `/opt/ml`; a layer of an earlier attempt there is replaced by `lay_out` removing it first.

    Returns:
        The layer: a folder with `bin/python3`, `bin/pip` and the framework's other programs.
    """
    layer = root / LAYER
    bin_folder, packages = layer / "bin", layer / "lib" / _VERSION / "site-packages"
    bin_folder.mkdir(parents=True)
    packages.mkdir(parents=True)
    # Home and version are those of the framework's own environment: the same interpreter runs.
    (layer / "pyvenv.cfg").write_bytes((environment.folder / "pyvenv.cfg").read_bytes())
    interpreter = environment.python.resolve()
    for name in _NAMES:
        (bin_folder / name).symlink_to(interpreter)
    shine_through = f"import site; site.addsitedir({str(environment.site_packages)!r})\n"
    (packages / "_framework.pth").write_text(shine_through, encoding="utf-8")
    for program in os.scandir(environment.folder / "bin"):
        if program.is_file() and program.name not in _NAMES and not program.name.lower().startswith("activate"):
            _adopt(Path(program.path), bin_folder / program.name)
    return layer


def _adopt(program: Path, place: Path) -> None:
    """Makes a program of the framework one of the layer, so that it runs with the layer's packages."""
    with program.open("rb") as file:
        first = file.readline(_LONGEST_SHEBANG_BYTES)
        if not first.startswith(b"#!") or b"python" not in first:
            place.symlink_to(program)
            return
        text = file.read()
    place.write_bytes(_START + text)
    place.chmod(0o755)
