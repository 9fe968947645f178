"""Who owns a job's files: the users of images are not the user that Clary runs as."""

from __future__ import annotations

import contextlib
import os
import secrets
from pathlib import Path

from clary.compute.containers.bare import provide_bare_image, python_config
from clary.compute.containers.engine import Engine, EngineError

_READ_ONLY = "input"
_WRITABLE_BY_ALL = 0o777


def open_to_any_user(folder: Path) -> None:
    """Lets whatever user an image names write into a job's folder; nobody of this machine can reach it from outside.

    Args:
        folder: what the container sees as `/opt/ml`; the folder above it belongs to Clary alone.
    """
    with contextlib.suppress(OSError):  # of an earlier container of the same job: it is that user's already
        folder.chmod(_WRITABLE_BY_ALL)
        for place, folders, _ in os.walk(folder):
            if Path(place) == folder and _READ_ONLY in folders:
                folders.remove(_READ_ONLY)
            Path(place).chmod(_WRITABLE_BY_ALL)


def take_over(engine: Engine, folder: Path) -> None:
    """Makes everything in a folder its owner's: Clary has to read, upload and remove what a container wrote.

    A container of root does it, for the owner that the folder has inside: so it is right where users are mapped, too.

    Raises:
        EngineError: the engine cannot run it.
    """
    provide_bare_image(engine)
    script = Path(__file__).with_name("chown_all.py")
    config = python_config(script, [str(folder)], network="none", writable=[folder])
    config["User"] = "0:0"
    config["HostConfig"]["CapAdd"] = ["CHOWN", "DAC_READ_SEARCH"]
    container = engine.create(f"clary-own-{secrets.token_hex(6)}", config)
    try:
        output = engine.attach(container)
        engine.start(container)
        said = b"".join(output).decode("utf-8", "replace").strip()
        if engine.wait(container) != 0:
            raise EngineError(0, f"the files in {folder} cannot be taken over: {said[-300:]}")
    finally:
        with contextlib.suppress(EngineError):
            engine.remove(container)
