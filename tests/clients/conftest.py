"""A really started Clary, and the Pythons that hold the unmodified clients."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CLARY = Path(sys.executable).with_name("clary")


@dataclass(frozen=True)
class RunningClary:
    """A server on a data folder of its own."""

    data: Path
    url: str

    def command(self, *arguments: str) -> str:
        """Runs `clary ARGUMENTS --data DIR` and returns what it printed."""
        name, *rest = arguments
        done = subprocess.run(
            [str(CLARY), name, "--data", str(self.data), *rest], check=True, capture_output=True, text=True
        )
        return done.stdout

    def environment(self) -> dict[str, str]:
        """What `eval "$(clary env)"` makes of this process's environment."""
        words = [shlex.split(line)[1] for line in self.command("env").splitlines()]
        return {**os.environ, **dict(word.split("=", 1) for word in words)}


def start_clary(data: Path, port: int = 0) -> RunningClary:
    """Starts a detached Clary, on a free port by default."""
    command = [str(CLARY), "up", "--data", str(data), "--port", str(port), "--detach"]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return RunningClary(data, done.stdout.split("answers at ")[1].split()[0])


@pytest.fixture(scope="session")
def clary(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningClary]:
    """One Clary for all client tests."""
    running = start_clary(tmp_path_factory.mktemp("clary") / "data")
    yield running
    running.command("down")


def client_python(name: str) -> Path:
    """The Python of `.venv-NAME`; the test is skipped where `make test` has not made it."""
    python = ROOT / f".venv-{name}" / "bin" / "python"
    if not python.exists():
        pytest.skip(f"{python.parent.parent.name} is not there; `make clients` makes it")
    return python
