"""Where a video cuts from one shot to the next, where it is black, and where it shows colour bars.

A cut is a frame that differs from the one before it much more than the frames around it differ from theirs: the measure
of PySceneDetect's adaptive detector (B. Castellano), here on frames reduced to a few thousand pixels.

Colour bars (SMPTE's seven and EBU's eight) are told by their order: each is plain from top to bottom, and has of red,
green and blue just those that its colour is made of.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from clary.engines.vision.contract import Segment, SegmentKind
from clary.engines.vision.pictures import Pixels
from clary.engines.vision.videos import Frame

_SIDE = 96
_WINDOW = 2  # frames on either side that tell how much change is usual
_LEAST_CHANGE = 15.0  # of 255, mean over hue, saturation and value
_LEAST_RATIO = 3.0
_LEAST_SHOT_SECONDS = 0.5
_BARS = ("111", "110", "011", "010", "101", "100", "001")  # white to blue: which of red, green and blue is lit
_BAR_ROWS = (0.08, 0.6)  # of the frame's height, between which both kinds of bars are plain
_PLAIN = 14.0  # of 255, standard deviation down a bar
_LIT, _UNLIT = 0.6, 0.4  # of the brightest channel of the bars


@dataclass(frozen=True, slots=True)
class FrameTraits:
    """What is measured of a frame.

    Attributes:
        change: from the frame before, 0..255; 0 for the first.
        dark: the part of its pixels at or below the black level, 0..1.
        bars: whether it shows colour bars.
    """

    number: int
    milliseconds: int
    change: float
    dark: float
    bars: bool


def traits(frames: Iterable[Frame], black_level: float) -> Iterator[FrameTraits]:
    """Measures every frame.

    Args:
        frames: all frames of a video.
        black_level: the lightness, 0..1, up to which a pixel counts as black.
    """
    before: NDArray[np.int16] | None = None
    for frame in frames:
        small = _reduced(frame.rgb)
        colours = cv2.cvtColor(small, cv2.COLOR_RGB2HSV).astype(np.int16)
        change = 0.0
        if before is not None:
            apart = np.abs(colours - before)
            apart[..., 0] = np.minimum(apart[..., 0], 180 - apart[..., 0])  # hue is a circle of 180 steps
            change = float(apart.mean())
        before = colours
        dark = float(np.mean(cv2.cvtColor(small, cv2.COLOR_RGB2GRAY) <= black_level * 255))
        yield FrameTraits(frame.number, frame.milliseconds, change, dark, _shows_bars(small))


def _reduced(rgb: Pixels) -> Pixels:
    height, width = rgb.shape[:2]
    size = (_SIDE, max(1, round(_SIDE * height / width)))
    return np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA), np.uint8)


def _shows_bars(rgb: Pixels) -> bool:
    height, width = rgb.shape[:2]
    rows = rgb[int(_BAR_ROWS[0] * height) : max(int(_BAR_ROWS[1] * height), 1)].astype(np.float32)
    if len(rows) < 2 or not rows.size:
        return False
    for count in (len(_BARS), len(_BARS) + 1):  # EBU's eighth is black
        middles = ((np.arange(count) + 0.5) * width / count).astype(int)
        bars = rows[:, middles]
        level = bars.mean(axis=0)
        brightest = float(level.max())
        lit, unlit = level > _LIT * brightest, level < _UNLIT * brightest
        wanted = np.array([[mark == "1" for mark in bar] for bar in (*_BARS, "000")[:count]])
        if brightest > 100 and bars.std(axis=0).max() < _PLAIN and bool((np.where(wanted, lit, unlit)).all()):
            return True
    return False


def shots(measured: Sequence[FrameTraits], frame_rate: float) -> list[Segment]:
    """The shots of a video; together they are all of it."""
    if not measured:
        return []
    changes = np.array([frame.change for frame in measured])
    begins, certainties = [0], [1.0]
    for number in range(1, len(measured)):
        start, end = max(1, number - _WINDOW), min(len(measured), number + _WINDOW + 1)
        around = np.delete(changes[start:end], number - start)
        usual = float(around.mean()) if len(around) else 0.0
        ratio = changes[number] / max(usual, 1.0)
        short = (number - begins[-1]) / frame_rate < _LEAST_SHOT_SECONDS
        if changes[number] >= _LEAST_CHANGE and ratio >= _LEAST_RATIO and not short:
            begins.append(number)
            certainties.append(float(np.clip(0.5 + 0.5 * (1 - _LEAST_RATIO / ratio) ** 0.5, 0.5, 1.0)))
    ends = [*(begin - 1 for begin in begins[1:]), len(measured) - 1]
    return [
        _segment("shot", index, certainty, measured[begin], measured[end], frame_rate)
        for index, (begin, end, certainty) in enumerate(zip(begins, ends, certainties, strict=True))
    ]


def black_stretches(measured: Sequence[FrameTraits], frame_rate: float, least_share: float) -> list[Segment]:
    """Stretches of frames that are black.

    Args:
        least_share: of a frame's pixels that must be, 0..1.
    """
    stretches = _stretches(measured, lambda frame: frame.dark >= least_share)
    return [
        _segment("black-frames", index, float(np.mean([frame.dark for frame in one])), one[0], one[-1], frame_rate)
        for index, one in enumerate(stretches)
    ]


def bar_stretches(measured: Sequence[FrameTraits], frame_rate: float) -> list[Segment]:
    """Stretches of frames that show colour bars."""
    stretches = _stretches(measured, lambda frame: frame.bars)
    return [_segment("colour-bars", index, 1.0, one[0], one[-1], frame_rate) for index, one in enumerate(stretches)]


def _stretches(measured: Sequence[FrameTraits], belongs: Callable[[FrameTraits], bool]) -> list[Sequence[FrameTraits]]:
    """The longest runs of frames that belong."""
    found: list[Sequence[FrameTraits]] = []
    start: int | None = None
    for number in range(len(measured) + 1):
        inside = number < len(measured) and belongs(measured[number])
        if inside and start is None:
            start = number
        elif not inside and start is not None:
            found.append(measured[start:number])
            start = None
    return found


def _segment(
    kind: SegmentKind, index: int, certainty: float, first: FrameTraits, last: FrameTraits, frame_rate: float
) -> Segment:
    end = round(1000 * (last.number + 1) / frame_rate)
    return Segment(
        kind=kind,
        index=index,
        confidence=certainty,
        start_milliseconds=first.milliseconds,
        end_milliseconds=end,
        start_frame=first.number,
        end_frame=last.number,
    )
