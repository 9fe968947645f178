"""A user's own net of objects in the place of Clary's: an ONNX file as RT-DETR and D-FINE are exported.

Such a file has two inputs, `images` [1, 3, height, width] (red, green, blue; 0..1) and `orig_target_sizes` [1, 2]
(width and height), and three outputs: `labels` [1, n] (COCO's eighty kinds, from 0), `boxes` [1, n, 4] (left, top,
right, bottom in the size that was told) and `scores` [1, n] (0..1). Zhao et al., "DETRs Beat YOLOs on Real-time Object
Detection" (2024); Peng et al., "D-FINE" (2024). The variable `FILE` names the file.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from clary.engines.onnx_models import open_model
from clary.engines.refusals import Refused
from clary.engines.vision.pictures import Picture

FILE = "CLARY_OBJECTS_MODEL"
_INPUTS = {"images", "orig_target_sizes"}
_OUTPUTS = ("labels", "boxes", "scores")
_SIDE = 640  # where the file leaves it open; what both are trained with


class DetectionTransformer:
    """A net that was read from a file.

    Args:
        file: the ONNX file.
        threads: that it computes with.

    Raises:
        Refused: `weights-missing`; there is no such file, or it has other inputs and outputs.
    """

    def __init__(self, file: Path, threads: int) -> None:
        try:
            self._session = open_model(file, threads, keeps_arena=True)
        except Exception as error:  # onnxruntime raises many kinds, all of which mean the same
            raise _unusable(file, "it cannot be read as an ONNX model") from error
        inputs = {one.name: one.shape for one in self._session.get_inputs()}
        if set(inputs) != _INPUTS:
            raise _unusable(file, f"its inputs are {sorted(inputs)}, not {sorted(_INPUTS)}")
        if not set(_OUTPUTS) <= (outputs := {one.name for one in self._session.get_outputs()}):
            raise _unusable(file, f"its outputs are {sorted(outputs)}, not {sorted(_OUTPUTS)}")
        height, width = (side if isinstance(side, int) else _SIDE for side in inputs["images"][2:])
        self._size = (width, height)

    def find(self, picture: Picture) -> tuple[NDArray[np.float32], NDArray[np.int64], NDArray[np.float32]]:
        """The objects of a picture: boxes [n, 4] as ratios, kinds [n], probabilities [n]."""
        width, height = self._size
        is_smaller = picture.width < width or picture.height < height
        squeezed = cv2.resize(picture.rgb, self._size, interpolation=cv2.INTER_LINEAR if is_smaller else cv2.INTER_AREA)
        images = squeezed.transpose(2, 0, 1)[None].astype(np.float32) / np.float32(255)
        told = {"images": np.ascontiguousarray(images), "orig_target_sizes": np.array([[width, height]], np.int64)}
        labels, boxes, scores = (np.asarray(found)[0] for found in self._session.run(list(_OUTPUTS), told))
        ratios = np.clip(boxes / np.array([width, height, width, height], np.float32), 0, 1)
        return ratios.astype(np.float32), labels.astype(np.int64), scores.astype(np.float32)


def named_file() -> Path | None:
    """The file that the variable names."""
    named = os.environ.get(FILE, "")
    return Path(named).expanduser() if named else None


def _unusable(file: Path, why: str) -> Refused:
    details: dict[str, Any] = {"name": str(file), "command": f"unset {FILE}"}
    return Refused("weights-missing", f"{FILE} names {file}, but {why}.", **details)
