"""Asynchronous text detection."""

from __future__ import annotations

from typing import Any

from clary.core.call import Call
from clary.core.operations import operation
from clary.services.textract.jobs.document_jobs import DocumentJobs
from clary.services.textract.jobs.job_kinds import TEXT_DETECTION


class TextDetectionJobs:
    """StartDocumentTextDetection and GetDocumentTextDetection.

    Args:
        jobs: starts them and tells their results.
    """

    api = "textract"

    def __init__(self, jobs: DocumentJobs) -> None:
        self._jobs = jobs

    @operation("StartDocumentTextDetection")
    def start(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Starts to read the text of a document in S3.

        Raises:
            as `DocumentJobs.start`.
        """
        return self._jobs.start(call, TEXT_DETECTION, request)

    @operation("GetDocumentTextDetection")
    def get(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """The status of a job, and up to 1,000 of its blocks.

        Raises:
            as `DocumentJobs.told`.
        """
        return self._jobs.told(call, TEXT_DETECTION, request)
