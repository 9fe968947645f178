"""The weights that the vision engine needs, pulled once for a machine."""

from __future__ import annotations

from pathlib import Path

import pytest

from clary.app.settings import Settings
from clary.engines.vision.host import Vision
from clary.engines.vision.models import Models
from clary.storage.weights import Weights, WeightsUnavailable


@pytest.fixture(scope="session")
def vision_weights() -> Path:
    """The folder of pulled weights."""
    weights = Weights(Settings.load().weights)
    try:
        weights.ready("vision")
    except WeightsUnavailable as error:
        pytest.skip(f"the weights of the vision engine cannot be had here: {error}")
    return weights.folder


@pytest.fixture(scope="session")
def vision(vision_weights: Path, tmp_path_factory: pytest.TempPathFactory) -> Vision:
    """The engine with real weights."""
    return Vision(Models(vision_weights, threads=1), tmp_path_factory.mktemp("indexes"))
