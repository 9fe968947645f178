"""Feature maps of a picture: what MobileNetV2, trained on ImageNet, sees at each of its places (see `mobilenet`)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from clary.engines.vision.models import Models
from clary.engines.vision.pictures import Picture, Pixels, resized

Array = NDArray[np.float32]

MODEL = "features"
STRIDE = 8
"""Pixels between two places of a grid."""
GRID_CHANNELS = 24 + 32 + 96
LAST_CHANNELS = 1280
_MULTIPLE = 32  # of both sides that the net takes
_GREY = 114


@dataclass(frozen=True, slots=True)
class FeatureMaps:
    """What is seen in a picture that was reduced or enlarged.

    Attributes:
        grid: [rows, columns, `GRID_CHANNELS`] one row and column every `STRIDE` pixels: fine, middle and coarse.
        last: [rows / 4, columns / 4, `LAST_CHANNELS`] the most abstract map.
        width, height: of the reduced picture in pixels; the grid may reach over its edges.
    """

    grid: Array
    last: Array
    width: int
    height: int


def feature_maps(models: Models, picture: Picture, side: int, mirrored: bool = False) -> FeatureMaps:
    """The maps of a picture with its longer side at `side` pixels.

    Args:
        models: where the net comes from.
        mirrored: whether left and right are exchanged first.
    """
    pixels = resized(picture.rgb, side / max(picture.rgb.shape[:2]))
    if mirrored:
        pixels = np.ascontiguousarray(pixels[:, ::-1])
    height, width = pixels.shape[:2]
    fine, middle, coarse, last = models[MODEL](_padded(pixels)[None])
    rows, columns = middle.shape[1:3]
    size = (columns, rows)
    grid = np.concatenate(
        [
            cv2.resize(fine[0], size, interpolation=cv2.INTER_AREA),
            middle[0],
            cv2.resize(coarse[0], size, interpolation=cv2.INTER_LINEAR),
        ],
        axis=2,
    )
    return FeatureMaps(grid, last[0], width, height)


def _padded(pixels: Pixels) -> Array:
    height, width = pixels.shape[:2]
    rows, columns = (-(-length // _MULTIPLE) * _MULTIPLE for length in (height, width))
    padded = np.full((rows, columns, 3), _GREY, np.float32)
    padded[:height, :width] = pixels
    return padded


def summary(models: Models, picture: Picture, side: int, mirrored: bool = False) -> Array:
    """The whole picture, squeezed into a square of `side` pixels, as one vector: the means of all maps."""
    square = cv2.resize(picture.rgb, (side, side), interpolation=_interpolation(picture, side))
    if mirrored:
        square = np.ascontiguousarray(square[:, ::-1])
    maps: list[NDArray[Any]] = models[MODEL](square.astype(np.float32)[None])
    return np.concatenate([found[0].mean(axis=(0, 1)) for found in maps]).astype(np.float32)


def _interpolation(picture: Picture, side: int) -> int:
    return cv2.INTER_AREA if min(picture.rgb.shape[:2]) > side else cv2.INTER_CUBIC


def sampled(grid: Array, boxes: NDArray[np.float64], points: int, reach: float) -> Array:
    """What a grid holds inside of boxes.

    Args:
        grid: [rows, columns, channels].
        boxes: [n, 4] left, top, right, bottom in places of the grid.
        points: how many points a side.
        reach: the part of a box that the points span; more than 1 looks beyond its edges.

    Returns:
        [n, points * points * channels], between places by bilinear interpolation.
    """
    steps = (np.arange(points) + 0.5) / points - 0.5
    centre = (boxes[:, :2] + boxes[:, 2:]) / 2
    extent = (boxes[:, 2:] - boxes[:, :2]) * reach
    x = (centre[:, :1] + extent[:, :1] * steps)[:, None, :].repeat(points, axis=1)
    y = (centre[:, 1:] + extent[:, 1:] * steps)[:, :, None].repeat(points, axis=2)
    rows, columns, channels = grid.shape
    x = np.clip(x - 0.5, 0, columns - 1.001)
    y = np.clip(y - 0.5, 0, rows - 1.001)
    left, top = x.astype(np.int64), y.astype(np.int64)
    right, below = np.minimum(left + 1, columns - 1), np.minimum(top + 1, rows - 1)
    across, down = (x - left)[..., None].astype(np.float32), (y - top)[..., None].astype(np.float32)
    upper = grid[top, left] * (1 - across) + grid[top, right] * across
    lower = grid[below, left] * (1 - across) + grid[below, right] * across
    return np.asarray(upper * (1 - down) + lower * down, np.float32).reshape(len(boxes), points * points * channels)
