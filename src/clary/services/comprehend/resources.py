"""The resource classes of Comprehend, put together."""

from __future__ import annotations

from pathlib import Path

from clary.compute.engine_hosts.hosts import Engines
from clary.compute.hosting.endpoints import Hosting
from clary.compute.jobs.scheduler import Jobs
from clary.services.comprehend.batch_detection import BatchDetection
from clary.services.comprehend.detection import Detection
from clary.services.comprehend.document_reading import DocumentReading
from clary.services.comprehend.flywheels.flywheel_datasets import FlywheelDatasets
from clary.services.comprehend.flywheels.flywheel_iterations import FlywheelIterations
from clary.services.comprehend.flywheels.flywheels import Flywheels
from clary.services.comprehend.jobs.classification_jobs import ClassificationJobs
from clary.services.comprehend.jobs.dominant_language_jobs import DominantLanguageJobs
from clary.services.comprehend.jobs.entities_jobs import EntitiesJobs
from clary.services.comprehend.jobs.events_jobs import EventsJobs
from clary.services.comprehend.jobs.key_phrases_jobs import KeyPhrasesJobs
from clary.services.comprehend.jobs.pii_jobs import PiiJobs
from clary.services.comprehend.jobs.sentiment_jobs import SentimentJobs
from clary.services.comprehend.jobs.targeted_sentiment_jobs import TargetedSentimentJobs
from clary.services.comprehend.jobs.topics_jobs import TopicsJobs
from clary.services.comprehend.models.custom_models import CustomModels
from clary.services.comprehend.models.document_classifiers import DocumentClassifiers
from clary.services.comprehend.models.endpoints import Endpoints
from clary.services.comprehend.models.entity_recognizers import EntityRecognizers
from clary.services.comprehend.models.model_imports import ModelImports
from clary.services.comprehend.models.model_policies import ModelPolicies
from clary.services.comprehend.models.model_shelf import ModelShelf
from clary.services.comprehend.models.serving_plans import ServingPlans
from clary.services.comprehend.reading import Reading
from clary.services.comprehend.safety_detection import SafetyDetection
from clary.services.comprehend.tags import Tags
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
    engines: Engines,
    comprehend_folder: Path,
) -> list[object]:
    """The resource classes of Comprehend.

    Args:
        comprehend_folder: where the users' own models lie.
    """
    reading, models = Reading(engines), ModelShelf(records, comprehend_folder)
    analyses = [
        kind(records, identities, data_access, jobs, reading, comprehend_folder)
        for kind in (
            DominantLanguageJobs,
            EventsJobs,
            KeyPhrasesJobs,
            PiiJobs,
            SentimentJobs,
            TargetedSentimentJobs,
            TopicsJobs,
        )
    ]
    with_models = [
        kind(records, identities, data_access, jobs, reading, comprehend_folder, models)
        for kind in (ClassificationJobs, EntitiesJobs)
    ]
    return [
        Detection(reading),
        BatchDetection(reading),
        SafetyDetection(reading),
        CustomModels(records, hosting, reading, DocumentReading(engines)),
        *analyses,
        *with_models,
        DocumentClassifiers(records, identities, data_access, jobs, models, comprehend_folder),
        EntityRecognizers(records, identities, data_access, jobs, models, comprehend_folder),
        ModelPolicies(records),
        ModelImports(records, identities, models, comprehend_folder),
        Endpoints(records, identities, models, ServingPlans(records, hosting, comprehend_folder)),
        Flywheels(records, identities, data_access, models, comprehend_folder),
        FlywheelDatasets(records, data_access, jobs, comprehend_folder),
        FlywheelIterations(records, jobs, models, comprehend_folder),
        Tags(records),
    ]
