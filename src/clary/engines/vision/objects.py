"""Objects of eighty kinds and their boxes: CenterNet (Zhou et al. 2019, "Objects as Points") on two sizes.

The net tells for each point of a grid, four pixels apart, how likely an object of each kind has its centre there, and
how far its box reaches. It was trained at one size and sees small things better in an enlarged picture, large ones in
a small one; what both sizes find counts fully, what one finds counts by half (weighted boxes fusion, Solovyev et al.
2021). A weaker detection of another kind in the same box is mostly the same object misread, so it fades.

The net's scores are far too low to be read as probabilities. `confidences` and `label_confidence` make them so, by
logistic curves fitted on the development pictures (each half of them gives the same curve to within 0.01): what they
call 0.5 is right half the time, and the best balance of missed and invented labels lies there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from clary.engines.vision.boxes import Boxes, Scores, overlaps
from clary.engines.vision.detection_transformer import DetectionTransformer
from clary.engines.vision.models import Models
from clary.engines.vision.pictures import Picture, Pixels

SIDES = (512, 768)
"""The sizes that a picture is looked at in: its longer side, in pixels."""
NAMES = (
    "person", "bicycle", "car", "motorcycle", "airplane", "bus", "train", "truck", "boat", "traffic light",
    "fire hydrant", "stop sign", "parking meter", "bench", "bird", "cat", "dog", "horse", "sheep", "cow", "elephant",
    "bear", "zebra", "giraffe", "backpack", "umbrella", "handbag", "tie", "suitcase", "frisbee", "skis", "snowboard",
    "sports ball", "kite", "baseball bat", "baseball glove", "skateboard", "surfboard", "tennis racket", "bottle",
    "wine glass", "cup", "fork", "knife", "spoon", "bowl", "banana", "apple", "sandwich", "orange", "broccoli",
    "carrot", "hot dog", "pizza", "donut", "cake", "chair", "couch", "potted plant", "bed", "dining table", "toilet",
    "tv", "laptop", "mouse", "remote", "keyboard", "cell phone", "microwave", "oven", "toaster", "sink",
    "refrigerator", "book", "clock", "vase", "scissors", "teddy bear", "hair drier", "toothbrush",
)  # fmt: skip
"""The kinds, in the order of the net's channels (COCO's)."""
PERSON = NAMES.index("person")
_STRIDE = 4  # pixels of the picture between two points of the grid
_MULTIPLE = 32  # of both sides that the net takes
_GREY = 114
_LEAST = 0.03  # raw; below it nothing is ever right
_MOST = 300
_SAME_OBJECT = 0.5
_SAME_BOX = 0.8
_MISREAD = 0.8
_FADING = 0.3
_BOX_CURVE = (2.08, 1.57)  # slope and offset: a raw score of 0.32 is right half the time
_LABEL_CURVE = (2.22, 2.32)  # 0.26
_WITNESSES = 5
_WITNESS = 0.2


@dataclass(frozen=True, slots=True)
class Detections:
    """Objects, the surest first.

    Attributes:
        boxes: [n, 4] left, top, right, bottom as ratios of the picture.
        kinds: [n] indices into `NAMES`.
        scores: [n] raw scores; `confidences` makes probabilities of them.
    """

    boxes: Boxes
    kinds: NDArray[np.int64]
    scores: Scores


def detect(models: Models, picture: Picture, sides: Sequence[int] = SIDES) -> Detections:
    """The objects of a picture.

    Args:
        models: where the net comes from.
        picture: any size.
        sides: the sizes to look at it in; one alone is faster and finds less. A user's own net has one of its own.
    """
    if (own := models.own_objects) is not None:
        return _by_own_net(own, picture)
    views = [_view(models, picture.within(side), mirrored=number % 2 == 1) for number, side in enumerate(sides)]
    fused = _fused(views, picture.width, picture.height)
    return _without_misread(fused)


def _by_own_net(own: DetectionTransformer, picture: Picture) -> Detections:
    """What a user's own net finds, with the raw scores that `confidences` reads as its probabilities."""
    boxes, kinds, chances = own.find(picture)
    slope, offset = _BOX_CURVE
    sure = np.clip(chances, 1e-4, 1 - 1e-4)
    scores = 1 / (1 + np.exp(-(np.log(sure / (1 - sure)) - offset) / slope))
    known = (kinds >= 0) & (kinds < len(NAMES)) & (scores > _LEAST)
    order = np.flatnonzero(known)[np.argsort(-scores[known], kind="stable")][:_MOST]
    return Detections(boxes[order], kinds[order], scores[order].astype(np.float32))


def confidences(scores: Scores) -> NDArray[np.float32]:
    """The chance that each box holds an object of its kind, [n], by its raw score."""
    return _probability(scores, *_BOX_CURVE)


def label_confidence(scores: Scores) -> float:
    """The chance that the picture shows a kind at all, by the raw scores of its boxes: several make it likelier."""
    best = np.sort(scores)[::-1][:_WITNESSES]
    raw = best[0] + (1 - best[0]) * _WITNESS * best[1:].sum()
    return float(_probability(np.array([raw], np.float32), *_LABEL_CURVE)[0])


def _probability(scores: Scores, slope: float, offset: float) -> NDArray[np.float32]:
    """A logistic curve over the log odds of the raw scores."""
    clipped = np.clip(scores, 1e-4, 1 - 1e-4)
    odds = np.log(clipped / (1 - clipped))
    return np.asarray(1 / (1 + np.exp(-(slope * odds + offset))), np.float32)


def _view(models: Models, rgb: Pixels, mirrored: bool) -> Detections:
    """The peaks of the net's answer for one size of the picture, or for its mirror image; boxes as ratios."""
    height, width = rgb.shape[:2]
    if mirrored:
        rgb = rgb[:, ::-1]
    side = -(-max(height, width) // _MULTIPLE) * _MULTIPLE  # a square: the net was trained on squares, and it shows
    canvas = np.full((1, side, side, 3), _GREY, np.float32)
    top, left = (side - height) // 2, (side - width) // 2
    canvas[0, top : top + height, left : left + width] = rgb
    heat, reach = (array[0] for array in models["objects"](canvas))
    rows, columns, kinds = _peaks(heat)
    scores = heat[rows, columns, kinds]
    order = np.argsort(-scores)[:_MOST]
    rows, columns, kinds, scores = rows[order], columns[order], kinds[order], scores[order]
    centres = np.stack([columns, rows], 1) * float(_STRIDE) - (left, top)
    sides = reach[rows, columns]
    boxes = np.concatenate([centres - sides[:, :2], centres + sides[:, 2:]], 1)
    boxes = np.clip(boxes / (width, height, width, height), 0, 1).astype(np.float32)
    if mirrored:
        boxes[:, [0, 2]] = 1 - boxes[:, [2, 0]]
    return Detections(boxes, kinds, scores)


def _peaks(heat: NDArray[np.float32]) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Row, column and kind of the points that none of their eight neighbours exceeds."""
    rows, columns, kinds = np.nonzero(heat > _LEAST)
    padded = np.pad(heat, ((1, 1), (1, 1), (0, 0)))
    values = heat[rows, columns, kinds]
    highest = np.ones(len(rows), np.bool_)
    for down in range(3):
        for right in range(3):
            highest &= values >= padded[rows + down, columns + right, kinds]
    return rows[highest], columns[highest], kinds[highest]


def _fused(views: Sequence[Detections], width: int, height: int) -> Detections:
    """What several views saw as one: boxes averaged by score, scores averaged over the views."""
    boxes = np.concatenate([view.boxes for view in views])
    kinds = np.concatenate([view.kinds for view in views])
    scores = np.concatenate([view.scores for view in views])
    origins = np.concatenate([np.full(len(view.boxes), number) for number, view in enumerate(views)])
    groups: list[_Group] = []
    for kind in np.unique(kinds):
        chosen = np.nonzero(kinds == kind)[0]
        chosen = chosen[np.argsort(-scores[chosen], kind="stable")]
        groups.extend(_groups(int(kind), boxes[chosen], scores[chosen], origins[chosen]))
    groups.sort(key=lambda group: -group.total())
    return Detections(
        np.array([group.box() for group in groups], np.float32).reshape(-1, 4),
        np.array([group.kind for group in groups], np.int64),
        np.array([group.total() / len(views) for group in groups], np.float32),
    )


class _Group:
    """Boxes of one object, at most one of each view."""

    def __init__(self, kind: int, box: NDArray[np.float32], score: float, origin: int) -> None:
        self.kind = kind
        self._weighted = box * score
        self._weight = score
        self._scores = {origin: score}

    def add(self, box: NDArray[np.float32], score: float, origin: int) -> None:
        if origin not in self._scores:
            self._scores[origin] = score
            self._weighted = self._weighted + box * score
            self._weight += score

    def box(self) -> NDArray[np.float32]:
        return np.asarray(self._weighted / self._weight, np.float32)

    def total(self) -> float:
        return sum(self._scores.values())


def _groups(kind: int, boxes: Boxes, scores: Scores, origins: NDArray[np.int64]) -> list[_Group]:
    groups: list[_Group] = []
    means = np.zeros((len(boxes), 4), np.float32)
    for box, score, origin in zip(boxes, scores, origins, strict=True):
        shared = overlaps(box[None], means[: len(groups)])[0]
        if len(shared) and shared.max() > _SAME_OBJECT:
            found = int(shared.argmax())
            groups[found].add(box, float(score), int(origin))
            means[found] = groups[found].box()
        else:
            means[len(groups)] = box
            groups.append(_Group(kind, box, float(score), int(origin)))
    return groups


def _without_misread(found: Detections) -> Detections:
    """Weaker detections of other kinds in the same box fade."""
    scores = found.scores.copy()
    same = overlaps(found.boxes, found.boxes) > _SAME_BOX
    for number in range(len(scores)):
        rivals = same[number] & (found.kinds != found.kinds[number]) & (found.scores > found.scores[number])
        if rivals.any() and found.scores[number] < _MISREAD * found.scores[rivals].max():
            scores[number] *= _FADING
    order = np.argsort(-scores, kind="stable")
    return Detections(found.boxes[order], found.kinds[order], scores[order])
