"""How a tuning job reads: Describe, the line in a list, the record in a search, and the lines of its trials."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from clary.core.clock import timestamp
from clary.services.sagemaker.names import tag_list
from clary.services.sagemaker.training_description import MOST_METRIC_DEFINITIONS
from clary.services.sagemaker.training_spec import DEFAULT_RUNTIME_SECONDS
from clary.services.sagemaker.tuning.course import Progress
from clary.services.sagemaker.tuning.plan import OBJECTIVE_HYPERPARAMETER, Plan, definitions_of, tuned_algorithm
from clary.services.sagemaker.tuning.ranges import text_of
from clary.services.sagemaker.tuning.trials import TrialJob, resources_of
from clary.storage.records import Record

FINAL_STATUSES = ("Completed", "Failed", "Stopped")
_NOT_IN_SEARCH = ("Autotune",)


def description(record: Record, plan: Plan, reached: Progress, overall: dict[str, Any] | None) -> dict[str, Any]:
    """The answer of DescribeHyperParameterTuningJob.

    Args:
        overall: the line of the best trial of this tuning job and its parents.
    """
    request, course = record.body["request"], record.body.get("course", {})
    closing = course.get("closing", {})
    ended = course.get("ended")
    found: dict[str, Any] = {
        "HyperParameterTuningJobName": record.name,
        "HyperParameterTuningJobArn": record.arn,
        "HyperParameterTuningJobConfig": _config(request["HyperParameterTuningJobConfig"]),
        "HyperParameterTuningJobStatus": record.status,
        "CreationTime": timestamp(record.created),
        "LastModifiedTime": timestamp(record.modified),
        "TrainingJobStatusCounters": reached.jobs,
        "ObjectiveStatusCounters": reached.objectives,
        "TuningJobCompletionDetails": {"NumberOfTrainingJobsObjectiveNotImproving": reached.without_improvement},
        **_definitions(request, plan),
        **{member: request[member] for member in ("WarmStartConfig", "Autotune") if member in request},
    }
    if ended is not None:
        found["HyperParameterTuningEndTime"] = timestamp(ended)
        found["ConsumedResources"] = {"RuntimeInSeconds": max(0, round(ended - record.created))}
    if reached.best is not None:
        found["BestTrainingJob"] = trial_line(TrialJob(**reached.best), plan, record.name, best=True)
    if overall is not None:
        found["OverallBestTrainingJob"] = overall
    if closing.get("reason"):
        found["FailureReason"] = closing["reason"]
    if "converged" in course:
        found["TuningJobCompletionDetails"]["ConvergenceDetectedTime"] = timestamp(course["converged"])
    return found


def summary(record: Record, reached: Progress) -> dict[str, Any]:
    """The line of ListHyperParameterTuningJobs."""
    config = record.body["request"]["HyperParameterTuningJobConfig"]
    line = {
        "HyperParameterTuningJobName": record.name,
        "HyperParameterTuningJobArn": record.arn,
        "HyperParameterTuningJobStatus": record.status,
        "Strategy": config["Strategy"],
        "CreationTime": timestamp(record.created),
        "LastModifiedTime": timestamp(record.modified),
        "TrainingJobStatusCounters": reached.jobs,
        "ObjectiveStatusCounters": reached.objectives,
        "ResourceLimits": config["ResourceLimits"],
    }
    ended = record.body.get("course", {}).get("ended")
    if ended is not None:
        line["HyperParameterTuningEndTime"] = timestamp(ended)
    return line


def search_record(described: Mapping[str, Any], tags: dict[str, str]) -> dict[str, Any]:
    """The HyperParameterTuningJob of a search result, from the answer of Describe."""
    found = {name: value for name, value in described.items() if name not in _NOT_IN_SEARCH}
    return {**found, "Tags": tag_list(tags)}


def trial_line(trial: TrialJob, plan: Plan, tuning_name: str, *, best: bool = False) -> dict[str, Any]:
    """A HyperParameterTrainingJobSummary.

    Args:
        best: for a BestTrainingJob, which tells the tuning job's name too.
    """
    definition = plan.definitions[trial.definition]
    line: dict[str, Any] = {
        "TrainingJobName": trial.name,
        "TrainingJobArn": trial.arn,
        "CreationTime": timestamp(trial.created),
        "TrainingJobStatus": trial.status,
        "TunedHyperParameters": {name: text_of(value) for name, value in trial.values.items()},
        "ObjectiveStatus": trial.objective_status,
    }
    if trial.definition_name:
        line["TrainingJobDefinitionName"] = trial.definition_name
    if best:
        line["TuningJobName"] = tuning_name
    if trial.started is not None:
        line["TrainingStartTime"] = timestamp(trial.started)
    if trial.ended is not None:
        line["TrainingEndTime"] = timestamp(trial.ended)
    if trial.objective is not None:
        line["FinalHyperParameterTuningJobObjectiveMetric"] = {
            "Type": definition.objective_type,
            "MetricName": definition.metric,
            "Value": trial.objective,
        }
    if trial.failure_reason:
        line["FailureReason"] = trial.failure_reason
    return line


def _config(config: Mapping[str, Any]) -> dict[str, Any]:
    """As sent, with the lists of ranges that the SageMaker SDK reads without asking whether they are there."""
    told = {"TrainingJobEarlyStoppingType": "Off", **config}
    if "ParameterRanges" in config:
        told["ParameterRanges"] = _ranges(config["ParameterRanges"])
    return told


def _ranges(ranges: Mapping[str, Any]) -> dict[str, Any]:
    kinds = ("IntegerParameterRanges", "ContinuousParameterRanges", "CategoricalParameterRanges")
    told = {**{kind: [] for kind in kinds}, **ranges}
    for kind in kinds[:2]:
        told[kind] = [{"ScalingType": "Auto", **row} for row in told[kind]]
    return told


def _algorithm_specification(training: Mapping[str, Any], objective: str) -> dict[str, Any]:
    """As sent, with a built-in algorithm's metric definitions, the objective first: the SDK's attach() reads them."""
    sent, algorithm = training["AlgorithmSpecification"], tuned_algorithm(training)
    if algorithm is None or "MetricDefinitions" in sent:
        return dict(sent)
    metrics = sorted(algorithm.metrics, key=lambda metric: (metric.name != objective, not metric.tunable))
    told = [{"Name": metric.name, "Regex": metric.regex} for metric in metrics[:MOST_METRIC_DEFINITIONS]]
    return {**sent, "MetricDefinitions": told}


def _definitions(request: Mapping[str, Any], plan: Plan) -> dict[str, Any]:
    """The definitions as sent, with the objective among the static hyperparameters, as AWS tells them."""
    told = []
    for (_, training), definition in zip(definitions_of(request), plan.definitions, strict=True):
        static = {**training.get("StaticHyperParameters", {}), OBJECTIVE_HYPERPARAMETER: definition.metric}
        one = {
            "ResourceConfig": resources_of(training),  # what the SDK's attach() reads, whichever member was sent
            **training,
            "StaticHyperParameters": static,
            "AlgorithmSpecification": _algorithm_specification(training, definition.metric),
            "OutputDataConfig": {"KmsKeyId": "", **training["OutputDataConfig"]},
            "StoppingCondition": {"MaxRuntimeInSeconds": DEFAULT_RUNTIME_SECONDS, **training["StoppingCondition"]},
        }
        for flag in ("EnableNetworkIsolation", "EnableInterContainerTrafficEncryption", "EnableManagedSpotTraining"):
            one.setdefault(flag, False)
        if "HyperParameterRanges" in training:
            one["HyperParameterRanges"] = _ranges(training["HyperParameterRanges"])
        told.append(one)
    if "TrainingJobDefinition" in request:
        return {"TrainingJobDefinition": told[0]}
    return {"TrainingJobDefinitions": told}
