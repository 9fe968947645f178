"""What needs no weights: labels, colours, quality, the arithmetic of detections, the taxonomy of moderation."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from clary.engines.refusals import Refused
from clary.engines.vision import models, moderation, objects
from clary.engines.vision.boxes import best_overlaps, distinct, overlaps
from clary.engines.vision.labels import KINDS, VOCABULARY, labels_of
from clary.engines.vision.models import Models
from clary.engines.vision.objects import Detections
from clary.engines.vision.pictures import from_pixels
from clary.engines.vision.properties import dominant_colours, properties, quality
from clary.engines.vision.protective_equipment import face_owners


class OneNet:
    """Stands for the weights: every model is this one answer."""

    own_objects = None

    def __init__(self, answer) -> None:
        self._answer = answer

    def __getitem__(self, name: str):
        return self._answer


def detections(*rows: tuple[str, float, tuple[float, float, float, float]]) -> Detections:
    return Detections(
        np.array([box for _, _, box in rows], np.float32).reshape(-1, 4),
        np.array([objects.NAMES.index(name) for name, _, _ in rows], np.int64),
        np.array([score for _, score, _ in rows], np.float32),
    )


def test_an_object_s_peak_becomes_a_box_in_both_views() -> None:
    def net(canvas: np.ndarray) -> list[np.ndarray]:
        """A dog around the whitest point of the picture."""
        rows, columns = (side // 4 for side in canvas.shape[1:3])
        heat, reach = np.zeros((1, rows, columns, 80), np.float32), np.zeros((1, rows, columns, 4), np.float32)
        y, x = np.argwhere(canvas[0, ..., 0] > 250).mean(0) / 4
        heat[0, round(y), round(x), objects.NAMES.index("dog")] = 0.7
        reach[0, round(y), round(x)] = canvas.shape[1] / 10
        return [heat, reach]

    pixels = np.zeros((300, 400, 3), np.uint8)
    pixels[90:110, 290:310] = 255
    found = objects.detect(OneNet(net), from_pixels(pixels))  # type: ignore[arg-type]
    assert [objects.NAMES[kind] for kind in found.kinds] == ["dog"]
    assert found.scores[0] == pytest.approx(0.7, abs=1e-3)
    centre = (found.boxes[0, :2] + found.boxes[0, 2:]) / 2
    assert np.allclose(centre, (0.75, 1 / 3), atol=0.02)


def test_what_one_view_alone_sees_counts_half() -> None:
    def net(canvas: np.ndarray) -> list[np.ndarray]:
        side = canvas.shape[1] // 4
        heat, reach = np.zeros((1, side, side, 80), np.float32), np.full((1, side, side, 4), 20.0, np.float32)
        heat[0, side // 2, side // 2, 0] = 0.6 if canvas.shape[1] == 512 else 0.0
        return [heat, reach]

    found = objects.detect(OneNet(net), from_pixels(np.zeros((400, 400, 3), np.uint8)))  # type: ignore[arg-type]
    assert found.scores.tolist() == pytest.approx([0.3])


def test_a_misread_of_the_same_box_fades() -> None:
    box = (0.1, 0.1, 0.5, 0.5)
    faded = objects._without_misread(detections(("cat", 0.6, box), ("dog", 0.3, box), ("dog", 0.3, (0.6, 0.6, 1, 1))))
    assert faded.scores.tolist() == pytest.approx([0.6, 0.3, 0.09])


def test_confidences_are_calibrated_and_grow() -> None:
    raw = np.linspace(0.05, 0.95, 10).astype(np.float32)
    assert (np.diff(objects.confidences(raw)) > 0).all()
    assert objects.label_confidence(np.array([0.26], np.float32)) == pytest.approx(0.5, abs=0.02)
    several = np.array([0.26, 0.2, 0.2], np.float32)
    assert objects.label_confidence(several) > objects.label_confidence(several[:1])


def test_parents_are_found_with_their_children_and_have_no_boxes() -> None:
    found = detections(("car", 0.8, (0, 0, 0.5, 0.5)), ("car", 0.5, (0.5, 0.5, 1, 1)), ("bus", 0.3, (0, 0, 0.2, 0.2)))
    labels = {label["name"]: label for label in labels_of(found, from_pixels(np.zeros((50, 50, 3), np.uint8)))}
    assert set(labels) == {"Car", "Bus", "Vehicle", "Transportation"}
    assert len(labels["Car"]["instances"]) == 2 and labels["Vehicle"]["instances"] == []
    assert labels["Vehicle"]["confidence"] == labels["Car"]["confidence"]
    assert labels["Car"]["parents"] == ["Vehicle", "Transportation"] and labels["Vehicle"]["parents"] == [
        "Transportation"
    ]
    assert labels["Car"]["aliases"] == ["Automobile"] and labels["Car"]["categories"] == ["Vehicles and Automotive"]


def test_the_vocabulary_is_closed() -> None:
    assert len(KINDS) == 80 == len({kind.name for kind in KINDS})
    assert all({kind.name, *kind.parents} <= VOCABULARY for kind in KINDS)
    assert not any(kind.name in kind.parents for kind in KINDS)


def test_colours_are_named_and_share_the_picture() -> None:
    pixels = np.zeros((100, 100, 3), np.uint8)
    pixels[:, :70] = (250, 5, 5)
    pixels[:, 70:] = (10, 10, 240)
    colours = dominant_colours(pixels)
    assert [(one["simple"], one["name"]) for one in colours] == [("red", "red"), ("blue", "blue")]
    assert [one["share"] for one in colours] == pytest.approx([0.7, 0.3])


def test_a_blurred_picture_is_less_sharp_and_a_dark_one_less_bright() -> None:
    import cv2

    stripes = np.zeros((200, 200, 3), np.uint8)
    stripes[:, (np.arange(200) // 10) % 2 == 1] = 220
    blurred = np.asarray(cv2.GaussianBlur(stripes, (0, 0), 4))
    assert quality(stripes)["sharpness"] > 2 * quality(blurred)["sharpness"]
    assert quality(stripes // 4)["brightness"] < quality(stripes)["brightness"] / 3
    assert quality(np.full_like(stripes, 99)) == {
        "brightness": pytest.approx(38.8, abs=0.1),
        "sharpness": 0,
        "contrast": 0,
    }


def test_what_stands_in_front_has_colours_of_its_own() -> None:
    pixels = np.full((100, 100, 3), (0, 128, 0), np.uint8)
    pixels[20:60, 20:60] = (255, 255, 255)
    both = properties(from_pixels(pixels), np.array([[0.2, 0.2, 0.6, 0.6]], np.float32))
    assert both["foreground"] is not None and both["background"] is not None
    assert both["foreground"]["colours"][0]["simple"] == "white"
    assert both["background"]["colours"][0]["simple"] == "green"
    assert properties(from_pixels(pixels), np.zeros((0, 4), np.float32))["foreground"] is None


def test_boxes_overlap_and_the_best_stay() -> None:
    boxes = np.array([[0, 0, 2, 2], [1, 0, 3, 2], [10, 10, 12, 12]], np.float32)
    assert np.allclose(overlaps(boxes[:1], boxes)[0], [1, 1 / 3, 0])
    assert distinct(boxes, np.array([0.5, 0.9, 0.1], np.float32), 0.3).tolist() == [1, 2]


def test_moderation_says_only_what_it_can_find() -> None:
    every = {moderation.FOUND, moderation.NOT_FOUND}
    assert not set(moderation.FOUND) & set(moderation.NOT_FOUND) and len(every) == 2
    assert {"Weapons", "Gambling", "Smoking", "Exposed Buttocks or Anus"} <= set(moderation.NOT_FOUND)

    def net(squares: np.ndarray) -> list[np.ndarray]:
        assert squares.shape == (2, 224, 224, 3) and squares.max() <= 1
        return [np.array([[0.01, 0.1, 0.09, 0.6, 0.2]] * 2, np.float32)]

    found = moderation.moderation_labels(OneNet(net), from_pixels(np.zeros((300, 500, 3), np.uint8)))  # type: ignore[arg-type]
    assert [(one["name"], one["parent"], one["level"]) for one in found] == [
        ("Explicit", "", 1), ("Explicit Nudity", "Explicit", 2), ("Swimwear or Underwear", "", 1),
    ]  # fmt: skip
    assert found[0]["confidence"] == pytest.approx(0.7) and found[2]["confidence"] == pytest.approx(0.2)


def test_without_weights_the_command_that_fetches_them_is_named(tmp_path) -> None:
    with pytest.raises(Refused) as caught:
        Models(tmp_path)["objects"]
    assert caught.value.reason == "weights-missing" and caught.value.details["command"] == "clary models pull human"


def test_a_box_is_held_against_the_target_that_it_overlaps_most() -> None:
    boxes = np.array([[0, 0, 1, 1], [2, 0, 4, 1], [8, 8, 9, 9]], np.float32)
    targets = np.array([[2, 0, 3, 1], [0, 0, 1, 1]], np.float32)
    best, which = best_overlaps(boxes, targets)
    assert (best.tolist(), which[:2].tolist()) == ([1.0, 0.5, 0.0], [1, 0])
    assert best_overlaps(boxes, targets[:0])[0].tolist() == [0.0, 0.0, 0.0]


def test_a_face_is_of_the_person_whose_upper_half_or_close_up_holds_it() -> None:
    grown, child = (0.1, 0.1, 0.5, 0.9), (0.2, 0.5, 0.4, 0.9)
    persons = np.array([grown, child], np.float32)
    faces = np.array([(0.25, 0.12, 0.35, 0.22), (0.26, 0.52, 0.34, 0.6), (0.42, 0.7, 0.48, 0.8)], np.float32)
    assert face_owners(faces, persons) == [0, 1, -1]
    portrait, low = np.array([(0.07, 0.26, 1.0, 1.0)], np.float32), np.array([(0.27, 0.43, 0.69, 0.81)], np.float32)
    assert face_owners(low, portrait) == [0]
    assert face_owners(low, portrait[:0]) == [-1]
    assert face_owners(low[:0], portrait) == []


def test_every_net_that_is_kept_is_asked() -> None:
    folder = Path(models.__file__).parent
    sources = "".join(path.read_text() for path in folder.glob("*.py") if path.name not in ("models.py", "prepare.py"))
    assert not [name for name in models.PACKAGES if f'"{name}"' not in sources]
