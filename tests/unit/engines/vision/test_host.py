"""The whole engine with its real weights, on the pictures beside the project."""

from __future__ import annotations

import io
import random
from pathlib import Path

import cbor2
import numpy as np
import pytest
from PIL import Image

from clary.engines.refusals import Refused
from clary.engines.vision.face_embedding import EMBEDDING_BYTES, SAME_PERSON
from clary.engines.vision.faces import LANDMARKS
from clary.engines.vision.host import Vision

DATA = Path(__file__).parents[5] / "shared" / "data"
POSES = DATA / "face_quality_poses" / "common"
PERSONS = DATA / "faces_synthetic_ids" / "dev"
needs_data = pytest.mark.skipif(not POSES.exists(), reason="the data sets beside the project are not here")


def png(pixels: np.ndarray) -> bytes:
    data = io.BytesIO()
    Image.fromarray(pixels).save(data, "PNG")
    return data.getvalue()


@needs_data
def test_a_face_is_described(vision: Vision) -> None:
    found = vision.faces((POSES / "photo11.jpeg").read_bytes(), attributes=True)
    (face,) = found["faces"]
    assert found["size"] == {"width": 539, "height": 512, "orientation": 1}
    assert 0.3 < face["box"]["left"] < 0.45 and face["confidence"] > 0.9
    assert {mark["name"] for mark in face["landmarks"]} == set(LANDMARKS) and len(LANDMARKS) == 30
    attributes = face["attributes"]
    assert attributes is not None and attributes["gender"]["value"] == "male"
    assert attributes["smile"]["value"] and attributes["emotions"][0]["name"] == "happy"
    assert not attributes["beard"]["value"] and not attributes["mustache"]["value"]
    assert attributes["age_range"]["low"] < attributes["age_range"]["high"]
    cbor2.dumps(found)


@needs_data
def test_heads_that_turn_look_up_and_look_down_say_so(vision: Vision) -> None:
    poses = {}
    for number in (1, 2, 3, 4, 5):
        (face,) = vision.faces((POSES / f"photo{number}.jpeg").read_bytes())["faces"]
        poses[number] = face["pose"]
    assert abs(poses[1]["yaw"]) < 8 and abs(poses[1]["pitch"]) < 8 and abs(poses[1]["roll"]) < 8
    assert poses[2]["yaw"] > 10 and poses[3]["yaw"] < -10
    assert poses[4]["pitch"] > 15 and poses[5]["pitch"] < -10


@needs_data
def test_what_the_mesh_cannot_see_is_not_told(vision: Vision) -> None:
    (face,) = vision.faces((POSES / "photo7.jpeg").read_bytes(), attributes=True)["faces"]
    attributes = face["attributes"]
    assert face["pose"]["yaw"] < -45 and attributes is not None
    for name in ("smile", "eyeglasses", "sunglasses", "eyes_open", "mouth_open", "beard", "mustache"):
        assert 0.5 <= attributes[name]["confidence"] < 0.75, name  # type: ignore[literal-required]
    assert attributes["eye_direction"]["confidence"] < 0.5


@needs_data
def test_sunglasses_are_seen(vision: Vision) -> None:
    said = {}
    for number in (1, 10):
        (face,) = vision.faces((POSES / f"photo{number}.jpeg").read_bytes(), attributes=True)["faces"]
        assert face["attributes"] is not None
        said[number] = face["attributes"]["sunglasses"]["value"]
    assert said == {1: False, 10: True}


@needs_data
def test_hair_of_the_face_is_seen(vision: Vision) -> None:
    seen = {("05", "variant_2"): (True, True), ("23", "original"): (False, True), ("12", "original"): (False, False)}
    for (person, name), hairs in seen.items():
        (face,) = vision.faces((PERSONS / f"person_{person}" / f"{name}.jpg").read_bytes(), attributes=True)["faces"]
        told = face["attributes"]
        assert told is not None
        assert (told["beard"]["value"], told["mustache"]["value"]) == hairs, (person, name)


@needs_data
def test_one_person_is_told_from_others(vision: Vision) -> None:
    folders = sorted(PERSONS.iterdir())[:4]
    vectors = {}
    for folder in folders:
        for name in ("original.jpg", "variant_1.jpg"):
            (face,) = vision.faces((folder / name).read_bytes(), embeddings=True)["faces"]
            assert face["embedding"] is not None and len(face["embedding"]) == EMBEDDING_BYTES
            vectors[folder.name, name] = face["embedding"]
    for (person, name), vector in vectors.items():
        for (other, again), another in vectors.items():
            similar = vision.face_similarity(vector, another) >= SAME_PERSON
            assert similar == (person == other), (person, name, other, again)
    originals = [folder.name for folder in folders]
    vision.index_add("people", originals, [vectors[name, "original.jpg"] for name in originals])
    found = vision.index_search("people", vectors[originals[2], "variant_1.jpg"], 3, SAME_PERSON)
    assert [one["id"] for one in found] == [originals[2]]
    assert vision.index_ids("people") == originals
    vision.index_drop("people")
    assert vision.index_search("people", vectors[originals[2], "variant_1.jpg"], 3) == []


@needs_data
def test_two_pictures_are_compared(vision: Vision) -> None:
    folder = sorted(PERSONS.iterdir())[0]
    one, other = (folder / "original.jpg").read_bytes(), (folder / "variant_0.jpg").read_bytes()
    (match,) = vision.compare_faces(one, other)["matches"]
    assert match["similarity"] >= SAME_PERSON


def test_a_source_without_a_face_is_refused(vision: Vision) -> None:
    with pytest.raises(Refused) as caught:
        vision.compare_faces(png(np.full((90, 90, 3), 200, np.uint8)), png(np.zeros((90, 90, 3), np.uint8)))
    assert caught.value.reason == "no-face"


@needs_data
def test_a_hundred_faces_are_found(vision: Vision) -> None:
    faces = [Image.open(folder / "original.jpg").resize((90, 90)) for folder in sorted(PERSONS.iterdir())]
    wall = Image.new("RGB", (1000, 1000))
    for number in range(100):
        wall.paste(faces[number % len(faces)], (5 + 100 * (number % 10), 5 + 100 * (number // 10)))
    assert len(vision.faces(png(np.asarray(wall)))["faces"]) >= 97


def test_every_call_answers_for_pictures_that_show_nothing(vision: Vision) -> None:
    dice = np.random.default_rng(0)
    for pixels in (np.zeros((8, 300, 3), np.uint8), dice.integers(0, 255, (64, 48, 3)).astype(np.uint8)):
        data = png(pixels)
        for call in (vision.labels, vision.faces, vision.moderation, vision.text, vision.colours):
            cbor2.dumps(call(data))
        assert len(vision.features(data)) % 4 == 0


def test_what_is_no_picture_is_refused_by_every_call(vision: Vision) -> None:
    junk = random.Random(0).randbytes(500)
    calls = (vision.labels, vision.faces, vision.moderation, vision.text, vision.protective_equipment, vision.features)
    for call in calls:
        with pytest.raises(Refused) as caught:
            call(junk)
        assert caught.value.reason == "invalid-format"


@needs_data
def test_protective_equipment_finds_helmets(vision: Vision) -> None:
    folder = DATA / "ppe_hard_hat" / "dev"
    covered = 0
    for file in sorted((folder / "images").glob("*.jpg"))[:6]:
        persons = vision.protective_equipment(file.read_bytes())["persons"]
        assert [person["id"] for person in persons] == list(range(len(persons))) and len(persons) <= 15
        parts = [part for person in persons for part in person["parts"]]
        covered += sum(bool(part["equipment"]) for part in parts if part["name"] == "head")
        assert not any(part["equipment"] for part in parts if part["name"] != "head")
    assert covered >= 2
