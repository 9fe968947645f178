#!/usr/bin/env python3
"""Writes the locks of the framework environments anew (src/clary/frameworks/locks/): every package, exact version.

The direct requirements stand in the catalogue; here the packages that those need are resolved for CPython 3.11 on
Linux. With names only those environments are locked.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from clary.frameworks.catalog import FRAMEWORKS, Framework

# TensorFlow without CUDA fulfils what tf-keras asks of "tensorflow"; environments are installed without resolving.
_DOUBLED = {"tensorflow-cpu": "tensorflow"}


def lock(framework: Framework) -> None:
    """Resolves one environment."""
    with tempfile.TemporaryDirectory() as folder:
        wanted, found = Path(folder) / "wanted.in", Path(folder) / "found.txt"
        wanted.write_text("\n".join(framework.packages) + "\n", encoding="utf-8")
        subprocess.run(
            [
                sys.executable,
                "-m",
                "piptools",
                "compile",
                "--quiet",
                "--strip-extras",
                "--allow-unsafe",
                "--no-header",
                "--no-annotate",
                "--no-emit-index-url",
                "--no-emit-find-links",
                "--no-emit-trusted-host",
                "--no-emit-options",
                "--output-file",
                str(found),
                str(wanted),
            ],
            check=True,
        )
        lines = found.read_text(encoding="utf-8").splitlines()
    marked = {line.partition("==")[0]: line for line in framework.packages if ";" in line}
    doubles = {double for name, double in _DOUBLED.items() if name in marked}
    left_out = {*marked, *doubles}
    kept = [line for line in lines if line and line[0] != "#" and line.partition("==")[0] not in left_out]
    kept += marked.values()
    text = "\n".join(sorted(line.partition("+")[0] for line in kept))
    title = f"# {framework.environment_name}: written by scripts/lock_frameworks.py"
    framework.lock.write_text(f"{title}\n{text}\n", encoding="utf-8")


def main(names: list[str]) -> None:
    """Locks the named environments, or all."""
    done = set()
    for framework in FRAMEWORKS:
        name = framework.environment_name
        if name not in done and (not names or name in names):
            lock(framework)
            done.add(name)


if __name__ == "__main__":
    main(sys.argv[1:])
