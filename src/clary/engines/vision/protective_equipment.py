"""Persons, the parts of their bodies that are seen, and what covers them.

    person      the objects' net; whoever it is not sure of counts where a head or a face is seen
    face        the faces' nets; a face belongs to the person whose upper half holds it, or, where the picture is a
                close-up and shows hardly more than the head, whose box does
    head        `head_detection` and `head_covers`, which tell heads under helmets from bare ones in different ways
    hands       the wrists of MoveNet, where it is sure of them

Covered heads are found. Covers of faces and hands are **not detected**: no model whose licence allows it knows masks
and gloves, so their list is always empty. Nothing is told with a confidence below one half.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from clary.engines.vision import objects
from clary.engines.vision.body_pose import PARTS, body
from clary.engines.vision.boxes import covered, to_box
from clary.engines.vision.contract import BodyPart, Box, Equipment, EquippedPerson, Face, Flag
from clary.engines.vision.custom_labels import CustomModel
from clary.engines.vision.faces import all_faces
from clary.engines.vision.head_covers import Head, HeadFinder, head_finder
from clary.engines.vision.head_detection import agreed, detected
from clary.engines.vision.models import Models
from clary.engines.vision.objects import Detections
from clary.engines.vision.pictures import Picture

MOST_PERSONS = 15
_MOST_CANDIDATES = 24
_LEAST_CANDIDATE = 0.15
_LEAST = 0.5
_BELONGS = 0.6  # of a face that must lie in the upper half of a person's box
_UPPER = 0.5
_CLOSE_UP = 0.25  # of the height of a person's box, from which a face fills it: of whole bodies it is an eighth

Array = NDArray[np.float32]


def equipped_persons(
    models: Models, picture: Picture, detector: CustomModel | None = None, finder: HeadFinder | None = None
) -> list[EquippedPerson]:
    """The persons of a picture, the largest first.

    Args:
        models: where the nets come from.
        picture: any size.
        detector: of heads (`head_detection`); the one that Clary ships where it is not given.
        finder: of heads (`head_covers`); likewise.
    """
    boxes, confidences = persons_of(objects.detect(models, picture))
    order = np.argsort(-np.prod(boxes[:, 2:] - boxes[:, :2], axis=1), kind="stable")[:_MOST_CANDIDATES]
    boxes, confidences = boxes[order], confidences[order]
    judged = (finder or head_finder()).find(models, picture, boxes, confidences)
    heads = agreed(detected(models, picture, boxes, detector), judged)
    faces = all_faces(models, picture)
    owners = face_owners(np.array([_corners(face["box"]) for face in faces], np.float32).reshape(-1, 4), boxes)
    persons: list[EquippedPerson] = []
    for number, box in enumerate(boxes):
        own = [face for face, owner in zip(faces, owners, strict=True) if owner == number]
        confidence = _surety(float(confidences[number]), heads.get(number), own)
        if confidence >= _LEAST and len(persons) < MOST_PERSONS:
            parts = [
                *(BodyPart(name="face", confidence=face["confidence"], equipment=[]) for face in own),
                *_head_part(heads.get(number)),
                *_hands(models, picture, box),
            ]
            place = to_box(box, 1.0, 1.0)
            persons.append(EquippedPerson(id=len(persons), box=place, confidence=confidence, parts=parts))
    return persons


def _surety(confidence: float, head: Head | None, faces: list[Face]) -> float:
    """How sure a person is whose head or face may be seen: all of them would have to be wrong."""
    doubt = 1.0 - confidence
    if head is not None:
        doubt *= 1.0 - head.confidence
    for face in faces:
        doubt *= 1.0 - face["confidence"]
    return 1.0 - doubt


def persons_of(found: Detections) -> tuple[Array, Array]:
    """The boxes of what may be persons among objects, [n, 4] as ratios, and their confidences [n]."""
    chosen = found.kinds == objects.PERSON
    confidences = objects.confidences(found.scores[chosen])
    sure = confidences >= _LEAST_CANDIDATE
    return found.boxes[chosen][sure], confidences[sure]


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


def _head_part(head: Head | None) -> list[BodyPart]:
    if head is None or head.confidence < _LEAST:
        return []
    equipment = []
    if head.covered >= _LEAST:
        cover = Flag(value=True, confidence=head.covered)
        box = to_box(np.clip(head.box, 0, 1), 1.0, 1.0)
        equipment = [Equipment(kind="head-cover", confidence=head.covered, box=box, covers=cover)]
    return [BodyPart(name="head", confidence=head.confidence, equipment=equipment)]


def _hands(models: Models, picture: Picture, box: Array) -> list[BodyPart]:
    pixels = box * (picture.width, picture.height, picture.width, picture.height)
    _, chances = body(models, picture.rgb, pixels.astype(np.float32))
    left, right = (float(chances[PARTS.index(part)]) for part in ("left wrist", "right wrist"))
    hands = [
        BodyPart(name="left-hand", confidence=left, equipment=[]),
        BodyPart(name="right-hand", confidence=right, equipment=[]),
    ]
    return [hand for hand in hands if hand["confidence"] >= _LEAST]
