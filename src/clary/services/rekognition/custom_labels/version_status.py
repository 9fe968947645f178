"""How a model of Custom Labels is doing: its training, its copying, or its process."""

from __future__ import annotations

from clary.compute.hosting import endpoint_states
from clary.services.rekognition.job_specs import failure_of
from clary.storage.records import Record, Records

TRAINING_IN_PROGRESS = "TRAINING_IN_PROGRESS"
TRAINING_COMPLETED = "TRAINING_COMPLETED"
TRAINING_FAILED = "TRAINING_FAILED"
COPYING_COMPLETED = "COPYING_COMPLETED"
STARTING, RUNNING, STOPPING, STOPPED, FAILED = "STARTING", "RUNNING", "STOPPING", "STOPPED", "FAILED"
TRAINED = frozenset({TRAINING_COMPLETED, COPYING_COMPLETED, STOPPED, FAILED})
"""Statuses in which a model may be started."""

_MESSAGES = {
    TRAINING_IN_PROGRESS: "The model is being trained.",
    TRAINING_COMPLETED: "The model is ready to run.",
    COPYING_COMPLETED: "Model copy operation was successful.",
    STARTING: "The model is starting.",
    RUNNING: "The model is running.",
    STOPPING: "The model is stopping.",
    STOPPED: "The model is ready to run.",
}


def status_of(records: Records, version: Record) -> tuple[str, str]:
    """Status and message of a version."""
    if version.status not in (TRAINING_COMPLETED, COPYING_COMPLETED):
        message = failure_of(version) if version.status == TRAINING_FAILED else ""
        return version.status, message or _MESSAGES.get(version.status, "")
    if "serving" not in version.body:
        return version.status, _MESSAGES[version.status]
    serving = records.by_arn(version.body["serving"])
    if serving is None:
        return STOPPED, _MESSAGES[STOPPED]
    if version.body.get("stopping") or serving.status == endpoint_states.DELETING:
        return STOPPING, _MESSAGES[STOPPING]
    if serving.status == endpoint_states.CREATING:
        return STARTING, _MESSAGES[STARTING]
    if serving.status == endpoint_states.FAILED:
        return FAILED, str(serving.body.get("hosting", {}).get("failure_reason", ""))
    return RUNNING, _MESSAGES[RUNNING]
