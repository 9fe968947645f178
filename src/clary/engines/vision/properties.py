"""What can be said of a picture without knowing what it shows: its colours, lightness, sharpness and contrast."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from clary.engines.vision.boxes import Boxes
from clary.engines.vision.contract import Colour, Properties, Quality, Region
from clary.engines.vision.pictures import Picture, Pixels

_SIDE = 256
_SHARPNESS_SIDE = 1024
_MOST_COLOURS = 12
_LEAST_SHARE = 0.01
_BITS = 4  # of each channel, by which alike colours are gathered first
_ALIKE = 26.0  # distance in Lab below which two colours are one
_SHARP = 9.0  # the mean gradient at strong edges that counts as fully sharp

_CSS = {
    "aliceblue": 0xF0F8FF, "antiquewhite": 0xFAEBD7, "aquamarine": 0x7FFFD4, "azure": 0xF0FFFF, "beige": 0xF5F5DC,
    "bisque": 0xFFE4C4, "black": 0x000000, "blue": 0x0000FF, "blueviolet": 0x8A2BE2, "brown": 0xA52A2A,
    "burlywood": 0xDEB887, "cadetblue": 0x5F9EA0, "chartreuse": 0x7FFF00, "chocolate": 0xD2691E, "coral": 0xFF7F50,
    "cornflowerblue": 0x6495ED, "crimson": 0xDC143C, "cyan": 0x00FFFF, "darkblue": 0x00008B, "darkcyan": 0x008B8B,
    "darkgoldenrod": 0xB8860B, "darkgreen": 0x006400, "darkgrey": 0xA9A9A9, "darkkhaki": 0xBDB76B,
    "darkmagenta": 0x8B008B, "darkolivegreen": 0x556B2F, "darkorange": 0xFF8C00, "darkred": 0x8B0000,
    "darkseagreen": 0x8FBC8F, "darkslateblue": 0x483D8B, "darkslategrey": 0x2F4F4F, "deeppink": 0xFF1493,
    "deepskyblue": 0x00BFFF, "dimgrey": 0x696969, "dodgerblue": 0x1E90FF, "firebrick": 0xB22222,
    "forestgreen": 0x228B22, "gainsboro": 0xDCDCDC, "gold": 0xFFD700, "goldenrod": 0xDAA520, "green": 0x008000,
    "grey": 0x808080, "hotpink": 0xFF69B4, "indianred": 0xCD5C5C, "indigo": 0x4B0082, "ivory": 0xFFFFF0,
    "khaki": 0xF0E68C, "lavender": 0xE6E6FA, "lightblue": 0xADD8E6, "lightcoral": 0xF08080, "lightgreen": 0x90EE90,
    "lightgrey": 0xD3D3D3, "lightpink": 0xFFB6C1, "lightsalmon": 0xFFA07A, "lightseagreen": 0x20B2AA,
    "lightskyblue": 0x87CEFA, "lightslategrey": 0x778899, "lightsteelblue": 0xB0C4DE, "limegreen": 0x32CD32,
    "linen": 0xFAF0E6, "magenta": 0xFF00FF, "maroon": 0x800000, "mediumblue": 0x0000CD, "mediumorchid": 0xBA55D3,
    "mediumpurple": 0x9370DB, "mediumseagreen": 0x3CB371, "midnightblue": 0x191970, "navy": 0x000080,
    "olive": 0x808000, "olivedrab": 0x6B8E23, "orange": 0xFFA500, "orangered": 0xFF4500, "orchid": 0xDA70D6,
    "palegreen": 0x98FB98, "paleturquoise": 0xAFEEEE, "peachpuff": 0xFFDAB9, "peru": 0xCD853F, "pink": 0xFFC0CB,
    "plum": 0xDDA0DD, "powderblue": 0xB0E0E6, "purple": 0x800080, "red": 0xFF0000, "rosybrown": 0xBC8F8F,
    "royalblue": 0x4169E1, "saddlebrown": 0x8B4513, "salmon": 0xFA8072, "sandybrown": 0xF4A460, "seagreen": 0x2E8B57,
    "sienna": 0xA0522D, "silver": 0xC0C0C0, "skyblue": 0x87CEEB, "slateblue": 0x6A5ACD, "slategrey": 0x708090,
    "springgreen": 0x00FF7F, "steelblue": 0x4682B4, "tan": 0xD2B48C, "teal": 0x008080, "thistle": 0xD8BFD8,
    "tomato": 0xFF6347, "turquoise": 0x40E0D0, "violet": 0xEE82EE, "wheat": 0xF5DEB3, "white": 0xFFFFFF,
    "whitesmoke": 0xF5F5F5, "yellow": 0xFFFF00, "yellowgreen": 0x9ACD32,
}  # fmt: skip
_SIMPLE = {
    "black": (0x000000, 0x1C1C1C), "blue": (0x0000FF, 0x4169E1, 0x00008B, 0x87CEEB, 0x4682B4),
    "brown": (0x8B4513, 0x654321, 0xA0522D, 0x5C4033), "gold": (0xFFD700, 0xDAA520),
    "green": (0x008000, 0x6B8E23, 0x90EE90, 0x00FF00),
    "grey": (0x808080, 0xA9A9A9, 0x505050), "orange": (0xFFA500, 0xFF8C00), "pink": (0xFFC0CB, 0xFF69B4),
    "purple": (0x800080, 0x9370DB), "red": (0xFF0000, 0xB22222, 0x8B0000), "white": (0xFFFFFF, 0xF0F0F0),
    "yellow": (0xFFFF00, 0xF0E68C),
}  # fmt: skip


def _lab(codes: list[int]) -> NDArray[np.float32]:
    rgb = np.array([[code >> 16, code >> 8 & 255, code & 255] for code in codes], np.uint8)
    return _to_lab(rgb)


def _to_lab(rgb: NDArray[np.uint8]) -> NDArray[np.float32]:
    """[n, 3] uint8 as CIE Lab, in which distances are those that people see."""
    scaled = rgb.astype(np.float32)[None] / np.float32(255)
    return np.asarray(cv2.cvtColor(scaled, cv2.COLOR_RGB2Lab)[0], np.float32)


_CSS_NAMES = list(_CSS)
_CSS_LAB = _lab(list(_CSS.values()))
_SIMPLE_NAMES = [name for name, codes in _SIMPLE.items() for _ in codes]
_SIMPLE_LAB = _lab([code for codes in _SIMPLE.values() for code in codes])


def properties(picture: Picture, things: Boxes) -> Properties:
    """Colours and quality of a picture, of what stands before its background, and of the background.

    Args:
        picture: any.
        things: [n, 4] boxes of the things shown, as ratios; without any there is no foreground.
    """
    small, large = picture.within(_SIDE), picture.within(min(_SHARPNESS_SIDE, max(picture.height, picture.width)))
    before_small, before_large = _mask(small, things), _mask(large, things)
    return Properties(
        whole=_region(small, large, None, None),
        foreground=_region(small, large, before_small, before_large) if before_small.any() else None,
        background=_region(small, large, ~before_small, ~before_large) if not before_small.all() else None,
    )


def _mask(rgb: Pixels, things: Boxes) -> NDArray[np.bool_]:
    height, width = rgb.shape[:2]
    mask = np.zeros((height, width), np.bool_)
    for left, top, right, bottom in things * (width, height, width, height):
        mask[max(0, round(top)) : round(bottom), max(0, round(left)) : round(right)] = True
    return mask


def _region(
    small: Pixels, large: Pixels, mask_small: NDArray[np.bool_] | None, mask_large: NDArray[np.bool_] | None
) -> Region:
    pixels = small.reshape(-1, 3) if mask_small is None else small[mask_small]
    return Region(quality=quality(large, mask_large), colours=dominant_colours(pixels))


def quality(rgb: Pixels, mask: NDArray[np.bool_] | None = None) -> Quality:
    """Lightness, sharpness and contrast of a region, 0..100 each.

    Sharpness is how steep the steepest hundredth of the edges is, relative to the region's contrast, so that a low
    contrast is not taken for a blur; contrast is the spread of lightness between its fifth and its last fifth part.

    Args:
        rgb: [height, width, 3] uint8.
        mask: [height, width], the pixels that count; None for all.
    """
    grey = np.asarray(cv2.cvtColor(np.ascontiguousarray(rgb), cv2.COLOR_RGB2GRAY), np.uint8)
    chosen = grey if mask is None or not mask.any() else grey[mask]
    low, high = np.percentile(chosen, [5, 95])
    return Quality(
        brightness=float(chosen.mean() / 2.55),
        sharpness=sharpness(grey, mask),
        contrast=float(np.clip((high - low) / 2.55, 0, 100)),
    )


def sharpness(grey: NDArray[np.uint8], mask: NDArray[np.bool_] | None = None) -> float:
    """How sharp the edges of a grey picture are, 0..100."""
    if min(grey.shape) < 3:
        return 0.0
    values = grey.astype(np.float32)
    steep = np.hypot(cv2.Sobel(values, cv2.CV_32F, 1, 0), cv2.Sobel(values, cv2.CV_32F, 0, 1)) / 4
    bend = np.abs(cv2.Laplacian(values, cv2.CV_32F))
    if mask is not None and mask.any():
        steep, bend = steep[mask], bend[mask]
    edges = steep >= max(float(np.percentile(steep, 98)), 2.0)
    if not edges.any():
        return 0.0
    return float(np.clip(100 * bend[edges].mean() / (steep[edges].mean() + _SHARP), 0, 100))


def dominant_colours(pixels: Pixels) -> list[Colour]:
    """The colours that cover most of a region, the largest first; together all that cover a hundredth and more.

    Args:
        pixels: [..., 3] uint8, red first.
    """
    flat = pixels.reshape(-1, 3)
    if not len(flat):
        return []
    cells = flat.astype(np.int32) >> (8 - _BITS)
    codes = (cells[:, 0] << 2 * _BITS) | (cells[:, 1] << _BITS) | cells[:, 2]
    counts = np.bincount(codes, minlength=1 << 3 * _BITS)
    sums = np.stack([np.bincount(codes, flat[:, c], 1 << 3 * _BITS) for c in range(3)], 1)
    filled = np.nonzero(counts)[0]
    filled = filled[np.argsort(-counts[filled], kind="stable")][:512]
    means, weights = sums[filled] / counts[filled, None], counts[filled].astype(np.float64)
    groups = _gathered(means, weights)
    total = len(flat)
    return [_colour(mean, weight / total) for mean, weight in groups if weight / total >= _LEAST_SHARE]


def _gathered(means: NDArray[np.float64], weights: NDArray[np.float64]) -> list[tuple[NDArray[np.float64], float]]:
    """Puts colours that look alike into one, the most frequent first."""
    lab = _to_lab(means.round().astype(np.uint8))
    free = np.ones(len(means), np.bool_)
    groups = []
    for number in range(len(means)):
        if not free[number]:
            continue
        alike = free & (np.linalg.norm(lab - lab[number], axis=1) < _ALIKE)
        free &= ~alike
        groups.append((np.average(means[alike], axis=0, weights=weights[alike]), float(weights[alike].sum())))
    groups.sort(key=lambda group: -group[1])
    return groups[:_MOST_COLOURS]


def _colour(mean: NDArray[np.float64], share: float) -> Colour:
    rgb = mean.round().astype(np.uint8)
    lab = _to_lab(rgb[None])
    return Colour(
        red=int(rgb[0]),
        green=int(rgb[1]),
        blue=int(rgb[2]),
        name=_CSS_NAMES[int(np.linalg.norm(_CSS_LAB - lab, axis=1).argmin())],
        simple=_SIMPLE_NAMES[int(np.linalg.norm(_SIMPLE_LAB - lab, axis=1).argmin())],
        share=float(min(share, 1.0)),
    )
