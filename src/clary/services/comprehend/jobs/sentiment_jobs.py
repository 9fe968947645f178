"""What each document of a collection feels."""

from __future__ import annotations

from typing import Any

from clary.core.call import Call
from clary.core.operations import operation
from clary.services.comprehend.jobs.analysis_jobs import AnalysisJobs, JobKind
from clary.services.comprehend.names import SENTIMENT_JOB


class SentimentJobs(AnalysisJobs):
    """The sentiment jobs of every account."""

    made = JobKind(SENTIMENT_JOB, "SentimentDetectionJob", "SENTIMENT")

    @operation("StartSentimentDetectionJob")
    def start(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Puts a job into the queue.

        Raises:
            InvalidRequestException: the language, a place or the role cannot be used.
            ResourceInUseException: the token was sent with another request.
        """
        return self._analyse(call, request, "sentiment")

    @operation("DescribeSentimentDetectionJob", resource="sentiment-detection-job/{JobId}")
    def describe(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """A job.

        Raises:
            JobNotFoundException: there is no such job.
        """
        return self._describe(call, request)

    @operation("ListSentimentDetectionJobs")
    def list(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """A page of jobs."""
        return self._list(call, request)

    @operation("StopSentimentDetectionJob", resource="sentiment-detection-job/{JobId}")
    def stop(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Stops a job; nothing is left of what it had found.

        Raises:
            JobNotFoundException: there is no such job.
        """
        return self._stop(call, request)
