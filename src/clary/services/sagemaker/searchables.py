"""What Search knows of each resource: its properties and how it shows a record."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any

from clary.services.sagemaker import endpoint_description, models, training_description
from clary.services.sagemaker.names import ENDPOINT, MODEL, TRAINING_JOB, TUNING_JOB, tag_list
from clary.services.sagemaker.search import Searchable
from clary.services.sagemaker.tuning import tuning_jobs
from clary.storage.records import Record, Records


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


def _model(record: Record, tags: dict[str, str]) -> dict[str, Any]:
    return {**models.description(record), "Tags": tag_list(tags)}


_TRAINING_JOBS = Searchable(
    kind=TRAINING_JOB,
    columns={
        "TrainingJobName": "name",
        "TrainingJobStatus": "status",
        "CreationTime": "created",
        "LastModifiedTime": "modified",
    },
    properties=_names(
        """TrainingJobName TrainingJobArn TuningJobArn LabelingJobArn AutoMLJobArn ModelArtifacts TrainingJobStatus
        SecondaryStatus FailureReason HyperParameters AlgorithmSpecification RoleArn InputDataConfig OutputDataConfig
        ResourceConfig WarmPoolStatus VpcConfig StoppingCondition CreationTime TrainingStartTime TrainingEndTime
        LastModifiedTime SecondaryStatusTransitions FinalMetricDataList EnableNetworkIsolation
        EnableInterContainerTrafficEncryption EnableManagedSpotTraining CheckpointConfig TrainingTimeInSeconds
        BillableTimeInSeconds DebugHookConfig ExperimentConfig DebugRuleConfigurations TensorBoardOutputConfig
        DebugRuleEvaluationStatuses OutputModelPackageArn ModelPackageConfig ProfilerConfig Environment RetryStrategy
        Tags Metrics"""
    ),
    view=training_description.search_record,
)

_ENDPOINTS = Searchable(
    kind=ENDPOINT,
    columns={
        "EndpointName": "name",
        "EndpointStatus": "status",
        "CreationTime": "created",
        "LastModifiedTime": "modified",
    },
    properties=_names(
        """EndpointName EndpointArn EndpointConfigName ProductionVariants DataCaptureConfig EndpointStatus FailureReason
        CreationTime LastModifiedTime MonitoringSchedules Tags ShadowProductionVariants"""
    ),
    view=endpoint_description.search_record,
)

_MODELS = Searchable(
    kind=MODEL,
    # A model is never changed: the default order of Search, by LastModifiedTime, is that of creation.
    columns={"ModelName": "name", "CreationTime": "created", "LastModifiedTime": "modified"},
    properties=_names(
        """ModelName PrimaryContainer Containers InferenceExecutionConfig ExecutionRoleArn VpcConfig CreationTime
        ModelArn EnableNetworkIsolation Tags DeploymentRecommendation"""
    ),
    view=_model,
    wrap=lambda model: {"Model": model},
)

SEARCHABLES: Mapping[str, Searchable] = {"TrainingJob": _TRAINING_JOBS, "Endpoint": _ENDPOINTS, "Model": _MODELS}


def searchables(records: Records) -> Mapping[str, Searchable]:
    """All that Search knows; a tuning job's view reads the records of its trials."""
    tuning = Searchable(
        kind=TUNING_JOB,
        columns={
            "HyperParameterTuningJobName": "name",
            "HyperParameterTuningJobStatus": "status",
            "CreationTime": "created",
            "LastModifiedTime": "modified",
        },
        properties=_names(
            """HyperParameterTuningJobName HyperParameterTuningJobArn HyperParameterTuningJobConfig
            TrainingJobDefinition TrainingJobDefinitions HyperParameterTuningJobStatus CreationTime
            HyperParameterTuningEndTime LastModifiedTime TrainingJobStatusCounters ObjectiveStatusCounters
            BestTrainingJob OverallBestTrainingJob WarmStartConfig FailureReason TuningJobCompletionDetails
            ConsumedResources Tags"""
        ),
        view=functools.partial(tuning_jobs.search_view, records),
    )
    return {**SEARCHABLES, "HyperParameterTuningJob": tuning}
