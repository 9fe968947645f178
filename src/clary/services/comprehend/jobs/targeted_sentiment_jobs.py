"""What each document of a collection feels about each thing it speaks of."""

from __future__ import annotations

from typing import Any

from clary.core.call import Call
from clary.core.operations import operation
from clary.services.comprehend.jobs.analysis_jobs import AnalysisJobs, JobKind
from clary.services.comprehend.names import TARGETED_SENTIMENT_JOB


class TargetedSentimentJobs(AnalysisJobs):
    """The targeted sentiment jobs of every account."""

    made = JobKind(TARGETED_SENTIMENT_JOB, "TargetedSentimentDetectionJob", "TS")

    @operation("StartTargetedSentimentDetectionJob")
    def start(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Puts a job into the queue.

        Raises:
            InvalidRequestException: the language, a place or the role cannot be used.
            ResourceInUseException: the token was sent with another request.
        """
        return self._analyse(call, request, "targeted_sentiment")

    @operation("DescribeTargetedSentimentDetectionJob", resource="targeted-sentiment-detection-job/{JobId}")
    def describe(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """A job.

        Raises:
            JobNotFoundException: there is no such job.
        """
        return self._describe(call, request)

    @operation("ListTargetedSentimentDetectionJobs")
    def list(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """A page of jobs."""
        return self._list(call, request)

    @operation("StopTargetedSentimentDetectionJob", resource="targeted-sentiment-detection-job/{JobId}")
    def stop(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Stops a job; nothing is left of what it had found.

        Raises:
            JobNotFoundException: there is no such job.
        """
        return self._stop(call, request)
