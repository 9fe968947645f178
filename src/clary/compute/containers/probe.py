"""Whether containers work on this machine: found out by running one."""

from __future__ import annotations

import contextlib
import secrets
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from clary.compute.containers.bare import provide_bare_image, python_config
from clary.compute.containers.engine import Engine, EngineError, NoEngine, find_engine

_MEMORY_BYTES = 256 << 20
_SCRIPT = """\
import os, socket, sys
assert open(os.path.join(sys.argv[1], "question")).read() == "42", "a folder of this machine is not to be seen"
open(os.path.join(sys.argv[1], "answer"), "w").write("seen")
try:
    socket.create_connection(("192.0.2.1", 9), 0.2)
except OSError as error:
    assert "unreachable" in str(error), f"without a network there still is one: {error}"
print("ran")
"""


@dataclass(frozen=True, slots=True)
class Containers:
    """Whether images can be run here.

    Attributes:
        works: whether a container was really run.
        description: a sentence for people: what runs them, or what is missing.
    """

    works: bool
    description: str


def probe(container_socket: str = "") -> Containers:
    """Runs a container with a folder of this machine, a memory limit and no network.

    Args:
        container_socket: the engine's, "" for the usual places.
    """
    try:
        engine = find_engine(container_socket)
    except NoEngine as error:
        return Containers(False, f"Images cannot be run: {error.message}.")
    try:
        version = engine.version()
        problem = _run_one(engine)
    except EngineError as error:
        return Containers(False, f"Images cannot be run: the engine at {engine.socket_path} says: {error.message}.")
    if problem:
        return Containers(
            False, f"Images cannot be run: {version} at {engine.socket_path} ran a container, but {problem}."
        )
    return Containers(
        True,
        f"Programs in images run in containers of {version} ({engine.socket_path}): their folder at /opt/ml, CPUs and "
        "memory limited, with network isolation no network at all.",
    )


def _run_one(engine: Engine) -> str:
    """What is wrong with a container that was run, "" when nothing is."""
    provide_bare_image(engine)
    with tempfile.TemporaryDirectory(prefix="clary-probe-") as name:
        folder = Path(name)
        script = folder / "probe.py"
        script.write_text(_SCRIPT, encoding="utf-8")
        (folder / "question").write_text("42", encoding="utf-8")
        config: dict[str, Any] = python_config(script, [str(folder)], network="none", writable=[folder])
        config["HostConfig"]["Memory"] = _MEMORY_BYTES
        config["HostConfig"]["Init"] = True
        container = engine.create(f"clary-probe-{secrets.token_hex(4)}", config)
        try:
            output = engine.attach(container)
            engine.start(container)
            said = b"".join(output).decode("utf-8", "replace").strip().splitlines()
            code = engine.wait(container)
            if code != 0:
                return f"it ended with code {code}: {said[-1] if said else 'it said nothing'}"
            if not (folder / "answer").exists():
                return f"what it wrote to {folder} is not to be seen on this machine"
        finally:
            with contextlib.suppress(EngineError):
                engine.remove(container)
    return ""
