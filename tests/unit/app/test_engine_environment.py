"""What an engine's process finds in its variables."""

from __future__ import annotations

from pathlib import Path

from clary.app.engine_environment import EngineEnvironment
from clary.storage.weights import Weights


def test_the_user_s_own_net_of_objects_is_told_where_one_is_set(tmp_path: Path) -> None:
    weights = Weights(tmp_path / "weights", [])
    plain = EngineEnvironment(weights, tmp_path)("vision")
    assert plain == {
        "CLARY_WEIGHTS": str(tmp_path / "weights"),
        "CLARY_FACE_INDEXES": str(tmp_path / "vision/face-indexes"),
    }
    told = EngineEnvironment(weights, tmp_path, "/srv/rtdetr.onnx")("vision")
    assert told == {**plain, "CLARY_OBJECTS_MODEL": "/srv/rtdetr.onnx"}
