"""What a collection of documents is about."""

from __future__ import annotations

from typing import Any

from clary.core.call import Call
from clary.core.operations import operation
from clary.services.comprehend.jobs.analysis_jobs import AnalysisJobs, JobKind
from clary.services.comprehend.names import TOPICS_JOB

DEFAULT_TOPICS = 10


class TopicsJobs(AnalysisJobs):
    """The topic jobs of every account."""

    made = JobKind(TOPICS_JOB, "TopicsDetectionJob", "TOPICS", "topics:main")

    @operation("StartTopicsDetectionJob")
    def start(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Puts a job into the queue.

        Raises:
            InvalidRequestException: a place or the role cannot be used.
            ResourceInUseException: the token was sent with another request.
        """
        count = request.get("NumberOfTopics", DEFAULT_TOPICS)
        return self._start(call, {**request, "NumberOfTopics": count}, {"topics": count})

    @operation("DescribeTopicsDetectionJob", resource="topics-detection-job/{JobId}")
    def describe(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """A job.

        Raises:
            JobNotFoundException: there is no such job.
        """
        return self._describe(call, request)

    @operation("ListTopicsDetectionJobs")
    def list(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """A page of jobs."""
        return self._list(call, request)
