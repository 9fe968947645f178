"""Stored videos: what they show, frame by frame, without looking anybody up."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from clary.core.call import Call
from clary.core.operations import operation
from clary.services.rekognition.label_views import VIDEO_CONFIDENCE, LabelFilter
from clary.services.rekognition.moderation import DEFAULT_CONFIDENCE as MODERATION_CONFIDENCE
from clary.services.rekognition.names import LABEL_MODEL_VERSION, MODERATION_MODEL_VERSION, TEXT_MODEL_VERSION
from clary.services.rekognition.text_views import WordFilter
from clary.services.rekognition.videos.video_jobs import VideoJobs, VideoKind

LABELS = VideoKind("labels", "Labels", ("TIMESTAMP", "NAME"), (("LabelModelVersion", LABEL_MODEL_VERSION),))
MODERATION = VideoKind(
    "moderation",
    "ModerationLabels",
    ("TIMESTAMP", "NAME"),
    (("ModerationModelVersion", MODERATION_MODEL_VERSION),),
)
FACES = VideoKind("faces", "Faces")
TEXT = VideoKind("text", "TextDetections", version=(("TextModelVersion", TEXT_MODEL_VERSION),))
PERSONS = VideoKind("persons", "Persons", ("INDEX", "TIMESTAMP"))


class VideoAnalysis:
    """Labels, moderation, faces, text and persons of videos.

    Args:
        jobs: starts and tells the work.
    """

    api = "rekognition"

    def __init__(self, jobs: VideoJobs) -> None:
        self._jobs = jobs

    @operation("StartLabelDetection")
    def start_labels(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Starts to look for labels.

        Raises:
            InvalidParameterException, InvalidS3ObjectException, VideoTooLargeException: the video or a filter cannot
                be used.
            IdempotentParameterMismatchException: the token came with other parameters.
            LimitExceededException: too many jobs are in progress.
        """
        settings = request.get("Settings", {}).get("GeneralLabels", {})
        wanted = {name: sorted(words) for name, words in asdict(LabelFilter.of(settings)).items()}
        task = {"least": request.get("MinConfidence", VIDEO_CONFIDENCE), "filter": wanted}
        return self._jobs.start(call, LABELS, request, task)

    @operation("GetLabelDetection")
    def tell_labels(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """How far it is, and at the end a page of labels with their times in milliseconds.

        Raises:
            ResourceNotFoundException: the caller has no such job.
            InvalidPaginationTokenException: the token is not of this job and order.
        """
        return {**self._jobs.told(call, LABELS, request), "GetRequestMetadata": _metadata(request)}

    @operation("StartContentModeration")
    def start_moderation(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Starts to look for what not everybody should see.

        Raises:
            InvalidParameterException, InvalidS3ObjectException, VideoTooLargeException,
            IdempotentParameterMismatchException, LimitExceededException: as StartLabelDetection.
        """
        task = {"least": request.get("MinConfidence", MODERATION_CONFIDENCE)}
        return self._jobs.start(call, MODERATION, request, task)

    @operation("GetContentModeration")
    def tell_moderation(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """How far it is, and at the end a page of moderation labels.

        Raises:
            ResourceNotFoundException, InvalidPaginationTokenException: as GetLabelDetection.
        """
        return {**self._jobs.told(call, MODERATION, request), "GetRequestMetadata": _metadata(request)}

    @operation("StartFaceDetection")
    def start_faces(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Starts to look for faces.

        Raises:
            InvalidParameterException, InvalidS3ObjectException, VideoTooLargeException,
            IdempotentParameterMismatchException, LimitExceededException: as StartLabelDetection.
        """
        return self._jobs.start(call, FACES, request, {"attributes": request.get("FaceAttributes", "DEFAULT")})

    @operation("GetFaceDetection")
    def tell_faces(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """How far it is, and at the end a page of faces.

        Raises:
            ResourceNotFoundException, InvalidPaginationTokenException: as GetLabelDetection.
        """
        return self._jobs.told(call, FACES, request)

    @operation("StartTextDetection")
    def start_text(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Starts to look for text.

        Raises:
            InvalidParameterException, InvalidS3ObjectException, VideoTooLargeException,
            IdempotentParameterMismatchException, LimitExceededException: as StartLabelDetection.
        """
        wanted = WordFilter.of(request.get("Filters", {}))
        return self._jobs.start(call, TEXT, request, {"filter": asdict(wanted)})

    @operation("GetTextDetection")
    def tell_text(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """How far it is, and at the end a page of lines and words.

        Raises:
            ResourceNotFoundException, InvalidPaginationTokenException: as GetLabelDetection.
        """
        return self._jobs.told(call, TEXT, request)

    @operation("StartPersonTracking")
    def start_persons(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Starts to follow persons.

        Raises:
            InvalidParameterException, InvalidS3ObjectException, VideoTooLargeException,
            IdempotentParameterMismatchException, LimitExceededException: as StartLabelDetection.
        """
        return self._jobs.start(call, PERSONS, request)

    @operation("GetPersonTracking")
    def tell_persons(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """How far it is, and at the end a page of places where persons were, each with an index of its own.

        Raises:
            ResourceNotFoundException, InvalidPaginationTokenException: as GetLabelDetection.
        """
        return self._jobs.told(call, PERSONS, request)


def _metadata(request: dict[str, Any]) -> dict[str, str]:
    return {
        "SortBy": request.get("SortBy", "TIMESTAMP"),
        "AggregateBy": request.get("AggregateBy", "TIMESTAMPS"),
    }
