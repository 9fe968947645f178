"""Asynchronous analysis of documents."""

from __future__ import annotations

from typing import Any

from clary.core.call import Call
from clary.core.operations import operation
from clary.services.textract.adapters.adapter_states import AdapterStates
from clary.services.textract.jobs.document_jobs import DocumentJobs
from clary.services.textract.jobs.job_kinds import ANALYSIS
from clary.services.textract.queries import MOST_QUERIES_OF_A_JOB, check_features


class AnalysisJobs:
    """StartDocumentAnalysis and GetDocumentAnalysis.

    Args:
        jobs: starts them and tells their results.
        adapters: what adapters have learned.
    """

    api = "textract"

    def __init__(self, jobs: DocumentJobs, adapters: AdapterStates) -> None:
        self._jobs = jobs
        self._adapters = adapters

    @operation("StartDocumentAnalysis")
    def start(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Starts to analyse a document in S3.

        Raises:
            InvalidParameterException: features, queries and adapters do not fit.
            and as `DocumentJobs.start`.
        """
        check_features(request, MOST_QUERIES_OF_A_JOB)
        adapters = request.get("AdaptersConfig", {}).get("Adapters", [])
        files = {f"adapter-{number}": self._adapters.state(call, one) for number, one in enumerate(adapters)}
        task = {
            "features": request["FeatureTypes"],
            "queries": request.get("QueriesConfig", {}).get("Queries", []),
            "adapters": [{**one, "file": f"adapter-{number}"} for number, one in enumerate(adapters)],
        }
        return self._jobs.start(call, ANALYSIS, request, task, files)

    @operation("GetDocumentAnalysis")
    def get(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """The status of a job, and up to 1,000 of its blocks.

        Raises:
            as `DocumentJobs.told`.
        """
        return self._jobs.told(call, ANALYSIS, request)
