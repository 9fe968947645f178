"""What is looked for in the frames of a video, one class a kind of job."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Protocol

import orjson

from clary.engines.vision.contract import Box
from clary.engines.vision.pictures import Pixels
from clary.engines.vision.tracking import Tracker
from clary.services.rekognition.face_views import box, face_detail, wanted
from clary.services.rekognition.label_views import MOST_LABELS, LabelFilter, chosen, label_view
from clary.services.rekognition.line_file import write_lines
from clary.services.rekognition.moderation import moderation_views
from clary.services.rekognition.programs.spans import spans
from clary.services.rekognition.text_views import WordFilter, text_views

_PERSON = "Person"
_LEAST_PERSON = 0.5
FOUND = "found.jsonl"

Frames = Iterable[tuple[int, Any]]


class Analysis(Protocol):
    """Looks at frames.

    Attributes:
        per_second: how many frames of each second are looked at.
    """

    per_second: float

    def look(self, picture: Pixels) -> Any:
        """What a frame shows, as plain values.

        Args:
            picture: its pixels, which the engine takes as it takes files where it is in the same process.
        """
        ...

    def write(self, root: Path, frames: Frames) -> None:
        """Writes results in every order that answers may ask for.

        Args:
            frames: moments in milliseconds with what `look` said.
        """
        ...


class LabelAnalysis:
    """Labels."""

    per_second = 1.0

    def __init__(self, engine: Any, task: Mapping[str, Any]) -> None:
        self._engine = engine
        self._least = float(task["least"])
        self._wanted = LabelFilter(**{name: frozenset(words) for name, words in task["filter"].items()})

    def look(self, picture: Pixels) -> list[dict[str, Any]]:
        """Labels that are wanted and sure enough."""
        found = self._engine.labels(picture)["labels"]
        return [label_view(label, self._least) for label in chosen(found, self._wanted, self._least, MOST_LABELS)]

    def write(self, root: Path, frames: Frames) -> None:
        """By time and by name, each also in stretches."""
        entries = [{"Timestamp": moment, "Label": view} for moment, views in frames for view in views]
        write_named(root, entries, "Label", self.per_second)


class ModerationAnalysis:
    """Moderation labels."""

    per_second = 1.0

    def __init__(self, engine: Any, task: Mapping[str, Any]) -> None:
        self._engine = engine
        self._least = float(task["least"])

    def look(self, picture: Pixels) -> list[dict[str, Any]]:
        """Labels that are sure enough."""
        return moderation_views(self._engine.moderation(picture)["labels"], self._least)

    def write(self, root: Path, frames: Frames) -> None:
        """By time and by name, each also in stretches."""
        entries = [{"Timestamp": moment, "ModerationLabel": view} for moment, views in frames for view in views]
        write_named(root, entries, "ModerationLabel", self.per_second)


def write_named(root: Path, entries: list[dict[str, Any]], member: str, per_second: float) -> None:
    """Writes entries that have names in all orders, and the stretches of time that they make up."""

    def by_name(entry: dict[str, Any]) -> tuple[str, int]:
        return str(entry[member]["Name"]), int(entry["Timestamp"])

    write_lines(root / "timestamp", entries)
    write_lines(root / "name", sorted(entries, key=by_name))
    stretches = spans(sorted(entries, key=by_name), member, round(1000 / per_second))
    write_lines(root / "segments-name", stretches)
    write_lines(root / "segments-timestamp", sorted(stretches, key=lambda entry: entry["StartTimestampMillis"]))


class FaceAnalysis:
    """Faces."""

    per_second = 2.0

    def __init__(self, engine: Any, task: Mapping[str, Any]) -> None:
        self._engine = engine
        self._attributes = wanted([task["attributes"]])

    def look(self, picture: Pixels) -> list[dict[str, Any]]:
        """Face details."""
        found = self._engine.faces(picture, attributes="ALL" in self._attributes)["faces"]
        return [face_detail(face, self._attributes) for face in found]

    def write(self, root: Path, frames: Frames) -> None:
        """By time."""
        entries = ({"Timestamp": moment, "Face": view} for moment, views in frames for view in views)
        write_lines(root / "timestamp", entries)


class TextAnalysis:
    """Lines and words."""

    per_second = 1.0

    def __init__(self, engine: Any, task: Mapping[str, Any]) -> None:
        self._engine = engine
        told = dict(task["filter"])
        regions = tuple(tuple((x, y) for x, y in region) for region in told.pop("regions"))
        self._wanted = WordFilter(**told, regions=regions)

    def look(self, picture: Pixels) -> list[dict[str, Any]]:
        """Lines and words that are wanted."""
        return text_views(self._engine.text(picture)["texts"], self._wanted)

    def write(self, root: Path, frames: Frames) -> None:
        """By time."""
        entries = ({"Timestamp": moment, "TextDetection": view} for moment, views in frames for view in views)
        write_lines(root / "timestamp", entries)


class PersonAnalysis:
    """Persons, each with an index that follows it."""

    per_second = 4.0

    def __init__(self, engine: Any, task: Mapping[str, Any]) -> None:
        del task
        self._engine = engine

    def look(self, picture: Pixels) -> dict[str, Any]:
        """Where persons are, and the faces among them."""
        persons = [
            instance["box"]
            for label in self._engine.labels(picture)["labels"]
            if label["name"] == _PERSON
            for instance in label["instances"]
            if instance["confidence"] >= _LEAST_PERSON
        ]
        faces = self._engine.faces(picture)["faces"] if persons else []
        details = [face_detail(face, frozenset({"DEFAULT"})) for face in faces]
        return {"persons": persons, "faces": details}

    def write(self, root: Path, frames: Frames) -> None:
        """By index and by time."""
        tracker, entries = Tracker(), []
        for moment, found in frames:
            for index, place in zip(tracker.follow(moment, found["persons"]), found["persons"], strict=True):
                person: dict[str, Any] = {"Index": index, "BoundingBox": box(place)}
                face = next((one for one in found["faces"] if _is_of(one["BoundingBox"], place)), None)
                if face is not None:
                    person["Face"] = face
                entries.append({"Timestamp": moment, "Person": person})
        write_lines(root / "timestamp", entries)
        write_lines(root / "index", sorted(entries, key=lambda entry: (entry["Person"]["Index"], entry["Timestamp"])))


def _is_of(face: Mapping[str, float], person: Box) -> bool:
    """Whether a face lies in the upper half of a person's box."""
    x, y = face["Left"] + face["Width"] / 2, face["Top"] + face["Height"] / 2
    inside = person["left"] <= x <= person["left"] + person["width"]
    return inside and person["top"] <= y <= person["top"] + person["height"] / 2


class PeopleAnalysis:
    """Faces with their vectors, which are looked up when the job has ended."""

    per_second = 2.0

    def __init__(self, engine: Any, task: Mapping[str, Any]) -> None:
        self._engine = engine
        self._is_search = task["kind"] == "face-search"

    def look(self, picture: Pixels) -> list[dict[str, Any]]:
        """Faces and vectors."""
        found = self._engine.faces(picture, attributes=not self._is_search, embeddings=True)["faces"]
        attributes = frozenset({"DEFAULT" if self._is_search else "ALL"})
        return [
            {
                "box": face["box"],
                "detail": face_detail(face, attributes),
                "vector": base64.b64encode(face["embedding"]).decode(),
            }
            for face in found
        ]

    def write(self, root: Path, frames: Frames) -> None:
        """Entries with vectors, for the service."""
        draft = root / "found.draft"
        with draft.open("wb") as file:
            for entry in self._searched(frames) if self._is_search else _plain(frames):
                file.write(orjson.dumps(entry) + b"\n")
        draft.replace(root / FOUND)

    def _searched(self, frames: Frames) -> Iterator[dict[str, Any]]:
        tracker = Tracker(resemblance=self._engine.face_similarity)
        for moment, faces in frames:
            vectors = [base64.b64decode(face["vector"]) for face in faces]
            indexes = tracker.follow(moment, [face["box"] for face in faces], vectors)
            for index, face in zip(indexes, faces, strict=True):
                person = {"Index": index, "BoundingBox": box(face["box"]), "Face": face["detail"]}
                yield {"Timestamp": moment, "Person": person, "vector": face["vector"]}


def _plain(frames: Frames) -> Iterator[dict[str, Any]]:
    for moment, faces in frames:
        for face in faces:
            yield {"Timestamp": moment, "Face": face["detail"], "vector": face["vector"]}


ANALYSES: dict[str, Callable[[Any, Mapping[str, Any]], Analysis]] = {
    "labels": LabelAnalysis,
    "moderation": ModerationAnalysis,
    "faces": FaceAnalysis,
    "text": TextAnalysis,
    "persons": PersonAnalysis,
    "face-search": PeopleAnalysis,
    "celebrities": PeopleAnalysis,
}
"""By the word of the job's kind."""
