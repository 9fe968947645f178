"""How programs leave models behind: whole, or not at all."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any


def publish(target: Path, result: Mapping[str, Any], save: Callable[[Path], None]) -> None:
    """Puts a model's finished folder into its place, on disk.

    Args:
        target: the model's folder; what a killed attempt left there is replaced.
        result: what `result.json` holds.
        save: writes the model into a folder.
    """
    draft = target.with_name(target.name + ".draft")
    for leftover in (draft, target):
        shutil.rmtree(leftover, ignore_errors=True)
    draft.mkdir(parents=True)
    save(draft)
    (draft / "result.json").write_text(json.dumps(result), encoding="utf-8")
    for path in [*draft.rglob("*"), draft]:
        _sync(path)
    draft.rename(target)
    _sync(target.parent)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
