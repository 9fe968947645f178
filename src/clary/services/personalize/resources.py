"""Puts the resources of Personalize together."""

from __future__ import annotations

from pathlib import Path

from clary.compute.jobs import Jobs
from clary.core.clock import Clock
from clary.services.personalize.dataset_groups import DatasetGroups
from clary.services.personalize.datasets import Datasets
from clary.services.personalize.event_store import EventStore
from clary.services.personalize.event_trackers import EventTrackers
from clary.services.personalize.events import Events
from clary.services.personalize.imports import ImportJobs
from clary.services.personalize.schemas import Schemas
from clary.services.personalize.tags import Tags
from clary.storage.data_access import DataAccess
from clary.storage.identities import Identities
from clary.storage.records import Records


def resources(
    *,
    records: Records,
    identities: Identities,
    data_access: DataAccess,
    jobs: Jobs,
    clock: Clock,
    personalize_folder: Path,
    personalize_events: EventStore,
) -> list[object]:
    """The resource classes of Personalize.

    Args:
        personalize_folder: where data sets and models lie.
        personalize_events: what was put record by record.
    """
    return [
        DatasetGroups(records, identities),
        Schemas(records),
        Datasets(records, personalize_folder, personalize_events),
        ImportJobs(records, identities, data_access, jobs, personalize_folder),
        EventTrackers(records),
        Events(records, personalize_events, clock),
        Tags(records),
    ]
