"""What CreateHyperParameterTuningJob refuses before anything is queued.

The wire has checked types, patterns, lengths and enumerations; the definitions are checked as the training jobs that
they become. Here are the rules of tuning itself. Messages are AWS's where they are known.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from clary.algorithms.contract import Algorithm
from clary.core.call import Call
from clary.core.errors import ValidationException
from clary.engines.tuning.spaces import Categorical
from clary.services.sagemaker.errors import ResourceLimitExceeded
from clary.services.sagemaker.own_images import ImagesOfCaller
from clary.services.sagemaker.training_jobs import prepared
from clary.services.sagemaker.tuning.plan import (
    OBJECTIVE_HYPERPARAMETER,
    RESOURCE_NAMES,
    Definition,
    Plan,
    definitions_of,
    plan_of,
    tuned_algorithm,
)
from clary.services.sagemaker.tuning.trials import trial_request

MOST_TRAINING_JOBS = {"Bayesian": 750, "Random": 10_000, "Grid": 10_000, "Hyperband": 10_000}
MOST_PARALLEL_JOBS = 100
MOST_RESOURCE = 20_000


def check_request(call: Call, request: Mapping[str, Any], own_images: ImagesOfCaller | None = None) -> Plan:
    """Checks all that can be told without the records.

    Args:
        request: with what Autotune has chosen.
        own_images: finds images of users.

    Raises:
        ValidationException: the first rule that it breaks, or the first feature that Clary does not have.
        ResourceLimitExceeded: it asks for too many training jobs or instances.
    """
    _check_definitions(request)
    config = request["HyperParameterTuningJobConfig"]
    _check_limits(config)
    plan = plan_of(request)
    for definition in plan.definitions:
        _check_static(definition)
        _check_objective(definition)
        name = f"{request['HyperParameterTuningJobName']}-001-00000000"
        middle = definition.space.at([0.5] * len(definition.space.dimensions))
        prepared(call, trial_request(definition, name, middle), own_images)
    _check_strategy(config, plan)
    _check_combinations(config, plan)
    return plan


def _check_definitions(request: Mapping[str, Any]) -> None:
    config = request["HyperParameterTuningJobConfig"]
    if ("TrainingJobDefinition" in request) == ("TrainingJobDefinitions" in request):
        raise ValidationException(
            "You must specify either TrainingJobDefinition or TrainingJobDefinitions, and not both."
        )
    definitions = definitions_of(request)
    names = [training.get("DefinitionName", "") for _, training in definitions]
    several = "TrainingJobDefinitions" in request
    for (member, training), name in zip(definitions, names, strict=True):
        if several and not name:
            raise ValidationException(f"{member}.DefinitionName is required when TrainingJobDefinitions is specified.")
        if names.count(name) > 1:
            raise ValidationException(f"DefinitionName must be unique: [{name}] appears more than once.")
        for at_job, at_definition in (
            ("HyperParameterTuningJobObjective", "TuningObjective"),
            ("ParameterRanges", "HyperParameterRanges"),
        ):
            _check_place(config, training, member, at_job, at_definition, several=several)
        if "HyperParameterTuningResourceConfig" in training and "ResourceConfig" in training:
            raise ValidationException(
                f"{member}: specify either ResourceConfig or HyperParameterTuningResourceConfig, and not both."
            )
    if not several and "TuningObjective" in definitions[0][1] and "HyperParameterTuningJobObjective" in config:
        raise ValidationException(
            "You must specify either HyperParameterTuningJobObjective or TrainingJobDefinition.TuningObjective, and "
            "not both."
        )


def _check_place(
    config: Mapping[str, Any],
    training: Mapping[str, Any],
    member: str,
    at_job: str,
    at_definition: str,
    *,
    several: bool,
) -> None:
    """Several definitions have their own objective and ranges; a single one may have them in either place."""
    if several and at_job in config:
        raise ValidationException(
            f"HyperParameterTuningJobConfig.{at_job} isn't supported with TrainingJobDefinitions: specify "
            f"{at_definition} in each definition."
        )
    if at_definition not in training and at_job not in config:
        wanted = f"{member}.{at_definition}" if several else f"HyperParameterTuningJobConfig.{at_job}"
        raise ValidationException(f"{wanted} is required and is missing.")


def _check_limits(config: Mapping[str, Any]) -> None:
    limits, strategy = config["ResourceLimits"], config["Strategy"]
    most, parallel = limits.get("MaxNumberOfTrainingJobs"), limits["MaxParallelTrainingJobs"]
    allowed = MOST_TRAINING_JOBS[strategy]
    if most is not None and most > allowed:
        raise ResourceLimitExceeded(
            "The account-level service limit 'Maximum number of training jobs per hyperparameter tuning job' with the "
            f"strategy {strategy} is {allowed} training jobs, but MaxNumberOfTrainingJobs is {most}."
        )
    if parallel > MOST_PARALLEL_JOBS:
        raise ResourceLimitExceeded(
            "The account-level service limit 'Maximum number of parallel training jobs per hyperparameter tuning job' "
            f"is {MOST_PARALLEL_JOBS} training jobs, but MaxParallelTrainingJobs is {parallel}."
        )
    if most is not None and parallel > most:
        raise ValidationException(
            f"MaxParallelTrainingJobs, [{parallel}], must be less than or equal to MaxNumberOfTrainingJobs, [{most}]."
        )
    criteria = config.get("TuningJobCompletionCriteria", {})
    if most is None and strategy != "Grid" and not criteria and "MaxRuntimeInSeconds" not in limits:
        raise ValidationException(
            "ResourceLimits.MaxNumberOfTrainingJobs is required unless the strategy is Grid, MaxRuntimeInSeconds is "
            "specified, or TuningJobCompletionCriteria say when to stop."
        )


def _check_static(definition: Definition) -> None:
    static = definition.training.get("StaticHyperParameters", {})
    repeated = [name for name in definition.space.names if name in static]
    if repeated:
        raise ValidationException(
            f"The hyperparameters [{', '.join(repeated)}] of {definition.member} are both in StaticHyperParameters and "
            "in the parameter ranges. A hyperparameter is either static or tuned."
        )
    sent = static.get(OBJECTIVE_HYPERPARAMETER, definition.metric).strip('"')
    if sent != definition.metric:
        raise ValidationException(
            f"The static hyperparameter [{OBJECTIVE_HYPERPARAMETER}] is [{sent}], but the objective metric is "
            f"[{definition.metric}]. Leave it out: tuning sets it."
        )


def _check_objective(definition: Definition) -> None:
    specification = definition.training["AlgorithmSpecification"]
    image = specification.get("TrainingImage", "")
    algorithm = tuned_algorithm(definition.training)
    if algorithm is not None:
        _check_built_in_objective(definition, algorithm, image)
    elif definition.metric not in [metric["Name"] for metric in specification.get("MetricDefinitions", [])]:
        raise ValidationException(
            "A metric is required for this hyperparameter tuning job objective. Provide a metric in the metric "
            f"definitions. (The objective metric is [{definition.metric}].)"
        )


def _check_built_in_objective(definition: Definition, algorithm: Algorithm, image: str) -> None:
    tunable = {metric.name: metric for metric in algorithm.metrics if metric.tunable}
    metric = tunable.get(definition.metric)
    if metric is None:
        raise ValidationException(
            f"The objective metric for the hyperparameter tuning job, [{definition.metric}], isn't valid for the "
            f"[{image}] algorithm. Choose a valid objective metric: [{', '.join(sorted(tunable))}]."
        )
    if metric.direction != definition.objective_type:
        raise ValidationException(
            f"The objective type for the hyperparameter tuning job, [{definition.objective_type}], isn't valid for the "
            f"objective metric [{metric.name}] of the [{image}] algorithm. Choose [{metric.direction}]."
        )


def _check_strategy(config: Mapping[str, Any], plan: Plan) -> None:
    strategy = config["Strategy"]
    hyperband = config.get("StrategyConfig", {}).get("HyperbandStrategyConfig")
    if hyperband is not None and strategy != "Hyperband":
        raise ValidationException("HyperbandStrategyConfig is only supported with the strategy Hyperband.")
    if strategy == "Grid":
        others = [
            dimension.name
            for definition in plan.definitions
            for dimension in definition.space.dimensions
            if not isinstance(dimension, Categorical)
        ]
        if others:
            raise ValidationException(
                "Only categorical parameter ranges are supported with the strategy Grid, but "
                f"[{', '.join(others)}] are not categorical."
            )
    if strategy != "Hyperband":
        return
    if plan.stops_early:
        raise ValidationException(
            "TrainingJobEarlyStoppingType must be Off with the strategy Hyperband, which stops training jobs by itself."
        )
    if plan.halving is None:
        raise ValidationException(
            "MaxResource is required with the strategy Hyperband, and cannot be inferred: none of "
            f"[{', '.join(RESOURCE_NAMES)}] is among the static hyperparameters."
        )
    if plan.halving.most > MOST_RESOURCE or plan.halving.least > plan.halving.most:
        raise ValidationException(
            f"Invalid HyperbandStrategyConfig: MinResource [{plan.halving.least}] must be less than or equal to "
            f"MaxResource [{plan.halving.most}], which must be at most {MOST_RESOURCE}."
        )


def _check_combinations(config: Mapping[str, Any], plan: Plan) -> None:
    for definition in plan.definitions:
        if not definition.space.dimensions and config["Strategy"] != "Random":
            raise ValidationException(f"{definition.member} has no hyperparameter ranges: there is nothing to tune.")
    most = config["ResourceLimits"].get("MaxNumberOfTrainingJobs")
    size = sum(definition.space.size for definition in plan.definitions)
    if most is None:
        if config["Strategy"] == "Grid" and size > MOST_TRAINING_JOBS["Grid"]:
            raise ResourceLimitExceeded(
                f"The grid has {size:.0f} combinations; a hyperparameter tuning job has at most "
                f"{MOST_TRAINING_JOBS['Grid']} training jobs."
            )
        return
    if config["Strategy"] == "Grid" and most != size:
        raise ValidationException(
            f"MaxNumberOfTrainingJobs, [{most}], must equal the number of combinations of the categorical values, "
            f"[{size:.0f}], with the strategy Grid. Leave it out: it is computed."
        )
    if size < most:
        raise ValidationException(
            "You don't have enough combinations of hyperparameter ranges. The total number of hyperparameter "
            f"combinations for the provided ranges [{size:.1f}] must be equal or greater than the value of "
            f"MaxNumberOfJobs, [{most}]. Provide additional ranges."
        )
