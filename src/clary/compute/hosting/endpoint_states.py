"""The life of an endpoint as a pure table: what happened, and the status that follows. No processes, no records.

The statuses are SageMaker's own words.
"""

from __future__ import annotations

from enum import Enum


class Event(Enum):
    """What can happen to an endpoint."""

    UPDATE = "a changed plan was accepted"
    READY = "all replicas of the wanted plan are healthy and get the requests"
    BROKEN = "the wanted plan cannot run"
    ROLLED_BACK = "the plan before the update gets the requests again"
    ROLLBACK_BROKEN = "the plan before the update does not run either"
    REMOVE = "the endpoint shall go"


CREATING = "Creating"
IN_SERVICE = "InService"
UPDATING = "Updating"
ROLLING_BACK = "RollingBack"
FAILED = "Failed"
DELETING = "Deleting"
ROLLBACK_FAILED = "UpdateRollbackFailed"

CHANGING = frozenset({CREATING, UPDATING, ROLLING_BACK, DELETING, "SystemUpdating"})
"""While an endpoint has one of these statuses, SageMaker refuses to update or delete it."""

SERVING = frozenset({IN_SERVICE, UPDATING, ROLLING_BACK, ROLLBACK_FAILED, "SystemUpdating"})
"""With one of these an endpoint has replicas that answer requests."""

_TABLE: dict[tuple[str, Event], str] = {
    (CREATING, Event.READY): IN_SERVICE,
    (CREATING, Event.BROKEN): FAILED,
    (CREATING, Event.REMOVE): DELETING,
    (IN_SERVICE, Event.UPDATE): UPDATING,
    (IN_SERVICE, Event.READY): IN_SERVICE,  # the replicas came back after a restart
    (IN_SERVICE, Event.BROKEN): FAILED,  # Clary itself failed to carry a plan out
    (IN_SERVICE, Event.REMOVE): DELETING,
    (UPDATING, Event.READY): IN_SERVICE,
    (UPDATING, Event.BROKEN): ROLLING_BACK,
    (UPDATING, Event.REMOVE): DELETING,
    (ROLLING_BACK, Event.ROLLED_BACK): IN_SERVICE,
    (ROLLING_BACK, Event.ROLLBACK_BROKEN): ROLLBACK_FAILED,
    (ROLLING_BACK, Event.REMOVE): DELETING,
    (ROLLBACK_FAILED, Event.UPDATE): UPDATING,
    (ROLLBACK_FAILED, Event.READY): ROLLBACK_FAILED,
    (ROLLBACK_FAILED, Event.BROKEN): ROLLBACK_FAILED,
    (ROLLBACK_FAILED, Event.REMOVE): DELETING,
    (FAILED, Event.REMOVE): DELETING,
    (DELETING, Event.REMOVE): DELETING,
}


class ImpossibleTransition(Exception):
    """An event that cannot happen in that status: a mistake of the program."""


def following(status: str, event: Event) -> str:
    """The status after `event`.

    Raises:
        ImpossibleTransition: the table has no such line.
    """
    try:
        return _TABLE[(status, event)]
    except KeyError:
        raise ImpossibleTransition(f"{event.name} while {status}") from None


def accepts(status: str, event: Event) -> bool:
    """Whether `event` can happen in that status."""
    return (status, event) in _TABLE
