"""What happens without being asked: recommenders answer with what was trained for them, campaigns that follow their
solution take its newest version, solutions are trained when their schedule says so, metric attributions report, and
what jobs without success left on the disk goes.
"""

from __future__ import annotations

import logging
import shutil
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

from clary.compute.jobs.scheduler import Jobs
from clary.core.clock import Clock
from clary.core.errors import ServiceError
from clary.services.personalize.attribution.reports import PAUSE_SECONDS, AttributionReports
from clary.services.personalize.names import (
    CAMPAIGN,
    DELETION_JOB,
    METRIC_ATTRIBUTION,
    RECOMMENDER,
    RECOMMENDER_VERSION,
    SOLUTION,
    SOLUTION_VERSION,
)
from clary.services.personalize.serving.campaigns import Campaigns
from clary.services.personalize.serving.recommenders import Recommenders
from clary.services.personalize.solutions.automatic_training import AutomaticTraining
from clary.storage.database import DatabaseClosed
from clary.storage.records import Record, RecordChanged, Records

_RETRY_SECONDS = 0.5
_MOST_TRIES = 20
_LOOK_SECONDS = 600.0  # for schedules
_log = logging.getLogger(__name__)


class Aftermath:
    """A thread that looks at all of them whenever a job may have ended, after each start, and every ten minutes.

    Where there is a metric attribution it looks every fifteen seconds.

    Promises:
        **Restarts.** Everything is decided by the records: what Clary was killed in between is done after its start.

    Args:
        jobs: tells when a job may have ended.
        training: trains solutions that are due.
        reports: carries the reports of metric attributions on.
        folder: Personalize's folder.
    """

    def __init__(
        self,
        records: Records,
        jobs: Jobs,
        recommenders: Recommenders,
        campaigns: Campaigns,
        training: AutomaticTraining,
        reports: AttributionReports,
        clock: Clock,
        folder: Path,
    ) -> None:
        self._records = records
        self._reports = reports
        self._recommenders = recommenders
        self._campaigns = campaigns
        self._training = training
        self._clock = clock
        self._folder = folder
        self._wake = threading.Event()
        self._started = False
        self._lock = threading.Lock()
        jobs.subscribe(self.wake)

    def wake(self) -> None:
        """Has the thread look at once; the first time, which is when jobs start, it starts the thread."""
        with self._lock:
            if not self._started:
                self._started = True
                threading.Thread(target=self._run, name="personalize", daemon=True).start()
        self._wake.set()

    def _run(self) -> None:
        pause_seconds = _LOOK_SECONDS
        while True:
            self._wake.wait(pause_seconds)
            self._wake.clear()
            for _ in range(_MOST_TRIES):
                try:
                    if self._look():
                        attributed = bool(self._records.of_kind(METRIC_ATTRIBUTION))
                        pause_seconds = PAUSE_SECONDS if attributed else _LOOK_SECONDS
                        break
                except DatabaseClosed:
                    return
                threading.Event().wait(_RETRY_SECONDS)

    def _look(self) -> bool:
        """Looks once; False when something has to be tried again."""
        steps: Sequence[tuple[str, Callable[[Record], None]]] = (
            (RECOMMENDER, self._recommenders.deploy),
            (SOLUTION, self._training.train_if_due),
            (CAMPAIGN, lambda campaign: self._campaigns.sync(campaign, self._clock.time())),
            (METRIC_ATTRIBUTION, self._reports.advance),
            (SOLUTION_VERSION, lambda version: self._tidy(version, "model")),
            (RECOMMENDER_VERSION, lambda version: self._tidy(version, "model")),
            (DELETION_JOB, lambda job: self._tidy(job, "segment")),
        )
        complete = True
        for kind, step in steps:
            for record in self._records.of_kind(kind):
                try:
                    step(record)
                except (RecordChanged, RuntimeError, ServiceError) as error:  # hosting may not run yet, or is at it
                    _log.info("%s: %s: tried again", record.arn, error)
                    complete = False
        return complete

    def _tidy(self, record: Record, member: str) -> None:
        """Removes what a job without success began to write into the folder of its own."""
        if record.status in ("Failed", "Stopped"):
            shutil.rmtree(self._folder / record.body[member], ignore_errors=True)
