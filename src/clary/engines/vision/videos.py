"""Video files: what is known of them, and their frames one after the other, decoded by FFmpeg within OpenCV."""

from __future__ import annotations

import math
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from clary.engines.refusals import Refused
from clary.engines.vision.contract import VideoMetadata
from clary.engines.vision.pictures import Picture, Pixels, from_pixels

_CODECS = {
    "avc1": "h264",
    "h264": "h264",
    "hvc1": "hevc",
    "hev1": "hevc",
    "hevc": "hevc",
    "mp4v": "mpeg4",
    "fmp4": "mpeg4",
}
_LONGEST_RATE = 240.0
_MOST_PIXELS = 4096 * 4096


@dataclass(frozen=True, slots=True)
class Frame:
    """A frame of a video.

    Attributes:
        number: from 0.
        milliseconds: when it is shown, from the beginning.
        rgb: [height, width, 3] uint8, red first.
    """

    number: int
    milliseconds: int
    rgb: Pixels

    def picture(self) -> Picture:
        """The frame as the engine's methods take pictures."""
        return from_pixels(self.rgb)


class Video:
    """A video file.

    Args:
        path: MPEG-4, MOV, AVI, Matroska or WebM.

    Raises:
        Refused: `invalid-video`; it holds no video that can be decoded, or one with frames too large.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        capture = self._open()
        good, first = capture.read()
        if not good or first is None:
            raise Refused("invalid-video", "The file holds no video that can be decoded.")
        self.frame_rate = _rate(capture)
        self._count = max(1, int(capture.get(cv2.CAP_PROP_FRAME_COUNT)))
        self._height, self._width = first.shape[:2]
        if self._height * self._width > _MOST_PIXELS:
            raise Refused("invalid-video", f"The video's frames have more than {_MOST_PIXELS:,} pixels.")
        self._codec = _codec(capture)
        capture.release()

    @property
    def metadata(self) -> VideoMetadata:
        """What is known without looking at its frames; damaged files may promise more than they hold."""
        return VideoMetadata(
            codec=self._codec,
            container=_container(self._path),
            duration_milliseconds=round(1000 * self._count / self.frame_rate),
            frame_rate=round(self.frame_rate, 4),
            frame_width=self._width,
            frame_height=self._height,
            colour_range="limited",
        )

    def frames(self, per_second: float | None = None, after: int = -1) -> Iterator[Frame]:
        """The frames in their order.

        Args:
            per_second: how many of each second are wanted; all of them where it is None.
            after: only frames that are shown later than this, in milliseconds.
        """
        capture = self._open()
        step = 0.0 if per_second is None else 1000.0 / per_second
        due, number = 0.0, 0
        try:
            while capture.grab():
                milliseconds = round(1000 * number / self.frame_rate)
                if milliseconds + 1e-6 >= due:
                    due = max(due + step, milliseconds - step + 1e-6) if step else 0.0
                    if milliseconds > after:
                        good, pixels = capture.retrieve()
                        if not good:
                            return
                        yield Frame(number, milliseconds, np.ascontiguousarray(pixels[:, :, ::-1]))
                number += 1
        finally:
            capture.release()

    def frames_ahead(self, per_second: float | None = None, after: int = -1) -> Iterator[Frame]:
        """As `frames`, each decoded in another thread while the one before it is looked at."""
        frames = self.frames(per_second, after)
        with ThreadPoolExecutor(max_workers=1, thread_name_prefix="video") as decoder:
            coming = decoder.submit(next, frames, None)
            while (frame := coming.result()) is not None:
                coming = decoder.submit(next, frames, None)
                yield frame

    def _open(self) -> Any:
        capture = cv2.VideoCapture(str(self._path), cv2.CAP_FFMPEG)
        if not capture.isOpened():
            raise Refused("invalid-video", "The file is damaged, or no video that can be read.")
        return capture


def _rate(capture: Any) -> float:
    rate = float(capture.get(cv2.CAP_PROP_FPS))
    return rate if math.isfinite(rate) and 0.1 <= rate <= _LONGEST_RATE else 25.0


def _codec(capture: Any) -> str:
    code = int(capture.get(cv2.CAP_PROP_FOURCC)) & 0xFFFFFFFF
    letters = code.to_bytes(4, "little").decode("latin-1").strip("\0 ").lower()
    return _CODECS.get(letters, letters or "unknown")


def _container(path: Path) -> str:
    with path.open("rb") as file:
        head = file.read(16)
    if head[:4] == b"RIFF":
        return "AVI"
    return "Matroska / WebM" if head[:4] == b"\x1a\x45\xdf\xa3" else "QuickTime / MOV"
