"""What the jobs that use a model of the user's have in common."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from clary.compute.jobs.scheduler import Jobs
from clary.core.call import Call
from clary.services.comprehend.jobs.analysis_jobs import AnalysisJobs, JobKind
from clary.services.comprehend.models.model_shelf import ModelShelf
from clary.services.comprehend.reading import Reading
from clary.storage.data_access import DataAccess
from clary.storage.identities import Identities
from clary.storage.records import Records


class CustomJobs(AnalysisJobs):
    """Jobs of one kind, of which some or all use a model of the user's.

    Args:
        records, identities, data, jobs, reading, folder: as of every kind.
        models: finds the users' models.
    """

    def __init__(
        self,
        records: Records,
        identities: Identities,
        data: DataAccess,
        jobs: Jobs,
        reading: Reading,
        folder: Path,
        models: ModelShelf,
    ) -> None:
        super().__init__(records, identities, data, jobs, reading, folder)
        self._models = models

    def _start_with_model(
        self, call: Call, request: dict[str, Any], kind: str, member: str, made: JobKind
    ) -> dict[str, Any]:
        """Puts a job into the queue that uses a model of the user's.

        Args:
            kind: of the model.
            member: of the request, with the model's ARN.
            made: how the job is run.

        Raises:
            InvalidRequestException: both or neither of model and flywheel are named.
            ResourceNotFoundException: there is no such model or flywheel.
            ResourceUnavailableException: the model is not trained.
        """
        model = self._models.asked_for(call, kind, request, member)
        task = {"model": model.body["model"], "several": self._models.result(model).get("several", False)}
        answer = self._start(call, request, task, {member: model.arn}, made)
        return {**answer, member: model.arn}
