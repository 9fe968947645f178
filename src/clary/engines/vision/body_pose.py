"""Where the parts of one person's body are: MoveNet Lightning (Votel and Li 2021), 17 points.

The net looks at a square around the person and answers, on a grid of 48 x 48, with the chance of every part at every
point, where the parts lie seen from the person's middle, and how far each part is off its grid point.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from clary.engines.vision.models import Models
from clary.engines.vision.pictures import Pixels

PARTS = (
    "nose", "left eye", "right eye", "left ear", "right ear", "left shoulder", "right shoulder", "left elbow",
    "right elbow", "left wrist", "right wrist", "left hip", "right hip", "left knee", "right knee", "left ankle",
    "right ankle",
)  # fmt: skip
"""The parts in the order of the answer; left and right are the person's own."""
_PIXELS = 192
_GRID = 48
_ENLARGED = 1.25
_REACH = 1.8  # of the grid, by which a part's chance falls off with the distance from where it is expected

Array = NDArray[np.float32]


def body(models: Models, rgb: Pixels, box: Array) -> tuple[Array, Array]:
    """The parts of the person in a box.

    Args:
        models: where the net comes from.
        rgb: [height, width, 3].
        box: [4] left, top, right, bottom in pixels.

    Returns:
        [17, 2] places in pixels, and [17] chances.
    """
    side = max(float((box[2:] - box[:2]).max()) * _ENLARGED, 2.0)
    corner = (box[:2] + box[2:]) / 2 - side / 2
    scale = _PIXELS / side
    way = np.array([[scale, 0, -corner[0] * scale], [0, scale, -corner[1] * scale]], np.float32)
    cut = cv2.warpAffine(rgb, way, (_PIXELS, _PIXELS), flags=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    heat, centre, regressed, offsets = (array[0] for array in models["body_pose"](cut[None].astype(np.int32)))
    rows, columns = np.mgrid[0:_GRID, 0:_GRID].astype(np.float32)
    middle = _GRID / 2
    weight = centre[..., 0] / (np.hypot(rows - middle, columns - middle) + _REACH)
    row, column = np.unravel_index(int(weight.argmax()), weight.shape)
    expected = regressed[row, column].reshape(-1, 2) + np.array([row, column], np.float32)
    places, chances = np.zeros((len(PARTS), 2), np.float32), np.zeros(len(PARTS), np.float32)
    for number in range(len(PARTS)):
        distance = np.hypot(rows - expected[number, 0], columns - expected[number, 1])
        best_row, best_column = np.unravel_index(
            int((heat[..., number] / (distance + _REACH)).argmax()), heat.shape[:2]
        )
        off = offsets[best_row, best_column].reshape(-1, 2)[number]
        places[number] = (best_column + off[1], best_row + off[0])
        chances[number] = heat[best_row, best_column, number]
    return places * np.float32(side / _GRID) + corner.astype(np.float32), chances
