"""Kinds of records, their ARNs and their times."""

from __future__ import annotations

from clary.core.arn import Arn
from clary.core.call import Call

DOMINANT_LANGUAGE_JOB = "comprehend:dominant-language-detection-job"
ENTITIES_JOB = "comprehend:entities-detection-job"
EVENTS_JOB = "comprehend:events-detection-job"
KEY_PHRASES_JOB = "comprehend:key-phrases-detection-job"
PII_JOB = "comprehend:pii-entities-detection-job"
SENTIMENT_JOB = "comprehend:sentiment-detection-job"
TARGETED_SENTIMENT_JOB = "comprehend:targeted-sentiment-detection-job"
TOPICS_JOB = "comprehend:topics-detection-job"
CLASSIFICATION_JOB = "comprehend:document-classification-job"
CLASSIFIER = "comprehend:document-classifier"
RECOGNIZER = "comprehend:entity-recognizer"
CLASSIFIER_ENDPOINT = "comprehend:document-classifier-endpoint"
RECOGNIZER_ENDPOINT = "comprehend:entity-recognizer-endpoint"
FLYWHEEL = "comprehend:flywheel"
DATASET = "comprehend:flywheel-dataset"
ITERATION = "comprehend:flywheel-iteration"

MODELS = (CLASSIFIER, RECOGNIZER)
ENDPOINTS = (CLASSIFIER_ENDPOINT, RECOGNIZER_ENDPOINT)

SUBMITTED = "SUBMITTED"
IN_PROGRESS = "IN_PROGRESS"
STOP_REQUESTED = "STOP_REQUESTED"
STOPPED = "STOPPED"
COMPLETED = "COMPLETED"
FAILED = "FAILED"
TRAINING = "TRAINING"
TRAINED = "TRAINED"
TRAINED_WITH_WARNING = "TRAINED_WITH_WARNING"
"""Told of a TRAINED model whose training left pages out that it could not read; its record says TRAINED."""
IN_ERROR = "IN_ERROR"


def resource_arn(call: Call, kind: str, name: str) -> str:
    """The ARN of a resource of the caller's account and region.

    Args:
        kind: a record kind, "comprehend:TYPE".
        name: what follows the type ("reviews", "reviews/version/v2").
    """
    return str(Arn("comprehend", call.region, call.account, f"{kind.partition(':')[2]}/{name}"))
