"""Asynchronous work on documents: started once for each token, told piece by piece."""

from __future__ import annotations

import hashlib
import json
import secrets
import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from clary.compute.contract import Output
from clary.compute.jobs.scheduler import Jobs
from clary.core import ids
from clary.core.call import Call
from clary.core.pages import InvalidToken, decode_token, encode_token
from clary.services.textract.errors import (
    IdempotentParameterMismatchException,
    InvalidJobIdException,
    InvalidParameterException,
    LimitExceededException,
)
from clary.services.textract.job_specs import failure_of, job_spec
from clary.services.textract.jobs.job_kinds import JobKind
from clary.services.textract.jobs.result_folder import ResultFolder
from clary.services.textract.names import MODEL_VERSION, resource_arn
from clary.services.textract.sources import Sources
from clary.storage.records import Filters, Record, RecordExists, Records

IN_PROGRESS, SUCCEEDED, FAILED, PARTIAL = "IN_PROGRESS", "SUCCEEDED", "FAILED", "PARTIAL_SUCCESS"
DEFAULT_PREFIX = "textract_output"
MOST_UNFINISHED = 600


class DocumentJobs:
    """Starts jobs on documents and tells their results.

    Args:
        records: where jobs are kept.
        jobs: runs them.
        sources: fetches documents with the caller's rights.
        folder: for documents and results.
        angles: whether blocks tell their RotationAngle.
    """

    def __init__(self, records: Records, jobs: Jobs, sources: Sources, folder: Path, *, angles: bool = False) -> None:
        self._records = records
        self._jobs = jobs
        self._sources = sources
        self._folder = folder
        self._angles = angles

    def start(
        self,
        call: Call,
        kind: JobKind,
        request: Mapping[str, Any],
        task: Mapping[str, Any] | None = None,
        files: Mapping[str, bytes] | None = None,
    ) -> dict[str, Any]:
        """Starts a job, or finds the one that was started with the same token.

        Args:
            task: what its program is told beside the job's kind and id.
            files: what its program finds beside the document, by name.

        Raises:
            IdempotentParameterMismatchException: the token came before, with other parameters.
            InvalidParameterException: the document is not named whole.
            InvalidS3ObjectException: the document is not there, or the caller may not read it or write the output.
            UnsupportedDocumentException: the document is of no format that is read.
            DocumentTooLargeException: it has more than 500 MB, or 10 MB of a picture.
            LimitExceededException: too many jobs wait or run.
        """
        job_id, digest = _identity(call, kind, request)
        before = self._records.get(kind.record_kind, call.account, call.region, job_id)
        if before is not None:
            return _same(before, digest, request)
        if self._is_busy(call, kind):
            raise LimitExceededException(f"{MOST_UNFINISHED} jobs of this kind are in progress. Try again later.")
        outputs = self._outputs(call, request, job_id)
        place = self._folder / "jobs" / ids.request_id()
        place.mkdir(parents=True)
        arn = resource_arn(call, kind.record_kind, job_id)
        record = Record(kind.record_kind, call.account, call.region, job_id, arn)
        body = {"request": dict(request), "digest": digest, "place": place.name}
        try:
            location = request["DocumentLocation"].get("S3Object", {})
            self._sources.stage(call, location, place / "document", "DocumentLocation.S3Object")
            for name, content in (files or {}).items():
                (place / name).write_bytes(content)
            told = {
                **(task or {}),
                "kind": kind.record_kind,
                "job": job_id,
                "output": bool(outputs),
                "angles": self._angles,
            }
            spec = job_spec(call, record, "reading:main", told, place, outputs)
            self._jobs.submit(replace(record, body=body), spec)
        except RecordExists:
            shutil.rmtree(place, ignore_errors=True)
            other = self._records.by_arn(arn)
            return _same(other, digest, request) if other is not None else {"JobId": job_id}
        except BaseException:
            shutil.rmtree(place, ignore_errors=True)
            raise
        return {"JobId": job_id}

    def told(self, call: Call, kind: JobKind, request: Mapping[str, Any]) -> dict[str, Any]:
        """The answer of a Get operation.

        Raises:
            InvalidJobIdException: the caller has no such job.
            InvalidParameterException: the token is not of this job.
        """
        record = self.find(call, kind, request["JobId"])
        answer = state_members(record, kind)
        result = self.result(record)
        if result is None:
            return answer
        start = _position(request.get("NextToken"), record.name)
        count = min(request.get("MaxResults", kind.items_per_answer), kind.items_per_answer)
        answer |= outcome_members(result)
        answer[kind.items] = result.items(start, count)
        if start + count < len(result):
            answer["NextToken"] = encode_token(record.name, start + count)
        return answer

    def find(self, call: Call, kind: JobKind, job_id: str) -> Record:
        """The caller's job of that id and kind.

        Raises:
            InvalidJobIdException: there is none.
        """
        record = self._records.get(kind.record_kind, call.account, call.region, job_id)
        if record is None:
            raise InvalidJobIdException
        return record

    def result(self, record: Record) -> ResultFolder | None:
        """What a job has left, None where it has not succeeded."""
        if record.status != SUCCEEDED:
            return None
        return ResultFolder(self._folder / "jobs" / record.body["place"] / "result")

    def _is_busy(self, call: Call, kind: JobKind) -> bool:
        """Whether the account has as many unfinished jobs as it may have."""
        if self._records.count_by_status(kind.record_kind).get(IN_PROGRESS, 0) < MOST_UNFINISHED:
            return False  # all accounts together have fewer, which takes far less to find out
        unfinished = Filters(status=IN_PROGRESS)
        page = self._records.page(
            kind.record_kind, call.account, call.region, filters=unfinished, limit=MOST_UNFINISHED
        )
        return len(page.records) >= MOST_UNFINISHED

    def _outputs(self, call: Call, request: Mapping[str, Any], job_id: str) -> tuple[Output, ...]:
        config = request.get("OutputConfig")
        if config is None:
            return ()
        prefix = f"{config.get('S3Prefix', DEFAULT_PREFIX).strip('/')}/{job_id}"
        self._sources.check_writable(call, config["S3Bucket"], f"{prefix}/1")
        return (Output("output/answer", f"s3://{config['S3Bucket']}/{prefix}", "files", after_failure=False),)


def state_members(record: Record, kind: JobKind) -> dict[str, Any]:
    """What every answer about a job tells: its status, and why it failed."""
    answer: dict[str, Any] = {"JobStatus": record.status, kind.model: MODEL_VERSION}
    if record.status == FAILED:
        answer["StatusMessage"] = failure_of(record)
    return answer


def outcome_members(result: ResultFolder) -> dict[str, Any]:
    """What every answer about a job that succeeded tells: how many pages there were, and which could not be read."""
    summary = result.summary
    answer: dict[str, Any] = {"DocumentMetadata": {"Pages": summary["pages"]}}
    if summary["warnings"]:
        answer |= {"JobStatus": PARTIAL, "Warnings": summary["warnings"]}
    return answer


def _identity(call: Call, kind: JobKind, request: Mapping[str, Any]) -> tuple[str, str]:
    """A job's id, which follows from the token where there is one, and a digest of its other parameters."""
    parameters = {name: value for name, value in request.items() if name != "ClientRequestToken"}
    digest = hashlib.sha256(json.dumps(parameters, sort_keys=True).encode()).hexdigest()
    token = request.get("ClientRequestToken")
    if token is None:
        return secrets.token_hex(32), digest
    named = "\0".join((call.account, call.region, kind.record_kind, token))
    return hashlib.sha256(named.encode()).hexdigest(), digest


def _same(before: Record, digest: str, request: Mapping[str, Any]) -> dict[str, Any]:
    if before.body["digest"] != digest:
        raise IdempotentParameterMismatchException(token=request["ClientRequestToken"])
    return {"JobId": before.name}


def _position(token: str | None, job_id: str) -> int:
    if token is None:
        return 0
    try:
        name, start = decode_token(token, 2)
    except InvalidToken:
        name, start = "", -1
    if name != job_id or not isinstance(start, int) or start < 0:
        raise InvalidParameterException(rule="NextToken was not returned for this JobId.")
    return start
