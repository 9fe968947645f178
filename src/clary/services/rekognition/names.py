"""Kinds of records, their ARNs, and the versions that answers name."""

from __future__ import annotations

from clary.core.arn import Arn
from clary.core.call import Call

COLLECTION = "rekognition:collection"
PROJECT = "rekognition:project"
DATASET = "rekognition:dataset"
PROJECT_VERSION = "rekognition:project-version"
PROJECT_POLICY = "rekognition:project-policy"
STREAM_PROCESSOR = "rekognition:streamprocessor"
STREAM_SESSION = "rekognition:stream-session"
"""One run of a stream processor; no client sees these."""
VIDEO_JOB = "rekognition:video-job"
MEDIA_ANALYSIS_JOB = "rekognition:media-analysis-job"
LIVENESS_SESSION = "rekognition:face-liveness-session"
REQUEST_TOKEN = "rekognition:request-token"  # noqa: S105 - a kind of records
"""What was answered to a request with a ClientRequestToken; no client sees these."""

FACE_MODEL_VERSION = "1.0"
"""Grows when vectors of faces change: a collection is searched with the version that it was made with."""
LABEL_MODEL_VERSION = "1.0"
MODERATION_MODEL_VERSION = "1.0"
TEXT_MODEL_VERSION = "1.0"
EQUIPMENT_MODEL_VERSION = "1.0"
SEGMENT_MODEL_VERSION = "1.0"
CUSTOM_LABELS_BASE_VERSION = "1.0"


def resource_arn(call: Call, kind: str, name: str) -> str:
    """The ARN of a resource of the caller's account and region.

    Args:
        kind: a record kind, "rekognition:TYPE".
        name: what follows the type.
    """
    return str(Arn("rekognition", call.region, call.account, f"{kind.partition(':')[2]}/{name}"))
