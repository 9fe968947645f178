"""Kinds of records, their ARNs, and the texts that Personalize says about them."""

from __future__ import annotations

from typing import Any

from clary.core.arn import Arn
from clary.core.call import Call
from clary.core.clock import timestamp
from clary.storage.records import Record

DATASET_GROUP = "personalize:dataset-group"
SCHEMA = "personalize:schema"
DATASET = "personalize:dataset"
IMPORT_JOB = "personalize:dataset-import-job"
EXPORT_JOB = "personalize:dataset-export-job"
DELETION_JOB = "personalize:data-deletion-job"
EVENT_TRACKER = "personalize:event-tracker"
SOLUTION = "personalize:solution"
SOLUTION_VERSION = "personalize:solution-version"
CAMPAIGN = "personalize:campaign"
RECOMMENDER = "personalize:recommender"
FILTER = "personalize:filter"
BATCH_INFERENCE_JOB = "personalize:batch-inference-job"
BATCH_SEGMENT_JOB = "personalize:batch-segment-job"
METRIC_ATTRIBUTION = "personalize:metric-attribution"
RECOMMENDER_VERSION = "personalize:recommender-version"
"""A training of a recommender; no client sees these."""

ACTIVE = "ACTIVE"


def resource_arn(call: Call, kind: str, name: str) -> str:
    """The ARN of a resource of the caller's account and region.

    Args:
        kind: a record kind, "personalize:TYPE".
        name: what follows the type ("movies", "movies/INTERACTIONS").
    """
    return str(Arn("personalize", call.region, call.account, f"{kind.partition(':')[2]}/{name}"))


def times(record: Record) -> dict[str, Any]:
    """The two times that every description has."""
    return {"creationDateTime": timestamp(record.created), "lastUpdatedDateTime": timestamp(record.modified)}
