"""Ground Truth manifests: lines of JSON that say what users' pictures show."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

CLASSIFICATION, DETECTION = "classification", "detection"
SOURCE = "source-ref"
_METADATA = "-metadata"
_OWN = "cl-metadata"
_MULTI_LABEL = "groundtruth/image-classification-multilabel"
_SINGLE_LABEL = "groundtruth/image-classification"
_BOXES = "groundtruth/object-detection"
_LONGEST_LABEL = 255
LONGEST_LINE_BYTES = 1 << 20
_SLACK = 0.02
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


class BadLine(Exception):
    """A line is not one of a manifest; the message says why."""


@dataclass(frozen=True, slots=True)
class LabelledBox:
    """A box with its label; sides are ratios of the picture."""

    label: str
    left: float
    top: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Annotation:
    """What a line says.

    Attributes:
        source: the picture, "s3://BUCKET/KEY".
        labels: of the whole picture.
        boxes: of objects in it.
        is_labelled: whether anybody looked: a picture without objects may be labelled, too.
    """

    source: str
    labels: tuple[str, ...] = ()
    boxes: tuple[LabelledBox, ...] = ()
    is_labelled: bool = False

    def names(self) -> tuple[str, ...]:
        """All labels, each once, in their order."""
        return tuple(dict.fromkeys((*self.labels, *(box.label for box in self.boxes))))


def lines_of(raw_lines: Iterable[bytes]) -> Iterator[dict[str, Any]]:
    """The lines of a manifest, one after the other.

    Raises:
        BadLine: one is no JSON object with a source-ref, or too long; the message begins with its number.
    """
    for number, written in enumerate(raw_lines, 1):
        raw = written.removeprefix(_BYTE_ORDER_MARK) if number == 1 else written
        if not raw.strip():
            continue
        if len(raw) > LONGEST_LINE_BYTES:
            raise BadLine(f"line {number} has more than {LONGEST_LINE_BYTES} bytes")
        try:
            line = orjson.loads(raw)
            orjson.dumps(line)  # it will be kept: what is nested deeper than can be written is refused, too
        except (ValueError, TypeError):
            raise BadLine(f"line {number} is not valid JSON") from None
        source = line.get(SOURCE) if isinstance(line, dict) else None
        if not isinstance(source, str):
            raise BadLine(f"line {number} has no {SOURCE}")
        bucket, _, key = source.removeprefix("s3://").partition("/")
        if not source.startswith("s3://") or not bucket or not key:
            raise BadLine(f"line {number}: the {SOURCE} {source[:200]!r} is not an S3 URI such as s3://BUCKET/KEY")
        yield line


def annotation_of(line: Mapping[str, Any]) -> Annotation:
    """What a line says of its picture.

    Raises:
        BadLine: an annotation cannot be understood; the message names it.
    """
    labels: list[str] = []
    boxes: list[LabelledBox] = []
    is_labelled = False
    for name, value in line.items():
        metadata = line.get(f"{name}{_METADATA}")
        if name in (SOURCE, _OWN) or not isinstance(metadata, dict):
            continue
        kind = metadata.get("type")
        if kind == _SINGLE_LABEL:
            labels.append(_label(metadata.get("class-name"), name))
        elif kind == _MULTI_LABEL:
            labels += _many(value, metadata, name)
        elif kind == _BOXES:
            boxes += _boxes(value, metadata, name)
        else:
            continue
        is_labelled = True
    return Annotation(str(line[SOURCE]), tuple(dict.fromkeys(labels)), tuple(boxes), is_labelled)


def _label(value: Any, where: str) -> str:
    if not isinstance(value, str) or not value.strip() or len(value) > _LONGEST_LABEL:
        raise BadLine(f"the metadata of {where} names no class of 1 to {_LONGEST_LABEL} characters")
    return value


def _class(metadata: Mapping[str, Any], key: Any, where: str) -> str:
    classes = metadata.get("class-map")
    if not isinstance(classes, dict) or str(key) not in classes:
        raise BadLine(f"the class-map of {where} lacks the class {key!r}")
    return _label(classes[str(key)], where)


def _many(value: Any, metadata: Mapping[str, Any], where: str) -> list[str]:
    if not isinstance(value, list):
        raise BadLine(f"{where} is not a list of classes")
    return [_class(metadata, key, where) for key in value]


def _boxes(value: Any, metadata: Mapping[str, Any], where: str) -> list[LabelledBox]:
    try:
        size = value["image_size"][0]
        width, height = float(size["width"]), float(size["height"])
        boxes = [_box(one, _class(metadata, one["class_id"], where), width, height) for one in value["annotations"]]
    except (KeyError, IndexError, TypeError, ValueError, ZeroDivisionError):
        raise BadLine(f"{where} lacks image_size or annotations with class_id, left, top, width and height") from None
    if not all(map(_is_inside, boxes)):
        raise BadLine(f"a bounding box of {where} is empty or leaves the image")
    return boxes


def _box(one: Mapping[str, Any], label: str, width: float, height: float) -> LabelledBox:
    left, top, wide, high = (float(one[side]) for side in ("left", "top", "width", "height"))
    return LabelledBox(label, left / width, top / height, wide / width, high / height)


def _is_inside(box: LabelledBox) -> bool:
    """Whether a box has an area within the picture, but for what drawing by hand may add."""
    ends = (box.left, box.top, box.left + box.width, box.top + box.height)
    return box.width > 0 and box.height > 0 and all(-_SLACK <= end <= 1 + _SLACK for end in ends)


def merged(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    """A line changed by another of the same picture: attributes that both have become the new one's."""
    return {name: value for name, value in {**old, **new}.items() if name != _OWN}


def shown(line: Mapping[str, Any], is_labelled: bool, error: str) -> dict[str, Any]:
    """A line as ListDatasetEntries shows it: with what Rekognition knows of it."""
    own: dict[str, Any] = {"is_labeled": is_labelled}
    if error:
        own["errors"] = [{"code": "ERROR_INVALID_ANNOTATION", "message": error}]
    return {**line, _OWN: own}
