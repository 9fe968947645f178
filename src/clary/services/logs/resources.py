"""Puts the resources of CloudWatch Logs together."""

from __future__ import annotations

from clary.core.clock import Clock, SystemClock
from clary.services.logs.events import LogEvents
from clary.services.logs.groups import LogGroups
from clary.services.logs.streams import LogStreams
from clary.services.logs.tags import LogTags
from clary.storage.logs import Logs


def resources(*, logs: Logs, clock: Clock | None = None) -> list[object]:
    """The resource classes of CloudWatch Logs."""
    return [LogGroups(logs), LogStreams(logs), LogEvents(logs, clock or SystemClock()), LogTags(logs)]
