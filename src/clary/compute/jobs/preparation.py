"""A job's programs are made ready: what is downloaded or built for them is told in the job's log and status."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from clary.compute.contract import JobSpec
from clary.compute.folder import host_names
from clary.compute.jobs import events as job_events
from clary.compute.preparation import Preparation
from clary.core.clock import Clock
from clary.storage.logs import Logs

_TELL_SECONDS = 1.0  # a status is a write to disk


class JobPreparation:
    """Makes the programs of one job ready.

    Args:
        roots: the `/opt/ml` of each host.
        happened: takes the events that change the job's status.
        cancelled: set when the job is stopped.
    """

    def __init__(
        self,
        preparation: Preparation,
        spec: JobSpec,
        roots: Sequence[Path],
        logs: Logs,
        clock: Clock,
        happened: Callable[[job_events.Event], None],
        cancelled: threading.Event,
    ) -> None:
        self._preparation = preparation
        self._spec = spec
        self._roots = roots
        self._logs = logs
        self._clock = clock
        self._happened = happened
        self._cancelled = cancelled
        self._epoch: int | None = None
        self._told_at = float("-inf")

    def epoch(self) -> int:
        """The number in the names of the job's log streams, the same for what prepares and for what runs."""
        if self._epoch is None:
            self._epoch = int(self._clock.time())
        return self._epoch

    def prepare(self) -> JobSpec:
        """The job with a program that can be started on every host.

        Raises:
            PreparationFailed: it cannot be made ready.
            PreparationCancelled: the job was stopped meanwhile.
        """
        program = self._spec.program
        for root in self._roots:
            program = self._preparation.prepare(self._spec.program, root, self._tell, self._cancelled.is_set)
        return replace(self._spec, program=program)

    def _tell(self, line: str) -> None:
        spec = self._spec
        now = self._clock.time()
        if spec.log_group:
            stream = f"{spec.name}/{host_names(1)[0]}-{self.epoch()}"
            self._logs.put(spec.account, spec.region, spec.log_group, stream, [(int(now * 1000), line or " ")])
        if time.monotonic() - self._told_at >= _TELL_SECONDS:
            self._told_at = time.monotonic()
            self._happened(job_events.ImageDownloading(now, line))
