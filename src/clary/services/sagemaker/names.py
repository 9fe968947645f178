"""Kinds of records, and the ARNs and texts that go with SageMaker's names."""

from __future__ import annotations

from clary.core.arn import Arn
from clary.core.call import Call

TRAINING_JOB = "sagemaker:training-job"
TUNING_JOB = "sagemaker:hyper-parameter-tuning-job"
TRANSFORM_JOB = "sagemaker:transform-job"
PROCESSING_JOB = "sagemaker:processing-job"
MODEL = "sagemaker:model"
ENDPOINT_CONFIG = "sagemaker:endpoint-config"
ENDPOINT = "sagemaker:endpoint"


def resource_arn(call: Call, kind: str, name: str) -> str:
    """The ARN of a resource of the caller's account and region; SageMaker lower-cases the name in it.

    Args:
        kind: a record kind, "sagemaker:TYPE".
    """
    return str(Arn("sagemaker", call.region, call.account, f"{kind.partition(':')[2]}/{name.lower()}"))


def tag_list(tags: dict[str, str]) -> list[dict[str, str]]:
    """Tags as SageMaker lists them."""
    return [{"Key": key, "Value": value} for key, value in tags.items()]
