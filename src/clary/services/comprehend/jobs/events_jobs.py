"""The events of companies that the documents of a collection tell of."""

from __future__ import annotations

from typing import Any

from clary.core.call import Call
from clary.core.operations import operation
from clary.services.comprehend.errors import InvalidRequestException
from clary.services.comprehend.jobs.analysis_jobs import AnalysisJobs, JobKind
from clary.services.comprehend.names import EVENTS_JOB

TYPES = (
    "BANKRUPTCY",
    "EMPLOYMENT",
    "CORPORATE_ACQUISITION",
    "INVESTMENT_GENERAL",
    "CORPORATE_MERGER",
    "IPO",
    "RIGHTS_ISSUE",
    "SECONDARY_OFFERING",
    "SHELF_OFFERING",
    "TENDER_OFFERING",
    "STOCK_SPLIT",
)


class EventsJobs(AnalysisJobs):
    """The event jobs of every account."""

    made = JobKind(EVENTS_JOB, "EventsDetectionJob", "EVENTS", "events:main")

    @operation("StartEventsDetectionJob")
    def start(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Puts a job into the queue.

        Raises:
            InvalidRequestException: the language is not English, a type of event is unknown, or a place or the role
                cannot be used.
            ResourceInUseException: the token was sent with another request.
        """
        if request["LanguageCode"] != "en":
            raise InvalidRequestException(f"LanguageCode {request['LanguageCode']}: events are found in English only.")
        unknown = sorted(set(request["TargetEventTypes"]) - set(TYPES))
        if unknown:
            raise InvalidRequestException(f"TargetEventTypes: {', '.join(unknown)} is none of {', '.join(TYPES)}.")
        return self._start(call, request, {"types": request["TargetEventTypes"]})

    @operation("DescribeEventsDetectionJob", resource="events-detection-job/{JobId}")
    def describe(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """A job.

        Raises:
            JobNotFoundException: there is no such job.
        """
        return self._describe(call, request)

    @operation("ListEventsDetectionJobs")
    def list(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """A page of jobs."""
        return self._list(call, request)

    @operation("StopEventsDetectionJob", resource="events-detection-job/{JobId}")
    def stop(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Stops a job; nothing is left of what it had found.

        Raises:
            JobNotFoundException: there is no such job.
        """
        return self._stop(call, request)
