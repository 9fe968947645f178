"""What of Personalize's folder a program sees: the data sets and models that it was told of, and what was put.

Other data sets and models, which may be of other accounts, are hidden from it where the kernel can do that; what it
only reads it cannot change. The events lie in one file for all, in a folder of its own: even a reader of SQLite's log
writes beside it.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from clary.services.personalize.event_store import EVENTS_FILE

MODELS = "models"
DELETIONS = "deletions"


def events_folder(folder: Path) -> Path:
    """The folder that every program that reads events may write to."""
    return (folder / EVENTS_FILE).parent


def readable(folder: Path, datasets: Mapping[str, Mapping[str, Any]], *models: str) -> tuple[str, ...]:
    """The folders of some data sets, of the deletions from them, and of models; those of the data sets are made.

    Args:
        folder: Personalize's.
        datasets: of `TrainingTasks.datasets`.
        models: below Personalize's folder.
    """
    places = [folder / "datasets" / dataset["id"] for dataset in datasets.values()]
    for place in places:
        place.mkdir(parents=True, exist_ok=True)
    gone = {later for dataset in datasets.values() for several in dataset["deletions"].values() for later in several}
    return tuple(map(str, [*places, *(folder / below for below in (*sorted(gone), *models))]))
