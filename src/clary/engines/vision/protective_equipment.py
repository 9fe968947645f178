"""Persons, the parts of their bodies that are seen, and what covers them.

    person      the objects' net
    face        the faces' nets; a face belongs to the person whose upper half holds it
    head        a detector of covered and of bare heads, learned from pictures of building sites with the code that
                users train their own labels with; it also finds persons that the objects' net overlooks
    hands       the wrists of MoveNet, where it is sure of them

Covered heads are found. Covers of faces and hands are **not detected**: no model whose licence allows it knows masks
and gloves, so their list is always empty.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from clary.engines.vision import objects
from clary.engines.vision.body_pose import PARTS, body
from clary.engines.vision.boxes import covered, to_box
from clary.engines.vision.contract import BodyPart, Equipment, EquippedPerson, Flag
from clary.engines.vision.custom_labels import CustomModel
from clary.engines.vision.faces import all_faces
from clary.engines.vision.models import Models
from clary.engines.vision.pictures import Picture

MOST_PERSONS = 15
_LEAST_PERSON = 0.3
_LEAST_HEAD = 0.3
_LEAST_HAND = 0.3
_BELONGS = 0.6  # of a head or face that must lie in a person's box
_UPPER = 0.5  # of a person's box, where its head is looked for
_HEAD_OF_BODY = (3.0, 7.5)  # widths and heights of a head that a person has whom only the head gives away
_MODEL = Path(__file__).with_name("weights") / "head_cover"

Array = NDArray[np.float32]


def equipped_persons(models: Models, picture: Picture) -> list[EquippedPerson]:
    """The persons of a picture, the largest first."""
    found = objects.detect(models, picture)
    chosen = found.kinds == objects.PERSON
    confidences = objects.confidences(found.scores[chosen])
    sure = confidences >= _LEAST_PERSON
    boxes, confidences = found.boxes[chosen][sure], confidences[sure]
    heads = _heads(models, picture)
    owners = _owners(np.array([box for box, _, _ in heads], np.float32).reshape(-1, 4), boxes)
    lonely = [heads[number] for number, owner in enumerate(owners) if owner < 0]
    boxes = np.concatenate([boxes, np.array([_body_of(box) for box, _, _ in lonely], np.float32).reshape(-1, 4)])
    confidences = np.concatenate([confidences, np.array([sureness for _, _, sureness in lonely], np.float32)])
    owned = [[heads[n] for n, owner in enumerate(owners) if owner == person] for person in range(len(confidences))]
    for position, head in enumerate(lonely):
        owned[len(owned) - len(lonely) + position].append(head)
    faces = all_faces(models, picture)
    face_boxes = np.array([_corners(face["box"]) for face in faces], np.float32).reshape(-1, 4)
    face_owners = _owners(face_boxes, boxes)
    order = np.argsort(-np.prod(boxes[:, 2:] - boxes[:, :2], axis=1), kind="stable")[:MOST_PERSONS]
    return [
        EquippedPerson(
            id=number,
            box=to_box(np.clip(boxes[person], 0, 1), 1.0, 1.0),
            confidence=float(confidences[person]),
            parts=[
                *(
                    BodyPart(name="face", confidence=face["confidence"], equipment=[])
                    for face, owner in zip(faces, face_owners, strict=True)
                    if owner == person
                ),
                *_head(owned[person]),
                *_hands(models, picture, boxes[person]),
            ],
        )
        for number, person in enumerate(order)
    ]


def _heads(models: Models, picture: Picture) -> list[tuple[Array, bool, float]]:
    """Boxes as ratios, whether something covers them, and how sure that is; the surest first."""
    heads = []
    for answer in _head_model().look(models, picture):
        if answer["box"] is not None and answer["confidence"] >= _LEAST_HEAD:
            heads.append((_corners(answer["box"]), answer["name"] == "covered", answer["confidence"]))
    return heads


@cache
def _head_model() -> CustomModel:
    return CustomModel.load(_MODEL)


def _corners(box: object) -> Array:
    assert isinstance(box, dict)
    left, top = box["left"], box["top"]
    return np.array([left, top, left + box["width"], top + box["height"]], np.float32)


def _owners(parts: Array, persons: Array) -> list[int]:
    """For each part the person whose upper half holds it best, the smallest of equals; -1 for none."""
    if not len(persons):
        return [-1] * len(parts)
    upper = persons.copy()
    upper[:, 3] = persons[:, 1] + _UPPER * (persons[:, 3] - persons[:, 1])
    upper[:, 1] -= 0.1 * (persons[:, 3] - persons[:, 1])  # hats stick out of the box
    held = covered(parts, upper)
    sizes = np.prod(persons[:, 2:] - persons[:, :2], axis=1)
    owners = []
    for row in held:
        best = np.nonzero(row >= max(_BELONGS, float(row.max()) - 0.1))[0]
        owners.append(int(best[sizes[best].argmin()]) if len(best) else -1)
    return owners


def _body_of(head: Array) -> Array:
    """About where the body of a head is."""
    width, height = head[2] - head[0], head[3] - head[1]
    middle = (head[0] + head[2]) / 2
    wide, tall = _HEAD_OF_BODY
    box = np.array([middle - wide * width / 2, head[1], middle + wide * width / 2, head[1] + tall * height], np.float32)
    return np.clip(box, 0, 1)


def _head(heads: list[tuple[Array, bool, float]]) -> list[BodyPart]:
    """A person's head: of several the surest."""
    if not heads:
        return []
    box, is_covered, confidence = heads[0]
    equipment = []
    if is_covered:
        cover = Flag(value=True, confidence=confidence)
        equipment = [Equipment(kind="head-cover", confidence=confidence, box=to_box(box, 1.0, 1.0), covers=cover)]
    return [BodyPart(name="head", confidence=confidence, equipment=equipment)]


def _hands(models: Models, picture: Picture, box: Array) -> list[BodyPart]:
    pixels = box * (picture.width, picture.height, picture.width, picture.height)
    _, chances = body(models, picture.rgb, pixels.astype(np.float32))
    left, right = (float(chances[PARTS.index(part)]) for part in ("left wrist", "right wrist"))
    hands = [
        BodyPart(name="left-hand", confidence=left, equipment=[]),
        BodyPart(name="right-hand", confidence=right, equipment=[]),
    ]
    return [hand for hand in hands if hand["confidence"] >= _LEAST_HAND]
