"""Asynchronous analysis of loan files."""

from __future__ import annotations

from typing import Any

from clary.core.call import Call
from clary.core.operations import operation
from clary.services.textract.jobs.document_jobs import DocumentJobs, outcome_members, state_members
from clary.services.textract.jobs.job_kinds import LENDING


class LendingJobs:
    """StartLendingAnalysis, GetLendingAnalysis and GetLendingAnalysisSummary.

    Args:
        jobs: starts them and tells their results.
    """

    api = "textract"

    def __init__(self, jobs: DocumentJobs) -> None:
        self._jobs = jobs

    @operation("StartLendingAnalysis")
    def start(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Starts to sort the pages of a loan file in S3 and to read them.

        Raises:
            as `DocumentJobs.start`.
        """
        return self._jobs.start(call, LENDING, request)

    @operation("GetLendingAnalysis")
    def get(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """The status of a job, and what up to 30 pages are and say.

        Raises:
            as `DocumentJobs.told`.
        """
        return self._jobs.told(call, LENDING, request)

    @operation("GetLendingAnalysisSummary")
    def get_summary(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Which papers the loan file holds, and on which pages.

        Raises:
            InvalidJobIdException: the caller has no such job.
        """
        record = self._jobs.find(call, LENDING, request["JobId"])
        answer = state_members(record, LENDING)
        result = self._jobs.result(record)
        if result is not None:
            answer |= outcome_members(result) | {"Summary": result.summary["lending"]}
        return answer
