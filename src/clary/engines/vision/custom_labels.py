"""Models of users' own labels: they tell what whole pictures show, or find objects in them.

A model learns on one CPU from tens to thousands of pictures: what MobileNetV2 sees in them stays as it is, and what is
learned is a linear classifier over it (`learn_classes`) or a detector of two stages (`learn_objects`, see
`custom_detector`). A saved model is two files: `model.json` and `arrays.npz`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypedDict

import numpy as np
from numpy.typing import NDArray

from clary.engines.vision.contract import Box
from clary.engines.vision.custom_detector import Detector, Truth, learn
from clary.engines.vision.feature_maps import FeatureMaps, feature_maps, summary
from clary.engines.vision.models import Models
from clary.engines.vision.pictures import Picture

Array = NDArray[np.float32]

CLASSES, OBJECTS = "classes", "objects"
SUMMARY_SIDES = (128, 192)
"""The sizes in which a whole picture is looked at: small ones show what fills it, large ones its details."""
DETECTION_SIDES = (448, 640, 896)
_SMALL_PIXELS, _SMALL_SHARE = 28.0, 0.03  # what all but so few objects should measure in the size that is chosen
_SEED = 17


class Answer(TypedDict):
    """A label that a model found. `threshold`: the confidence that was best for it in the evaluation."""

    name: str
    confidence: float
    threshold: float
    box: Box | None


class CustomModel:
    """A model that has learned.

    Args:
        labels: their names.
        single: whether exactly one label fits a whole picture.
        side: of the pictures that objects are looked for in.
        net: a classifier's arrays, or a detector.
        thresholds: by label, 0..1.
    """

    def __init__(
        self,
        labels: Sequence[str],
        net: Mapping[str, NDArray[Any]] | Detector,
        *,
        single: bool = False,
        side: int = 0,
        thresholds: Mapping[str, float] | None = None,
    ) -> None:
        self.labels = tuple(labels)
        self.thresholds = dict(thresholds or dict.fromkeys(labels, 0.5))
        self._net = net
        self._single = single
        self._side = side

    def look(self, models: Models, picture: Picture) -> list[Answer]:
        """What a picture shows, the surest first.

        Args:
            models: where the net comes from.
        """
        if isinstance(self._net, Detector):
            maps, mirrored = (feature_maps(models, picture, self._side, mirror) for mirror in (False, True))
            found = self._net.find(maps, mirrored)
            return [
                self._answer(int(label), float(confidence), box)
                for box, label, confidence in zip(found.boxes, found.labels, found.confidences, strict=True)
            ]
        views = np.stack([described(models, picture), described(models, picture, mirrored=True)])
        chances = chances_of(self._net, views, self._single).mean(axis=0)
        order = np.argsort(-chances, kind="stable")
        return [self._answer(int(label), float(chances[label])) for label in order]

    def _answer(self, label: int, confidence: float, box: Array | None = None) -> Answer:
        name = self.labels[label]
        place = None
        if box is not None:
            left, top, right, bottom = (float(np.clip(side, 0.0, 1.0)) for side in box)
            place = Box(left=left, top=top, width=right - left, height=bottom - top)
        return Answer(name=name, confidence=confidence, threshold=self.thresholds[name], box=place)

    def save(self, folder: Path) -> None:
        """Writes the model into a folder that is there."""
        is_detector = isinstance(self._net, Detector)
        arrays = self._net.arrays() if isinstance(self._net, Detector) else dict(self._net)
        np.savez(folder / "arrays.npz", allow_pickle=False, **arrays)
        description = {
            "kind": OBJECTS if is_detector else CLASSES,
            "labels": self.labels,
            "thresholds": self.thresholds,
            "single": self._single,
            "side": self._side,
        }
        (folder / "model.json").write_text(json.dumps(description), encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> CustomModel:
        """Reads what `save` wrote."""
        told = json.loads((folder / "model.json").read_text(encoding="utf-8"))
        with np.load(folder / "arrays.npz", allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
        net: Mapping[str, NDArray[Any]] | Detector = Detector.from_arrays(arrays) if told["kind"] == OBJECTS else arrays
        return cls(told["labels"], net, single=told["single"], side=told["side"], thresholds=told["thresholds"])


def described(models: Models, picture: Picture, mirrored: bool = False) -> Array:
    """A whole picture as one vector: what is seen in it in each of `SUMMARY_SIDES`."""
    return np.concatenate([summary(models, picture, side, mirrored) for side in SUMMARY_SIDES])


def detection_side(boxes: Sequence[tuple[float, float]]) -> int:
    """The size, in pixels of a picture's longer side, in which the smaller objects can still be told apart.

    Args:
        boxes: width and height of the training objects, as parts of their picture's longer side.
    """
    if not boxes:
        return DETECTION_SIDES[0]
    small = float(np.quantile([min(size) for size in boxes], _SMALL_SHARE))
    wanted = _SMALL_PIXELS / max(small, 1e-6)
    return next((side for side in DETECTION_SIDES if side >= wanted), DETECTION_SIDES[-1])


def learn_classes(features: Array, truths: Sequence[Sequence[str]], labels: Sequence[str]) -> CustomModel:
    """A classifier of whole pictures.

    Args:
        features: [n, d] of `described`; mirrored pictures may be among them.
        truths: the labels of each.
        labels: all names. Where every picture has exactly one, they exclude one another.
    """
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415 - answering needs none of it

    mean = features.mean(axis=0)
    deviation = features.std(axis=0) + 1e-3
    scaled = (features - mean) / deviation
    single = all(len(set(names)) == 1 for names in truths)
    strength = 1.0 / features.shape[1]
    weights = np.zeros((features.shape[1], len(labels)), np.float32)
    biases = np.full(len(labels), -20.0, np.float32)
    if single:
        numbers = np.array([labels.index(names[0]) for names in truths])
        net = LogisticRegression(C=strength * 2, max_iter=200).fit(scaled, numbers)
        rows, offsets = net.coef_, net.intercept_
        if len(net.classes_) == 2:  # two classes share one logit
            rows, offsets = np.concatenate([-rows, rows]) / 2, np.concatenate([-offsets, offsets]) / 2
        weights[:, net.classes_], biases[net.classes_] = rows.T, offsets
    else:
        for number, label in enumerate(labels):
            present = np.array([label in names for names in truths])
            if present.all() or not present.any():
                biases[number] = 20.0 if present.any() else -20.0
                continue
            net = LogisticRegression(C=strength * 2, max_iter=200, class_weight="balanced").fit(scaled, present)
            weights[:, number], biases[number] = net.coef_[0], net.intercept_[0]
    arrays = {"mean": mean, "deviation": deviation, "weights": weights, "biases": biases}
    return CustomModel(labels, {name: np.asarray(array, np.float32) for name, array in arrays.items()}, single=single)


def chances_of(net: Mapping[str, NDArray[Any]], features: Array, single: bool) -> Array:
    """The probabilities of a classifier, [n, labels]."""
    logits = ((features - net["mean"]) / net["deviation"]) @ net["weights"] + net["biases"]
    if not single:
        return np.asarray(1.0 / (1.0 + np.exp(-logits)), np.float32)
    grown = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(grown / grown.sum(axis=1, keepdims=True), np.float32)


def learn_objects(
    maps: Sequence[FeatureMaps],
    truths: Sequence[Truth],
    labels: Sequence[str],
    side: int,
    told: Callable[[str], None] = lambda sentence: None,
) -> CustomModel:
    """A detector.

    Args:
        maps: of pictures with their longer side at `side` pixels; mirrored ones may be among them.
        truths: the objects of each.
        labels: all names.
        told: is called with a sentence at every step.
    """
    return CustomModel(labels, learn(maps, truths, len(labels), told), side=side)
