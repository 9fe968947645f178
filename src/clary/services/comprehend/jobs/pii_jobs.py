"""Finds personal information in each document of a collection, or takes it out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from clary.core.call import Call
from clary.core.operations import operation
from clary.services.comprehend.errors import InvalidRequestException
from clary.services.comprehend.jobs.analysis_jobs import AnalysisJobs, JobKind
from clary.services.comprehend.names import PII_JOB

ONLY_REDACTION = "ONLY_REDACTION"
DEFAULT_MASK = "*"


class PiiJobs(AnalysisJobs):
    """The personal information jobs of every account."""

    made = JobKind(PII_JOB, "PiiEntitiesDetectionJob", "PII", "redaction:main", packed=False)

    @operation("StartPiiEntitiesDetectionJob")
    def start(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Puts a job into the queue: it writes where the information stands, or copies without it.

        Raises:
            InvalidRequestException: the language, a place, the role or the configuration cannot be used.
            ResourceInUseException: the token was sent with another request.
        """
        redaction = _redaction(request["Mode"], request.get("RedactionConfig"))
        return self._analyse(call, request, "pii", redaction=redaction)

    @operation("DescribePiiEntitiesDetectionJob", resource="pii-entities-detection-job/{JobId}")
    def describe(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """A job.

        Raises:
            JobNotFoundException: there is no such job.
        """
        return self._describe(call, request)

    @operation("ListPiiEntitiesDetectionJobs")
    def list(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """A page of jobs."""
        return self._list(call, request)

    @operation("StopPiiEntitiesDetectionJob", resource="pii-entities-detection-job/{JobId}")
    def stop(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Stops a job; nothing is left of what it had found.

        Raises:
            JobNotFoundException: there is no such job.
        """
        return self._stop(call, request)


def _redaction(mode: str, config: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """What the program shall take out and how, None where it shall only say what stands where.

    Raises:
        InvalidRequestException: the configuration does not fit the mode.
    """
    if mode != ONLY_REDACTION:
        if config:
            raise InvalidRequestException("RedactionConfig can be set only when Mode is ONLY_REDACTION.")
        return None
    if not config:
        raise InvalidRequestException("RedactionConfig is required when Mode is ONLY_REDACTION.")
    masks = config.get("MaskMode", "MASK") == "MASK"
    if not masks and "MaskCharacter" in config:
        raise InvalidRequestException("RedactionConfig.MaskCharacter can be set only when MaskMode is MASK.")
    return {
        "types": config.get("PiiEntityTypes") or ["ALL"],
        "mask": config.get("MaskCharacter", DEFAULT_MASK) if masks else "",
    }
