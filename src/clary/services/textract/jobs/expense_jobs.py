"""Asynchronous analysis of invoices and receipts."""

from __future__ import annotations

from typing import Any

from clary.core.call import Call
from clary.core.operations import operation
from clary.services.textract.jobs.document_jobs import DocumentJobs
from clary.services.textract.jobs.job_kinds import EXPENSE


class ExpenseJobs:
    """StartExpenseAnalysis and GetExpenseAnalysis.

    Args:
        jobs: starts them and tells their results.
    """

    api = "textract"

    def __init__(self, jobs: DocumentJobs) -> None:
        self._jobs = jobs

    @operation("StartExpenseAnalysis")
    def start(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Starts to read the invoices and receipts in a document in S3.

        Raises:
            as `DocumentJobs.start`.
        """
        return self._jobs.start(call, EXPENSE, request)

    @operation("GetExpenseAnalysis")
    def get(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """The status of a job, and up to 20 of its expense documents.

        Raises:
            as `DocumentJobs.told`.
        """
        return self._jobs.told(call, EXPENSE, request)
