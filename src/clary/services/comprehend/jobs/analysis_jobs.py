"""What all asynchronous analyses have in common: they are started, described, listed and stopped alike."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

from clary.compute.contract import Channel, Output
from clary.compute.jobs.scheduler import Jobs
from clary.core.call import Call
from clary.services.comprehend import shelf
from clary.services.comprehend.analyses import ANALYSES
from clary.services.comprehend.errors import (
    InvalidRequestException,
    JobNotFoundException,
    UnsupportedLanguageException,
)
from clary.services.comprehend.idempotency import asked, sent_before, token_id
from clary.services.comprehend.job_specs import job_spec
from clary.services.comprehend.job_status import job_times, message_of
from clary.services.comprehend.names import IN_PROGRESS, SUBMITTED, resource_arn
from clary.services.comprehend.places import ONE_DOC_PER_LINE, check_input, check_place, output_folder
from clary.services.comprehend.reading import Reading
from clary.services.comprehend.roles import require_role
from clary.storage.data_access import DataAccess
from clary.storage.identities import Identities
from clary.storage.records import Record, RecordExists, Records

DOCUMENTS = "documents"
"""The channel that a job's documents come through."""
RESULT = "output/result"
"""The folder that is packed and stored at the end, relative to the job's."""


@dataclass(frozen=True, slots=True)
class JobKind:
    """How one kind of analysis is called.

    Attributes:
        kind: of its records.
        word: what the members of its answers begin with ("SentimentDetectionJob").
        mark: what its folders in S3 are marked with ("SENTIMENT").
        program: "module:function" below `programs`.
        packed: whether its results become one output.tar.gz, or stay files.
        reads_documents: whether it reads PDFs and images, too.
    """

    kind: str
    word: str
    mark: str
    program: str = "analysis:main"
    packed: bool = True
    reads_documents: bool = False


class AnalysisJobs:
    """The jobs of one kind of analysis.

    Args:
        records: where they are kept.
        identities: whom roles belong to.
        data: says which buckets there are.
        jobs: runs them.
        reading: knows which languages there are models for.
        folder: Comprehend's.
    """

    api = "comprehend"
    made: ClassVar[JobKind]

    def __init__(
        self,
        records: Records,
        identities: Identities,
        data: DataAccess,
        jobs: Jobs,
        reading: Reading,
        folder: Path,
    ) -> None:
        self._reading = reading
        self._records = records
        self._identities = identities
        self._data = data
        self._jobs = jobs
        self._folder = folder

    def _start(
        self,
        call: Call,
        request: dict[str, Any],
        task: Mapping[str, Any],
        told: Mapping[str, Any] | None = None,
        made: JobKind | None = None,
    ) -> dict[str, Any]:
        """Puts a job into the queue; it is on disk when this returns.

        Args:
            task: what the program is told beside where the documents are.
            told: members that descriptions show beside those of the request.
            made: how the job is run, where that differs from the others of its kind.

        Raises:
            InvalidRequestException: a place or the role cannot be used.
            KmsKeyValidationException: a key is asked for.
            ResourceInUseException: the token was sent with another request.
            TooManyTagsException: there are more than 50.
        """
        made = made or self.made
        tags = shelf.tags_of(request)
        shelf.refuse_keys(request)
        source = check_input(self._data, request["InputDataConfig"], reads_documents=made.reads_documents)
        target = check_place(self._data, request["OutputDataConfig"]["S3Uri"], "OutputDataConfig.S3Uri")
        role = require_role(self._identities, call, request["DataAccessRoleArn"])
        job = token_id(call, made.kind, request)
        arn = resource_arn(call, made.kind, job)
        known = sent_before(self._records, arn, request)
        if known is not None:
            return _started(known)
        place = output_folder(call, target, made.mark, job)
        body = {
            "request": asked(request),
            "token": request.get("ClientRequestToken"),
            "output": f"{place}/output.tar.gz" if made.packed else f"{place}/",
            "told": dict(told or {}),
        }
        record = Record(
            made.kind, call.account, call.region, job, arn, SUBMITTED, request.get("JobName", ""), body=body
        )
        spec = job_spec(
            call,
            record,
            made.program,
            {"name": job, "format": source["InputFormat"], "reader": source.get("DocumentReaderConfig"), **task},
            data=self._folder,
            reads=(task["model"],) if "model" in task else (),
            role_arn=role,
            channels=(Channel(DOCUMENTS, source["S3Uri"]),),
            outputs=(_output(made, place),),
        )
        try:
            return _started(self._jobs.submit(record, spec, tags=tags))
        except RecordExists:  # the same request, sent twice at once
            return _started(replace(record, status=SUBMITTED))

    def _analyse(self, call: Call, request: dict[str, Any], name: str, **more: Any) -> dict[str, Any]:
        """Puts a job into the queue that asks the text engine of each document.

        Args:
            name: of the analysis, in `ANALYSES`.
            more: what the program is told beside it.

        Raises:
            InvalidRequestException: there is no model for the language, or a place or the role cannot be used.
            KmsKeyValidationException, ResourceInUseException, TooManyTagsException: as `_start`.
        """
        analysis = ANALYSES[name]
        language = request.get("LanguageCode", "")
        if analysis.asks_language:
            try:
                self._reading.ask(analysis, [], language)
            except UnsupportedLanguageException as error:
                raise InvalidRequestException(f"LanguageCode {language}: {error.message}") from error
        return self._start(call, request, {"analysis": name, "language": language, **more})

    def _describe(self, call: Call, request: Mapping[str, Any]) -> dict[str, Any]:
        """The answer of a Describe operation.

        Raises:
            JobNotFoundException: there is no such job.
        """
        return {f"{self.made.word}Properties": self._properties(self._find(call, request["JobId"]))}

    def _list(self, call: Call, request: Mapping[str, Any]) -> dict[str, Any]:
        """The answer of a List operation: newest first, but those before a time oldest first, as AWS orders them.

        Raises:
            InvalidFilterException: several filters are set.
            InvalidRequestException: the token is not one of this listing.
        """
        filters, newest_first = shelf.chosen(*shelf.one_filter(request))
        member = f"{self.made.word}PropertiesList"
        return shelf.page(
            self._records, call, self.made.kind, request, member, self._properties, filters, newest_first=newest_first
        )

    def _stop(self, call: Call, request: Mapping[str, Any]) -> dict[str, Any]:
        """Stops a job that waits or runs; one that has ended stays as it is.

        Raises:
            JobNotFoundException: there is no such job.
        """
        record = self._find(call, request["JobId"])
        if record.status in (SUBMITTED, IN_PROGRESS):
            self._jobs.stop(record.arn)
            record = self._find(call, record.name)
        return {"JobId": record.name, "JobStatus": record.status}

    def _find(self, call: Call, job: str) -> Record:
        record = self._records.get(self.made.kind, call.account, call.region, job)
        if record is None:
            raise JobNotFoundException(job=job)
        return record

    def _properties(self, record: Record) -> dict[str, Any]:
        request = record.body["request"]
        message = message_of(record, self._folder)
        output = {member: value for member, value in request["OutputDataConfig"].items() if member != "S3Uri"}
        return {
            **request,
            **record.body["told"],
            "InputDataConfig": {"InputFormat": ONE_DOC_PER_LINE, **request["InputDataConfig"]},
            "OutputDataConfig": {"S3Uri": record.body["output"], **output},
            "JobId": record.name,
            "JobArn": record.arn,
            "JobStatus": record.status,
            **({"Message": message} if message else {}),
            **job_times(record),
        }


def _output(made: JobKind, place: str) -> Output:
    """What becomes of the results: an archive, or files."""
    if made.packed:
        return Output(RESULT, f"{place}/output.tar.gz", "tar.gz", after_failure=False)
    return Output(RESULT, place, "files", after_failure=False)


def _started(record: Record) -> dict[str, Any]:
    return {"JobId": record.name, "JobArn": record.arn, "JobStatus": record.status}
