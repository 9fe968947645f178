"""Automatic training: a new version of a solution every so many days, without being asked."""

from __future__ import annotations

import logging

from clary.core import ids
from clary.core.call import ANONYMOUS, Call
from clary.core.clock import Clock
from clary.services.personalize.errors import InvalidInputException
from clary.services.personalize.names import SOLUTION_VERSION
from clary.services.personalize.solutions.solution_requests import check_schedule
from clary.services.personalize.solutions.solution_versions import SolutionVersions
from clary.storage.records import Record, Records

_log = logging.getLogger(__name__)
_DAY_SECONDS = 86_400
_FIRST_AFTER_SECONDS = 1800
"""A solution that nobody has trained by then is trained for the first time."""


class AutomaticTraining:
    """Trains solutions that are due.

    Args:
        records: solutions and their versions.
        versions: trains them.
    """

    def __init__(self, records: Records, versions: SolutionVersions, clock: Clock) -> None:
        self._records = records
        self._versions = versions
        self._clock = clock

    def train_if_due(self, solution: Record) -> None:
        """Puts a training into the queue where the schedule says so.

        Raises:
            ServiceError: there is no room for another training now.
        """
        if not solution.body.get("performAutoTraining"):
            return
        days = check_schedule(solution.body.get("solutionConfig", {}).get("autoTrainingConfig"))
        versions = self._records.children(SOLUTION_VERSION, solution)
        due = versions[-1].created + days * _DAY_SECONDS if versions else solution.created + _FIRST_AFTER_SECONDS
        if self._clock.time() < due:
            return
        call = Call(
            api="personalize",
            operation="CreateSolutionVersion",
            account=solution.account,
            region=solution.region,
            principal=ANONYMOUS,
            request_id=ids.request_id(),
            time=self._clock.now(),
        )
        try:
            self._versions.train(call, solution, mode="AUTOTRAIN", training_type="AUTOMATIC")
        except InvalidInputException as error:  # there is no data set to learn from yet
            _log.info("%s is not trained: %s", solution.arn, error)
