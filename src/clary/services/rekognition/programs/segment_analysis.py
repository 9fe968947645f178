"""Shots and technical cues of a video, with timecodes."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from clary.engines.vision.contract import Segment
from clary.engines.vision.shots import bar_stretches, black_stretches, shots, traits
from clary.engines.vision.videos import Video
from clary.services.rekognition.line_file import write_lines

_DROPPING = {30: 2, 60: 4}  # frames that a minute leaves out, by the nominal rate
_CUES = {"black-frames": "BlackFrames", "colour-bars": "ColorBars"}
_LEAST_PERCENT = 50.0
_WHOLE = 1e-3  # frames a second, by which a container may miss a whole rate


def write_segments(root: Path, video: Video, task: Mapping[str, Any]) -> None:
    """Writes the segments that a task asks for, by time.

    Args:
        task: "types", "least_cue", "least_shot", "black_level", "black_percent".
    """
    measured = list(traits(video.frames(), task["black_level"]))
    found: list[dict[str, Any]] = []
    if "TECHNICAL_CUE" in task["types"]:
        black = black_stretches(measured, video.frame_rate, task["black_percent"] / 100.0)
        for segment in (*black, *bar_stretches(measured, video.frame_rate)):
            cue = {"Type": _CUES[segment["kind"]], "Confidence": _percent(segment)}
            if cue["Confidence"] >= task["least_cue"]:
                found.append({**_view("TECHNICAL_CUE", segment, video.frame_rate), "TechnicalCueSegment": cue})
    if "SHOT" in task["types"]:
        for segment in shots(measured, video.frame_rate):
            shot = {"Index": segment["index"], "Confidence": _percent(segment)}
            if shot["Confidence"] >= task["least_shot"]:
                found.append({**_view("SHOT", segment, video.frame_rate), "ShotSegment": shot})
    found.sort(key=lambda entry: (entry["StartTimestampMillis"], entry["Type"]))
    write_lines(root / "timestamp", found)


def _percent(segment: Segment) -> float:
    return max(_LEAST_PERCENT, min(100.0, 100.0 * segment["confidence"]))


def _view(kind: str, segment: Segment, frame_rate: float) -> dict[str, Any]:
    first, last = segment["start_frame"], segment["end_frame"]
    return {
        "Type": kind,
        "StartTimestampMillis": segment["start_milliseconds"],
        "EndTimestampMillis": segment["end_milliseconds"],
        "DurationMillis": segment["end_milliseconds"] - segment["start_milliseconds"],
        "StartTimecodeSMPTE": timecode(first, frame_rate),
        "EndTimecodeSMPTE": timecode(last, frame_rate),
        "DurationSMPTE": timecode(last - first + 1, frame_rate),
        "StartFrameNumber": first,
        "EndFrameNumber": last,
        "DurationFrames": last - first + 1,
    }


def timecode(frame: int, frame_rate: float) -> str:
    """A frame's number as hours, minutes, seconds and frames (SMPTE ST 12).

    At 29.97 and 59.94 frames a second the first frame numbers of every minute but each tenth are dropped, so that the
    code keeps to the clock; a semicolon says so. Of other broken rates, such as 12.5, SMPTE knows nothing: there the
    seconds are the clock's, and the frames of each second are counted.
    """
    nominal = max(1, round(frame_rate))
    is_ntsc = abs(frame_rate - nominal * 1000 / 1001) < 0.01
    if not is_ntsc and abs(frame_rate - nominal) > _WHOLE:
        whole_seconds = int((frame + _WHOLE) / frame_rate)
        return _clock(whole_seconds, frame - math.ceil(whole_seconds * frame_rate - _WHOLE), ":")
    dropped = _DROPPING.get(nominal, 0) if is_ntsc else 0
    if dropped:
        per_minute, per_ten = nominal * 60 - dropped, nominal * 600 - 9 * dropped
        tens, rest = divmod(frame, per_ten)
        frame += 9 * dropped * tens + dropped * max(0, (rest - dropped) // per_minute)
    return _clock(*divmod(frame, nominal), ";" if dropped else ":")


def _clock(seconds: int, frames: int, mark: str) -> str:
    minutes, second = divmod(seconds, 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours:02d}:{minute:02d}:{second:02d}{mark}{frames:02d}"
