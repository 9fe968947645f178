"""The program of a session of a stream processor: looks at the fragments of a local stream, one after the other."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import orjson

from clary.compute.tasks import fail, read_task
from clary.engines.refusals import Refused
from clary.engines.vision.contract import Box
from clary.engines.vision.host import load
from clary.engines.vision.pictures import Pixels
from clary.engines.vision.videos import Video
from clary.services.rekognition.face_views import box, face_detail, percent
from clary.services.rekognition.faces.face_copies import FACES, read_copy
from clary.services.rekognition.text_views import share_inside

_PER_SECOND = 1.0
_MOST_MATCHES = 5
_HOME = {"Person": "PERSON", "Cat": "PET", "Dog": "PET"}
"""What the labels of a connected home are found as. Nothing here finds packages, so PACKAGE is never reported."""

Result = dict[str, Any]


def main(folder: Path, place: str) -> int:
    """Looks through the stream and writes results.

    Args:
        folder: the job's; `output/results` is uploaded.
        place: where the fragments lie, and the faces to look for.
    """
    task, root = read_task(folder), Path(place)
    search = task["kind"] == "face-search"
    look = _searching(load(), root, task) if search else _home(load(), task)
    target = folder / "output/results"
    target.mkdir(parents=True, exist_ok=True)
    try:
        with (target / "results.jsonl").open("wb") as file:
            for where, picture in moments(root, task):
                for result in look(where, picture):
                    file.write(orjson.dumps(result) + b"\n")
                file.flush()
    except Refused as error:
        return fail(folder, error.message)
    shutil.rmtree(root / "fragments", ignore_errors=True)
    (root / FACES).unlink(missing_ok=True)
    return 0


def moments(root: Path, task: Mapping[str, Any]) -> Iterator[tuple[dict[str, Any], Pixels]]:
    """The frames to look at, and where in the stream they are."""
    passed = 0.0
    for path in sorted((root / "fragments").iterdir()):
        if int(path.name) < task["first"]:
            continue
        video = Video(path)
        for frame in video.frames_ahead(_PER_SECOND):
            seconds = frame.milliseconds / 1000
            if task["seconds"] is not None and passed + seconds > task["seconds"]:
                return
            where = {"StreamArn": task["stream"], "FragmentNumber": str(int(path.name))}
            yield {**where, "FrameOffsetInSeconds": seconds}, frame.rgb
        passed += video.metadata["duration_milliseconds"] / 1000


def _is_wanted(place: Box, regions: Sequence[Sequence[tuple[float, float]]]) -> bool:
    return not regions or any(share_inside(place, region) > 0.5 for region in regions)


def _searching(
    engine: Any, root: Path, task: Mapping[str, Any]
) -> Callable[[dict[str, Any], Pixels], Iterator[Result]]:
    """Looks for the faces of a collection."""
    known = read_copy(root)

    def matches(embedding: bytes) -> list[Result]:
        found = [
            (percent(engine.face_similarity(embedding, vector)), number) for number, (_, vector) in enumerate(known)
        ]
        passed = sorted((one for one in found if one[0] >= task["threshold"]), reverse=True)[:_MOST_MATCHES]
        return [{"Similarity": similarity, "Face": known[number][0]} for similarity, number in passed]

    def look(where: dict[str, Any], picture: Pixels) -> Iterator[Result]:
        faces = engine.faces(picture, embeddings=True)["faces"]
        seen = [
            {
                "DetectedFace": face_detail(face, frozenset({"DEFAULT"})),
                "MatchedFaces": matches(face["embedding"]),
            }
            for face in faces
            if _is_wanted(face["box"], task["regions"])
        ]
        if seen:
            yield {
                "InputInformation": {"KinesisVideo": where},
                "StreamProcessorInformation": {"Status": "RUNNING"},
                "FaceSearchResponse": seen,
            }

    return look


def _home(engine: Any, task: Mapping[str, Any]) -> Callable[[dict[str, Any], Pixels], Iterator[Result]]:
    """Looks for persons and pets; each is told when it is first seen."""
    wanted = set(task["labels"])
    told: set[str] = set()

    def look(where: dict[str, Any], picture: Pixels) -> Iterator[Result]:
        for label in engine.labels(picture)["labels"]:
            name = _HOME.get(label["name"])
            if name is None or name in told or not wanted & {name, "ALL"}:
                continue
            for instance in label["instances"]:
                sure = percent(instance["confidence"]) >= task["least"]
                if sure and _is_wanted(instance["box"], task["regions"]):
                    told.add(name)
                    yield _detected(name, instance, where, task)
                    break

    return look


def _detected(name: str, instance: Mapping[str, Any], where: Mapping[str, Any], task: Mapping[str, Any]) -> Result:
    identity = hashlib.sha256(f"{task['session']}/{name}".encode()).hexdigest()
    offset = round(where["FrameOffsetInSeconds"] * 1000)
    return {
        "eventId": identity[:32],
        "eventNamespace": {"type": "LABEL_DETECTED"},
        "inputInformation": {"kinesisVideo": {"streamArn": where["StreamArn"]}},
        "sessionId": task["session"],
        "labels": [
            {
                "id": identity[32:],
                "name": name,
                "confidence": percent(instance["confidence"]),
                "boundingBox": {side.lower(): value for side, value in box(instance["box"]).items()},
                "videoMapping": {
                    "kinesisVideoMapping": {"fragmentNumber": where["FragmentNumber"], "frameOffsetMillis": offset}
                },
            }
        ],
    }
