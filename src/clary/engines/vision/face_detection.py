"""Where faces are: BlazeFace (Bazarevsky et al. 2019) on two sizes of the picture.

The net knows faces of 16 to 250 pixels. Run over the picture as it is (nearly), it finds the small ones of a crowd; run
over the picture at 256 pixels, those that fill it. It is made of convolutions alone, so it takes any size, and each
point of its two grids answers for a face around it: a score, a box and six points.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from clary.engines.vision.boxes import Boxes, Scores, distinct
from clary.engines.vision.models import Models
from clary.engines.vision.pictures import Picture, Pixels

MOST_FACES = 100
LEAST_SCORE = 0.5
_SMALL_SIDE = 256
_LARGEST_SIDE = 1600
_REDUCTION = 0.65  # of a large picture's size; a face of 24 pixels has 16 then, which is enough
_DETAILED_SIDE = 640  # a smaller picture is reduced less
_DETAIL = 0.8
_MULTIPLE = 32
_LEAST_SIDE = 128
_GRIDS = ((16, 2), (32, 6))  # pixels between points, and faces that each point may answer for
_SAME_FACE = 0.3
_POINTS = 6
_LARGE = 0.35  # a face wider than this part of the detailed picture is left to the small one


@dataclass(frozen=True, slots=True)
class Found:
    """Faces, in pixels of the picture's `rgb`.

    Attributes:
        boxes: [n, 4] from brow to chin.
        points: [n, 6, 2] eye left, eye right, nose, mouth, ear left, ear right, as the picture shows them.
        scores: [n] 0..1.
    """

    boxes: Boxes
    points: NDArray[np.float32]
    scores: Scores


def find(models: Models, picture: Picture, least: float = LEAST_SCORE) -> Found:
    """The faces of a picture, the largest first, at most `MOST_FACES`.

    Args:
        models: where the net comes from.
        picture: any size.
        least: the least score of a face.
    """
    longer = max(picture.width, picture.height)
    detailed = int(min(_LARGEST_SIDE, max(_REDUCTION * longer, min(_DETAIL * longer, _DETAILED_SIDE), _SMALL_SIDE)))
    views = []
    if detailed > _SMALL_SIDE:
        close = _view(models, picture, detailed, least)
        small = (close.boxes[:, 2] - close.boxes[:, 0]) < _LARGE * longer
        views.append(Found(close.boxes[small], close.points[small], close.scores[small]))
    views.append(_view(models, picture, _SMALL_SIDE, least))
    boxes = np.concatenate([view.boxes for view in views])
    points = np.concatenate([view.points for view in views])
    scores = np.concatenate([view.scores for view in views])
    kept = distinct(boxes, scores, _SAME_FACE)
    widths = boxes[kept, 2] - boxes[kept, 0]
    kept = kept[np.argsort(-widths, kind="stable")][:MOST_FACES]
    return Found(boxes[kept], points[kept], scores[kept])


def _view(models: Models, picture: Picture, side: int, least: float) -> Found:
    """The faces seen with the picture's longer side at `side` pixels."""
    rgb = picture.within(side)
    heights, boxes, points = [], [], []
    for score, numbers, stride, each in _answers(models, rgb):
        rows, columns, which = np.nonzero(score > _logit(least))
        chosen = numbers.reshape(*numbers.shape[:2], each, -1)[rows, columns, which]
        anchors = (np.stack([columns, rows], 1) + 0.5) * stride
        centres, halves = anchors + chosen[:, :2], chosen[:, 2:4] / 2
        boxes.append(np.concatenate([centres - halves, centres + halves], 1))
        points.append(chosen[:, 4:].reshape(-1, _POINTS, 2) + anchors[:, None])
        heights.append(1 / (1 + np.exp(-score[rows, columns, which])))
    factor = max(picture.width, picture.height) / side
    found = np.concatenate(boxes).astype(np.float32) * np.float32(factor)
    scores = np.concatenate(heights).astype(np.float32)
    kept = distinct(found, scores, _SAME_FACE)
    return Found(found[kept], np.concatenate(points).astype(np.float32)[kept] * np.float32(factor), scores[kept])


def _answers(models: Models, rgb: Pixels) -> list[tuple[NDArray[np.float32], NDArray[np.float32], int, int]]:
    """Scores (log odds) and numbers of both grids, with the grids' spacing and faces for each point."""
    height, width = rgb.shape[:2]
    canvas_height, canvas_width = (max(_LEAST_SIDE, -(-side // _MULTIPLE) * _MULTIPLE) for side in (height, width))
    canvas = np.zeros((1, canvas_height, canvas_width, 3), np.float32)
    canvas[0, :height, :width] = rgb * np.float32(1 / 127.5) - np.float32(1)
    fine, coarse, fine_numbers, coarse_numbers = (array[0] for array in models["faces"](canvas))
    return [(fine, fine_numbers, *_GRIDS[0]), (coarse, coarse_numbers, *_GRIDS[1])]


def _logit(probability: float) -> float:
    return float(np.log(probability / (1 - probability)))


def crop(
    rgb: Pixels, centre: NDArray[np.float32], side: float, angle: float, pixels: int
) -> tuple[Pixels, NDArray[np.float32]]:
    """A square out of a picture, turned upright.

    Args:
        rgb: [height, width, 3] uint8.
        centre: [2] of the square, in pixels of the picture.
        side: of the square, in pixels of the picture.
        angle: by how much what it shows is turned clockwise, in radians.
        pixels: the side of the result.

    Returns:
        [pixels, pixels, 3] uint8, black where the picture ends; and [2, 3], which takes a point of the result to the
        picture.
    """
    scale = side / pixels
    cosine, sine = float(np.cos(angle)) * scale, float(np.sin(angle)) * scale
    turn = np.array([[cosine, -sine], [sine, cosine]], np.float32)
    origin = centre - turn @ np.full(2, pixels / 2, np.float32)
    back = np.concatenate([turn, origin[:, None]], 1).astype(np.float32)
    source, to_picture = rgb, back
    if scale > 2:  # many pixels become one: reduce the picture's part first, so that they are averaged
        source, to_picture = _reduced(rgb, back, pixels)
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return np.asarray(cv2.warpAffine(source, to_picture, (pixels, pixels), flags=flags), np.uint8), back


def _reduced(rgb: Pixels, back: NDArray[np.float32], pixels: int) -> tuple[Pixels, NDArray[np.float32]]:
    """The part of the picture that a crop needs, at about the crop's resolution, and the crop's way into it."""
    corners = np.array([[0, 0, 1], [pixels, 0, 1], [0, pixels, 1], [pixels, pixels, 1]], np.float32) @ back.T
    height, width = rgb.shape[:2]
    left, top = (int(max(0, np.floor(corners[:, axis].min()))) for axis in (0, 1))
    right = int(min(width, np.ceil(corners[:, 0].max())))
    bottom = int(min(height, np.ceil(corners[:, 1].max())))
    if right - left < 2 or bottom - top < 2:
        return rgb, back
    factor = pixels / float(np.hypot(*back[:, 0])) / pixels
    size = (max(1, round((right - left) * factor)), max(1, round((bottom - top) * factor)))
    part = cv2.resize(rgb[top:bottom, left:right], size, interpolation=cv2.INTER_AREA)
    ratio = np.array([size[0] / (right - left), size[1] / (bottom - top)], np.float32)
    moved = back.copy()
    moved[:, 2] -= (left, top)
    return np.asarray(part, np.uint8), moved * ratio[:, None]
