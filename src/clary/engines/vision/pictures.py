"""A picture's bytes become pixels once: upright, without transparency, or they are refused by name.

What comes in is anybody's. The header is read first and decides: the format, the sides and the number of pixels. A
large JPEG is decoded at a half, a quarter or an eighth of its size, which its transform gives for nothing; every box
is a ratio, so nobody needs more pixels than `WORKING_SIDE`.
"""

from __future__ import annotations

import io
import warnings
from dataclasses import dataclass, field
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from clary.engines.jpeg_scans import MOST_SCANS, has_too_many_scans
from clary.engines.refusals import Refused
from clary.engines.vision.contract import Size

MOST_PIXELS = 100_000_000
"""A picture of 10,000 x 10,000 pixels; more is a bomb, or needs another tool."""
SHORTEST_SIDE = 8
WORKING_SIDE = 3072
"""The longer side that pictures are reduced to."""
_FORMATS = ("JPEG", "PNG")
_ORIENTATION = 0x0112
_DEEP_MODES = ("I", "I;16", "I;16B", "I;16L", "F")

Pixels = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Picture:
    """A decoded picture.

    Attributes:
        rgb: [height, width, 3] uint8, red first; at most `WORKING_SIDE` on its longer side.
        size: of the upright picture as it was sent.
    """

    rgb: Pixels
    size: Size
    _scaled: dict[int, Pixels] = field(default_factory=dict, repr=False)

    @property
    def height(self) -> int:
        """Of `rgb`, in pixels."""
        return int(self.rgb.shape[0])

    @property
    def width(self) -> int:
        """Of `rgb`, in pixels."""
        return int(self.rgb.shape[1])

    def within(self, side: int) -> Pixels:
        """The picture with its longer side at `side` pixels, smaller or larger; kept for whoever asks next."""
        if side not in self._scaled:
            self._scaled[side] = resized(self.rgb, side / max(self.rgb.shape[:2]))
        return self._scaled[side]


def decode(data: bytes) -> Picture:
    """Reads a JPEG or PNG file.

    Args:
        data: the file.

    Raises:
        Refused: `invalid-format`, `too-large` or `too-small`; see `contract`.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a bomb warning below our own limit, strange but harmless EXIF
            return _decode(data)
    except Refused:
        raise
    except Image.DecompressionBombError as error:  # Pillow's own limit lies above ours
        raise Refused("too-large", f"The picture has more than {MOST_PIXELS:,} pixels.", limit=MOST_PIXELS) from error
    except Exception as error:  # a damaged file makes Pillow raise nearly anything; all of it means the same
        raise Refused("invalid-format", "The picture is damaged, cut short, or neither JPEG nor PNG.") from error


def from_pixels(rgb: Pixels) -> Picture:
    """A picture of pixels that are decoded already, such as a frame of a video."""
    height, width = rgb.shape[:2]
    return Picture(rgb, Size(width=width, height=height, orientation=1))


def _decode(data: bytes) -> Picture:
    with Image.open(io.BytesIO(data), formats=_FORMATS) as image:
        width, height = image.size
        if width * height > MOST_PIXELS:
            raise Refused(
                "too-large",
                f"The picture has {width * height:,} pixels; at most {MOST_PIXELS:,} are read.",
                pixels=width * height,
                limit=MOST_PIXELS,
            )
        if min(width, height) < SHORTEST_SIDE:
            raise Refused(
                "too-small",
                f"The picture is {width} x {height} pixels; each side needs {SHORTEST_SIDE}.",
                width=width,
                height=height,
                limit=SHORTEST_SIDE,
            )
        if image.format != "PNG" and has_too_many_scans(data):  # several JPEGs in one file are "MPO" to Pillow
            raise Refused("invalid-format", f"The picture has more than {MOST_SCANS} scans.")
        orientation = _orientation(image)
        image.draft("RGB", (WORKING_SIDE, WORKING_SIDE))
        rgb = np.asarray(_flat(_upright(image, orientation)))
    if orientation >= 5:
        width, height = height, width
    if max(rgb.shape[:2]) > WORKING_SIDE:
        rgb = resized(rgb, WORKING_SIDE / max(rgb.shape[:2]))
    return Picture(np.ascontiguousarray(rgb), Size(width=width, height=height, orientation=orientation))


def _orientation(image: Image.Image) -> int:
    try:
        value: Any = image.getexif().get(_ORIENTATION, 1)
        return int(value) if 1 <= int(value) <= 8 else 1
    except Exception:  # EXIF that cannot be read says nothing; the pixels may be fine
        return 1


def _upright(image: Image.Image, orientation: int) -> Image.Image:
    image.load()
    if orientation == 1:
        return image
    turns = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_270,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_90,
    }
    return image.transpose(turns[orientation])


def _flat(image: Image.Image) -> Image.Image:
    """Red, green and blue of any mode; what is transparent shows white."""
    if image.mode in _DEEP_MODES:
        values = np.asarray(image).astype(np.float32)
        top = 65535.0 if values.max() > 255 else 255.0
        return Image.fromarray((values.clip(0, top) * (255.0 / top)).astype(np.uint8)).convert("RGB")
    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        layers = image.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", layers.size, "white"), layers).convert("RGB")
    return image if image.mode == "RGB" else image.convert("RGB")


def resized(rgb: Pixels, scale: float) -> Pixels:
    """A picture made larger or smaller, averaging where it shrinks."""
    height, width = rgb.shape[:2]
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    if size == (width, height):
        return rgb
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(rgb, size, interpolation=method), np.uint8)
