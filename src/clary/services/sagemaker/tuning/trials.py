"""The training jobs of a tuning job: how one is asked for, and what its record tells."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from clary.core.call import ANONYMOUS, Call
from clary.core.clock import Clock
from clary.engines.tuning.spaces import Values
from clary.engines.tuning.trials import Trial
from clary.services.sagemaker.locations import location
from clary.services.sagemaker.names import TRAINING_JOB
from clary.services.sagemaker.training_description import FINAL_STATUSES
from clary.services.sagemaker.tuning.plan import OBJECTIVE_HYPERPARAMETER, Definition
from clary.services.sagemaker.tuning.ranges import text_of
from clary.storage.records import Filters, Record, Records

OBJECTIVE_METRIC = "ObjectiveMetric"
# Members of a definition that a CreateTrainingJob request has too, in the same shape.
_SHARED = (
    "AlgorithmSpecification",
    "RoleArn",
    "InputDataConfig",
    "OutputDataConfig",
    "StoppingCondition",
    "VpcConfig",
    "EnableNetworkIsolation",
    "EnableInterContainerTrafficEncryption",
    "EnableManagedSpotTraining",
    "RetryStrategy",
    "Environment",
)


@dataclass(frozen=True, slots=True)
class TrialJob:
    """A trial as its training job's record tells it.

    Attributes:
        number: from 1, in the order they were started.
        definition: the index of its definition.
        values: what was tried.
        status: TrainingJobStatus.
        objective: the objective's last value, once the job has ended with one.
        created, started, ended: seconds since 1970; None for what has not happened.
    """

    number: int
    name: str
    arn: str
    definition: int
    definition_name: str
    values: Values
    status: str
    objective: float | None
    created: float
    started: float | None
    ended: float | None
    failure_reason: str

    @property
    def is_over(self) -> bool:
        """Whether it has ended."""
        return self.status in FINAL_STATUSES

    @property
    def objective_status(self) -> str:
        """SageMaker's ObjectiveStatus."""
        if not self.is_over:
            return "Pending"
        return "Failed" if self.objective is None else "Succeeded"

    def as_trial(self, curve: tuple[float, ...] = ()) -> Trial:
        """As the search sees it."""
        return Trial(self.values, not self.is_over, self.objective, curve, self.status == "Stopped")


def trial_jobs(records: Records, tuning: Record) -> list[TrialJob]:
    """All trials of a tuning job in the order they were started."""
    belonging = Filters(parent=tuning.body["id"])
    records_of_trials = records.every(TRAINING_JOB, tuning.account, tuning.region, belonging)
    return sorted(map(trial_job, records_of_trials), key=lambda trial: trial.number)


def trial_job(record: Record) -> TrialJob:
    """What a trial's record tells."""
    tuning, job = record.body["tuning"], record.body.get("job", {})
    objective = None
    if record.status in ("Completed", "Stopped"):
        found = [metric["value"] for metric in job.get("metrics", []) if metric["name"] == tuning["metric"]]
        objective = found[-1] if found else None
    return TrialJob(
        number=tuning["number"],
        name=record.name,
        arn=record.arn,
        definition=tuning["definition"],
        definition_name=tuning["definition_name"],
        values=tuning["values"],
        status=record.status,
        objective=objective,
        created=record.created,
        started=job.get("started"),
        ended=job.get("ended"),
        failure_reason=job.get("failure_reason", ""),
    )


def trial_name(tuning: Record, number: int) -> str:
    """The name of a trial. It depends on nothing but the tuning job and the number: none is started twice."""
    digest = hashlib.sha256(f"{tuning.body['id']}/{number}".encode()).hexdigest()
    return f"{tuning.name}-{number:03d}-{digest[:8]}"


def trial_request(definition: Definition, name: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """The CreateTrainingJob request of a trial."""
    training = definition.training
    request = {member: training[member] for member in _SHARED if member in training}
    request["TrainingJobName"] = name
    request["ResourceConfig"] = resources_of(training)
    request["HyperParameters"] = {
        **training.get("StaticHyperParameters", {}),
        **{key: text_of(value) for key, value in values.items()},
        OBJECTIVE_HYPERPARAMETER: definition.metric,
    }
    if "CheckpointConfig" in training:
        checkpoints = training["CheckpointConfig"]
        place = location(checkpoints["S3Uri"], "CheckpointConfig.S3Uri")
        request["CheckpointConfig"] = {**checkpoints, "S3Uri": place.below(name)}  # or trials would share them
    return request


def resources_of(training: Mapping[str, Any]) -> dict[str, Any]:
    """The ResourceConfig of a definition, which may say it in either of two members."""
    tuned = training.get("HyperParameterTuningResourceConfig")
    if tuned is None:
        return dict(training.get("ResourceConfig", {}))
    first = (tuned.get("InstanceConfigs") or [{}])[0]  # in the order of the user's preference
    kept = {key: value for key, value in tuned.items() if key not in ("InstanceConfigs", "AllocationStrategy")}
    return {**kept, **first}


def trial_body(tuning: Record, definition: Definition, index: int, number: int, values: Values) -> dict[str, Any]:
    """What a trial's record has beside a training job's."""
    return {
        "tuning": {
            "name": tuning.name,
            "arn": tuning.arn,
            "number": number,
            "definition": index,
            "definition_name": definition.name,
            "metric": definition.metric,
            "values": values,
        }
    }


def call_of(tuning: Record, clock: Clock) -> Call:
    """The circumstances under which a trial is made: SageMaker itself calls, for the tuning job's account."""
    return Call("sagemaker", "CreateTrainingJob", tuning.account, tuning.region, ANONYMOUS, "", clock.now())
