"""Pages that are turned until they stand upright, with the way back to the page that was sent."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from clary.engines.documents.contract import Affine
from clary.engines.documents.sheets import Pixels


@dataclass(frozen=True, slots=True)
class Upright:
    """A picture that was turned.

    Attributes:
        pixels: [height, width, 3] RGB, as it stands now.
        back: [2, 3] takes (x, y, 1) of these pixels to pixels of the picture that was sent.
        sent_size: width and height of the picture that was sent.
        degrees: how far the picture that was sent was turned clockwise, 0 <= d < 360.
    """

    pixels: Pixels
    back: NDArray[np.float64]
    sent_size: tuple[int, int]
    degrees: float

    @classmethod
    def of(cls, pixels: Pixels) -> Upright:
        """A picture as it was sent."""
        return cls(pixels, np.eye(2, 3), (pixels.shape[1], pixels.shape[0]), 0.0)

    def to_sent(self) -> Affine:
        """From ratios of the upright picture to ratios of the one that was sent."""
        height, width = self.pixels.shape[:2]
        sent_width, sent_height = self.sent_size
        (a, b, c), (d, e, f) = self.back
        return (
            float(a * width / sent_width),
            float(b * height / sent_width),
            float(c / sent_width),
            float(d * width / sent_height),
            float(e * height / sent_height),
            float(f / sent_height),
        )


def quarter_turned(picture: Upright, quarters: int) -> Upright:
    """The picture turned clockwise by quarter turns, 1 to 3."""
    pixels = np.ascontiguousarray(np.rot90(picture.pixels, -quarters))
    height, width = picture.pixels.shape[:2]
    back = {
        1: np.array([[0, 1, 0], [-1, 0, height]], float),
        2: np.array([[-1, 0, width], [0, -1, height]], float),
        3: np.array([[0, -1, width], [1, 0, 0]], float),
    }[quarters]
    return Upright(pixels, _after(picture.back, back), picture.sent_size, (picture.degrees - 90 * quarters) % 360)


def turned(picture: Upright, slant_degrees: float) -> Upright:
    """The picture turned so that lines that fell to the right by an angle lie level; the paper's edge is repeated."""
    height, width = picture.pixels.shape[:2]
    turn = np.radians(slant_degrees)
    cosine, sine = np.cos(turn), np.sin(turn)
    axes = np.array([[cosine, sine], [-sine, cosine]])
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]]) @ axes.T
    low, high = corners.min(axis=0), corners.max(axis=0)
    size = (int(np.ceil(high[0] - low[0])), int(np.ceil(high[1] - low[1])))
    back = np.column_stack((axes.T, axes.T @ low))
    pixels = cv2.warpAffine(
        picture.pixels, back, size, flags=cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP, borderMode=cv2.BORDER_REPLICATE
    )
    degrees = (picture.degrees + slant_degrees) % 360
    return Upright(np.asarray(pixels, np.uint8), _after(picture.back, back), picture.sent_size, degrees)


def _after(first: NDArray[np.float64], then: NDArray[np.float64]) -> NDArray[np.float64]:
    """The way back over two turns: the last one first."""
    whole: NDArray[np.float64] = np.vstack((first, (0, 0, 1))) @ np.vstack((then, (0, 0, 1)))
    return whole[:2]
