"""What of Personalize's folder a program sees: the data sets and models that it was told of, and what was put there.

Other data sets and models, which may be of other accounts, are hidden from it where the kernel can do that, and what it
only reads it cannot change.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from clary.services.personalize.events import event_store

MODELS = "models"
DELETIONS = "deletions"


def events_folders(folder: Path, datasets: Mapping[str, Mapping[str, Any]]) -> tuple[Path, ...]:
    """The folders with what was put into some data sets.

    Args:
        folder: Personalize's.
        datasets: of `TrainingTasks.datasets`.
    """
    return tuple(event_store.folder_of(folder, dataset["id"]) for dataset in datasets.values())


def readable(folder: Path, datasets: Mapping[str, Mapping[str, Any]], *models: str) -> tuple[str, ...]:
    """The folders of some data sets, of what was put into them and deleted from them, and of models.

    Those of the data sets are made: what does not exist cannot be shown.

    Args:
        folder: Personalize's.
        datasets: of `TrainingTasks.datasets`.
        models: below Personalize's folder.
    """
    places = [folder / "datasets" / dataset["id"] for dataset in datasets.values()]
    places += events_folders(folder, datasets)
    for place in places:
        place.mkdir(parents=True, exist_ok=True)
    gone = {later for dataset in datasets.values() for several in dataset["deletions"].values() for later in several}
    return tuple(map(str, [*places, *(folder / below for below in (*sorted(gone), *models))]))
