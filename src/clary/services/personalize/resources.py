"""Puts the resources of Personalize together."""

from __future__ import annotations

from pathlib import Path

from clary.compute.hosting.endpoints import Hosting
from clary.compute.jobs.scheduler import Jobs
from clary.core.clock import Clock
from clary.services.personalize.attribution.attributions import MetricAttributions
from clary.services.personalize.attribution.reports import AttributionReports
from clary.services.personalize.batch_jobs import BatchJobs
from clary.services.personalize.datasets.data_jobs import DataJobs
from clary.services.personalize.datasets.dataset_groups import DatasetGroups
from clary.services.personalize.datasets.datasets import Datasets
from clary.services.personalize.datasets.imports import ImportJobs
from clary.services.personalize.datasets.schemas import Schemas
from clary.services.personalize.events.event_store import EventStore
from clary.services.personalize.events.event_trackers import EventTrackers
from clary.services.personalize.events.events import Events
from clary.services.personalize.serving.aftermath import Aftermath
from clary.services.personalize.serving.campaigns import Campaigns
from clary.services.personalize.serving.filters import Filters
from clary.services.personalize.serving.recommenders import Recommenders
from clary.services.personalize.serving.runtime import Runtime
from clary.services.personalize.serving.serving_plans import ServingPlans
from clary.services.personalize.solutions.automatic_training import AutomaticTraining
from clary.services.personalize.solutions.recipes import Recipes
from clary.services.personalize.solutions.solution_versions import SolutionVersions
from clary.services.personalize.solutions.solutions import Solutions
from clary.services.personalize.solutions.training_tasks import TrainingTasks
from clary.services.personalize.tags import Tags
from clary.storage.data_access import DataAccess
from clary.storage.identities import Identities
from clary.storage.metrics import Metrics
from clary.storage.records import Records


def resources(
    *,
    records: Records,
    identities: Identities,
    data_access: DataAccess,
    jobs: Jobs,
    hosting: Hosting,
    metrics: Metrics,
    clock: Clock,
    personalize_folder: Path,
    personalize_events: EventStore,
) -> list[object]:
    """The resource classes of Personalize.

    Args:
        personalize_folder: where data sets and models lie.
        personalize_events: what was put record by record.
    """
    folder = personalize_folder
    tasks = TrainingTasks(records, data_access, personalize_events)
    plans = ServingPlans(records, hosting, folder)
    versions = SolutionVersions(records, jobs, tasks, folder)
    campaigns = Campaigns(records, versions, tasks, plans)
    recommenders = Recommenders(records, jobs, tasks, versions, plans, folder)
    training = AutomaticTraining(records, versions, clock)
    reports = AttributionReports(records, personalize_events, jobs, tasks, metrics, data_access, clock, folder)
    aftermath = Aftermath(records, jobs, recommenders, campaigns, training, reports, clock, folder)
    return [
        DatasetGroups(records, identities),
        Schemas(records),
        Datasets(records, folder, personalize_events),
        ImportJobs(records, identities, data_access, jobs, folder),
        EventTrackers(records),
        Events(records, personalize_events, clock),
        Filters(records),
        Recipes(),
        Solutions(records, versions),
        versions,
        campaigns,
        recommenders,
        BatchJobs(records, identities, jobs, versions, tasks, folder),
        DataJobs(records, identities, jobs, tasks, folder),
        MetricAttributions(records, identities, personalize_events, aftermath.wake),
        Runtime(records, hosting),
        Tags(records),
    ]
