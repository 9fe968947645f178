"""How doubt about a face becomes a confidence, and how the parts of a face are told from its mesh."""

from __future__ import annotations

import threading
import time
from functools import partial

import numpy as np
import pytest

from clary.engines.vision import facial_hair
from clary.engines.vision.contract import Pose
from clary.engines.vision.face_attributes import _facing, _flag, attributes
from clary.engines.vision.face_mesh import Mesh
from clary.engines.vision.face_reading import Described, Reading
from clary.engines.vision.models import Models

EXPRESSIONS = {
    "neutral": 0.1,
    "happy": 0.8,
    "sad": 0.02,
    "angry": 0.02,
    "fear": 0.02,
    "disgusted": 0.02,
    "surprised": 0.02,
}


def mesh(presence: float) -> Mesh:
    """Points anywhere in a square of 200 pixels, the same ones each time."""
    points = np.random.default_rng(5).random((468, 3)).astype(np.float32) * 200
    return Mesh(points, presence, np.array([[60, 80], [140, 80]], np.float32), 0.0)


def reading(male: float = 0.5) -> Reading:
    ages = np.zeros(100, np.float32)
    ages[30:40] = 0.1
    return Reading(Described(ages, male, np.zeros((1, 1024), np.float32)), None, EXPRESSIONS)


def test_an_answer_that_nothing_supports_is_no_with_half_a_chance() -> None:
    assert _flag(0.9) == {"value": True, "confidence": pytest.approx(0.9)}
    assert _flag(0.9, trust=0.25) == {"value": True, "confidence": pytest.approx(0.6)}
    assert _flag(0.2, trust=0.5) == {"value": False, "confidence": pytest.approx(0.65)}
    assert _flag(0.9, trust=0.0) == {"value": False, "confidence": 0.5}


def test_a_head_faces_less_the_further_it_turns() -> None:
    turns = [_facing(Pose(roll=80.0, yaw=yaw, pitch=0.0)) for yaw in (0, 15, 30, -45, 70)]
    assert turns[:2] == [1, 1] and turns[2] > turns[3] > 0 and turns[4] == 0
    assert _facing(Pose(roll=0.0, yaw=0.0, pitch=-60.0)) == 0


def test_every_attribute_is_told_of_a_face_that_the_mesh_does_not_see() -> None:
    grey = np.full((200, 200, 3), 128, np.uint8)
    told = attributes(reading(), grey, mesh(0.0), Pose(roll=0.0, yaw=0.0, pitch=0.0))
    for name in ("smile", "eyeglasses", "sunglasses", "beard", "mustache", "eyes_open", "mouth_open"):
        assert told[name] == {"value": False, "confidence": 0.5}, name  # type: ignore[literal-required]
    assert told["occluded"] == {"value": True, "confidence": 1.0}
    assert told["eye_direction"]["confidence"] == 0 and told["age_range"] == {"low": 31, "high": 38}
    assert told["emotions"][0]["name"] == "happy"


def test_hair_of_the_face_counts_for_men_only() -> None:
    grey = np.random.default_rng(1).integers(0, 255, (200, 200, 3)).astype(np.uint8)
    chances = [facial_hair.hair(grey, mesh(1.0), male) for male in (0.0, 0.5, 1.0)]
    for kind in facial_hair.KINDS:
        assert chances[0][kind] == 0 and chances[2][kind] == pytest.approx(2 * chances[1][kind])
        assert 0 < chances[2][kind] < 1


def test_what_hair_is_told_by_does_not_depend_on_the_exposure() -> None:
    grid = facial_hair._model()[0]
    lab = np.random.default_rng(2).random((facial_hair.HEIGHT, facial_hair.WIDTH, 3)).astype(np.float32)
    lab = lab * (40, 10, 10) + (40, 0, 0)
    brighter = lab.copy()
    brighter[..., 0] = (lab[..., 0] + 6) * 1.2 - 6
    assert np.allclose(grid.features(lab), grid.features(brighter), atol=1e-3)
    assert not np.allclose(grid.features(lab), grid.features(lab[::-1].copy()), atol=1e-3)


def test_jobs_run_side_by_side_and_answer_in_their_order() -> None:
    meeting = threading.Barrier(2)

    def meet(number: int) -> int:
        meeting.wait(60)  # each waits for another to have begun
        return number

    assert Models(threads=2).side_by_side([partial(meet, number) for number in range(4)]) == [0, 1, 2, 3]
    order: list[int] = []

    def note(number: int) -> None:
        time.sleep(0.001 * (3 - number))
        order.append(number)

    Models(threads=1).side_by_side([partial(note, number) for number in range(3)])
    assert order == [0, 1, 2]
