"""Data sets of Custom Labels: which pictures a model learns from, and which it is tested on."""

from __future__ import annotations

import random
import uuid
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any

import orjson

from clary.core.call import Call
from clary.core.clock import Clock, timestamp
from clary.core.errors import ServiceError
from clary.core.operations import operation
from clary.core.pages import InvalidToken, decode_token, encode_token
from clary.services.rekognition import shelf
from clary.services.rekognition.custom_labels.entry_store import Entry, EntryFilter, EntryStore
from clary.services.rekognition.custom_labels.manifests import (
    LONGEST_LINE_BYTES,
    BadLine,
    annotation_of,
    lines_of,
    shown,
)
from clary.services.rekognition.custom_labels.projects import stamp
from clary.services.rekognition.errors import (
    ImageTooLargeException,
    InvalidPaginationTokenException,
    InvalidParameterException,
    LimitExceededException,
    ResourceAlreadyExistsException,
    ResourceInUseException,
)
from clary.services.rekognition.names import DATASET, PROJECT, resource_arn
from clary.services.rekognition.pictures import Pictures
from clary.services.rekognition.shelf import INVALID
from clary.storage.caller_access import Authorize
from clary.storage.records import Record, RecordChanged, RecordExists, Records

MOST_MANIFEST_BYTES = 1 << 30
MOST_ENTRIES = 250_000
TEST_SHARE = 0.2
_DEFAULT_PAGE = 100
_LINES_PER_COMMIT = 1000
_MADE, _CHANGED = "The dataset was successfully created.", "The dataset was successfully updated."


class Datasets:
    """The data sets of every account.

    Args:
        records: where they are kept.
        entries: their lines.
        pictures: reads manifests.
        clock: dates their ARNs.
        authorize: says whether the caller may have a data set that is to be copied.
    """

    api = "rekognition"

    def __init__(
        self, records: Records, entries: EntryStore, pictures: Pictures, clock: Clock, authorize: Authorize
    ) -> None:
        self._authorize = authorize
        self._records = records
        self._entries = entries
        self._pictures = pictures
        self._clock = clock

    @operation("CreateDataset", resource="{ProjectArn}")
    def create(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Makes a data set: empty, from a manifest, or as a copy of another.

        Raises:
            ResourceNotFoundException: there is no such project or data set.
            ResourceAlreadyExistsException: the project has a data set of that type.
            InvalidS3ObjectException: the manifest is not there, or the caller may not read it.
            InvalidParameterException: the manifest cannot be read.
            LimitExceededException: it is too large.
            AccessDeniedException: the caller may not have the data set that is to be copied.
        """
        project = shelf.find(self._records, call, PROJECT, request["ProjectArn"])
        source, word = request.get("DatasetSource", {}), request["DatasetType"].lower()
        if "GroundTruthManifest" in source and "DatasetArn" in source:
            raise InvalidParameterException(f"{INVALID}: a dataset has one source, a manifest or a dataset.")
        name = f"{project.name}/dataset/{word}"
        arn = resource_arn(call, PROJECT, f"{name}/{stamp(self._clock)}")
        body = {"type": request["DatasetType"], "entries": str(uuid.uuid4()), "message": _MADE}
        record = Record(DATASET, call.account, call.region, name, arn, "CREATE_COMPLETE", parent=project.arn, body=body)
        tags = shelf.tags_of(request.get("Tags", {}))
        if self._records.get(DATASET, call.account, call.region, name) is not None:
            raise _taken(project, word)
        if "GroundTruthManifest" in source:
            place = source["GroundTruthManifest"].get("S3Object", {})
            self._fill(body["entries"], manifest_lines(self._pictures, call, place))
        elif "DatasetArn" in source:
            self._authorize(call, "rekognition:CreateDataset", source["DatasetArn"])
            other = shelf.find(self._records, call, DATASET, source["DatasetArn"])
            self._entries.copy(other.body["entries"], body["entries"])
        try:
            self._records.insert(record, tags=tags)
        except RecordExists as error:
            self._entries.remove(body["entries"])
            raise _taken(project, word) from error
        return {"DatasetArn": arn}

    def _fill(self, dataset: str, lines: Iterator[dict[str, Any]]) -> None:
        """Adds lines piece by piece: the writes of everybody else come between, and little is in memory."""
        try:
            while piece := list(islice(lines, _LINES_PER_COMMIT)):
                self._entries.put(dataset, piece)
        except ServiceError:
            self._entries.remove(dataset)
            raise

    @operation("DescribeDataset", resource="{DatasetArn}")
    def describe(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """A data set and how much it holds.

        Raises:
            ResourceNotFoundException: there is no such data set.
        """
        record = shelf.find(self._records, call, DATASET, request["DatasetArn"])
        return {
            "DatasetDescription": {
                "CreationTimestamp": timestamp(record.created),
                "LastUpdatedTimestamp": timestamp(record.modified),
                "Status": record.status,
                "StatusMessage": record.body["message"],
                "StatusMessageCode": "SUCCESS",
                "DatasetStats": self._entries.stats(record.body["entries"]),
            }
        }

    @operation("DeleteDataset", resource="{DatasetArn}")
    def delete(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Deletes a data set; models that learned from it stay.

        Raises:
            ResourceNotFoundException: there is no such data set.
            ResourceInUseException: somebody changes it.
        """
        record = shelf.find(self._records, call, DATASET, request["DatasetArn"])
        try:
            self._records.delete(record)
        except RecordChanged as error:
            raise ResourceInUseException(f"{record.arn} is being changed. Try again.") from error
        self._entries.remove(record.body["entries"])
        return {}

    @operation("ListDatasetEntries", resource="{DatasetArn}")
    def entries(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """A page of lines.

        Raises:
            ResourceNotFoundException: there is no such data set.
            InvalidPaginationTokenException: the token is not one of this listing.
        """
        record = shelf.find(self._records, call, DATASET, request["DatasetArn"])
        wanted = EntryFilter(
            tuple(request.get("ContainsLabels", ())),
            request.get("Labeled"),
            request.get("HasErrors"),
            request.get("SourceRefContains", ""),
        )
        limit = request.get("MaxResults", _DEFAULT_PAGE)
        after = _after(request, record, int)
        page = self._entries.page(record.body["entries"], after or 0, limit + 1, wanted)
        answer: dict[str, Any] = {"DatasetEntries": [_text(entry) for entry in page[:limit]]}
        if len(page) > limit:
            answer["NextToken"] = encode_token(page[limit - 1].number, record.arn)
        return answer

    @operation("ListDatasetLabels", resource="{DatasetArn}")
    def labels(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """A page of labels with how often they occur.

        Raises:
            ResourceNotFoundException: there is no such data set.
            InvalidPaginationTokenException: the token is not one of this listing.
        """
        record = shelf.find(self._records, call, DATASET, request["DatasetArn"])
        limit = request.get("MaxResults", _DEFAULT_PAGE)
        after = _after(request, record, str)
        page = self._entries.labels(record.body["entries"], after or "", limit + 1)
        answer: dict[str, Any] = {
            "DatasetLabelDescriptions": [
                {"LabelName": label, "LabelStats": {"EntryCount": entries, "BoundingBoxCount": boxes}}
                for label, entries, boxes in page[:limit]
            ]
        }
        if len(page) > limit:
            answer["NextToken"] = encode_token(page[limit - 1][0], record.arn)
        return answer

    @operation("UpdateDatasetEntries", resource="{DatasetArn}")
    def update(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Adds pictures, or changes what is said of them.

        Raises:
            ResourceNotFoundException: there is no such data set.
            InvalidParameterException: a line cannot be read.
            LimitExceededException: the data set would be too large.
            ResourceInUseException: somebody else changes it.
        """
        record = shelf.find(self._records, call, DATASET, request["DatasetArn"])
        lines = list(checked(request["Changes"]["GroundTruth"].splitlines()))
        if self._entries.stats(record.body["entries"])["TotalEntries"] + len(lines) > MOST_ENTRIES:
            raise LimitExceededException(f"A dataset can have at most {MOST_ENTRIES} images.")
        self._changed(record)
        self._entries.put(record.body["entries"], lines)
        return {}

    @operation("DistributeDatasetEntries")
    def distribute(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Moves a fifth of the training data set, of every label alike, into the empty test data set.

        Raises:
            ResourceNotFoundException: there is no such data set.
            InvalidParameterException: they are not the two data sets of one project, or the test data set has entries.
        """
        found = [shelf.find(self._records, call, DATASET, one["Arn"]) for one in request["Datasets"]]
        by_type = {record.body["type"]: record for record in found}
        if len(by_type) != 2 or found[0].parent != found[1].parent:
            raise InvalidParameterException(f"{INVALID}: name the training and the test dataset of one project.")
        train, test = by_type["TRAIN"], by_type["TEST"]
        if self._entries.stats(test.body["entries"])["TotalEntries"]:
            raise InvalidParameterException(f"{INVALID}: the test dataset must be empty.")
        moved = split(self._entries.all(train.body["entries"]))
        try:
            for record in found:
                self._changed(record)
        except ResourceInUseException as error:
            raise InvalidParameterException(f"{INVALID}: {error.message}") from error
        self._entries.move(train.body["entries"], test.body["entries"], moved)
        return {}

    def _changed(self, record: Record) -> None:
        body = {**record.body, "message": _CHANGED}
        try:
            self._records.update(record, status="UPDATE_COMPLETE", body=body)
        except RecordChanged as error:
            raise ResourceInUseException(f"{record.arn} is being changed. Try again.") from error


def _taken(project: Record, word: str) -> ResourceAlreadyExistsException:
    return ResourceAlreadyExistsException(f"The project {project.arn} already has a {word} dataset.")


def manifest_lines(pictures: Pictures, call: Call, place: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    """The lines of a manifest in S3, read as they are asked for.

    Raises:
        InvalidS3ObjectException: it is not there, or the caller may not read it.
        InvalidParameterException: a line cannot be read.
        LimitExceededException: it is too large.
    """
    try:
        yield from checked(pictures.read_lines(call, place, MOST_MANIFEST_BYTES, LONGEST_LINE_BYTES))
    except ImageTooLargeException:
        raise LimitExceededException(f"The manifest has more than {MOST_MANIFEST_BYTES} bytes.") from None


def checked(raw_lines: Iterable[bytes]) -> Iterator[dict[str, Any]]:
    """The lines of a manifest.

    Raises:
        InvalidParameterException: one cannot be read.
        LimitExceededException: there are too many.
    """
    try:
        for count, line in enumerate(lines_of(raw_lines)):
            if count == MOST_ENTRIES:
                raise LimitExceededException(f"A dataset has at most {MOST_ENTRIES} images; the manifest has more.")
            yield line
    except BadLine as error:
        raise InvalidParameterException(f"{INVALID}: the manifest cannot be read: {error}.") from error


def split(entries: list[Entry], share: float = TEST_SHARE) -> list[int]:
    """The numbers of the entries to test with: a share of each combination of labels, always the same ones."""
    groups: dict[tuple[str, ...], list[int]] = {}
    for entry in entries:
        names = () if entry.error else annotation_of(entry.line).names()
        groups.setdefault(names, []).append(entry.number)
    dice = random.Random(len(entries))  # noqa: S311 - not for secrets
    chosen: list[int] = []
    owed = 0.0
    for names in sorted(groups):
        numbers = groups[names]
        dice.shuffle(numbers)
        owed += share * len(numbers)
        count = min(round(owed), len(numbers))
        owed -= count
        chosen += numbers[:count]
    return sorted(chosen)


def _text(entry: Entry) -> str:
    return orjson.dumps(shown(entry.line, entry.is_labelled, entry.error)).decode()


def _after(request: dict[str, Any], record: Record, kind: type) -> Any:
    if not request.get("NextToken"):
        return None
    try:
        place, arn = decode_token(request["NextToken"], 2)
    except InvalidToken as error:
        raise InvalidPaginationTokenException from error
    if arn != record.arn or not isinstance(place, kind):
        raise InvalidPaginationTokenException
    return place
