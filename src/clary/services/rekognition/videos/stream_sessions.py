"""Sessions of stream processors: what they look at, and where their results go.

Clary has no Kinesis. The video stream of the ARN `...:stream/NAME/...` is what lies below `NAME/` in the bucket
`clary-streams-ACCOUNT-REGION`: video files, in the order of their names, as a recorder leaves them. A session takes
what is there when it starts, up to the duration that it is asked for, and the processor stops at the end of it.
Results are objects: a face search writes the JSON records that AWS puts into a Kinesis data stream, one a line, below
`NAME-OF-THE-DATA-STREAM/` of the same bucket; label detection writes into the S3 destination of the processor.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from clary.compute.contract import JobSpec, Output
from clary.core.arn import Arn
from clary.core.call import Call
from clary.core.errors import ServiceError
from clary.services.rekognition.errors import (
    InvalidParameterException,
    InvalidS3ObjectException,
    ResourceNotFoundException,
)
from clary.services.rekognition.faces.face_copies import FaceCopies, read_copy
from clary.services.rekognition.faces.face_search import DEFAULT_THRESHOLD
from clary.services.rekognition.faces.faces import face_view
from clary.services.rekognition.faces.holdings import Holdings
from clary.services.rekognition.job_specs import job_spec
from clary.services.rekognition.shelf import INVALID
from clary.services.rekognition.text_views import region_of
from clary.services.rekognition.videos.video_jobs import Surroundings
from clary.storage.objects import Objects
from clary.storage.records import Record

DEFAULT_HOME_CONFIDENCE = 50.0
MOST_FACES = 20_000
_MOST_FRAGMENTS = 1000
_PAGE = 1000


class StreamSessions:
    """Makes sessions ready to run.

    Args:
        surroundings: what jobs need.
        objects: where streams are.
        held: collections and what they hold.
        copies: the vectors that sessions take along.
    """

    def __init__(self, surroundings: Surroundings, objects: Objects, held: Holdings, copies: FaceCopies) -> None:
        self._copies = copies
        self._around = surroundings
        self._objects = objects
        self._held = held

    def prepared(self, call: Call, session: Record, asked: Mapping[str, Any], request: Mapping[str, Any]) -> JobSpec:
        """The job of a session, with everything that its program reads in its folder.

        Args:
            asked: the processor's settings.
            request: of StartStreamProcessor.

        Raises:
            ResourceNotFoundException: there is no such stream or collection.
            InvalidParameterException: the stream cannot be read, the results cannot be written, or the collection is
                too large to be taken along.
        """
        place = streams_folder(self._around.folder) / session.name
        output = self._output(call, asked, session.name)
        task = _task(session, asked, request)
        search = asked["Settings"].get("FaceSearch")
        try:
            self._stage(call, asked, place)
            if search is not None:
                self._stage_faces(call, search["CollectionId"], place)
            return job_spec(
                call,
                session,
                "streaming:main",
                task,
                place,
                environment=self._around.environment("vision"),
                outputs=(output,),
            )
        except BaseException:
            shutil.rmtree(place, ignore_errors=True)
            raise

    def clear(self, session: Record) -> None:
        """Removes what a session that has ended leaves: fragments, and vectors of faces that may be deleted since."""
        shutil.rmtree(streams_folder(self._around.folder) / session.name, ignore_errors=True)

    def _output(self, call: Call, asked: Mapping[str, Any], session: str) -> Output:
        destination = asked["Output"].get("S3Destination")
        if destination is None:
            name = _stream_name(asked["Output"]["KinesisDataStream"]["Arn"])
            destination = {"Bucket": streams_bucket(call), "KeyPrefix": name}
        bucket, prefix = destination["Bucket"], destination.get("KeyPrefix", "").strip("/")
        folder = "/".join(part for part in (prefix, session) if part)
        if "S3Destination" not in asked["Output"]:
            self._require_own(call, bucket)
        self._around.pictures.require_writable(call, bucket, f"{folder}/results.jsonl")
        return Output("output/results", f"s3://{bucket}/{folder}", "files")

    def _stage(self, call: Call, asked: Mapping[str, Any], place: Path) -> None:
        """Copies the fragments of the stream, under their numbers from 1 on."""
        bucket = streams_bucket(call)
        name = _stream_name(asked["Input"]["KinesisVideoStream"]["Arn"])
        self._require_own(call, bucket)
        try:
            found = self._objects.list(bucket, f"{name}/", limit=_MOST_FRAGMENTS).objects
        except ServiceError:
            found = []
        if not found:
            raise ResourceNotFoundException(f"There is no local stream: nothing lies at s3://{bucket}/{name}/")
        (place / "fragments").mkdir(parents=True)
        for number, stored in enumerate(found, 1):
            try:
                source = self._around.pictures.find(call, {"Bucket": bucket, "Name": stored.key})
            except InvalidS3ObjectException as error:
                raise InvalidParameterException(f"{INVALID}: s3://{bucket}/{stored.key}: {error.message}") from error
            source.save(place / "fragments" / f"{number:08d}", durable=True)

    def _require_own(self, call: Call, bucket: str) -> None:
        """Refuses a bucket of streams that another account has made: anybody may take the name who is first."""
        found = self._objects.bucket(bucket)
        if found is not None and found.account != call.account:
            raise InvalidParameterException(f"{INVALID}: the bucket {bucket} belongs to another account.")

    def _stage_faces(self, call: Call, collection_id: str, place: Path) -> None:
        """Writes the faces of a collection with their vectors."""
        name = self._held.collection(call, collection_id).body["faces"]
        if self._held.store.counts(name)[0] > MOST_FACES:
            raise InvalidParameterException(f"{INVALID}: a stream is searched for at most {MOST_FACES} faces.")
        self._held.indexes.prepare()
        self._copies.write(place, name, self._faces(name))
        taken = [face["FaceId"] for face, _ in read_copy(place)]
        self._copies.remove(name, set(taken) - self._held.store.faces(name, taken).keys())  # deleted meanwhile

    def _faces(self, collection: str) -> Iterator[tuple[dict[str, Any], bytes]]:
        after = 0
        while page := self._held.store.page(collection, after, _PAGE):
            after = page[-1].number
            for face in page:
                vector = self._held.indexes.vector(collection, face.id)
                if vector is not None:
                    yield face_view(face), vector


def _task(session: Record, asked: Mapping[str, Any], request: Mapping[str, Any]) -> dict[str, Any]:
    start = request.get("StartSelector", {}).get("KVSStreamStartSelector", {})
    task: dict[str, Any] = {
        "stream": asked["Input"]["KinesisVideoStream"]["Arn"],
        "processor": session.parent,
        "session": session.name,
        "first": int(start.get("FragmentNumber", 0)),
        "seconds": request.get("StopSelector", {}).get("MaxDurationInSeconds"),
        "regions": [region_of(region) for region in asked.get("RegionsOfInterest", ())],
    }
    search = asked["Settings"].get("FaceSearch")
    if search is not None:
        return {**task, "kind": "face-search", "threshold": search.get("FaceMatchThreshold", DEFAULT_THRESHOLD)}
    home = asked["Settings"]["ConnectedHome"]
    least = home.get("MinConfidence", DEFAULT_HOME_CONFIDENCE)
    return {**task, "kind": "labels", "labels": home["Labels"], "least": least}


def streams_folder(folder: Path) -> Path:
    """Where in Rekognition's folder sessions have theirs."""
    return folder / "streams"


def streams_bucket(call: Call) -> str:
    """The bucket that stands for the streams of the caller's account and region."""
    return f"clary-streams-{call.account}-{call.region}"


def _stream_name(arn: str) -> str:
    """The name in "arn:...:stream/NAME/TIME"."""
    return Arn.parse(arn).resource.removeprefix("stream/").partition("/")[0]
