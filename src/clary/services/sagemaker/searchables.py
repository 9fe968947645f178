"""What Search knows of each resource: its properties and how it shows a record."""

from __future__ import annotations

from clary.services.sagemaker.names import TRAINING_JOB
from clary.services.sagemaker.search import Searchable
from clary.services.sagemaker.training_description import search_record


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


TRAINING_JOBS = Searchable(
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
    view=search_record,
)
