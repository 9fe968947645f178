"""Holds each document of a collection up to a classifier of the user's."""

from __future__ import annotations

from typing import Any

from clary.core.call import Call
from clary.core.operations import operation
from clary.services.comprehend.jobs.analysis_jobs import JobKind
from clary.services.comprehend.jobs.custom_jobs import CustomJobs
from clary.services.comprehend.names import CLASSIFICATION_JOB, CLASSIFIER


class ClassificationJobs(CustomJobs):
    """The classification jobs of every account."""

    made = JobKind(CLASSIFICATION_JOB, "DocumentClassificationJob", "CLN", "classification:main", reads_documents=True)

    @operation("StartDocumentClassificationJob")
    def start(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Puts a job into the queue.

        Raises:
            InvalidRequestException: both or neither of classifier and flywheel are named, or a place or the role
                cannot be used.
            ResourceNotFoundException: there is no such classifier or flywheel.
            ResourceUnavailableException: the classifier is not trained.
            ResourceInUseException: the token was sent with another request.
        """
        return self._start_with_model(call, request, CLASSIFIER, "DocumentClassifierArn", self.made)

    @operation("DescribeDocumentClassificationJob", resource="document-classification-job/{JobId}")
    def describe(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """A job.

        Raises:
            JobNotFoundException: there is no such job.
        """
        return self._describe(call, request)

    @operation("ListDocumentClassificationJobs")
    def list(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """A page of jobs."""
        return self._list(call, request)
