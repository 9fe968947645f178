"""What Textract does of itself now and then."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Callable
from pathlib import Path

from clary.compute.jobs.scheduler import Jobs
from clary.core.clock import Clock
from clary.services.textract.adapters.adapter_learning import AdapterLearning
from clary.services.textract.adapters.adapter_states import AdapterStates
from clary.services.textract.jobs.document_jobs import FAILED, SUCCEEDED
from clary.services.textract.jobs.job_kinds import KINDS
from clary.storage.records import Record, RecordChanged, Records

KEPT_SECONDS = 7 * 24 * 3600
"""How long a JobId is valid, as AWS says."""
_STARTING_SECONDS = 24 * 3600  # nobody stages a document for so long
_log = logging.getLogger(__name__)


def upkeep(records: Records, jobs: Jobs, folder: Path, clock: Clock) -> list[Callable[[], object]]:
    """The duties: what is out of date goes, adapters with AutoUpdate learn anew.

    Args:
        folder: Textract's.
    """
    learning = AdapterLearning(records, jobs, AdapterStates(records, folder), clock)
    return [Retention(records, folder, clock).expire, learning.update_outdated]


class Retention:
    """Forgets jobs.

    Args:
        folder: Textract's.
    """

    def __init__(self, records: Records, folder: Path, clock: Clock) -> None:
        self._records = records
        self._folder = folder
        self._clock = clock

    def expire(self) -> None:
        """Removes jobs that ended more than seven days ago with their documents and results, and folders of no job."""
        now = self._clock.time()
        known: set[str] = set()
        for kind in KINDS:
            for record in self._records.of_kind(kind):
                if record.status in (SUCCEEDED, FAILED) and record.modified < now - KEPT_SECONDS:
                    self._forget(record)
                else:
                    known.add(record.body["place"])
        # Clary was killed before the job was in the queue
        left = [place for place in (self._folder / "jobs").glob("*") if place.name not in known]
        left += (self._folder / "adapters").glob("*/*.draft")
        for place in left:
            if place.stat().st_mtime < now - _STARTING_SECONDS:
                shutil.rmtree(place, ignore_errors=True)

    def _forget(self, record: Record) -> None:
        try:
            self._records.delete(record)
        except RecordChanged:
            return
        shutil.rmtree(self._folder / "jobs" / record.body["place"], ignore_errors=True)
        _log.info("the job %s is forgotten", record.name)
