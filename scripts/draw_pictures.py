"""Draws what Rekognition finds in pictures: the pictures of docs/services/rekognition.md.

    eval "$(clary env)" && python scripts/draw_pictures.py KIND FILE PICTURE [MODEL]

KIND is "labels", "faces", "text", "equipment" or "custom", which takes the ARN of a running model; FILE is a JPEG, a
PNG or a video, of which the frame at five seconds is taken; PICTURE is written as PNG.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import cv2
from PIL import Image, ImageDraw

WIDTH = 720
COLOURS = 96
FRAME_SECONDS = 5
PALETTE = ((25, 110, 200), (200, 60, 30), (20, 140, 70), (160, 40, 160), (190, 130, 0), (0, 140, 150))

Found = Iterator[tuple[str, dict[str, float]]]


def picture_of(path: Path) -> Image.Image:
    """The picture of a file, as wide as the document shows it."""
    if path.suffix == ".mp4":
        video = cv2.VideoCapture(str(path))
        video.set(cv2.CAP_PROP_POS_MSEC, 1000 * FRAME_SECONDS)
        _, pixels = video.read()
        image = Image.fromarray(pixels[:, :, ::-1])
    else:
        image = Image.open(path).convert("RGB")
    return image.resize((WIDTH, round(image.height * WIDTH / image.width)))


def found_in(kind: str, image: dict[str, bytes], model: str) -> Found:
    """Names and boxes of what is found."""
    rekognition: Any = boto3.client("rekognition")
    if kind == "labels":
        for label in rekognition.detect_labels(Image=image, MinConfidence=50)["Labels"]:
            for instance in label["Instances"]:
                yield f"{label['Name']} {instance['Confidence']:.0f}", instance["BoundingBox"]
    elif kind == "faces":
        for face in rekognition.detect_faces(Image=image, Attributes=["ALL"])["FaceDetails"]:
            age = face["AgeRange"]
            yield f"{face['Gender']['Value']} {age['Low']}-{age['High']}", face["BoundingBox"]
    elif kind == "text":
        for word in rekognition.detect_text(Image=image)["TextDetections"]:
            if word["Type"] == "WORD":
                yield word["DetectedText"], word["Geometry"]["BoundingBox"]
    elif kind == "equipment":
        for person in rekognition.detect_protective_equipment(Image=image)["Persons"]:
            yield "person", person["BoundingBox"]
            for part in person["BodyParts"]:
                for piece in part["EquipmentDetections"]:
                    yield piece["Type"].lower().replace("_", " "), piece["BoundingBox"]
    else:
        for label in rekognition.detect_custom_labels(ProjectVersionArn=model, Image=image)["CustomLabels"]:
            yield label["Name"], label["Geometry"]["BoundingBox"]


def main() -> None:
    """Draws one picture."""
    kind, source, target, *model = sys.argv[1:]
    image = picture_of(Path(source))
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=95)
    pen = ImageDraw.Draw(image)
    colours: dict[str, tuple[int, int, int]] = {}
    for name, box in found_in(kind, {"Bytes": buffer.getvalue()}, *(model or [""])):
        colour = colours.setdefault(name.split()[0], PALETTE[len(colours) % len(PALETTE)])
        left, top = box["Left"] * image.width, box["Top"] * image.height
        right, bottom = left + box["Width"] * image.width, top + box["Height"] * image.height
        pen.rectangle((left, top, right, bottom), outline=colour, width=3)
        place = pen.textbbox((left + 3, max(0.0, top - 16)), name, font_size=13)
        pen.rectangle((place[0] - 2, place[1] - 1, place[2] + 2, place[3] + 1), fill=colour)
        pen.text((left + 3, max(0.0, top - 16)), name, fill="white", font_size=13)
    image.quantize(COLOURS).save(target, optimize=True)


if __name__ == "__main__":
    main()
