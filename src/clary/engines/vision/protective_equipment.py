"""Persons, the parts of their bodies that are seen, and what covers them.

    person      the objects' net
    face        the faces' nets; a face belongs to the person whose upper half holds it, or, where the picture is a
                close-up and shows hardly more than the head, whose box does
    head        a detector of covered and of bare heads that looks at the upper half of every person, learned from
                pictures of building sites with the code that users train their own labels with
    hands       the wrists of MoveNet, where it is sure of them

Covered heads are found. Covers of faces and hands are **not detected**: no model whose licence allows it knows masks
and gloves, so their list is always empty.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from clary.engines.vision import objects
from clary.engines.vision.body_pose import PARTS, body
from clary.engines.vision.boxes import covered, overlaps, to_box
from clary.engines.vision.contract import BodyPart, Box, Equipment, EquippedPerson, Flag
from clary.engines.vision.custom_labels import CustomModel
from clary.engines.vision.face_detection import crop
from clary.engines.vision.faces import all_faces
from clary.engines.vision.models import Models
from clary.engines.vision.objects import Detections
from clary.engines.vision.pictures import Picture, Pixels, from_pixels

MOST_PERSONS = 15
UPPER_PIXELS = 224
"""The side of the square in which a person's head is looked for."""
_LEAST_PERSON = 0.15
_LEAST_HEAD = 0.3
_LEAST_HAND = 0.3
_BELONGS = 0.6  # of a face that must lie in the upper half of a person's box
_UPPER = 0.5
_CLOSE_UP = 0.25  # of the height of a person's box, from which a face fills it: of whole bodies it is an eighth
_SQUARE = 1.15  # of the wider of a person's width and upper half
_SAME_HEAD = 0.4
_MODEL = Path(__file__).with_name("weights") / "head_cover"

Array = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class _Head:
    """A head: its box as ratios of the picture, whether something covers it, and how sure that is."""

    box: Array
    is_covered: bool
    confidence: float


def equipped_persons(models: Models, picture: Picture) -> list[EquippedPerson]:
    """The persons of a picture, the largest first."""
    boxes, confidences = persons_of(objects.detect(models, picture))
    order = np.argsort(-np.prod(boxes[:, 2:] - boxes[:, :2], axis=1), kind="stable")[:MOST_PERSONS]
    boxes, confidences = boxes[order], confidences[order]
    heads = _heads(models, picture, boxes, _head_model())
    faces = all_faces(models, picture)
    owners = face_owners(np.array([_corners(face["box"]) for face in faces], np.float32).reshape(-1, 4), boxes)
    return [
        EquippedPerson(
            id=number,
            box=to_box(box, 1.0, 1.0),
            confidence=float(confidences[number]),
            parts=[
                *(
                    BodyPart(name="face", confidence=face["confidence"], equipment=[])
                    for face, owner in zip(faces, owners, strict=True)
                    if owner == number
                ),
                *_head_part(heads.get(number)),
                *_hands(models, picture, box),
            ],
        )
        for number, box in enumerate(boxes)
    ]


def persons_of(found: Detections) -> tuple[Array, Array]:
    """The boxes of the persons among objects, [n, 4] as ratios, and their confidences [n]."""
    chosen = found.kinds == objects.PERSON
    confidences = objects.confidences(found.scores[chosen])
    sure = confidences >= _LEAST_PERSON
    return found.boxes[chosen][sure], confidences[sure]


def upper_body(picture: Picture, person: Array) -> tuple[Pixels, Array]:
    """The square around the upper half of a person.

    Args:
        picture: where the person is.
        person: [4] as ratios.

    Returns:
        [`UPPER_PIXELS`, `UPPER_PIXELS`, 3]; and the square [4] as ratios, which may stick out of the picture.
    """
    extent = np.array([picture.width, picture.height], np.float32)
    low, high = person[:2] * extent, person[2:] * extent
    width, height = high - low
    side = max(float(width), float(height) * _UPPER, 8.0) * _SQUARE
    centre = np.array([(low[0] + high[0]) / 2, low[1] + side * 0.5 - 0.1 * side], np.float32)
    cut, _ = crop(picture.rgb, centre, side, 0.0, UPPER_PIXELS)
    square = np.concatenate([(centre - side / 2) / extent, (centre + side / 2) / extent])
    return cut, square.astype(np.float32)


def _heads(models: Models, picture: Picture, persons: Array, model: CustomModel) -> dict[int, _Head]:
    """The head of each person that shows one; a head that several squares show goes to whom it suits best."""
    candidates: list[tuple[float, int, _Head]] = []
    for number, person in enumerate(persons):
        cut, square = upper_body(picture, person)
        extent = np.concatenate([square[2:] - square[:2]] * 2)
        for answer in model.look(models, from_pixels(cut)):
            if answer["box"] is None or answer["confidence"] < _LEAST_HEAD:
                continue
            box = _corners(answer["box"]) * extent + np.concatenate([square[:2]] * 2)
            middle = abs(float((box[0] + box[2]) - (person[0] + person[2]))) / max(float(person[2] - person[0]), 1e-6)
            head = _Head(box.astype(np.float32), answer["name"] == "covered", answer["confidence"])
            candidates.append((answer["confidence"] * max(0.0, 1.0 - 0.5 * middle), number, head))
    candidates.sort(key=lambda candidate: -candidate[0])
    taken: dict[int, _Head] = {}
    for _, number, head in candidates:
        others = np.array([other.box for other in taken.values()], np.float32).reshape(-1, 4)
        if number not in taken and not (overlaps(head.box[None], others) > _SAME_HEAD).any():
            taken[number] = head
    return taken


def scored_covers(models: Models, picture: Picture, wanted: Array, model: CustomModel) -> list[tuple[float, bool]]:
    """How right a detector is about covered heads.

    Args:
        models: where the nets come from.
        picture: what it looks at.
        wanted: [n, 4] the covered heads that are there, as ratios.
        model: the detector.

    Returns:
        For each covered head that it finds its confidence and whether there is one; and (-1, True) for each missed.
    """
    persons, _ = persons_of(objects.detect(models, picture))
    used = np.zeros(len(wanted), np.bool_)
    rows = []
    for head in sorted(_heads(models, picture, persons, model).values(), key=lambda head: -head.confidence):
        if head.is_covered:
            shared = np.where(used, 0, overlaps(head.box[None], wanted)[0])
            hit = bool(len(shared) and shared.max() >= _SAME_HEAD)
            if hit:
                used[shared.argmax()] = True
            rows.append((head.confidence, hit))
    return rows + [(-1.0, True)] * int((~used).sum())


@cache
def _head_model() -> CustomModel:
    return CustomModel.load(_MODEL)


def _corners(box: Box) -> Array:
    left, top = box["left"], box["top"]
    return np.array([left, top, left + box["width"], top + box["height"]], np.float32)


def face_owners(faces: Array, persons: Array) -> list[int]:
    """Whose each face is.

    Args:
        faces: [n, 4] as ratios.
        persons: [m, 4] as ratios.

    Returns:
        For each face the smallest person whose upper half holds it, or whose box does in a close-up; -1 for none.
    """
    if not len(persons) or not len(faces):
        return [-1] * len(faces)
    heights = persons[:, 3] - persons[:, 1]
    upper = persons.copy()
    upper[:, 3] = persons[:, 1] + _UPPER * heights
    close_up = (faces[:, 3] - faces[:, 1])[:, None] >= _CLOSE_UP * heights[None]
    held = np.where(close_up, covered(faces, persons), covered(faces, upper))
    sizes = np.prod(persons[:, 2:] - persons[:, :2], axis=1)
    owners = []
    for row in held:
        holding = np.nonzero(row >= _BELONGS)[0]
        owners.append(int(holding[sizes[holding].argmin()]) if len(holding) else -1)
    return owners


def _head_part(head: _Head | None) -> list[BodyPart]:
    if head is None:
        return []
    equipment = []
    if head.is_covered:
        cover = Flag(value=True, confidence=head.confidence)
        box = to_box(np.clip(head.box, 0, 1), 1.0, 1.0)
        equipment = [Equipment(kind="head-cover", confidence=head.confidence, box=box, covers=cover)]
    return [BodyPart(name="head", confidence=head.confidence, equipment=equipment)]


def _hands(models: Models, picture: Picture, box: Array) -> list[BodyPart]:
    pixels = box * (picture.width, picture.height, picture.width, picture.height)
    _, chances = body(models, picture.rgb, pixels.astype(np.float32))
    left, right = (float(chances[PARTS.index(part)]) for part in ("left wrist", "right wrist"))
    hands = [
        BodyPart(name="left-hand", confidence=left, equipment=[]),
        BodyPart(name="right-hand", confidence=right, equipment=[]),
    ]
    return [hand for hand in hands if hand["confidence"] >= _LEAST_HAND]
