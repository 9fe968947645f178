"""Puts the resources of SageMaker together."""

from __future__ import annotations

from clary.compute.hosting.endpoints import Hosting
from clary.compute.hosting.serving_costs import ServingCosts
from clary.compute.jobs.scheduler import Jobs
from clary.core.clock import Clock
from clary.services.sagemaker.data_capture import DataCapture
from clary.services.sagemaker.endpoint_configs import EndpointConfigs
from clary.services.sagemaker.endpoints import Endpoints
from clary.services.sagemaker.models import Models
from clary.services.sagemaker.own_images import ImageFinder
from clary.services.sagemaker.processing.jobs import ProcessingJobs
from clary.services.sagemaker.runtime import Runtime
from clary.services.sagemaker.search import Search
from clary.services.sagemaker.searchables import searchables
from clary.services.sagemaker.tags import Tags
from clary.services.sagemaker.training_jobs import TrainingJobs
from clary.services.sagemaker.transform.jobs import TransformJobs
from clary.services.sagemaker.tuning.coordinator import Coordinator
from clary.services.sagemaker.tuning.tuning_jobs import TuningJobs
from clary.storage.data_access import DataAccess
from clary.storage.identities import Identities
from clary.storage.records import Records


def resources(
    *,
    records: Records,
    identities: Identities,
    data_access: DataAccess,
    jobs: Jobs,
    hosting: Hosting,
    serving_costs: ServingCosts,
    data_capture: DataCapture,
    tuning: Coordinator,
    clock: Clock,
    image_finder: ImageFinder,
) -> list[object]:
    """The resource classes of SageMaker."""
    own_images = image_finder.for_jobs
    return [
        TrainingJobs(records, identities, jobs, data_access.bucket_exists, clock, own_images),
        TransformJobs(records, data_access, jobs),
        ProcessingJobs(records, identities, data_access, jobs, own_images),
        Models(records, identities, data_access, image_finder.for_models),
        EndpointConfigs(records),
        Endpoints(records, hosting, serving_costs),
        Runtime(hosting, data_capture),
        Tags(records),
        TuningJobs(records, identities, tuning, data_access, own_images),
        Search(records, searchables(records)),
    ]
