"""The programs of jobs, over the stand-in for the engine."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import orjson
import pytest

from clary.services.rekognition.faces.face_copies import FACES, FaceCopies
from clary.services.rekognition.line_file import read_lines
from clary.services.rekognition.programs import media_analysis, streaming, video
from clary.services.rekognition.programs.frame_analyses import ANALYSES

from .stand_in import StandIn, box, face, label, picture

RATE = 10


class Engine:
    """An engine that sees the same in every picture, or what a made-up picture says.

    Attributes:
        looked: how many pictures were looked at.
    """

    def __init__(self, **shown: Any) -> None:
        self._shown = picture(**shown)
        self._stand_in = StandIn()
        self.looked = 0

    def __getattr__(self, name: str) -> Any:
        if name == "face_similarity":
            return self._stand_in.do_face_similarity
        method = getattr(self._stand_in, f"do_{name}")

        def look(content: bytes | np.ndarray[Any, Any], **more: Any) -> Any:
            self.looked += 1
            return method(content if isinstance(content, bytes) else self._shown, **more)

        return look


@pytest.fixture
def film(tmp_path: Path) -> Path:
    """A video of three seconds."""
    path = tmp_path / "place" / "video"
    path.parent.mkdir()
    made = path.with_name("made.mp4")
    writer = cv2.VideoWriter(str(made), cv2.VideoWriter.fourcc(*"mp4v"), RATE, (96, 64))
    for number in range(3 * RATE):
        writer.write(np.full((64, 96, 3), 40 + number, np.uint8))
    writer.release()
    made.rename(path)
    return path


def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, engine: Engine, **task: Any) -> int:
    """Runs the program of a job on a video."""
    monkeypatch.setattr(video, "load", lambda: engine)
    folder = tmp_path / "job"
    (folder / "input/config").mkdir(parents=True, exist_ok=True)
    (folder / "input/config/hyperparameters.json").write_text(json.dumps({"task": json.dumps(task)}))
    return video.main(folder, str(tmp_path / "place"))


ALL_LABELS = {"names": [], "categories": [], "without_names": [], "without_categories": []}


def test_labels_are_written_in_every_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, film: Path) -> None:
    engine = Engine(labels=[label("Car", 0.9), label("Bus", 0.6), label("Weak", 0.2)])
    assert run(tmp_path, monkeypatch, engine, kind="labels", least=50.0, filter=ALL_LABELS) == 0
    assert engine.looked == 3
    entries, total = read_lines(film.with_name("timestamp"), 0, 10)
    assert [(one["Timestamp"], one["Label"]["Name"]) for one in entries][:3] == [(0, "Car"), (0, "Bus"), (1000, "Car")]
    assert total == 6
    by_name, _ = read_lines(film.with_name("name"), 0, 10)
    assert [one["Label"]["Name"] for one in by_name] == ["Bus"] * 3 + ["Car"] * 3
    stretches, _ = read_lines(film.with_name("segments-timestamp"), 0, 10)
    assert [(one["Label"]["Name"], one["DurationMillis"]) for one in stretches] == [("Bus", 2000), ("Car", 2000)]
    summary = json.loads(film.with_name("summary.json").read_text())["VideoMetadata"]
    assert (summary["DurationMillis"], summary["FrameWidth"], summary["ColorRange"]) == (3000, 96, "LIMITED")
    assert not film.exists()


def test_a_job_that_was_killed_goes_on_behind_its_last_whole_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, film: Path
) -> None:
    done = b'[0,[{"Name":"Car","Confidence":90.0}]]\n[1000,[{"Name":"C'
    film.with_name("frames.jsonl").write_bytes(done)
    engine = Engine(moderation=[{"name": "Bus", "parent": "", "level": 1, "confidence": 0.9}])
    assert run(tmp_path, monkeypatch, engine, kind="moderation", least=50.0) == 0
    assert engine.looked == 2
    entries, _ = read_lines(film.with_name("timestamp"), 0, 10)
    assert [one["ModerationLabel"]["Name"] for one in entries] == ["Car", "Bus", "Bus"]


def test_a_file_that_is_no_video_tells_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, film: Path) -> None:
    film.write_bytes(b"nothing")
    assert run(tmp_path, monkeypatch, Engine(), kind="faces", attributes="ALL") == 1
    assert "video" in (tmp_path / "job/output/failure").read_text()


def test_faces_and_text_are_told_with_their_times(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, film: Path) -> None:
    words = [
        {"id": 0, "parent": None, "kind": "line", "text": "A", "confidence": 0.9, "box": box(), "polygon": []},
        {"id": 1, "parent": 0, "kind": "word", "text": "A", "confidence": 0.9, "box": box(), "polygon": []},
    ]
    engine = Engine(faces=[face()], texts=words)
    content = film.read_bytes()
    wanted = {"least_percent": 0.0, "least_height": 0.0, "least_width": 0.0, "regions": []}
    assert run(tmp_path, monkeypatch, engine, kind="text", filter=wanted) == 0
    entries, total = read_lines(film.with_name("timestamp"), 0, 10)
    assert (total, entries[0]["TextDetection"]["Type"]) == (6, "LINE")
    film.write_bytes(content)
    assert run(tmp_path, monkeypatch, engine, kind="faces", attributes="ALL") == 0
    entries, total = read_lines(film.with_name("timestamp"), 0, 10)
    assert (total, "AgeRange" in entries[0]["Face"]) == (6, True)


def test_persons_are_followed_and_get_their_faces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, film: Path) -> None:
    instances = [{"box": box(left, 0.1, 0.3, 0.8), "confidence": 0.9, "colours": []} for left in (0.05, 0.6)]
    people = [label("Person", 0.9, instances=instances)]
    engine = Engine(labels=people, faces=[face(box=box(0.15, 0.2, 0.1, 0.1))])
    assert run(tmp_path, monkeypatch, engine, kind="persons") == 0
    entries, total = read_lines(film.with_name("index"), 0, 100)
    assert total == 24
    assert [one["Person"]["Index"] for one in entries] == [0] * 12 + [1] * 12
    assert "Face" in entries[0]["Person"]
    assert "Face" not in entries[-1]["Person"]


def test_faces_to_look_up_keep_their_vectors(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, film: Path) -> None:
    engine = Engine(faces=[face(0.2), face(0.9, left=0.6)])
    assert run(tmp_path, monkeypatch, engine, kind="face-search") == 0
    entries = [json.loads(line) for line in film.with_name("found.jsonl").read_text().splitlines()]
    assert [(one["Timestamp"], one["Person"]["Index"]) for one in entries][:4] == [(0, 0), (0, 1), (500, 0), (500, 1)]
    assert base64.b64decode(entries[0]["vector"]) == b"0.2"


def test_segments_hold_timecodes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, film: Path) -> None:
    task = {"types": ["SHOT"], "least_cue": 50, "least_shot": 50, "black_level": 0.2, "black_percent": 99}
    assert run(tmp_path, monkeypatch, Engine(), kind="segments", **task) == 0
    (shot,), _ = read_lines(film.with_name("timestamp"), 0, 10)
    assert (shot["Type"], shot["StartTimecodeSMPTE"], shot["DurationSMPTE"]) == ("SHOT", "00:00:00:00", "00:00:03:00")


def test_every_kind_of_job_has_an_analysis() -> None:
    kinds = {"labels", "moderation", "faces", "text", "persons", "face-search", "celebrities"}
    assert set(ANALYSES) == kinds


def write_task(folder: Path, **task: Any) -> None:
    (folder / "input/config").mkdir(parents=True)
    (folder / "input/config/hyperparameters.json").write_text(json.dumps({"task": json.dumps(task)}))


def test_bulk_moderation_goes_on_where_it_was_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = Engine()
    monkeypatch.setattr(media_analysis, "load", lambda: engine)
    folder, place = tmp_path / "job", tmp_path / "place"
    write_task(folder, least=50.0)
    (place / "pictures").mkdir(parents=True)
    bad = {"name": "Explicit", "parent": "", "level": 1, "confidence": 0.9}
    for number, shown in enumerate(({}, {"moderation": [bad]}, {"refuse": "invalid-format"})):
        (place / "pictures" / str(number)).write_bytes(picture(**shown))
    lines = [{"source": f"s3://b/{number}", "error": None} for number in range(3)]
    lines.append({"source": "s3://b/gone", "error": ["InvalidS3ObjectException", "gone"]})
    (place / "lines.jsonl").write_bytes(b"".join(orjson.dumps(line) + b"\n" for line in lines))
    (place / "done.jsonl").write_bytes(orjson.dumps({"source-ref": "s3://b/0"}) + b'\n{"source')
    assert media_analysis.main(folder, str(place)) == 0
    assert engine.looked == 2
    written = [json.loads(line) for line in (folder / "output/results/results.jsonl").read_text().splitlines()]
    assert [line["source-ref"] for line in written] == ["s3://b/0", "s3://b/1", "s3://b/2", "s3://b/gone"]
    assert written[1]["detect-moderation-labels"]["ModerationLabels"][0]["Name"] == "Explicit"
    codes = [line["detect-moderation-labels-error"]["code"] for line in written[2:]]
    assert codes == ["invalid-format", "InvalidS3ObjectException"]
    summary = json.loads((folder / "output/results/manifest-summary.json").read_text())
    assert summary == {"total": 4, "succeeded": 2, "failed": 2}


def stream(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, film: Path, engine: Engine, **task: Any) -> list[Any]:
    monkeypatch.setattr(streaming, "load", lambda: engine)
    fragments = film.parent / "fragments"
    fragments.mkdir()
    for number in (1, 2):
        (fragments / f"{number:08d}").write_bytes(film.read_bytes())
    write_task(tmp_path / "job", stream="arn:s", session="x", regions=[], **{"first": 0, "seconds": None, **task})
    assert streaming.main(tmp_path / "job", str(film.parent)) == 0
    return [json.loads(line) for line in (tmp_path / "job/output/results/results.jsonl").read_text().splitlines()]


def test_a_stream_is_searched_fragment_by_fragment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, film: Path) -> None:
    FaceCopies(film.parents[1]).write(film.parent, "staff", [({"FaceId": "f"}, b"0.21")])
    engine = Engine(faces=[face(0.2), face(0.9)])
    found = stream(tmp_path, monkeypatch, film, engine, kind="face-search", threshold=90.0, seconds=4)
    moments = [
        (one["InputInformation"]["KinesisVideo"]["FragmentNumber"], one["InputInformation"]["KinesisVideo"])
        for one in found
    ]
    assert [(number, where["FrameOffsetInSeconds"]) for number, where in moments] == [
        ("1", 0.0),
        ("1", 1.0),
        ("1", 2.0),
        ("2", 0.0),
        ("2", 1.0),
    ]
    assert [len(one["MatchedFaces"]) for one in found[0]["FaceSearchResponse"]] == [1, 0]
    assert not film.with_name(FACES).exists()


def test_a_home_is_told_of_persons_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, film: Path) -> None:
    instances = [{"box": box(), "confidence": 0.9, "colours": []}]
    engine = Engine(labels=[label("Person", 0.9, instances=instances), label("Dog", 0.9, instances=instances)])
    found = stream(tmp_path, monkeypatch, film, engine, kind="labels", labels=["PERSON"], least=60.0, first=2)
    (one,) = found
    (seen,) = one["labels"]
    assert (seen["name"], seen["videoMapping"]["kinesisVideoMapping"]["fragmentNumber"]) == ("PERSON", "2")
