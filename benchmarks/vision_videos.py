"""Labels of videos: persons, cars and bottles found at one frame a second, how fast, and in how much memory.

    python -m benchmarks.vision_videos ../shared/data/videos_intel [--threads 2] [--write]

The frames at every second were looked at by hand; `SEEN` is what they show. A thing counts as found where the frame's
label has an instance for it at MinConfidence 50. What only sticks into the picture (a foot, a hand, a head's hair) is
neither: `UNCLEAR` names those frames.
"""

from __future__ import annotations

import argparse
import resource
import time
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from benchmarks.report import DOCS, machine, report, table
from clary.engines.vision.host import Vision
from clary.engines.vision.models import Models
from clary.engines.vision.videos import Video

REKOGNITION = DOCS / "services" / "rekognition.md"
MIN_CONFIDENCE = 0.5


def _spans(*spans: tuple[int, int, int]) -> dict[int, int]:
    """Seconds to counts, of (first second, last second, count)."""
    return {second: count for first, last, count in spans for second in range(first, last + 1)}


SEEN: dict[tuple[str, str], dict[int, int]] = {
    ("one-by-one-person-detection", "Person"): _spans(
        (7, 19, 1), (23, 44, 1), (51, 69, 1), (75, 86, 1), (93, 119, 1), (124, 135, 1)
    ),
    ("car-detection", "Car"): _spans((5, 8, 1), (15, 18, 2), (26, 27, 1)),
    ("bottle-detection", "Bottle"): _spans(
        (0, 7, 3), (8, 11, 2), (12, 17, 3), (18, 21, 1), (22, 27, 2), (28, 32, 3), (33, 34, 2), (35, 39, 3)
    ),
}
"""How many of a label a video shows in each second; 0 where a second is not named."""
UNCLEAR: dict[tuple[str, str], frozenset[int]] = {
    ("one-by-one-person-detection", "Person"): frozenset({6, 70, 120, 136}),
    ("car-detection", "Car"): frozenset({19}),
    ("bottle-detection", "Bottle"): frozenset(),
}


def counted(found: Iterable[dict[int, int]], video: str, label: str) -> tuple[int, int, int]:
    """How many are there, how many of them are found, and how many are found that are not there."""
    there = hits = invented = 0
    for second, count in enumerate(found):
        if second in UNCLEAR[video, label]:
            continue
        wanted, said = SEEN[video, label].get(second, 0), count.get(label, 0)
        there += wanted
        hits += min(wanted, said)
        invented += max(0, said - wanted)
    return there, hits, invented


def labels_by_second(engine: Vision, path: Path) -> list[dict[str, int]]:
    """How many instances of each label the frames show, as a video job looks at them."""
    found = []
    for frame in Video(path).frames_ahead(per_second=1):
        labels = engine.labels(frame.rgb)["labels"]  # type: ignore[arg-type]
        counts = {
            label["name"]: sum(one["confidence"] >= MIN_CONFIDENCE for one in label["instances"]) for label in labels
        }
        found.append(counts)
    return found


def main() -> None:
    """Measures all videos."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--write", action="store_true", help="put the table into Rekognition's page")
    arguments = parser.parse_args()
    engine = Vision(Models(threads=arguments.threads))
    engine.labels(np.zeros((64, 64, 3), np.uint8))  # type: ignore[arg-type]  # loading is not measured
    rows, both, shown_seconds = [], np.zeros(3, int), 0.0
    start, cpu = time.perf_counter(), time.process_time()
    for video, label in SEEN:
        path = next(arguments.folder.rglob(f"{video}.mp4"))
        there, hits, invented = counted(labels_by_second(engine, path), video, label)
        shown_seconds += Video(path).metadata["duration_milliseconds"] / 1000
        rows.append([f"`{video}`: {label}", f"{hits} of {there}", f"{invented} found where none is"])
        if label != "Bottle":
            both += (there, hits, invented)
    seconds, cpu_seconds = time.perf_counter() - start, time.process_time() - cpu
    peak_bytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    share = f"{100 * both[1] / both[0]:.1f} %"
    rows.append(["persons and cars together", share, f"{both[1]} of {both[0]}; {both[2]} found where none is"])
    pace = f"{cpu_seconds / shown_seconds:.2f} CPU s for each second"
    rows.append(["speed", f"{shown_seconds / seconds:.1f} times real time", f"{arguments.threads} threads, {pace}"])
    rows.append(["memory at most", f"{peak_bytes / 2**20:.0f} MiB", "decoder and the net of objects"])
    text = table(("at one frame a second", "figure", ""), rows)
    report("vision_videos", f"{text}\n\n{shown_seconds:.0f} s of video; {machine()}.", REKOGNITION)


if __name__ == "__main__":
    main()
