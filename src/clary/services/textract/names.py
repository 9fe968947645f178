"""Kinds of records, their ARNs, and the versions of the models as answers tell them."""

from __future__ import annotations

from clary.core.arn import Arn
from clary.core.call import Call

TEXT_DETECTION_JOB = "textract:text-detection-job"
ANALYSIS_JOB = "textract:document-analysis-job"
EXPENSE_JOB = "textract:expense-analysis-job"
LENDING_JOB = "textract:lending-analysis-job"
ADAPTER = "textract:adapter"
ADAPTER_VERSION = "textract:adapter-version"
MODEL_VERSION = "1.0"


def resource_arn(call: Call, kind: str, name: str) -> str:
    """The ARN of a resource of the caller's account and region.

    Args:
        kind: a record kind, "textract:TYPE".
        name: what follows the type.
    """
    return str(Arn("textract", call.region, call.account, f"/{kind.partition(':')[2]}s/{name}"))


def version_arn(call: Call, adapter_id: str, version: str) -> str:
    """The ARN of a version of the caller's adapter."""
    return f"{resource_arn(call, ADAPTER, adapter_id)}/versions/{version}"
