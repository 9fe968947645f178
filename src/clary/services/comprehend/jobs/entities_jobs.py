"""Whom and what each document of a collection names, in Clary's own types or in those of a model of the user's."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from clary.core.call import Call
from clary.core.operations import operation
from clary.services.comprehend.jobs.analysis_jobs import JobKind
from clary.services.comprehend.jobs.custom_jobs import CustomJobs
from clary.services.comprehend.names import ENTITIES_JOB, RECOGNIZER

_KIND = JobKind(ENTITIES_JOB, "EntitiesDetectionJob", "NER")
_WITH_MODEL = replace(_KIND, program="custom_entities:main", reads_documents=True)


class EntitiesJobs(CustomJobs):
    """The entity jobs of every account."""

    made = _KIND

    @operation("StartEntitiesDetectionJob")
    def start(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Puts a job into the queue.

        Raises:
            InvalidRequestException: the language, a place or the role cannot be used.
            ResourceNotFoundException: there is no such recognizer or flywheel.
            ResourceUnavailableException: the recognizer is not trained.
            ResourceInUseException: the token was sent with another request.
        """
        if "EntityRecognizerArn" in request or "FlywheelArn" in request:
            return self._start_with_model(call, request, RECOGNIZER, "EntityRecognizerArn", _WITH_MODEL)
        return self._analyse(call, request, "entities")

    @operation("DescribeEntitiesDetectionJob", resource="entities-detection-job/{JobId}")
    def describe(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """A job.

        Raises:
            JobNotFoundException: there is no such job.
        """
        return self._describe(call, request)

    @operation("ListEntitiesDetectionJobs")
    def list(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """A page of jobs."""
        return self._list(call, request)

    @operation("StopEntitiesDetectionJob", resource="entities-detection-job/{JobId}")
    def stop(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Stops a job; nothing is left of what it had found.

        Raises:
            JobNotFoundException: there is no such job.
        """
        return self._stop(call, request)
