"""Users' own labels: classifiers and detectors learn from a few made-up pictures, and say how good they are."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from clary.engines.vision.contract import Box
from clary.engines.vision.custom_detector import Detector, Truth
from clary.engines.vision.custom_evaluation import evaluate, judged
from clary.engines.vision.custom_labels import (
    Answer,
    CustomModel,
    described,
    detection_side,
    learn_classes,
    learn_objects,
)
from clary.engines.vision.feature_maps import feature_maps, sampled
from clary.engines.vision.picture_truths import PictureTruth
from clary.engines.vision.pictures import Picture, from_pixels

RED, BLUE = (220, 40, 40), (40, 60, 220)
SIDE = 160


def blurred(pixels: Any, stride: int, channels: int) -> Any:
    """A map of local means, turned into many channels by a fixed mixture."""
    height, width = pixels.shape[1] // stride, pixels.shape[2] // stride
    small = cv2.resize(pixels[0] / 255.0, (width, height), interpolation=cv2.INTER_AREA)
    mixture = np.random.default_rng(channels).normal(size=(3, channels))
    return np.maximum(small @ mixture, 0.0).astype(np.float32)[None]


NET: Any = {
    "features": lambda pixels: [
        blurred(pixels, stride, width) for stride, width in ((4, 24), (8, 32), (16, 96), (32, 1280))
    ]
}
"""Stands for the net: what it sees are colours."""


def scene(dice: np.random.Generator, kinds: list[str]) -> tuple[Picture, list[tuple[str, tuple[float, ...]]]]:
    """A grey picture with discs that do not touch one another."""
    pixels = dice.integers(110, 140, (SIDE, SIDE, 3)).astype(np.uint8)
    boxes: list[tuple[str, tuple[float, ...]]] = []
    corners = [(20, 20), (92, 20), (20, 92), (92, 92)]
    for kind, corner in zip(kinds, dice.permutation(corners), strict=False):
        radius = int(dice.integers(14, 22))
        x, y = (int(start + dice.integers(22, 26)) for start in corner)
        colour = RED if kind == "red" else BLUE
        cv2.circle(pixels, (x, y), radius, colour, -1)
        boxes.append((kind, tuple(value / SIDE for value in (x - radius, y - radius, x + radius, y + radius))))
    return from_pixels(pixels), boxes


def scenes(count: int, seed: int) -> list[tuple[Picture, list[tuple[str, tuple[float, ...]]]]]:
    dice = np.random.default_rng(seed)
    return [scene(dice, [("red", "blue")[int(dice.integers(2))] for _ in range(3)]) for _ in range(count)]


@pytest.fixture(scope="module")
def detector() -> CustomModel:
    pictures = scenes(16, seed=1)
    maps = [feature_maps(NET, picture, SIDE) for picture, _ in pictures]
    truths = [
        Truth(np.array([box for _, box in boxes], np.float32), np.array([kind == "red" for kind, _ in boxes], np.int64))
        for _, boxes in pictures
    ]
    return learn_objects(maps, truths, ["blue", "red"], SIDE)


def test_a_detector_finds_what_it_has_learned(detector: CustomModel, tmp_path: Path) -> None:
    detector.save(tmp_path)
    again = CustomModel.load(tmp_path)
    results, truths = [], []
    for number, (picture, boxes) in enumerate(scenes(5, seed=2)):
        truth = PictureTruth(tuple(kind for kind, _ in boxes), np.array([box for _, box in boxes], np.float32))
        answers = again.look(NET, picture)
        assert answers == detector.look(NET, picture)
        results += judged(number, answers, truth)
        truths.append(truth)
    found = evaluate(results, truths, ["blue", "red"])
    assert found.f1 > 0.8
    assert found.labels["red"].pictures == sum("red" in truth.labels for truth in truths)


def test_a_detector_finds_nothing_in_an_empty_picture(detector: CustomModel) -> None:
    grey = from_pixels(np.random.default_rng(3).integers(110, 140, (SIDE, SIDE, 3)).astype(np.uint8))
    assert [answer for answer in detector.look(NET, grey) if answer["confidence"] > 0.5] == []


def test_a_detector_learns_from_pictures_without_objects_too() -> None:
    pictures = scenes(4, seed=4)
    maps = [feature_maps(NET, picture, SIDE) for picture, _ in pictures]
    full = [Truth(np.array([box for _, box in boxes], np.float32), np.zeros(3, np.int64)) for _, boxes in pictures[:2]]
    none = Truth(np.zeros((0, 4), np.float32), np.zeros(0, np.int64))
    model = learn_objects(maps, [*full, none, none], ["disc"], SIDE)
    assert {answer["name"] for answer in model.look(NET, pictures[0][0])} <= {"disc"}


def coloured(colours: list[tuple[int, int, int]], seed: int) -> Picture:
    pixels = np.random.default_rng(seed).integers(100, 150, (64, 64, 3)).astype(np.uint8)
    for number, colour in enumerate(colours):
        pixels[:, number * 32 : number * 32 + 30] = colour
    return from_pixels(pixels)


def test_a_classifier_tells_pictures_apart(tmp_path: Path) -> None:
    kinds = {"red": RED, "blue": BLUE, "green": (30, 180, 60)}
    names = [name for name in kinds for _ in range(8)]
    features = np.stack([described(NET, coloured([kinds[name]], number)) for number, name in enumerate(names)])
    learn_classes(features, [(name,) for name in names], sorted(kinds)).save(tmp_path)
    model = CustomModel.load(tmp_path)
    for number, (name, colour) in enumerate(kinds.items()):
        answers = model.look(NET, coloured([colour], 100 + number))
        assert answers[0]["name"] == name
        assert sum(answer["confidence"] for answer in answers) == pytest.approx(1.0, abs=1e-4)
        assert answers[0]["box"] is None


def test_two_classes_and_several_labels_at_once_are_learned() -> None:
    both = [(("red",), [RED]), (("blue",), [BLUE]), (("blue", "red"), [RED, BLUE])] * 8
    features = np.stack([described(NET, coloured(colours, number)) for number, (_, colours) in enumerate(both)])
    many = learn_classes(features, [names for names, _ in both], ["blue", "red"])
    found = {answer["name"]: answer["confidence"] for answer in many.look(NET, coloured([RED, BLUE], 99))}
    assert found["red"] > 0.5
    assert found["blue"] > 0.5
    single = [pair for pair in both if len(pair[0]) == 1]
    features = np.stack([described(NET, coloured(colours, number)) for number, (_, colours) in enumerate(single)])
    two = learn_classes(features, [names for names, _ in single], ["blue", "red"])
    assert two.look(NET, coloured([BLUE], 98))[0]["name"] == "blue"


def test_small_objects_are_looked_for_in_larger_pictures() -> None:
    assert detection_side([]) == detection_side([(0.5, 0.5)]) == 448
    assert detection_side([(0.05, 0.05)]) == 640
    assert detection_side([(0.001, 0.5)]) == 896


def test_what_boxes_hold_is_read_between_the_places_of_a_grid() -> None:
    rows, columns = np.indices((6, 8)).astype(np.float32)
    grid = np.stack([columns, rows], axis=2)
    held = sampled(grid, np.array([[2.0, 1.0, 4.0, 5.0]]), points=1, reach=1.0)
    assert held.tolist() == [[2.5, 2.5]]
    corners = sampled(grid, np.array([[2.0, 1.0, 4.0, 5.0]]), points=2, reach=1.0).reshape(2, 2, 2)
    assert corners[0, 0].tolist() == [2.0, 1.5]
    assert corners[1, 1].tolist() == [3.0, 3.5]


def answer(name: str, confidence: float, box: Box | None = None) -> Answer:
    return Answer(name=name, confidence=confidence, threshold=0.5, box=box)


def test_an_object_is_found_once() -> None:
    box = Box(left=0.1, top=0.1, width=0.2, height=0.2)
    truth = PictureTruth(("dog",), np.array([[0.1, 0.1, 0.3, 0.3]], np.float32))
    said = judged(0, [answer("dog", 0.9, box), answer("dog", 0.8, box), answer("cat", 0.7, box)], truth)
    assert [one.truth for one in said] == ["dog", "", ""]
    scores = evaluate(said, [truth], ["cat", "dog"]).labels
    assert scores["dog"].f1 == 1.0
    assert 0.8 < scores["dog"].threshold <= 0.9
    assert scores["cat"].f1 == 0.0


def test_an_evaluation_tells_what_is_confused_with_what() -> None:
    nothing = np.zeros((0, 4), np.float32)
    truths = [PictureTruth((name,), nothing) for name in ("cat", "cat", "dog")]
    said = [("cat", 0.9), ("dog", 0.8), ("dog", 0.7)]
    results = [
        one
        for number, ((name, sure), truth) in enumerate(zip(said, truths, strict=True))
        for one in judged(number, [answer(name, sure), answer("dog" if name == "cat" else "cat", 1 - sure)], truth)
    ]
    found = evaluate(results, truths, ["cat", "dog"])
    assert found.confusion == {("cat", "cat"): 0.5, ("cat", "dog"): 0.5, ("dog", "dog"): 1.0}
    assert (found.labels["dog"].precision, found.labels["dog"].recall) == (0.5, 1.0)
    assert found.labels["dog"].f1 == pytest.approx(2 / 3)
    assert found.f1 == pytest.approx((found.labels["cat"].f1 + 2 / 3) / 2)


def test_a_detector_is_kept_as_numbers_alone(detector: CustomModel, tmp_path: Path) -> None:
    detector.save(tmp_path)
    with np.load(tmp_path / "arrays.npz", allow_pickle=False) as file:
        arrays = {name: file[name] for name in file.files}
    assert all(array.dtype.kind in "fi" for array in arrays.values())
    assert Detector.from_arrays(arrays).arrays().keys() == arrays.keys()
