"""Arithmetic of boxes: arrays [n, 4] of left, top, right, bottom, in any unit."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from clary.engines.vision.contract import Box

Boxes = NDArray[np.float32]
Scores = NDArray[np.float32]


def overlaps(one: Boxes, other: Boxes) -> NDArray[np.float32]:
    """Intersection over union of every box of `one` [n, 4] with every box of `other` [m, 4], as [n, m]."""
    if not len(one) or not len(other):
        return np.zeros((len(one), len(other)), np.float32)
    start = np.maximum(one[:, None, :2], other[None, :, :2])
    end = np.minimum(one[:, None, 2:], other[None, :, 2:])
    shared = np.prod(np.clip(end - start, 0, None), axis=2)
    union = areas(one)[:, None] + areas(other)[None, :] - shared
    return np.asarray(shared / np.maximum(union, 1e-9), np.float32)


def areas(boxes: Boxes) -> NDArray[np.float32]:
    """The area of each box, [n]."""
    return np.asarray(np.prod(np.clip(boxes[:, 2:] - boxes[:, :2], 0, None), axis=1), np.float32)


def covered(inner: Boxes, outer: Boxes) -> NDArray[np.float32]:
    """Which part of each box of `inner` lies in each box of `outer`, as [n, m]."""
    if not len(inner) or not len(outer):
        return np.zeros((len(inner), len(outer)), np.float32)
    start = np.maximum(inner[:, None, :2], outer[None, :, :2])
    end = np.minimum(inner[:, None, 2:], outer[None, :, 2:])
    shared = np.prod(np.clip(end - start, 0, None), axis=2)
    return np.asarray(shared / np.maximum(areas(inner)[:, None], 1e-9), np.float32)


def distinct(boxes: Boxes, scores: Scores, overlap: float) -> NDArray[np.int64]:
    """The boxes that remain when of those that overlap more than `overlap` only the best stays, the best first."""
    waiting = np.argsort(-scores, kind="stable")
    kept = []
    while len(waiting):
        kept.append(waiting[0])
        shared = overlaps(boxes[waiting[:1]], boxes[waiting[1:]])[0]
        waiting = waiting[1:][shared <= overlap]
    return np.array(kept, np.int64)


def best_overlaps(boxes: Boxes, targets: Boxes) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """How much the best of the targets overlaps each box, [n] as intersection over union, and which that is, [n]."""
    if not len(targets):
        return np.zeros(len(boxes), np.float32), np.zeros(len(boxes), np.int64)
    shared = overlaps(boxes, targets)
    return shared.max(axis=1), shared.argmax(axis=1)


def to_box(box: NDArray[np.float32], width: float, height: float) -> Box:
    """A box in pixels as ratios of a picture of that size."""
    left, top, right, bottom = (float(side) for side in box)
    return Box(left=left / width, top=top / height, width=(right - left) / width, height=(bottom - top) / height)
