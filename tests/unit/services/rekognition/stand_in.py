"""Stands for the vision engine: a picture says itself what is to be seen in it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from clary.engines.refusals import Refused

PNG = b"\x89PNG\r\n\x1a\n"
SIZE = {"width": 640, "height": 480, "orientation": 1}
_FLAGS = ("smile", "eyeglasses", "sunglasses", "beard", "mustache", "eyes_open", "mouth_open", "occluded")


def picture(**shown: Any) -> bytes:
    """A picture that shows what is given: `faces=[...]`, `labels=[...]`, ..., or `refuse="reason"`."""
    return PNG + json.dumps(shown).encode()


def box(left: float = 0.1, top: float = 0.2, width: float = 0.3, height: float = 0.4) -> dict[str, float]:
    """A box of the contract."""
    return {"left": left, "top": top, "width": width, "height": height}


def face(who: float = 0.5, left: float = 0.1, **changes: Any) -> dict[str, Any]:
    """A face of the contract.

    Args:
        who: the person, 0..1: the nearer two numbers, the more alike the faces.
    """
    yes = {"value": True, "confidence": 0.9}
    made: dict[str, Any] = {
        "box": box(left),
        "confidence": 0.99,
        "landmarks": [{"name": name, "x": 0.2, "y": 0.3} for name in ("eyeLeft", "nose", "leftPupil")],
        "pose": {"roll": 1.0, "yaw": 2.0, "pitch": 3.0},
        "quality": {"brightness": 80.0, "sharpness": 90.0},
        "attributes": {
            "age_range": {"low": 20, "high": 30},
            "gender": {"value": "female", "confidence": 0.9},
            **dict.fromkeys(_FLAGS, yes),
            "eye_direction": {"yaw": 1.0, "pitch": -1.0, "confidence": 0.8},
            "emotions": [{"name": "calm", "confidence": 0.2}, {"name": "happy", "confidence": 0.7}],
        },
        "embedding": who,
    }
    return {**made, **changes}


def label(name: str, confidence: float, **changes: Any) -> dict[str, Any]:
    """A label of the contract."""
    made = {"name": name, "confidence": confidence, "instances": [], "parents": [], "aliases": [], "categories": []}
    return {**made, **changes}


class Crash(BaseException):
    """The end of everything."""


class StandIn:
    """Answers as the engine would, from what the picture says.

    Attributes:
        vectors: the indexes.
        asked: the methods that were called.
        crash_at: a method at which everything ends, as when the machine does; with " afterwards" it has done its work.
    """

    def __init__(self) -> None:
        self.vectors: dict[str, dict[str, bytes]] = {}
        self.asked: list[str] = []
        self.crash_at = ""

    def call(self, family: str, method: str, *, timeout_seconds: float = 0.0, **arguments: Any) -> Any:
        assert family == "vision"
        self.asked.append(method)
        if method == self.crash_at:
            raise Crash
        answer = getattr(self, f"do_{method}")(**arguments)
        if f"{method} afterwards" == self.crash_at:
            raise Crash
        return answer

    def do_labels(self, picture: bytes, properties: bool = False, colours: bool = False) -> dict[str, Any]:
        shown = _seen(picture)
        known = shown.get("properties") if properties else None
        return {"size": SIZE, "labels": shown.get("labels", []), "properties": known, "model": "m"}

    def do_colours(self, picture: bytes) -> Any:
        return _seen(picture)["properties"]

    def do_faces(self, picture: bytes, attributes: bool = False, embeddings: bool = False) -> dict[str, Any]:
        shown = _seen(picture)
        faces = [dict(one) for one in shown.get("faces", [])]
        for one in faces:
            one["embedding"] = str(one["embedding"]).encode() if embeddings else None
            one["attributes"] = one["attributes"] if attributes else None
        return {"size": {**SIZE, **shown.get("size", {})}, "faces": faces, "model": "m"}

    def do_compare_faces(self, source: bytes, target: bytes) -> dict[str, Any]:
        one, others = self.do_faces(source, embeddings=True), self.do_faces(target, embeddings=True)
        if not one["faces"]:
            raise Refused("no-face", "the source image shows no face", picture="source")
        mine = one["faces"][0]
        matches = [
            {"similarity": self.do_face_similarity(mine["embedding"], other["embedding"]), "face": other}
            for other in others["faces"]
        ]
        matches.sort(key=lambda match: -match["similarity"])
        return {
            "source": mine,
            "source_size": one["size"],
            "target_size": others["size"],
            "matches": matches,
            "model": "m",
        }

    def do_face_similarity(self, one: bytes, other: bytes) -> float:
        return 1.0 - abs(float(one) - float(other))

    def do_mean_embedding(self, embeddings: Sequence[bytes]) -> bytes:
        return str(sum(map(float, embeddings)) / len(embeddings)).encode()

    def do_index_add(self, index: str, ids: Sequence[str], embeddings: Sequence[bytes]) -> None:
        self.vectors.setdefault(index, {}).update(zip(ids, embeddings, strict=True))

    def do_index_remove(self, index: str, ids: Sequence[str]) -> None:
        for one in ids:
            self.vectors.get(index, {}).pop(one, None)

    def do_index_drop(self, index: str) -> None:
        self.vectors.pop(index, None)

    def do_index_vector(self, index: str, vector_id: str) -> bytes | None:
        return self.vectors.get(index, {}).get(vector_id)

    def do_index_search(self, index: str, embedding: bytes, limit: int, least: float = 0.0) -> list[dict[str, Any]]:
        found = [
            {"id": one, "similarity": self.do_face_similarity(vector, embedding)}
            for one, vector in self.vectors.get(index, {}).items()
        ]
        found.sort(key=lambda neighbour: -float(neighbour["similarity"]))
        return [one for one in found if one["similarity"] >= least][:limit]

    def do_moderation(self, picture: bytes) -> dict[str, Any]:
        return {"size": SIZE, "labels": _seen(picture).get("moderation", []), "model": "m"}

    def do_text(self, picture: bytes) -> dict[str, Any]:
        return {"size": SIZE, "texts": _seen(picture).get("texts", []), "model": "m"}

    def do_protective_equipment(self, picture: bytes) -> dict[str, Any]:
        return {"size": SIZE, "persons": _seen(picture).get("persons", []), "model": "m"}


def _seen(content: bytes) -> dict[str, Any]:
    shown: dict[str, Any] = json.loads(content.removeprefix(PNG))
    if "refuse" in shown:
        raise Refused(shown["refuse"], "the picture is refused")
    return shown
