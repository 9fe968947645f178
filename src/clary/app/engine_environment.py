"""What an engine's process, or a program that loads one, finds in its variables."""

from __future__ import annotations

import logging
from pathlib import Path

from clary.storage.weights import Weights, WeightsDamaged, WeightsUnavailable

_log = logging.getLogger(__name__)


class EngineEnvironment:
    """The variables of a family's engine; asking for them fetches the weights that the family needs.

    Args:
        weights: where pulled weights are kept.
        folder: below it lies a folder for each family, which its process may write to.
        objects_model: the file of the user's own net of objects; empty where there is none.
    """

    def __init__(self, weights: Weights, folder: Path, objects_model: str = "") -> None:
        self._weights = weights
        self._folder = folder
        self._objects_model = objects_model

    def __call__(self, family: str) -> dict[str, str]:
        """Returns the variables; blocks while weights are fetched.

        Where they cannot be, the engine is started all the same: what needs no model works, what does is refused with
        the command that fetches them.
        """
        variables = {
            "CLARY_WEIGHTS": str(self._weights.folder),
            "CLARY_FACE_INDEXES": str(self._folder / "vision" / "face-indexes"),
        }
        if self._objects_model:
            variables["CLARY_OBJECTS_MODEL"] = str(Path(self._objects_model).expanduser().absolute())
        if any(entry.family == family for entry in self._weights.entries()):
            try:
                self._weights.ready(family)
            except (WeightsUnavailable, WeightsDamaged, OSError) as error:
                _log.error("the weights of the %s engine are not here: %s", family, error)
        return variables
