"""How a program of Clary's own is told its task, and how it says that its user has to put something right."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

TASK = "task"
"""The hyperparameter of the job that carries the program's task as JSON."""


def read_task(folder: Path) -> dict[str, Any]:
    """The task of the job that runs in `folder`: for the programs."""
    parameters = json.loads((folder / "input/config/hyperparameters.json").read_text(encoding="utf-8"))
    task: dict[str, Any] = json.loads(parameters[TASK])
    return task


def fail(folder: Path, reason: str) -> int:
    """Tells the job's user why it cannot succeed; returns the program's exit code."""
    (folder / "output").mkdir(parents=True, exist_ok=True)
    (folder / "output" / "failure").write_text(f"ClientError: {reason}", encoding="utf-8")
    return 1
