"""Media analysis jobs: the pictures that a manifest lists, looked at in bulk for moderation."""

from __future__ import annotations

import hashlib
import secrets
import shutil
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson

from clary.compute.contract import Output
from clary.core import ids
from clary.core.call import Call
from clary.core.clock import timestamp
from clary.core.operations import operation
from clary.services.rekognition import shelf
from clary.services.rekognition.custom_labels.manifests import LONGEST_LINE_BYTES, BadLine, lines_of
from clary.services.rekognition.errors import (
    IdempotentParameterMismatchException,
    ImageTooLargeException,
    InvalidManifestException,
    InvalidParameterException,
    InvalidS3ObjectException,
    ResourceNotFoundException,
)
from clary.services.rekognition.job_specs import ended, failure_of, job_spec
from clary.services.rekognition.moderation import DEFAULT_CONFIDENCE, refuse_adapter
from clary.services.rekognition.names import MEDIA_ANALYSIS_JOB, MODERATION_MODEL_VERSION, resource_arn
from clary.services.rekognition.pictures import MOST_BYTES_IN_S3
from clary.services.rekognition.request_tokens import TOKEN, digest_of
from clary.services.rekognition.shelf import INVALID
from clary.services.rekognition.videos.video_jobs import Surroundings
from clary.storage.records import Record, RecordExists

MOST_MANIFEST_BYTES = 50 << 20
MOST_PICTURES = 100_000
_THREADS = 4


class MediaAnalysisJobs:
    """The media analysis jobs of every account.

    Args:
        surroundings: what they need.
    """

    api = "rekognition"

    def __init__(self, surroundings: Surroundings) -> None:
        self._around = surroundings

    @operation("StartMediaAnalysisJob")
    def start(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Starts a job; the pictures are taken as they are now.

        Raises:
            IdempotentParameterMismatchException: the token came before, with other parameters.
            InvalidParameterException: nothing is to be done, or the results cannot be written.
            InvalidManifestException, InvalidS3ObjectException: the manifest cannot be read.
        """
        records, digest = self._around.records, digest_of(request)
        job_id = _identity(call, request)
        before = records.get(MEDIA_ANALYSIS_JOB, call.account, call.region, job_id)
        if before is not None:
            return _same(before, digest)
        config = request["OperationsConfig"].get("DetectModerationLabels")
        if config is None:
            raise InvalidParameterException(f"{INVALID}: OperationsConfig names no operation.")
        refuse_adapter(config)
        output = request["OutputConfig"]
        prefix = "/".join(part for part in (output.get("S3KeyPrefix", "").strip("/"), job_id) if part)
        self._around.pictures.require_writable(call, output["S3Bucket"], f"{prefix}/results.jsonl")
        lines = self._lines(call, request["Input"]["S3Object"])
        place = self._around.folder / "media-analysis" / ids.request_id()
        arn = resource_arn(call, MEDIA_ANALYSIS_JOB, job_id)
        record = Record(MEDIA_ANALYSIS_JOB, call.account, call.region, job_id, arn)
        body = {"request": dict(request), "digest": digest, "place": place.name, "prefix": prefix}
        try:
            self._stage(call, place, lines)
            spec = job_spec(
                call,
                record,
                "media_analysis:main",
                {"least": config.get("MinConfidence", DEFAULT_CONFIDENCE)},
                place,
                environment=self._around.environment("vision"),
                outputs=(
                    Output("output/results", f"s3://{output['S3Bucket']}/{prefix}", "files", after_failure=False),
                ),
            )
            self._around.jobs.submit(replace(record, body=body), spec)
        except RecordExists:
            shutil.rmtree(place, ignore_errors=True)
            other = records.by_arn(arn)
            return _same(other, digest) if other is not None else {"JobId": job_id}
        except BaseException:
            shutil.rmtree(place, ignore_errors=True)
            raise
        return {"JobId": job_id}

    @operation("GetMediaAnalysisJob")
    def describe(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """A job and where its results are.

        Raises:
            ResourceNotFoundException: the caller has no such job.
        """
        records = self._around.records
        record = records.get(MEDIA_ANALYSIS_JOB, call.account, call.region, request["JobId"])
        if record is None:
            raise ResourceNotFoundException(f"The media analysis job {request['JobId']} does not exist.")
        return _view(record)

    @operation("ListMediaAnalysisJobs")
    def page(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """A page of jobs, the newest first.

        Raises:
            InvalidPaginationTokenException: the token is not one of this listing.
        """
        page = shelf.page_of(self._around.records, call, MEDIA_ANALYSIS_JOB, request, descending=True)
        return {"MediaAnalysisJobs": [_view(record) for record in page.records], **shelf.next_token(page)}

    def _lines(self, call: Call, place: Mapping[str, str]) -> list[dict[str, Any]]:
        try:
            raw = self._around.pictures.read_lines(call, place, MOST_MANIFEST_BYTES, LONGEST_LINE_BYTES)
            lines = list(lines_of(raw))
        except ImageTooLargeException:
            raise InvalidManifestException(f"The manifest has more than {MOST_MANIFEST_BYTES} bytes.") from None
        except BadLine as error:
            raise InvalidManifestException(f"The manifest cannot be read: {error}.") from error
        if not 1 <= len(lines) <= MOST_PICTURES:
            raise InvalidManifestException(f"A manifest lists 1 to {MOST_PICTURES} images; this one {len(lines)}.")
        return lines

    def _stage(self, call: Call, place: Path, lines: list[dict[str, Any]]) -> None:
        """Writes the manifest's lines, and the pictures under their numbers; what cannot be read is noted."""
        (place / "pictures").mkdir(parents=True)

        def one(numbered: tuple[int, dict[str, Any]]) -> dict[str, Any]:
            number, line = numbered
            bucket, _, key = line["source-ref"].removeprefix("s3://").partition("/")
            where = {"Bucket": bucket, "Name": key}
            try:
                content = self._around.pictures.read_object(call, where, MOST_BYTES_IN_S3)
            except (InvalidS3ObjectException, ImageTooLargeException) as error:
                return {"source": line["source-ref"], "error": [error.wire_code, error.message]}
            (place / "pictures" / str(number)).write_bytes(content)
            return {"source": line["source-ref"], "error": None}

        with ThreadPoolExecutor(_THREADS, "pictures") as pool:
            staged = list(pool.map(one, enumerate(lines)))
        (place / "lines.jsonl").write_bytes(b"".join(orjson.dumps(line) + b"\n" for line in staged))


def _identity(call: Call, request: Mapping[str, Any]) -> str:
    if TOKEN not in request:
        return secrets.token_hex(32)
    return hashlib.sha256(f"{call.account}\0{call.region}\0media\0{request[TOKEN]}".encode()).hexdigest()


def _same(before: Record, digest: str) -> dict[str, Any]:
    if before.body["digest"] != digest:
        raise IdempotentParameterMismatchException
    return {"JobId": before.name}


def _view(record: Record) -> dict[str, Any]:
    asked = record.body["request"]
    waits = record.body.get("job", {}).get("state") == "Waiting"
    view: dict[str, Any] = {
        "JobId": record.name,
        "Status": "QUEUED" if waits else record.status,
        "CreationTimestamp": timestamp(record.created),
        **{
            member: asked[member]
            for member in ("JobName", "OperationsConfig", "Input", "OutputConfig")
            if member in asked
        },
    }
    if "KmsKeyId" in asked:
        view["KmsKeyId"] = asked["KmsKeyId"]
    end = ended(record)
    if end is not None:
        view["CompletionTimestamp"] = timestamp(end)
    bucket = asked["OutputConfig"]["S3Bucket"]
    if record.status == "SUCCEEDED":
        view["Results"] = {
            "S3Object": {"Bucket": bucket, "Name": f"{record.body['prefix']}/results.jsonl"},
            "ModelVersions": {"Moderation": MODERATION_MODEL_VERSION},
        }
        view["ManifestSummary"] = {
            "S3Object": {"Bucket": bucket, "Name": f"{record.body['prefix']}/manifest-summary.json"}
        }
    elif record.status == "FAILED":
        reason = failure_of(record)
        code = "ACCESS_DENIED" if "AccessDenied" in reason else "INTERNAL_ERROR"
        view["FailureDetails"] = {"Code": code, "Message": reason}
    return view
