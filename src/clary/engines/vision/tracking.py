"""Follows things through a video: what lies where something was a moment ago, and looks like it, is the same thing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from clary.engines.vision.boxes import overlaps
from clary.engines.vision.contract import Box

_LEAST_OVERLAP = 0.15
_NEAR = 0.75  # of a box's own sides: how far a small thing may have moved without touching its old box
_IMPOSSIBLE = 1e6
_TURNED = 0.15


@dataclass(slots=True)
class _Track:
    index: int
    box: NDArray[np.float32]
    milliseconds: int
    speed: NDArray[np.float32] = field(default_factory=lambda: np.zeros(4, np.float32))
    look: Any = None

    def expected(self, milliseconds: int) -> NDArray[np.float32]:
        """Where it should be by now."""
        return self.box + self.speed * np.float32(milliseconds - self.milliseconds)


class Tracker:
    """Gives every thing an index that stays the same from frame to frame.

    Args:
        patience_milliseconds: how long something may be out of sight and still be the same.
        resemblance: how alike two looks are, 0..1; where it is given, what looks alike is the same even elsewhere, and
            what does not is another thing.
        alike: from where on two looks are of the same thing.
    """

    def __init__(
        self,
        patience_milliseconds: int = 2000,
        resemblance: Callable[[Any, Any], float] | None = None,
        alike: float = 0.8,
    ) -> None:
        self._patience = patience_milliseconds
        self._resemblance = resemblance
        self._alike = alike
        self._turned = alike - _TURNED  # what moves on where it was may turn away meanwhile
        self._tracks: list[_Track] = []
        self._next = 0

    def follow(self, milliseconds: int, boxes: Sequence[Box], looks: Sequence[Any] | None = None) -> list[int]:
        """The indexes of the things of a frame.

        Args:
            milliseconds: when the frame is shown.
            boxes: where things are.
            looks: what `resemblance` compares, one for each box.
        """
        if self._resemblance is None:
            self._tracks = [one for one in self._tracks if milliseconds - one.milliseconds <= self._patience]
        corners = np.array(
            [(box["left"], box["top"], box["left"] + box["width"], box["top"] + box["height"]) for box in boxes],
            np.float32,
        ).reshape(-1, 4)
        indexes = [-1] * len(corners)
        for row, column in self._pairs(milliseconds, corners, looks):
            track = self._tracks[row]
            passed = max(1, milliseconds - track.milliseconds)
            track.speed = 0.5 * track.speed + 0.5 * (corners[column] - track.box) / np.float32(passed)
            track.box, track.milliseconds = corners[column], milliseconds
            track.look = looks[column] if looks is not None else None
            indexes[column] = track.index
        for column in range(len(corners)):
            if indexes[column] < 0:
                look = looks[column] if looks is not None else None
                self._tracks.append(_Track(self._next, corners[column], milliseconds, look=look))
                indexes[column] = self._next
                self._next += 1
        return indexes

    def _pairs(
        self, milliseconds: int, corners: NDArray[np.float32], looks: Sequence[Any] | None
    ) -> list[tuple[int, int]]:
        """Which track goes on as which box: the pairs that cost least together (Kuhn, 1955)."""
        if not self._tracks or not len(corners):
            return []
        expected = np.stack([track.expected(milliseconds) for track in self._tracks])
        last = np.stack([track.box for track in self._tracks])
        shared = np.maximum(overlaps(expected, corners), overlaps(last, corners))
        sizes = np.maximum(corners[:, 2:] - corners[:, :2], 1e-6)
        centres = (corners[:, :2] + corners[:, 2:]) / 2
        away = np.abs((expected[:, None, :2] + expected[:, None, 2:]) / 2 - centres[None]) / sizes[None]
        near = np.clip(1 - away.max(axis=2) / _NEAR, 0, 1)
        score = np.maximum(shared, 0.5 * near)
        good = score >= _LEAST_OVERLAP
        if self._resemblance is not None and looks is not None:
            alike = np.array([[self._resemblance(track.look, look) for look in looks] for track in self._tracks])
            fresh = np.array([milliseconds - track.milliseconds <= self._patience for track in self._tracks])[:, None]
            good = (alike >= self._alike) | (good & fresh & (alike >= self._turned))
            score = score * fresh + 2 * alike
        rows, columns = linear_sum_assignment(np.where(good, -score, _IMPOSSIBLE))
        return [(int(row), int(column)) for row, column in zip(rows, columns, strict=True) if good[row, column]]
