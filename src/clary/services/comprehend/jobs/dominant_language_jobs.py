"""Finds out which language each document of a collection is written in."""

from __future__ import annotations

from typing import Any

from clary.core.call import Call
from clary.core.operations import operation
from clary.services.comprehend.jobs.analysis_jobs import AnalysisJobs, JobKind
from clary.services.comprehend.names import DOMINANT_LANGUAGE_JOB


class DominantLanguageJobs(AnalysisJobs):
    """The language detection jobs of every account."""

    made = JobKind(DOMINANT_LANGUAGE_JOB, "DominantLanguageDetectionJob", "LANGUAGE")

    @operation("StartDominantLanguageDetectionJob")
    def start(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Puts a job into the queue.

        Raises:
            InvalidRequestException: a place or the role cannot be used.
            ResourceInUseException: the token was sent with another request.
        """
        return self._analyse(call, request, "language")

    @operation("DescribeDominantLanguageDetectionJob", resource="dominant-language-detection-job/{JobId}")
    def describe(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """A job.

        Raises:
            JobNotFoundException: there is no such job.
        """
        return self._describe(call, request)

    @operation("ListDominantLanguageDetectionJobs")
    def list(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """A page of jobs."""
        return self._list(call, request)

    @operation("StopDominantLanguageDetectionJob", resource="dominant-language-detection-job/{JobId}")
    def stop(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Stops a job; nothing is left of what it had found.

        Raises:
            JobNotFoundException: there is no such job.
        """
        return self._stop(call, request)
