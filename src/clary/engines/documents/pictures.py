"""Pictures that people send: JPEG, PNG and TIFF, decoded within limits.

Nothing about a file is believed but its first bytes: names and declared types lie. Whatever a decoder raises means that
the file is damaged; a size is checked before its pixels are made.
"""

from __future__ import annotations

import io
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from clary.engines.documents.sheets import Pixels
from clary.engines.jpeg_scans import MOST_SCANS, has_too_many_scans
from clary.engines.refusals import Refused

_SIGNATURES = (
    (b"\xff\xd8\xff", "jpeg"),
    (b"\x89PNG\r\n\x1a\n", "png"),
    (b"II*\x00", "tiff"),
    (b"MM\x00*", "tiff"),
    (b"II+\x00", "tiff"),
    (b"MM\x00+", "tiff"),
)
_READERS = {"jpeg": ("JPEG",), "png": ("PNG",), "tiff": ("TIFF",)}
_MANY_PIXELS = 16_000_000
_decoding_large = threading.Lock()


@dataclass(frozen=True, slots=True)
class Limits:
    """What is still read.

    Attributes:
        most_bytes: of a file.
        most_pages: of a document.
        longest_side: of a picture, in pixels.
        most_kept_pixels: a larger picture is reduced before it is read.
    """

    most_bytes: int = 500 * 1024 * 1024
    most_pages: int = 3_000
    longest_side: int = 10_000
    most_kept_pixels: int = 18_000_000


def format_of(data: bytes) -> str | None:
    """What a file is by its first bytes: "jpeg", "png", "tiff", "pdf" or None."""
    for signature, name in _SIGNATURES:
        if data.startswith(signature):
            return name
    return "pdf" if b"%PDF-" in data[:1024] else None


class Pictures:
    """The pictures of a file: one, or the pages of a TIFF.

    Args:
        data: the file.
        kind: "jpeg", "png" or "tiff".
        limits: what is still read.

    Raises:
        Refused: bad-document, too-many-pages.
    """

    def __init__(self, data: bytes, kind: str, limits: Limits) -> None:
        self._limits = limits
        self._lock = threading.Lock()
        if kind == "jpeg" and has_too_many_scans(data):
            raise Refused("bad-document", f"The picture has more than {MOST_SCANS} scans")
        with _damage_refused():
            self._image = Image.open(io.BytesIO(data), formats=_READERS[kind])
            self.count = _frames(self._image, limits.most_pages) if kind == "tiff" else 1

    def size(self, index: int) -> tuple[int, int]:
        """Width and height of a picture in pixels as they are stored, checked against the limits."""
        with self._lock, _damage_refused(page=index + 1):
            self._image.seek(index)
            self._check(index)
            return self._image.size

    def dots_per_inch(self, index: int) -> float | None:
        """The resolution a picture claims, where it is believable."""
        with self._lock, _damage_refused(page=index + 1):
            self._image.seek(index)
            claimed = self._image.info.get("dpi", (None,))[0]
            return float(claimed) if claimed and 50 <= float(claimed) <= 1200 else None

    def pixels(self, index: int) -> Pixels:
        """A picture as [height, width, 3] RGB, turned as its EXIF orientation says, transparency on white.

        Raises:
            Refused: bad-document, too-large.
        """
        width, height = self.size(index)
        if width * height > _MANY_PIXELS:
            with _decoding_large:  # one at a time: this is what keeps the memory bounded
                return self._pixels(index)
        return self._pixels(index)

    def close(self) -> None:
        """Frees the file."""
        self._image.close()

    def _pixels(self, index: int) -> Pixels:
        with self._lock, _damage_refused(page=index + 1):
            self._image.seek(index)
            factor = 1
            while self._image.width * self._image.height > factor * factor * self._limits.most_kept_pixels:
                factor += 1
            if factor > 1 and self._image.format == "JPEG":
                self._image.draft("RGB", (self._image.width // factor, self._image.height // factor))
            self._image.load()
            turned = ImageOps.exif_transpose(self._image)
            left = turned.width * turned.height
            shrink = int(np.ceil(np.sqrt(left / self._limits.most_kept_pixels)))
            if shrink > 1:
                turned = (turned.convert("L") if turned.mode == "1" else turned).reduce(shrink)
            return _as_rgb(turned)

    def _check(self, index: int) -> None:
        longest = max(self._image.size)
        if longest > self._limits.longest_side:
            raise Refused(
                "too-large",
                f"Page {index + 1} is {self._image.width} x {self._image.height} pixels; "
                f"no side may be longer than {self._limits.longest_side}",
                page=index + 1,
                most=self._limits.longest_side,
            )


def _frames(image: Image.Image, most: int) -> int:
    """How many pictures a TIFF has, counted no further than needed to refuse it."""
    count = 0
    while True:
        try:
            image.seek(count)
        except EOFError:
            break
        count += 1
        if count > most:
            raise Refused("too-many-pages", f"The document has more than {most} pages", pages=count, most_pages=most)
    image.seek(0)
    return count


def _as_rgb(image: Image.Image) -> Pixels:
    if image.mode.startswith(("I", "F")):
        return _stretched(np.asarray(image, np.float64))
    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        above = image.convert("RGBA")
        paper = Image.new("RGBA", above.size, "white")
        paper.alpha_composite(above)
        image = paper
    return np.ascontiguousarray(np.asarray(image.convert("RGB"), np.uint8))


def _stretched(values: NDArray[np.float64]) -> Pixels:
    """Grey values of 16 or 32 bits (or floating) in 8."""
    finite = np.nan_to_num(values, nan=0.0, posinf=0.0, neginf=0.0)
    most = float(finite.max(initial=0))
    scale = 255 / (65535 if 255 < most <= 65535 else most) if most > 255 or 0 < most <= 1 else 1.0
    grey = np.clip(finite * scale, 0, 255).astype(np.uint8)
    return np.ascontiguousarray(cv2.cvtColor(grey, cv2.COLOR_GRAY2RGB))


@contextmanager
def _damage_refused(**details: int) -> Iterator[None]:
    """Turns whatever a decoder raises into the refusal of a damaged document."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except (Refused, MemoryError):
        raise
    except Image.DecompressionBombError as error:
        raise Refused("too-large", "The picture has too many pixels", **details) from error
    except UnidentifiedImageError as error:  # its message names an object of this process
        raise Refused("bad-document", "The picture cannot be decoded", **details) from error
    except Exception as error:
        raise Refused("bad-document", f"The picture cannot be decoded: {error}", **details) from error
