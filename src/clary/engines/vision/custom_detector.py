"""Object detection learned from tens to thousands of a user's own pictures, on one CPU in minutes.

Two stages on frozen features, after Ren et al., "Faster R-CNN" (2015), with small nets in the place of its heads:

1. For each place of a grid a net says whether an object of some label has its centre nearby, and another how far the
   object's box reaches (as Tian et al., "FCOS", 2019).
2. What the proposed boxes hold is looked at again: one net names the label or none, another shifts the box and says
   how well it fits. What the second stage learns from is proposed by nets that have not seen the picture.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from clary.engines.vision.boxes import best_overlaps, covered, distinct, overlaps
from clary.engines.vision.feature_maps import STRIDE, FeatureMaps, sampled
from clary.engines.vision.perceptrons import Committee, fit_classes, fit_values

Array = NDArray[np.float32]

_CORE, _RING = 0.25, 0.4  # of a box: where its centre counts as seen, and from where on it surely does not
_OBJECT_PLACES, _BACKGROUND_PLACES = 500, 500  # of a picture, that the first stage learns from
_MOST_PROPOSALS = 300
_LEAST_OBJECTNESS = 0.05
_SAME_PROPOSAL = 0.75
_POINTS, _REACH = 5, 1.3
_IS_OBJECT, _IS_NOT, _IS_NEAR = 0.5, 0.4, 0.3
_SAME_OBJECT, _AGREES, _IS_PART = 0.4, 0.7, 0.8
_LEAST_CONFIDENCE = 0.05
_CONTEXT = 32
_VIEW, _VIEW_ROWS = 256, 3000
_CONTEXT_ROWS = 8000
_LEAST_HALF = 8  # pictures that a half needs to propose boxes for the other
_MOST_ROWS = 48_000  # of boxes, that the second stage learns from
_MOST_PLACES = 30_000
_MEMBERS = 3
_SEED = 17


@dataclass(frozen=True, slots=True)
class Truth:
    """The objects of a picture.

    Attributes:
        boxes: [n, 4] left, top, right, bottom as ratios of the picture.
        labels: [n] numbers of labels.
    """

    boxes: Array
    labels: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Found:
    """What was found, the surest first; fields as in `Truth`, confidences [n]."""

    boxes: Array
    labels: NDArray[np.int64]
    confidences: Array


@dataclass(frozen=True, slots=True)
class _Second:
    """The second stage.

    Attributes:
        view: what turns a box's contents into a few hundred numbers, and the mean of contents.
        label: names the label or none.
        shift: moves the box and says how well it fits.
    """

    view: tuple[Array, Array]
    label: Committee
    shift: Committee


class Detector:
    """Finds objects of the labels it has learned.

    Args:
        context: [1280, `_CONTEXT`] which turns the last map into a few channels, and its mean [1280].
        first: objectness and reach at each place of the grid.
        second: label, shift and fit of proposed boxes.
    """

    def __init__(
        self,
        context: tuple[Array, Array],
        first: tuple[Committee, Committee],
        second: _Second,
    ) -> None:
        self._context = context
        self._first = first
        self._second = second

    def find(self, maps: FeatureMaps, mirrored: FeatureMaps | None = None) -> Found:
        """The objects of a picture with every confidence above 0.05.

        Args:
            mirrored: of the same picture with left and right exchanged, for a second opinion: the confidence is the
                mean of both.
        """
        views = [self._candidates(maps)]
        if mirrored is not None:
            boxes, scores = self._candidates(mirrored)
            left, top, right, bottom = boxes.T
            views.append((np.stack([1 - right, top, 1 - left, bottom], axis=1), scores))
        return _settled(views)

    def _candidates(self, maps: FeatureMaps) -> tuple[Array, Array]:
        """Boxes [n, 4], and how likely each holds an object of each label, [n, labels]."""
        grid = _with_context(maps, self._context)
        proposals = _proposed(maps, grid, self._first)
        seen = _seen(maps, grid, proposals, self._second.view)
        chances = self._second.label.probabilities(seen)[:, :-1]
        boxes, fit = _shifted(proposals, self._second.shift.values(seen))
        return boxes, chances * np.sqrt(np.clip(fit, 0.05, 1.0))[:, None]

    def arrays(self) -> dict[str, NDArray[Any]]:
        """What a file has to hold."""
        held: dict[str, NDArray[Any]] = {"context": self._context[0], "context_mean": self._context[1]}
        held |= {"view": self._second.view[0], "view_mean": self._second.view[1]}
        for name, net in zip(_NETS, (*self._first, self._second.label, self._second.shift), strict=True):
            held |= net.arrays(name)
        return held

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> Detector:
        """The detector that `arrays` described."""
        nets = [Committee.from_arrays(arrays, name) for name in _NETS]
        context, view = (
            (np.asarray(arrays[name], np.float32), np.asarray(arrays[f"{name}_mean"], np.float32))
            for name in ("context", "view")
        )
        return cls(context, (nets[0], nets[1]), _Second(view, nets[2], nets[3]))


_NETS = ("objectness", "reach", "label", "shift")


def learn(maps: Sequence[FeatureMaps], truths: Sequence[Truth], count: int, told: Callable[[str], None]) -> Detector:
    """A detector.

    Args:
        maps: of the training pictures, all with one size of the longer side.
        truths: their objects.
        count: of labels.
        told: is called with a sentence at every step.
    """
    context = _learn_context(maps)
    grids = _Grids(maps, context)
    told("the first stage learns where objects are")
    halves = [list(range(start, len(maps), 2)) for start in (0, 1)]
    proposals: dict[int, Array] = {}
    first = _learn_first(range(len(maps)), grids, truths)
    if min(map(len, halves)) >= _LEAST_HALF:
        for half, other in (halves, halves[::-1]):
            nets = _learn_first(half, grids, truths)
            proposals |= {number: _proposed(*grids[number], nets) for number in other}
    else:
        proposals = {number: _proposed(*grids[number], first) for number in range(len(maps))}
    told("the second stage learns what they are")
    return Detector(context, first, _learn_second(grids, truths, proposals, count))


class _Grids:
    """The grids of the training pictures, each made when it is asked for: together they would not fit into memory."""

    def __init__(self, maps: Sequence[FeatureMaps], context: tuple[Array, Array]) -> None:
        self._maps = maps
        self._context = context

    def __getitem__(self, number: int) -> tuple[FeatureMaps, Array]:
        found = self._maps[number]
        return found, _with_context(found, self._context)


def _learn_context(maps: Sequence[FeatureMaps]) -> tuple[Array, Array]:
    """The main directions of the last map."""
    dice = np.random.default_rng(_SEED)
    share = max(8, _CONTEXT_ROWS // len(maps))
    chosen = []
    for found in maps:
        rows = found.last.reshape(-1, found.last.shape[2])
        chosen.append(rows[dice.permutation(len(rows))[:share]])
    rows = np.concatenate(chosen)[:_CONTEXT_ROWS]
    return _directions(rows, _CONTEXT)


def _directions(rows: Array, count: int) -> tuple[Array, Array]:
    """The main directions of rows [n, d], scaled to unit variance, [d, count], and their mean [d]."""
    from sklearn.utils.extmath import randomized_svd  # noqa: PLC0415 - answering needs none of it

    mean = rows.mean(axis=0)
    count = min(count, len(rows), rows.shape[1])
    _, sizes, directions = randomized_svd(rows - mean, count, n_iter=2, random_state=_SEED)
    scale = np.sqrt(len(rows)) / (sizes + 1e-3 * sizes.max(initial=1e-6))
    return (directions * scale[:, None]).T.astype(np.float32), mean.astype(np.float32)


def _with_context(maps: FeatureMaps, context: tuple[Array, Array]) -> Array:
    """The grid with a few channels of the last map, which sees further."""
    directions, mean = context
    rows, columns = maps.grid.shape[:2]
    coarse = np.ascontiguousarray((maps.last - mean) @ directions, np.float32)
    wide = cv2.resize(coarse, (columns, rows), interpolation=cv2.INTER_LINEAR).reshape(rows, columns, -1)
    return np.concatenate([maps.grid, wide], axis=2)


def _in_pixels(boxes: Array, maps: FeatureMaps) -> NDArray[np.float64]:
    return np.asarray(boxes, np.float64) * [maps.width, maps.height, maps.width, maps.height]


def _targets(maps: FeatureMaps, truth: Truth) -> tuple[NDArray[np.bool_], NDArray[np.bool_], NDArray[np.float64]]:
    """Which places see an object, which surely do not, and how far the object reaches from them."""
    rows, columns = maps.grid.shape[:2]
    y, x = ((np.indices((rows, columns)) + 0.5) * STRIDE).astype(np.float64)
    nearest = np.full((rows, columns), np.inf)
    sees = np.zeros((rows, columns), bool)
    near = np.zeros((rows, columns), bool)
    reach = np.ones((rows, columns, 4))
    for left, top, right, bottom in _in_pixels(truth.boxes, maps):
        wide, high = max(right - left, 2.0 * STRIDE), max(bottom - top, 2.0 * STRIDE)
        away = np.maximum(abs(x - (left + right) / 2) / wide, abs(y - (top + bottom) / 2) / high)
        closest = (away < _CORE) & (away < nearest)
        near |= away < _RING
        sees |= closest
        nearest[closest] = away[closest]
        reach[closest] = np.stack([x - left, y - top, right - x, bottom - y], axis=2)[closest]
    inside = (x < maps.width) & (y < maps.height)
    return sees & inside, ~near & inside, reach


def _learn_first(numbers: Sequence[int], grids: _Grids, truths: Sequence[Truth]) -> tuple[Committee, Committee]:
    dice = np.random.default_rng(_SEED)
    seeing, blank, reaches = [], [], []
    for number in numbers:
        maps, grid = grids[number]
        sees, not_at_all, reach = _targets(maps, truths[number])
        flat = grid.reshape(-1, grid.shape[2])
        places = dice.permutation(np.flatnonzero(sees))[:_OBJECT_PLACES]
        seeing.append(flat[places])
        reaches.append(np.log(np.maximum(reach.reshape(-1, 4)[places], 1.0)))
        blank.append(flat[dice.permutation(np.flatnonzero(not_at_all))[:_BACKGROUND_PLACES]])
    objects, nothing = np.concatenate(seeing), np.concatenate(blank)
    lengths = np.concatenate(reaches).astype(np.float32)
    kept = dice.permutation(len(objects))[:_MOST_PLACES]
    objects, lengths, nothing = objects[kept], lengths[kept], nothing[dice.permutation(len(nothing))[:_MOST_PLACES]]
    features = np.concatenate([objects, nothing]).astype(np.float32)
    classes = np.concatenate([np.ones(len(objects), np.int64), np.zeros(len(nothing), np.int64)])
    return fit_classes(features, classes, 2, hidden=64, epochs=8), fit_values(objects, lengths, 64, epochs=12)


def _proposed(maps: FeatureMaps, grid: Array, nets: tuple[Committee, Committee]) -> Array:
    """Boxes that may hold an object, [n, 4] as ratios, the likeliest first."""
    rows, columns = grid.shape[:2]
    flat = grid.reshape(rows * columns, -1)
    chance = nets[0].probabilities(flat)[:, 1]
    places = np.flatnonzero(chance > _LEAST_OBJECTNESS)
    places = places[np.argsort(-chance[places], kind="stable")][: 8 * _MOST_PROPOSALS]
    reach = np.exp(np.clip(nets[1].values(flat[places]), 0.0, 8.0))
    x, y = (places % columns + 0.5) * STRIDE, (places // columns + 0.5) * STRIDE
    boxes = np.stack([x - reach[:, 0], y - reach[:, 1], x + reach[:, 2], y + reach[:, 3]], axis=1)
    boxes = np.clip(boxes / [maps.width, maps.height, maps.width, maps.height], -0.05, 1.05).astype(np.float32)
    symmetry = np.sqrt(
        np.minimum(reach[:, 0], reach[:, 2])
        / np.maximum(reach[:, 0], reach[:, 2])
        * np.minimum(reach[:, 1], reach[:, 3])
        / np.maximum(reach[:, 1], reach[:, 3])
    )
    kept = distinct(boxes, (chance[places] * symmetry).astype(np.float32), _SAME_PROPOSAL)[:_MOST_PROPOSALS]
    return boxes[kept]


def _contents(maps: FeatureMaps, grid: Array, boxes: Array) -> Array:
    """What boxes hold, place by place."""
    return sampled(grid, _in_pixels(boxes, maps) / STRIDE, _POINTS, _REACH)


def _seen(maps: FeatureMaps, grid: Array, boxes: Array, view: tuple[Array, Array]) -> Array:
    """What the second stage looks at: a box's contents in a few hundred numbers, and its shape."""
    pixels = _in_pixels(boxes, maps)
    size = np.log(np.maximum(pixels[:, 2:] - pixels[:, :2], 1.0))
    contents = (_contents(maps, grid, boxes) - view[1]) @ view[0]
    return np.concatenate([contents, size, size[:, :1] - size[:, 1:]], axis=1).astype(np.float32)


def _learn_second(grids: _Grids, truths: Sequence[Truth], proposals: Mapping[int, Array], count: int) -> _Second:
    dice = np.random.default_rng(_SEED)
    view = _learn_view(grids, proposals, dice)
    share = max(48, _MOST_ROWS // len(truths))
    seen, classes, near, shifts = [], [], [], []
    for number, truth in enumerate(truths):
        boxes = np.concatenate([proposals[number], _jittered(truth.boxes, dice)])
        best, which = best_overlaps(boxes, truth.boxes)
        chosen = _balanced(best, share, dice)
        boxes, best, which = boxes[chosen], best[chosen], which[chosen]
        maps, grid = grids[number]
        features = _seen(maps, grid, boxes, view)
        clear = (best >= _IS_OBJECT) | (best < _IS_NOT)
        labels = np.full(len(boxes), count)
        labels[best >= _IS_OBJECT] = truth.labels[which[best >= _IS_OBJECT]]
        seen.append(features[clear])
        classes.append(labels[clear])
        close = best >= _IS_NEAR
        near.append(features[close])
        aims = _shifts(boxes[close], truth.boxes[which[close]])
        shifts.append(np.concatenate([aims, best[close][:, None]], axis=1))
    net = fit_classes(np.concatenate(seen), np.concatenate(classes).astype(np.int64), count + 1, 128, 20, _MEMBERS)
    aims = np.concatenate(shifts).astype(np.float32)
    return _Second(view, net, fit_values(np.concatenate(near), aims, 128, 20, _MEMBERS))


def _learn_view(grids: _Grids, proposals: Mapping[int, Array], dice: np.random.Generator) -> tuple[Array, Array]:
    """The main directions of what boxes hold."""
    share = max(4, _VIEW_ROWS // len(proposals))
    rows = []
    for number, boxes in proposals.items():
        if len(boxes):
            maps, grid = grids[number]
            rows.append(_contents(maps, grid, boxes[dice.permutation(len(boxes))[:share]]))
    return _directions(np.concatenate(rows)[:_VIEW_ROWS], _VIEW)


def _balanced(best: Array, most: int, dice: np.random.Generator) -> NDArray[np.int64]:
    """Some boxes: at least half of them without an object where there are so many, the likeliest of those first."""
    objects = dice.permutation(np.flatnonzero(best >= _IS_NEAR))
    others = np.flatnonzero(best < _IS_NEAR)
    count = min(len(objects), max(most // 2, most - len(others)))
    return np.concatenate([objects[:count], others[: most - count]])


def _jittered(boxes: Array, dice: np.random.Generator) -> Array:
    """Each box a few times, a little beside itself."""
    if not len(boxes):
        return np.zeros((0, 4), np.float32)
    many = np.repeat(boxes, 4, axis=0)
    size = np.tile(many[:, 2:] - many[:, :2], 2)
    return (many + dice.normal(0.0, 0.08, many.shape) * size).astype(np.float32)


def _shifts(boxes: Array, targets: Array) -> Array:
    """How boxes have to move: their centres in parts of their sides, their sides as logarithms."""
    size, aim = boxes[:, 2:] - boxes[:, :2], targets[:, 2:] - targets[:, :2]
    centre = ((targets[:, :2] + targets[:, 2:]) - (boxes[:, :2] + boxes[:, 2:])) / 2 / np.maximum(size, 1e-6)
    return np.concatenate([centre, np.log(np.maximum(aim, 1e-6) / np.maximum(size, 1e-6))], axis=1)


def _shifted(boxes: Array, answers: Array) -> tuple[Array, Array]:
    """Boxes after their shifts, and how well they fit, 0..1."""
    size = boxes[:, 2:] - boxes[:, :2]
    centre = (boxes[:, :2] + boxes[:, 2:]) / 2 + np.clip(answers[:, :2], -1, 1) * size
    size = size * np.exp(np.clip(answers[:, 2:4], -1, 1))
    return np.concatenate([centre - size / 2, centre + size / 2], axis=1), answers[:, 4]


def _settled(views: Sequence[tuple[Array, Array]]) -> Found:
    """One box for each object: the mean of those that agree, weighted by their chances, as sure as the views are."""
    boxes = np.concatenate([view[0] for view in views])
    scores = np.concatenate([view[1] for view in views])
    view_of = np.repeat(np.arange(len(views)), [len(view[0]) for view in views])
    found: list[tuple[Array, int, float]] = []
    for label in range(scores.shape[1]):
        chosen = np.flatnonzero(scores[:, label] > _LEAST_CONFIDENCE)
        own, chances, origin = boxes[chosen], scores[chosen, label], view_of[chosen]
        for best in distinct(own, chances, _SAME_OBJECT):
            shared = overlaps(own[best : best + 1], own)[0]
            agree = shared > _AGREES
            mean = np.average(own[agree], axis=0, weights=chances[agree])
            sure = [chances[(shared > _IS_OBJECT) & (origin == view)].max(initial=0.0) for view in range(len(views))]
            found.append((mean, label, float(np.mean(sure))))
    found.sort(key=lambda one: -one[2])
    every = Found(
        np.array([box for box, _, _ in found], np.float32).reshape(-1, 4),
        np.array([label for _, label, _ in found], np.int64),
        np.array([confidence for _, _, confidence in found], np.float32),
    )
    kept = _without_parts(every)
    return Found(every.boxes[kept], every.labels[kept], every.confidences[kept])


def _without_parts(found: Found) -> NDArray[np.int64]:
    """Those that are no part of a surer object of the same label, and not the same box as one of another."""
    part = np.maximum(covered(found.boxes, found.boxes), covered(found.boxes, found.boxes).T) > _IS_PART
    same_box = overlaps(found.boxes, found.boxes) > _AGREES
    same_label = found.labels[:, None] == found.labels[None, :]
    hides = (part & same_label) | (same_box & ~same_label)
    kept: list[int] = []
    for number in range(len(found.labels)):
        if not hides[number, kept].any():
            kept.append(number)
    return np.array(kept, np.int64)
