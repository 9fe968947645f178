"""What a training of Custom Labels learns from: lines of manifests, and their pictures as they are now.

PLACE/train.jsonl, PLACE/test.jsonl     a line for each picture: {"number", "line", "error"}
PLACE/pictures/NUMBER                    its bytes
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import orjson

from clary.core.call import Call
from clary.services.rekognition.custom_labels.datasets import manifest_lines, split
from clary.services.rekognition.custom_labels.entry_store import Entry, EntryStore
from clary.services.rekognition.custom_labels.manifests import (
    CLASSIFICATION,
    DETECTION,
    Annotation,
    BadLine,
    annotation_of,
)
from clary.services.rekognition.errors import (
    ImageTooLargeException,
    InvalidParameterException,
    InvalidS3ObjectException,
    LimitExceededException,
)
from clary.services.rekognition.names import DATASET
from clary.services.rekognition.pictures import MOST_BYTES_IN_S3, Pictures
from clary.services.rekognition.shelf import INVALID
from clary.storage.records import Record, Records

LEAST_PICTURES = 10
_THREADS = 4


class TrainingSets:
    """Collects training and test data.

    Args:
        records: where data sets are.
        entries: their lines.
        pictures: reads manifests and pictures with the caller's rights.
    """

    def __init__(self, records: Records, entries: EntryStore, pictures: Pictures) -> None:
        self._records = records
        self._entries = entries
        self._pictures = pictures

    def lines(
        self, call: Call, project: Record, request: Mapping[str, Any]
    ) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        """The lines to learn from and those to test with.

        They come from the manifests that the request names, or else from the project's data sets; without a test data
        set a fifth of the training data set is taken for it.

        Raises:
            InvalidParameterException: there is no training data.
        """
        if "TrainingData" in request:
            train = self._of_assets(call, request["TrainingData"].get("Assets", []))
            testing = request.get("TestingData", {})
            test = self._of_assets(call, testing.get("Assets", []))
        else:
            sets = {one.body["type"]: one for one in self._records.children(DATASET, project)}
            if "TRAIN" not in sets:
                raise InvalidParameterException(f"{INVALID}: the project has no training dataset.")
            train = [entry.line for entry in self._entries.all(sets["TRAIN"].body["entries"])]
            test = [entry.line for entry in self._entries.all(sets["TEST"].body["entries"])] if "TEST" in sets else []
        if not test:
            chosen = set(split([_entry(number, line) for number, line in enumerate(train, 1)]))
            test = [line for number, line in enumerate(train, 1) if number in chosen]
            train = [line for number, line in enumerate(train, 1) if number not in chosen]
        return train, test

    def _of_assets(self, call: Call, assets: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        lines: list[dict[str, Any]] = []
        for asset in assets:
            place = asset.get("GroundTruthManifest", {}).get("S3Object", {})
            try:
                lines += manifest_lines(self._pictures, call, place)
            except (InvalidS3ObjectException, LimitExceededException) as error:
                raise InvalidParameterException(f"{INVALID}: the manifest cannot be read. {error.message}") from error
        return lines

    def stage(self, call: Call, place: Path, sets: Mapping[str, Sequence[dict[str, Any]]]) -> str:
        """Writes lines and pictures for a training program.

        Args:
            sets: "train" and "test".

        Returns:
            What is to be learned: `CLASSIFICATION` or `DETECTION`.

        Raises:
            InvalidParameterException: too few pictures or labels are there.
        """
        (place / "pictures").mkdir(parents=True)
        kinds: set[str] = set()
        good: dict[str, list[Annotation]] = {}
        number = 0
        for name, lines in sets.items():
            numbered = list(enumerate(lines, number))
            number += len(lines)
            with ThreadPoolExecutor(_THREADS, "pictures") as pool:
                staged = list(pool.map(lambda one: self._stage_one(call, place, *one), numbered))
            with (place / f"{name}.jsonl").open("wb") as file:
                for (index, line), (_, error) in zip(numbered, staged, strict=True):
                    file.write(orjson.dumps({"number": index, "line": line, "error": error}) + b"\n")
            good[name] = [found for found, error in staged if found is not None and not error]
            kinds |= {DETECTION if found.boxes else CLASSIFICATION for found in good[name] if found.names()}
        _require_enough(good["train"], kinds)
        return DETECTION if DETECTION in kinds else CLASSIFICATION

    def _stage_one(self, call: Call, place: Path, number: int, line: dict[str, Any]) -> tuple[Annotation | None, str]:
        try:
            found = annotation_of(line)
        except BadLine as error:
            return None, f"ERROR_INVALID_ANNOTATION: {error}"
        if not found.is_labelled:
            return found, "ERROR_NO_LABEL: nobody says what the picture shows"
        bucket, _, key = found.source.removeprefix("s3://").partition("/")
        try:
            content = self._pictures.read_object(call, {"Bucket": bucket, "Name": key}, MOST_BYTES_IN_S3)
        except InvalidS3ObjectException:
            return found, "ERROR_INVALID_IMAGE_S3: the picture is not there, or the caller may not read it"
        except ImageTooLargeException:
            return found, f"ERROR_INVALID_IMAGE_SIZE: the picture has more than {MOST_BYTES_IN_S3} bytes"
        (place / "pictures" / str(number)).write_bytes(content)
        return found, ""


def _entry(number: int, line: dict[str, Any]) -> Entry:
    try:
        annotation_of(line)
    except BadLine as error:
        return Entry(number, "", False, str(error), line)
    return Entry(number, "", True, "", line)


def _require_enough(train: Sequence[Annotation], kinds: set[str]) -> None:
    labels = {name for found in train for name in found.names()}
    if len(kinds) > 1:
        raise InvalidParameterException(
            f"{INVALID}: some pictures have labels and some have bounding boxes; a model learns one of both."
        )
    if len(train) < LEAST_PICTURES:
        raise InvalidParameterException(
            f"{INVALID}: {len(train)} labelled pictures can be read; training needs at least {LEAST_PICTURES}."
        )
    least = 1 if DETECTION in kinds else 2
    if len(labels) < least:
        raise InvalidParameterException(
            f"{INVALID}: the training pictures have {len(labels)} labels; at least {least} are needed."
        )
