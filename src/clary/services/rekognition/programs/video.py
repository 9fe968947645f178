"""The program of a job on a stored video: looks at its frames, and leaves results that are read page by page.

PLACE/video            the video; removed at the end
PLACE/frames.jsonl     what was found, a line a frame: an attempt that was killed goes on behind its last line
PLACE/summary.json     the members that all answers have
PLACE/ORDER.jsonl      results in each order (see `line_file`)
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson

from clary.compute.tasks import fail, read_task
from clary.engines.refusals import Refused
from clary.engines.vision.host import load
from clary.engines.vision.videos import Video
from clary.services.rekognition.programs.frame_analyses import ANALYSES, Analysis
from clary.services.rekognition.programs.segment_analysis import write_segments

_TOLD_EVERY_MILLISECONDS = 60_000


def main(folder: Path, place: str) -> int:
    """Analyses the video.

    Args:
        folder: the job's.
        place: where the video lies and results go.
    """
    task, root = read_task(folder), Path(place)
    try:
        video = Video(root / "video")
        if task["kind"] == "segments":
            write_segments(root, video, task)
        else:
            analysis = ANALYSES[task["kind"]](load(), task)
            look_through(video, analysis, root / "frames.jsonl")
            analysis.write(root, lines_of(root / "frames.jsonl"))
    except Refused as error:
        return fail(folder, error.message)
    write_summary(root, video)
    for name in ("video", "frames.jsonl"):
        (root / name).unlink(missing_ok=True)
    return 0


def look_through(video: Video, analysis: Analysis, path: Path) -> None:
    """Writes what is found in the frames that are wanted, behind what is there already."""
    after = _last_moment(path)
    told = -1
    with path.open("ab") as file:
        for frame in video.frames_ahead(analysis.per_second, after):
            found = analysis.look(frame.rgb)
            file.write(orjson.dumps([frame.milliseconds, found]) + b"\n")
            file.flush()
            if frame.milliseconds // _TOLD_EVERY_MILLISECONDS != told:
                told = frame.milliseconds // _TOLD_EVERY_MILLISECONDS
                print(f"{frame.milliseconds / 1000:.0f} s of the video", flush=True)  # noqa: T201 - the job's log


def _last_moment(path: Path) -> int:
    """When the last whole line was, in milliseconds; half a line is cut off. -1 where there is none."""
    if not path.exists():
        return -1
    content = path.read_bytes()
    whole = content[: content.rfind(b"\n") + 1]
    if whole != content:
        path.write_bytes(whole)
    lines = whole.splitlines()
    return int(orjson.loads(lines[-1])[0]) if lines else -1


def lines_of(path: Path) -> Iterator[tuple[int, Any]]:
    """Moments in milliseconds with what was found then."""
    with path.open("rb") as file:
        for line in file:
            milliseconds, found = orjson.loads(line)
            yield milliseconds, found


def write_summary(root: Path, video: Video) -> None:
    """Writes the members that all answers have."""
    metadata = video.metadata
    summary = {
        "VideoMetadata": {
            "Codec": metadata["codec"],
            "DurationMillis": metadata["duration_milliseconds"],
            "Format": metadata["container"],
            "FrameRate": metadata["frame_rate"],
            "FrameHeight": metadata["frame_height"],
            "FrameWidth": metadata["frame_width"],
            "ColorRange": metadata["colour_range"].upper(),
        }
    }
    draft = root / "summary.draft"
    with draft.open("wb") as file:
        file.write(orjson.dumps(summary))
        file.flush()
        os.fsync(file.fileno())
    draft.replace(root / "summary.json")
