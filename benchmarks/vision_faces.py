"""Faces: told apart at one threshold, found in every pose and when small; CPU time of DetectFaces with all attributes.

    python -m benchmarks.vision_faces ../shared/data [--part dev] [--threads 1] [--write]

Verification: every pair of pictures within a set; the share of pairs of one person, and of strangers, whose similarity
reaches `SAME_PERSON`. AT&T's tight grey crops are enlarged fourfold and padded by half. Small faces: cut out of made-up
portraits and set into pictures without persons, 12 in each of 1024 x 768 pixels; found is what overlaps by 0.4.
"""

from __future__ import annotations

import argparse
import csv
import io
import statistics
import time
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from benchmarks.report import DOCS, machine, report, table
from clary.engines.vision import face_embedding, faces
from clary.engines.vision.boxes import overlaps
from clary.engines.vision.host import Vision
from clary.engines.vision.models import Models
from clary.engines.vision.pictures import Picture, decode, from_pixels

SIZES = (16, 20, 24, 32, 48, 96)
PICTURES = 6


def corners(box: dict) -> list[float]:
    return [box["left"], box["top"], box["left"] + box["width"], box["top"] + box["height"]]


def grey_portrait(file: Path) -> Picture:
    rgb = cv2.cvtColor(cv2.imread(str(file)), cv2.COLOR_BGR2RGB)
    rgb = cv2.resize(rgb, None, fx=4, fy=4, interpolation=cv2.INTER_CUBIC)
    height, width = rgb.shape[:2]
    return from_pixels(cv2.copyMakeBorder(rgb, height // 2, height // 2, width // 2, width // 2, cv2.BORDER_REPLICATE))


def people(root: Path, part: str) -> dict[str, list[tuple[str, Picture]]]:
    """Set -> (person, picture)."""
    att = [(file.parent.name, grey_portrait(file)) for file in sorted((root / "faces_att" / part).glob("*/*.png"))]
    made = sorted((root / "faces_synthetic_ids" / part).glob("*/*.jpg"))
    press = root / "face_pairs_deepface" / part
    leader: dict[str, str] = {}

    def find(name: str) -> str:
        while leader.setdefault(name, name) != name:
            name = leader[name]
        return name

    with (press / "pairs.csv").open() as file:
        for row in csv.DictReader(file):
            if row["same_person"] == "Yes":
                leader[find(row["file_x"])] = find(row["file_y"])
    return {
        "faces_att": att,
        "faces_synthetic_ids": [(file.parent.name, decode(file.read_bytes())) for file in made],
        "face_pairs_deepface": [(find(file.name), decode(file.read_bytes())) for file in sorted(press.glob("*.jpg"))],
    }


def verification(models: Models, root: Path, part: str) -> list[list[str]]:
    rows = []
    limit = face_embedding.SAME_PERSON
    for name, pictures in people(root, part).items():
        vectors, persons, missed = [], [], 0
        for person, picture in pictures:
            found = faces.all_faces(models, picture, embeddings=True)
            if not found:
                missed += 1
                continue
            vectors.append(face_embedding.unpack(found[0]["embedding"] or b""))
            persons.append(person)
        matrix = np.stack(vectors)
        one, other = np.triu_indices(len(matrix), 1)
        similar = face_embedding.similarity((matrix @ matrix.T)[one, other]) >= limit
        same = np.array(persons)[one] == np.array(persons)[other]
        pairs = f"{len(pictures)} pictures, {missed} without a face"
        rows.append(
            [
                f"`{name}`: pairs of one person that are told to be one",
                f"{similar[same].mean():.4f} of {same.sum()}",
                pairs,
            ]
        )
        rows.append([f"`{name}`: pairs of strangers that are", f"{similar[~same].mean():.4f} of {(~same).sum()}", ""])
    return rows


def poses(models: Models, root: Path) -> list[list[str]]:
    files = sorted((root / "face_quality_poses/common").glob("*.jpeg"))
    found = [faces.all_faces(models, decode(file.read_bytes())) for file in files]
    result = f"{sum(map(bool, found))} of {len(files)}"
    return [["`face_quality_poses`: pictures in which a face is found", result, f"{sum(map(len, found))} faces in all"]]


def small_faces(models: Models, root: Path, part: str) -> list[list[str]]:
    rows_found, portraits = [], []
    for file in sorted((root / "faces_synthetic_ids" / part).glob("*/original.jpg")):
        picture = decode(file.read_bytes())
        portraits.append((picture.rgb, np.array(corners(faces.all_faces(models, picture)[0]["box"])) * 320))
    scenes = []
    for file in sorted((root / "coco128" / part / "images").glob("*.jpg")):
        label = file.parents[1] / "labels" / f"{file.stem}.txt"
        rows = np.loadtxt(label, ndmin=2) if label.exists() and label.stat().st_size else np.zeros((0, 5))
        if not (rows[:, 0] == 0).any():
            scenes.append(decode(file.read_bytes()).rgb)
    for size in SIZES:
        hits, total, wrong = 0, 0, 0
        for seed in range(PICTURES):
            rgb, wanted = composed(portraits, scenes[seed % len(scenes)], size, np.random.default_rng(seed))
            found = faces.all_faces(models, from_pixels(rgb))
            boxes = np.array([corners(face["box"]) for face in found]).reshape(-1, 4) * (1024, 768, 1024, 768)
            shared = overlaps(wanted, boxes.astype(np.float32))
            hits += int((shared.max(1, initial=0) >= 0.4).sum())
            wrong += int((shared.max(0, initial=0) < 0.1).sum())
            total += len(wanted)
        rows_found.append([f"composed faces of {size} pixels", f"{hits} of {total}", f"{wrong} found where none is"])
    return rows_found


def composed(portraits: list, scene: np.ndarray, size: int, dice: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """A scene with twelve faces of that many pixels, and their boxes."""
    canvas = cv2.resize(scene, (1024, 768))
    boxes = []
    for column in range(4):
        for row in range(3):
            rgb, face = portraits[dice.integers(len(portraits))]
            width = face[2] - face[0]
            scale = size / width
            left, top = max(0, int(face[0] - 0.5 * width)), max(0, int(face[1] - 0.7 * width))
            cut = rgb[top : int(face[3] + 0.6 * width), left : int(face[2] + 0.5 * width)]
            cut = cv2.resize(cut, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
            height, wide = cut.shape[:2]
            x = column * 256 + int(dice.integers(4, max(5, 252 - wide)))
            y = row * 256 + int(dice.integers(4, max(5, 252 - height)))
            mask = np.zeros((height, wide), np.float32)
            cv2.ellipse(mask, (wide // 2, height // 2), (int(wide * 0.47), int(height * 0.49)), 0, 0, 360, 1.0, -1)
            mask = cv2.GaussianBlur(mask, (0, 0), max(0.5, wide * 0.03))[:, :, None]
            place = canvas[y : y + height, x : x + wide]
            canvas[y : y + height, x : x + wide] = place * (1 - mask) + cut * mask
            boxes.append([x + (face[0] - left) * scale, y + (face[1] - top) * scale,
                          x + (face[2] - left) * scale, y + (face[3] - top) * scale])  # fmt: skip
    return canvas, np.array(boxes, np.float32)


def speed(models: Models, root: Path, threads: int) -> list[list[str]]:
    """DetectFaces with all attributes on one megapixel with three faces."""
    files = sorted((root / "faces_synthetic_ids/dev").glob("*/original.jpg"))[:3]
    canvas = np.full((866, 1155, 3), 120, np.uint8)
    for number, file in enumerate(files):
        canvas[200:520, 60 + number * 360 : 380 + number * 360] = decode(file.read_bytes()).rgb
    data = io.BytesIO()
    Image.fromarray(canvas).save(data, "JPEG", quality=90)
    vision = Vision(models)
    vision.faces(data.getvalue(), attributes=True)  # loads the models
    busy, waited = [], []
    for _ in range(15):
        start, cpu = time.perf_counter(), time.process_time()
        found = vision.faces(data.getvalue(), attributes=True)
        busy.append(1000 * (time.process_time() - cpu))
        waited.append(1000 * (time.perf_counter() - start))
    spent = f"{statistics.median(busy):.0f} ms of CPU, {statistics.median(waited):.0f} ms"
    return [
        [
            "faces with all attributes, a picture",
            spent,
            f"{len(found['faces'])} faces in one megapixel, {threads} threads",
        ]
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--part", default="dev")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--write", action="store_true", help="put the table into Rekognition's page")
    arguments = parser.parse_args()
    models = Models(threads=arguments.threads)
    rows = poses(models, arguments.data)
    rows += speed(models, arguments.data, arguments.threads)
    rows += small_faces(models, arguments.data, arguments.part)
    rows += verification(models, arguments.data, arguments.part)
    text = f"{table(('measure', 'figure', ''), rows)}\n\n{machine()}."
    report("vision_faces", text, DOCS / "services" / "rekognition.md")


if __name__ == "__main__":
    main()
