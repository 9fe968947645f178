"""Kinds of records, their ARNs, and the versions of the models as answers tell them."""

from __future__ import annotations

from clary.core.arn import Arn
from clary.core.call import Call

TEXT_DETECTION_JOB = "textract:text-detection-job"
ANALYSIS_JOB = "textract:document-analysis-job"
EXPENSE_JOB = "textract:expense-analysis-job"
LENDING_JOB = "textract:lending-analysis-job"
JOB_KINDS = (TEXT_DETECTION_JOB, ANALYSIS_JOB, EXPENSE_JOB, LENDING_JOB)
ADAPTER = "textract:adapter"
ADAPTER_VERSION = "textract:adapter-version"
ADAPTER_TRAINING = "textract:adapter-training-job"
"""The training of a version; no client sees these."""

MODEL_VERSION = "1.0"


def resource_arn(call: Call, kind: str, name: str) -> str:
    """The ARN of a resource of the caller's account and region.

    Args:
        kind: a record kind, "textract:TYPE".
        name: what follows the type.
    """
    return str(Arn("textract", call.region, call.account, f"/{kind.partition(':')[2]}s/{name}"))
