"""StartSegmentDetection and GetSegmentDetection: shots and technical cues of stored videos."""

from __future__ import annotations

from typing import Any

from clary.core.call import Call
from clary.core.operations import operation
from clary.services.rekognition.errors import InvalidParameterException
from clary.services.rekognition.names import SEGMENT_MODEL_VERSION
from clary.services.rekognition.shelf import INVALID
from clary.services.rekognition.videos.video_jobs import VideoJobs, VideoKind

SEGMENTS = VideoKind("segments", "Segments")
_LEAST_CONFIDENCE = 50.0
_BLACK_LEVEL = 0.2
_BLACK_PERCENT = 99.0


class VideoSegments:
    """Shots, frames that are black, and colour bars.

    Of AWS's technical cues Clary finds BlackFrames and ColorBars: credits, slates and logos are never reported.

    Args:
        jobs: starts and tells the work.
    """

    api = "rekognition"

    def __init__(self, jobs: VideoJobs) -> None:
        self._jobs = jobs

    @operation("StartSegmentDetection")
    def start(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Starts to look for shots and technical cues.

        Raises:
            InvalidParameterException, InvalidS3ObjectException, VideoTooLargeException: the video or a filter cannot
                be used.
            IdempotentParameterMismatchException: the token came with other parameters.
            LimitExceededException: too many jobs are in progress.
        """
        types, filters = request["SegmentTypes"], request.get("Filters", {})
        for member, kind in (("ShotFilter", "SHOT"), ("TechnicalCueFilter", "TECHNICAL_CUE")):
            if member in filters and kind not in types:
                raise InvalidParameterException(f"{INVALID}: {member} is given, but SegmentTypes lacks {kind}.")
        cues, shots = filters.get("TechnicalCueFilter", {}), filters.get("ShotFilter", {})
        black = cues.get("BlackFrame", {})
        task = {
            "types": sorted(set(types)),
            "least_cue": cues.get("MinSegmentConfidence", _LEAST_CONFIDENCE),
            "least_shot": shots.get("MinSegmentConfidence", _LEAST_CONFIDENCE),
            "black_level": black.get("MaxPixelThreshold", _BLACK_LEVEL),
            "black_percent": black.get("MinCoveragePercentage", _BLACK_PERCENT),
        }
        return self._jobs.start(call, SEGMENTS, request, task)

    @operation("GetSegmentDetection")
    def tell(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """How far it is, and at the end a page of segments.

        Raises:
            ResourceNotFoundException: the caller has no such job.
            InvalidPaginationTokenException: the token is not of this job.
        """
        answer = self._jobs.told(call, SEGMENTS, request)
        types = self._jobs.find(call, SEGMENTS, request["JobId"]).body["request"]["SegmentTypes"]
        answer["SelectedSegmentTypes"] = [
            {"Type": kind, "ModelVersion": SEGMENT_MODEL_VERSION} for kind in dict.fromkeys(types)
        ]
        if "VideoMetadata" in answer:
            answer["VideoMetadata"] = [answer["VideoMetadata"]]
            answer["AudioMetadata"] = []
        return answer
