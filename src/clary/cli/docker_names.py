"""`docker` under `clary exec`: AWS's addresses of repositories become Clary's own, and the real docker does the rest.

Pushes and pulls are made by Docker's daemon, which no proxy of one program can reach. It does reach Clary on this
machine's loopback address, without a certificate.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

_ADDRESS = re.compile(r"(?:https?://)?[0-9]{12}\.dkr\.ecr\.[a-z0-9-]+\.amazonaws\.com(?:\.cn)?")


def renamed(arguments: Sequence[str], registry: str) -> list[str]:
    """The arguments of `docker` with every AWS address of a registry replaced.

    Args:
        registry: Clary's own, "127.0.0.1:4566".
    """
    return [_ADDRESS.sub(registry, argument) for argument in arguments]


def put_in_front(folder: Path, registry: str, environment: dict[str, str]) -> None:
    """Puts a `docker` that renames before the one in the environment's PATH; where there is none, nothing is done.

    Args:
        folder: where the program is written.
    """
    path = environment.get("PATH", os.defpath)
    real = shutil.which("docker", path=path)
    if real is None:
        return
    command = [sys.executable, str(Path(__file__).resolve()), registry, real]
    script = folder / "docker"
    script.write_text(f'#!/bin/sh\nexec {shlex.join(command)} "$@"\n', encoding="utf-8")
    script.chmod(0o700)
    environment["PATH"] = f"{folder}{os.pathsep}{path}"


if __name__ == "__main__":
    _, its_registry, docker, *its_arguments = sys.argv
    os.execv(docker, [docker, *renamed(its_arguments, its_registry)])  # noqa: S606 - it is what the user called
