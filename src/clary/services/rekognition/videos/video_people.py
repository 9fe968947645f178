"""Stored videos: whom of a collection, or of the gallery of celebrities, they show.

A job's program finds the faces and writes down their vectors; they are looked up at the first question after its end,
because the indexes belong to the engine's process. What was found is kept, and the vectors are thrown away.
"""

from __future__ import annotations

import base64
import contextlib
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import orjson

from clary.core.call import Call
from clary.core.operations import operation
from clary.services.rekognition.celebrities import Gallery
from clary.services.rekognition.face_views import percent
from clary.services.rekognition.faces.face_search import DEFAULT_THRESHOLD, FaceSearch
from clary.services.rekognition.faces.holdings import Holdings
from clary.services.rekognition.line_file import write_lines
from clary.services.rekognition.videos.video_jobs import SUCCEEDED, VideoJobs, VideoKind
from clary.storage.records import Record

SEARCH = VideoKind("face-search", "Persons", ("INDEX", "TIMESTAMP"))
CELEBRITIES = VideoKind("celebrities", "Celebrities", ("ID", "TIMESTAMP"))
_MOST_MATCHES = 5
FOUND = "found.jsonl"
"""What the program leaves: entries with vectors."""


class VideoPeople:
    """Face search and recognition of celebrities in videos.

    Args:
        held: collections and what they hold.
        jobs: starts and tells the work.
        search: looks faces up in collections.
        gallery: looks faces up among celebrities.
    """

    api = "rekognition"

    def __init__(self, held: Holdings, jobs: VideoJobs, search: FaceSearch, gallery: Gallery) -> None:
        self._held = held
        self._jobs = jobs
        self._search = search
        self._gallery = gallery
        self._lock = threading.Lock()

    @operation("StartFaceSearch", resource="collection/{CollectionId}")
    def start_search(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Starts to look for the faces of a collection.

        Raises:
            ResourceNotFoundException: there is no such collection.
            InvalidParameterException, InvalidS3ObjectException, VideoTooLargeException: the video cannot be used.
            IdempotentParameterMismatchException: the token came with other parameters.
            LimitExceededException: too many jobs are in progress.
        """
        self._held.collection(call, request["CollectionId"])
        return self._jobs.start(call, SEARCH, request)

    @operation("GetFaceSearch")
    def tell_search(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """How far it is, and at the end a page of persons with the faces of the collection that they resemble.

        Raises:
            ResourceNotFoundException: the caller has no such job.
            InvalidPaginationTokenException: the token is not of this job and order.
        """
        record = self._jobs.find(call, SEARCH, request["JobId"])
        self._look_up(record, lambda entries: self._with_matches(call, record, entries), SEARCH)
        return self._jobs.told(call, SEARCH, request)

    @operation("StartCelebrityRecognition")
    def start_celebrities(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Starts to look for the persons of the gallery.

        Raises:
            InvalidParameterException, InvalidS3ObjectException, VideoTooLargeException,
            IdempotentParameterMismatchException, LimitExceededException: as StartFaceSearch.
        """
        return self._jobs.start(call, CELEBRITIES, request)

    @operation("GetCelebrityRecognition")
    def tell_celebrities(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """How far it is, and at the end a page of persons of the gallery.

        Raises:
            ResourceNotFoundException, InvalidPaginationTokenException: as GetFaceSearch.
        """
        record = self._jobs.find(call, CELEBRITIES, request["JobId"])
        self._look_up(record, lambda entries: self._known(record, entries), CELEBRITIES)
        return self._jobs.told(call, CELEBRITIES, request)

    def _look_up(
        self, record: Record, resolve: Callable[[Iterator[dict[str, Any]]], list[dict[str, Any]]], kind: VideoKind
    ) -> None:
        """Turns a finished job's vectors into its results, once."""
        found = self._jobs.place(record) / FOUND
        if record.status != SUCCEEDED or not found.exists():
            return
        with self._lock:
            if not found.exists():
                return
            self._held.indexes.prepare()
            results = resolve(_entries(found))
            for order in kind.orders:
                write_lines(found.with_name(order.lower()), sorted(results, key=_ORDERS[order]))
            with contextlib.suppress(FileNotFoundError):
                found.unlink()

    def _with_matches(self, call: Call, record: Record, entries: Iterator[dict[str, Any]]) -> list[dict[str, Any]]:
        asked = record.body["request"]
        collection = self._held.collection(call, asked["CollectionId"]).body["faces"]
        threshold = asked.get("FaceMatchThreshold", DEFAULT_THRESHOLD)
        results = []
        for entry in entries:
            vector = entry.pop("vector", None)
            if vector is not None:
                matches = self._search.matches(collection, base64.b64decode(vector), _MOST_MATCHES, threshold)
                entry["FaceMatches"] = matches
            results.append(entry)
        return results

    def _known(self, record: Record, entries: Iterator[dict[str, Any]]) -> list[dict[str, Any]]:
        results = []
        for entry in entries:
            vector = base64.b64decode(entry["vector"])
            who = self._gallery.recognize(record.account, record.region, vector)
            if who is not None:
                celebrity, similarity = who
                face = entry["Face"]
                detail = {**celebrity.members(), "Id": celebrity.id, "Confidence": percent(similarity)}
                detail |= {"BoundingBox": face["BoundingBox"], "Face": face}
                results.append({"Timestamp": entry["Timestamp"], "Celebrity": detail})
        return results


_ORDERS: dict[str, Callable[[dict[str, Any]], Any]] = {
    "TIMESTAMP": lambda entry: (entry["Timestamp"], entry.get("Person", {}).get("Index", 0)),
    "INDEX": lambda entry: (entry["Person"]["Index"], entry["Timestamp"]),
    "ID": lambda entry: (entry["Celebrity"]["Id"], entry["Timestamp"]),
}


def _entries(path: Path) -> Iterator[dict[str, Any]]:
    with path.open("rb") as file:
        for line in file:
            yield orjson.loads(line)
