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
        signing_name: the service in the scope of a signature, where it is not the action prefix.
        resources: "module:function".
        has_region, has_account: whether its ARNs carry them.
    """

    apis: tuple[str, ...]
    action_prefix: str
    resources: str = ""
    signing_name: str = ""
    has_region: bool = True
    has_account: bool = True


CATALOG: dict[str, Family] = {
    "s3": Family(("s3",), "s3", "clary.services.s3.resources:resources", has_region=False, has_account=False),
    "iam": Family(("iam",), "iam", "clary.services.iam.resources:resources", has_region=False),
    "sts": Family(("sts",), "sts", "clary.services.sts.resources:resources", has_region=False),
    "logs": Family(("logs",), "logs", "clary.services.logs.resources:resources"),
    "cloudwatch": Family(
        ("cloudwatch",), "cloudwatch", "clary.services.cloudwatch.resources:resources", signing_name="monitoring"
    ),
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
    "personalize": Family(
        ("personalize", "personalize-runtime", "personalize-events"),
        "personalize",
        "clary.services.personalize.resources:resources",
    ),
    "comprehend": Family(("comprehend",), "comprehend", "clary.services.comprehend.resources:resources"),
    "ecr": Family(("ecr",), "ecr", "clary.services.ecr.resources:resources"),
    "rekognition": Family(("rekognition",), "rekognition", "clary.services.rekognition.resources:resources"),
    # Families whose requests are parsed, checked and refused by name until their operations are written.
    "textract": Family(("textract",), "textract", "clary.services.textract.resources:resources"),
    "quicksight": Family(("quicksight",), "quicksight"),
    "application-autoscaling": Family(("application-autoscaling",), "application-autoscaling"),
    "marketplace": Family(("marketplace-catalog",), "aws-marketplace"),
    "events": Family(("events",), "events"),
}

APIS: tuple[str, ...] = tuple(api for family in CATALOG.values() for api in family.apis)

BY_SIGNING_NAME: dict[str, tuple[str, ...]] = {
    family.signing_name or family.action_prefix: family.apis for family in CATALOG.values()
}
