"""The services Clary has: one line each.

A family is one folder; it serves one or several APIs (botocore's names). `resources` names the function that builds
the family's resource classes from the platform's collaborators, which it picks by parameter name.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Family:
    """A product family.

    Attributes:
        apis: botocore's names of the APIs it serves.
        action_prefix: what IAM actions and ARNs begin with ("s3" in "s3:GetObject").
        resources: "module:function".
        global_arns: whether ARNs carry no region (IAM, STS, S3).
    """

    apis: tuple[str, ...]
    action_prefix: str
    resources: str = ""
    global_arns: bool = False


CATALOG: dict[str, Family] = {
    "s3": Family(("s3",), "s3", "clary.services.s3.resources:resources", global_arns=True),
    "iam": Family(("iam",), "iam", "clary.services.iam.resources:resources", global_arns=True),
    "sts": Family(("sts",), "sts", "clary.services.sts.resources:resources", global_arns=True),
    "logs": Family(("logs",), "logs", "clary.services.logs.resources:resources"),
    "cloudwatch": Family(("cloudwatch",), "cloudwatch", "clary.services.cloudwatch.resources:resources"),
    "sagemaker": Family(
        (
            "sagemaker",
            "sagemaker-runtime",
            "sagemaker-a2i-runtime",
            "sagemaker-metrics",
            "sagemaker-featurestore-runtime",
        ),
        "sagemaker",
        "clary.services.sagemaker.resources:resources",
    ),
    # Families whose requests are parsed, checked and refused by name until their operations are written.
    "ecr": Family(("ecr",), "ecr"),
    "personalize": Family(("personalize", "personalize-runtime", "personalize-events"), "personalize"),
    "rekognition": Family(("rekognition",), "rekognition"),
    "textract": Family(("textract",), "textract"),
    "comprehend": Family(("comprehend",), "comprehend"),
    "quicksight": Family(("quicksight",), "quicksight"),
    "application-autoscaling": Family(("application-autoscaling",), "application-autoscaling"),
    "marketplace": Family(("marketplace-catalog",), "aws-marketplace"),
    "events": Family(("events",), "events"),
}

APIS: tuple[str, ...] = tuple(api for family in CATALOG.values() for api in family.apis)
