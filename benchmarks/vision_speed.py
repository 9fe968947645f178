"""How long pictures and videos take through boto3, and the memory of the engine with every model loaded.

    python -m benchmarks.vision_speed ../shared/data [--write]

A picture has one megapixel (1155 x 866). A request's time is the client's: signed, sent, decoded, looked at, answered.
A video's is that from its Start to the first Get that tells its end, the job's start and its models' loading included.
"""

from __future__ import annotations

import argparse
import io
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from benchmarks.clary_server import running_clary
from benchmarks.report import DOCS, machine, report, table
from benchmarks.vision_search import MEGABYTE, engine_bytes, milliseconds

SIZE = (1155, 866)
REPEATS = 25
VIDEO = "one-by-one-person-detection"
BUCKET = "benchmark-videos"


def three_faces(root: Path) -> bytes:
    """One megapixel with three portraits side by side."""
    canvas = Image.new("RGB", SIZE, "gray")
    for number, file in enumerate(sorted((root / "faces_synthetic_ids" / "dev").glob("*/original.jpg"))[:3]):
        canvas.paste(Image.open(file).resize((320, 320)), (60 + number * 360, 200))
    return jpeg(canvas)


def scenes(root: Path) -> list[bytes]:
    """Photographs of one megapixel."""
    files = sorted((root / "coco128" / "dev" / "images").glob("*.jpg"))[:REPEATS]
    return [jpeg(Image.open(file).convert("RGB").resize(SIZE)) for file in files]


def jpeg(image: Image.Image) -> bytes:
    """A file of good quality."""
    data = io.BytesIO()
    image.save(data, "JPEG", quality=90)
    return data.getvalue()


def asked(call: Callable[[bytes], Any], pictures: list[bytes]) -> str:
    """The median and the slowest of nine in ten requests, one after the other; models are loaded by one before."""
    call(pictures[0])
    spent = [milliseconds(lambda picture=picture: call(picture)) for picture in pictures]
    return f"{statistics.median(spent):.0f} ms; nine in ten within {np.percentile(spent, 90):.0f} ms"


def requests(client: Any, root: Path) -> list[list[str]]:
    """The operations on one picture."""
    faces, photographs = [three_faces(root)] * REPEATS, scenes(root)
    portraits = [file.read_bytes() for file in sorted((root / "faces_synthetic_ids" / "dev").glob("*/*.jpg"))[:REPEATS]]
    client.create_collection(CollectionId="speed")
    rows = [
        [
            "`DetectFaces` with `ALL`, three faces",
            asked(lambda picture: client.detect_faces(Image={"Bytes": picture}, Attributes=["ALL"]), faces),
        ],
        ["`DetectLabels`", asked(lambda picture: client.detect_labels(Image={"Bytes": picture}), photographs)],
        [
            "`DetectLabels` with `IMAGE_PROPERTIES`",
            asked(
                lambda picture: client.detect_labels(
                    Image={"Bytes": picture}, Features=["GENERAL_LABELS", "IMAGE_PROPERTIES"]
                ),
                photographs,
            ),
        ],
        [
            "`DetectModerationLabels`",
            asked(lambda picture: client.detect_moderation_labels(Image={"Bytes": picture}), photographs),
        ],
        [
            "`DetectProtectiveEquipment`",
            asked(lambda picture: client.detect_protective_equipment(Image={"Bytes": picture}), photographs),
        ],
        ["`DetectText`", asked(lambda picture: client.detect_text(Image={"Bytes": picture}), photographs)],
        [
            "`CompareFaces`, two portraits of 320 x 320 pixels",
            asked(
                lambda picture: client.compare_faces(
                    SourceImage={"Bytes": portraits[0]}, TargetImage={"Bytes": picture}
                ),
                portraits,
            ),
        ],
        [
            "`IndexFaces`, a portrait of 320 x 320 pixels",
            asked(lambda picture: client.index_faces(CollectionId="speed", Image={"Bytes": picture}), portraits),
        ],
    ]
    client.recognize_celebrities(Image={"Bytes": portraits[0]})  # its models are the last
    return rows


def video(client: Any, bucket: Any, root: Path) -> list[list[str]]:
    """Labels of a video, a frame a second."""
    bucket.create_bucket(Bucket=BUCKET)
    bucket.upload_file(str(next((root / "videos_intel").rglob(f"{VIDEO}.mp4"))), BUCKET, "video.mp4")
    begin = time.perf_counter()
    job = client.start_label_detection(Video={"S3Object": {"Bucket": BUCKET, "Name": "video.mp4"}})["JobId"]
    while (answer := client.get_label_detection(JobId=job))["JobStatus"] == "IN_PROGRESS":
        time.sleep(0.05)
    seconds = time.perf_counter() - begin
    shown = answer["VideoMetadata"]["DurationMillis"] / 1000
    return [
        [
            f"`StartLabelDetection`, {shown:.0f} s of video, a frame a second, on one processor",
            f"{seconds:.1f} s: {shown / seconds:.1f} times real time",
        ]
    ]


def main() -> None:
    """Measures all."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--write", action="store_true", help="put the table into Rekognition's page")
    arguments = parser.parse_args()
    with running_clary() as server:
        client = server.client("rekognition")
        rows = requests(client, arguments.data)
        rows.append(["memory of the engine, every model loaded", f"{engine_bytes(server) / MEGABYTE:.0f} MiB"])
        rows += video(client, server.client("s3"), arguments.data)
    report(
        "vision_speed", f"{table(('measure', 'figure'), rows)}\n\n{machine()}.", DOCS / "services" / "rekognition.md"
    )


if __name__ == "__main__":
    main()
