"""The table of models."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from clary.engines.recommendation.arrays import SETTINGS
from clary.engines.recommendation.next_action import NextAction
from clary.engines.recommendation.personal import Personal
from clary.engines.recommendation.popularity import Popularity, Trending
from clary.engines.recommendation.segments import Affinity
from clary.engines.recommendation.similar import Similar

Model = Personal | Popularity | Trending | Similar | Affinity | NextAction

MODELS: dict[str, type[Model]] = {
    model.name: model for model in (Personal, Popularity, Trending, Similar, Affinity, NextAction)
}


def create(name: str, **hyperparameters: Any) -> Model:
    """An unfitted model.

    Args:
        name: a key of `MODELS`.
        hyperparameters: arguments of its constructor.

    Raises:
        KeyError: there is no such model.
    """
    return MODELS[name](**hyperparameters)


def load(folder: Path) -> Model:
    """The model that was saved in a folder, memory-mapped.

    Raises:
        FileNotFoundError: there is none.
    """
    name: str = json.loads((folder / SETTINGS).read_text(encoding="utf-8"))["name"]
    return MODELS[name].load(folder)
