"""Where text stands in a picture: a map of probabilities (PP-OCRv6), and rectangles around its islands.

Source of the method: Liao and others, "Real-time Scene Text Detection with Differentiable Binarization", 2020.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from clary.engines.documents.sessions import DETECTOR, session
from clary.engines.documents.sheets import Pixels

Quadrilateral = NDArray[np.float32]
"""[4, 2] x and y in pixels: top left, top right, bottom right, bottom left of a rectangle that may be tilted."""
STRIDE = 32
"""The network wants sides that are multiples of this."""


@dataclass(frozen=True, slots=True)
class DetectorSettings:
    """How islands become rectangles.

    Attributes:
        threshold: a pixel of the map above it is text.
        least_score: mean of the map within a rectangle that is kept.
        growth: how far a rectangle grows, times its area over its circumference; the map shows shrunken text.
        dilate: closes hair-fine gaps in the islands; good for photographs, while on documents it joins lines.
    """

    threshold: float = 0.3
    least_score: float = 0.5
    growth: float = 1.6
    dilate: bool = False


class Detector:
    """Finds text.

    Args:
        threads: processors that one run may use.
    """

    def __init__(self, threads: int = 1) -> None:
        self._session = session(DETECTOR, threads)
        self._input = self._session.get_inputs()[0].name

    def score_map(self, pixels: Pixels, scale: float) -> NDArray[np.float32]:
        """How likely each place is text.

        Args:
            pixels: [height, width, 3] RGB.
            scale: the picture is enlarged so many times first.

        Returns:
            [h, w] probabilities over the whole picture, in whatever size the network saw it.
        """
        height, width = pixels.shape[:2]
        seen_height = max(STRIDE, round(height * scale / STRIDE) * STRIDE)
        seen_width = max(STRIDE, round(width * scale / STRIDE) * STRIDE)
        shrinks = seen_height < height
        resized = cv2.resize(
            pixels, (seen_width, seen_height), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
        )
        # the model learned from blue, green, red
        values = np.ascontiguousarray(resized[:, :, ::-1].transpose(2, 0, 1)[None], dtype=np.float32)
        values *= 2 / 255
        values -= 1
        (found,) = self._session.run(None, {self._input: values})
        scores: NDArray[np.float32] = found[0, 0]
        return scores

    def find(self, pixels: Pixels, scale: float, settings: DetectorSettings) -> list[Quadrilateral]:
        """Rectangles around text, in pixels of the picture, in no particular order."""
        return rectangles(self.score_map(pixels, scale), pixels.shape[1], pixels.shape[0], settings)


def rectangles(scores: NDArray[np.float32], width: int, height: int, settings: DetectorSettings) -> list[Quadrilateral]:
    """Rectangles around the islands of a map.

    Args:
        scores: [h, w] probabilities.
        width: of the picture that the map covers, in pixels.
        height: likewise.
        settings: how.
    """
    mask: cv2.typing.MatLike = (scores > settings.threshold).astype(np.uint8)
    if settings.dilate:
        mask = cv2.dilate(mask, np.ones((2, 2), np.uint8))
    stretch = np.array([width / scores.shape[1], height / scores.shape[0]], np.float32)
    found = []
    outlines, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    for outline in outlines:
        centre, size, angle = cv2.minAreaRect(outline)
        if (
            min(size) < 2
            or _mean_within(scores, np.asarray(cv2.boxPoints((centre, size, angle)), np.float32)) < settings.least_score
        ):
            continue
        grown = 2 * settings.growth * size[0] * size[1] / (2 * (size[0] + size[1]))
        corners = cv2.boxPoints((centre, (size[0] + grown, size[1] + grown), angle)) * stretch
        found.append(_from_top_left(np.asarray(corners, np.float32)))
    return found


def _mean_within(scores: NDArray[np.float32], corners: NDArray[np.float32]) -> float:
    left, top = np.maximum(np.floor(corners.min(axis=0)).astype(int), 0)
    right, bottom = np.ceil(corners.max(axis=0)).astype(int) + 1
    part = scores[top:bottom, left:right]
    inside = np.zeros(part.shape, np.uint8)
    cv2.fillPoly(inside, [np.round(corners - (left, top)).astype(np.int32)], 1)
    return float(cv2.mean(part, inside)[0])


def _from_top_left(corners: NDArray[np.float32]) -> Quadrilateral:
    """The same corners clockwise, beginning at the one that is nearest to the top left of an upright reader."""
    left_pair, right_pair = np.split(corners[np.argsort(corners[:, 0], kind="stable")], 2)
    top_left, bottom_left = left_pair[np.argsort(left_pair[:, 1])]
    top_right, bottom_right = right_pair[np.argsort(right_pair[:, 1])]
    return np.array([top_left, top_right, bottom_right, bottom_left], np.float32)
