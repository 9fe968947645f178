"""Work on stored videos: started once for each token, told page by page."""

from __future__ import annotations

import hashlib
import secrets
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import orjson

from clary.compute.jobs.scheduler import Jobs
from clary.core import ids
from clary.core.call import Call
from clary.core.clock import Clock
from clary.core.pages import InvalidToken, decode_token, encode_token
from clary.services.rekognition.errors import (
    IdempotentParameterMismatchException,
    InvalidPaginationTokenException,
    InvalidParameterException,
    LimitExceededException,
    ResourceNotFoundException,
    VideoTooLargeException,
)
from clary.services.rekognition.job_specs import failure_of, job_spec
from clary.services.rekognition.line_file import read_lines
from clary.services.rekognition.names import VIDEO_JOB, resource_arn
from clary.services.rekognition.pictures import Pictures
from clary.services.rekognition.request_tokens import TOKEN, digest_of
from clary.services.rekognition.shelf import INVALID
from clary.storage.object_reading import Source
from clary.storage.records import Filters, Record, RecordChanged, RecordExists, Records

IN_PROGRESS, SUCCEEDED, FAILED = "IN_PROGRESS", "SUCCEEDED", "FAILED"
MOST_VIDEO_BYTES = 10_000_000_000
MOST_UNFINISHED = 20
MOST_RESULTS = 1000
KEPT_SECONDS = 7 * 24 * 3600.0
_SWEPT_AT_ONCE = 100
_HEAD_BYTES = 16

EngineEnvironment = Callable[[str], Mapping[str, str]]
"""The variables with which a family's engine finds its weights; may block while they are fetched."""


@dataclass(frozen=True, slots=True)
class VideoKind:
    """One kind of analysis.

    Attributes:
        word: what its program is told: "labels", "faces", ...
        member: the list in its answers.
        orders: values of SortBy, the first one the default.
        version: further members that name the model's version.
    """

    word: str
    member: str
    orders: tuple[str, ...] = ("TIMESTAMP",)
    version: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What jobs of Rekognition need.

    Attributes:
        records: where jobs are kept.
        jobs: runs them.
        pictures: reads objects with the caller's rights.
        clock: says what is old.
        folder: Rekognition's.
        environment: tells programs where weights are.
    """

    records: Records
    jobs: Jobs
    pictures: Pictures
    clock: Clock
    folder: Path
    environment: EngineEnvironment


class VideoJobs:
    """Starts jobs on videos and tells their results.

    Args:
        surroundings: what they need.
    """

    def __init__(self, surroundings: Surroundings) -> None:
        self._around = surroundings

    def start(
        self, call: Call, kind: VideoKind, request: Mapping[str, Any], task: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        """Starts a job, or finds the one that was started with the same token. The video is taken as it is now.

        Args:
            task: what the program is told beside the kind.

        Raises:
            IdempotentParameterMismatchException: the token came before, with other parameters.
            InvalidParameterException: the video is not named whole, or is in no format that is read.
            InvalidS3ObjectException: the video is not there, or the caller may not read it.
            VideoTooLargeException: it has more than 10 GB.
            LimitExceededException: too many jobs wait or run.
        """
        records = self._around.records
        digest = digest_of(request)
        job_id = _identity(call, kind, request)
        before = records.get(VIDEO_JOB, call.account, call.region, job_id)
        if before is not None:
            return _same(before, digest)
        running = Filters(status=IN_PROGRESS)
        page = records.page(VIDEO_JOB, call.account, call.region, filters=running, limit=MOST_UNFINISHED)
        if len(page.records) >= MOST_UNFINISHED:
            raise LimitExceededException(f"{MOST_UNFINISHED} jobs are in progress, the most. Try again later.")
        self._sweep(call)
        source = self._video(call, request)
        place = self._around.folder / "videos" / ids.request_id()
        place.mkdir(parents=True)
        record = Record(VIDEO_JOB, call.account, call.region, job_id, resource_arn(call, VIDEO_JOB, job_id))
        body = {"request": dict(request), "digest": digest, "kind": kind.word, "place": place.name}
        try:
            source.save(place / "video", durable=True)
            spec = job_spec(
                call,
                record,
                "video:main",
                {**(task or {}), "kind": kind.word},
                place,
                environment=self._around.environment("vision"),
            )
            self._around.jobs.submit(replace(record, body=body), spec)
        except RecordExists:
            shutil.rmtree(place, ignore_errors=True)
            other = records.by_arn(record.arn)
            return _same(other, digest) if other is not None else {"JobId": job_id}
        except BaseException:
            shutil.rmtree(place, ignore_errors=True)
            raise
        return {"JobId": job_id}

    def find(self, call: Call, kind: VideoKind, job_id: str) -> Record:
        """The caller's job of that id and kind.

        Raises:
            ResourceNotFoundException: there is none.
        """
        record = self._around.records.get(VIDEO_JOB, call.account, call.region, job_id)
        if record is None or record.body["kind"] != kind.word:
            raise ResourceNotFoundException("Could not find JobId")
        return record

    def told(self, call: Call, kind: VideoKind, request: Mapping[str, Any]) -> dict[str, Any]:
        """The answer of a Get operation.

        Raises:
            ResourceNotFoundException: the caller has no such job.
            InvalidPaginationTokenException: the token is not of this job and order.
        """
        record = self.find(call, kind, request["JobId"])
        answer = state_members(record)
        if record.status != SUCCEEDED:
            return answer
        answer |= dict(kind.version)
        answer |= orjson.loads((self.place(record) / "summary.json").read_bytes())
        order = order_of(request, kind)
        start = _position(request.get("NextToken"), record.name, order)
        limit = min(request.get("MaxResults", MOST_RESULTS), MOST_RESULTS)
        answer[kind.member], total = read_lines(self.place(record) / order, start, limit)
        if start + limit < total:
            answer["NextToken"] = encode_token(record.name, order, start + limit)
        return answer

    def place(self, record: Record) -> Path:
        """The folder that a job's program works in."""
        return self._around.folder / "videos" / str(record.body["place"])

    def _video(self, call: Call, request: Mapping[str, Any]) -> Source:
        """The video of a request, after a look at its first bytes."""
        found = request["Video"].get("S3Object")
        if not found:
            raise InvalidParameterException(f"{INVALID}: Video.S3Object names no video.")
        source = self._around.pictures.find(call, found)
        if source.stored.size > MOST_VIDEO_BYTES:
            source.close()
            raise VideoTooLargeException
        if not is_video(_head(source)):
            source.close()
            raise InvalidParameterException(
                f"{INVALID}: s3://{found['Bucket']}/{found['Name']} is not an MPEG-4, MOV, AVI, Matroska or WebM file."
            )
        source.close()
        return self._around.pictures.find(call, found)

    def _sweep(self, call: Call) -> None:
        """Removes what jobs left that ended a week ago."""
        records, old = self._around.records, self._around.clock.time() - KEPT_SECONDS
        before = Filters(created_before=old)
        page = records.page(VIDEO_JOB, call.account, call.region, filters=before, limit=_SWEPT_AT_ONCE)
        for record in page.records:
            if record.status != IN_PROGRESS:
                try:
                    records.delete(record)
                except RecordChanged:
                    continue
                shutil.rmtree(self.place(record), ignore_errors=True)


def _head(source: Source) -> bytes:
    with source.file() as file:
        return file.read(_HEAD_BYTES)


def is_video(head: bytes) -> bool:
    """Whether a file's first 16 bytes are those of a format that is read."""
    if head[4:8] in (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip"):
        return True
    return (head[:4] == b"RIFF" and head[8:12] == b"AVI ") or head[:4] == b"\x1a\x45\xdf\xa3"


def state_members(record: Record) -> dict[str, Any]:
    """What every answer about a job tells."""
    asked = record.body["request"]
    members: dict[str, Any] = {"JobStatus": record.status, "JobId": record.name, "Video": asked["Video"]}
    if "JobTag" in asked:
        members["JobTag"] = asked["JobTag"]
    if record.status == FAILED:
        members["StatusMessage"] = failure_of(record)
    return members


def order_of(request: Mapping[str, Any], kind: VideoKind) -> str:
    """The order in which a request wants results: the name of the file that holds them so."""
    if request.get("AggregateBy") == "SEGMENTS":
        return f"segments-{request.get('SortBy', 'TIMESTAMP').lower()}"
    return str(request.get("SortBy", kind.orders[0])).lower()


def _identity(call: Call, kind: VideoKind, request: Mapping[str, Any]) -> str:
    """A job's id, which follows from the token where there is one."""
    if TOKEN not in request:
        return secrets.token_hex(32)
    named = "\0".join((call.account, call.region, kind.word, request[TOKEN]))
    return hashlib.sha256(named.encode()).hexdigest()


def _same(before: Record, digest: str) -> dict[str, Any]:
    if before.body["digest"] != digest:
        raise IdempotentParameterMismatchException
    return {"JobId": before.name}


def _position(token: str | None, job_id: str, order: str) -> int:
    if not token:
        return 0
    try:
        name, sorted_by, start = decode_token(token, 3)
    except InvalidToken as error:
        raise InvalidPaginationTokenException from error
    if name != job_id or sorted_by != order or not isinstance(start, int) or start < 0:
        raise InvalidPaginationTokenException
    return start
