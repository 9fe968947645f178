"""StartProjectVersion, StopProjectVersion and DetectCustomLabels."""

from __future__ import annotations

import asyncio
from typing import Any

import orjson

from clary.compute.hosting.endpoints import EndpointGone, Hosting, InvocationFailed, InvocationTimeout, InvokeRequest
from clary.core.call import Call
from clary.core.operations import operation
from clary.engines.refusals import Refused
from clary.services.rekognition import shelf
from clary.services.rekognition.custom_labels import version_status
from clary.services.rekognition.custom_labels.model_hosting import ModelHosting
from clary.services.rekognition.custom_labels.project_versions import ProjectVersions
from clary.services.rekognition.custom_labels.version_status import RUNNING, STARTING, status_of
from clary.services.rekognition.errors import (
    InternalServerError,
    InvalidParameterException,
    LimitExceededException,
    ResourceInUseException,
    ResourceNotReadyException,
)
from clary.services.rekognition.face_views import box, percent
from clary.services.rekognition.names import PROJECT_VERSION
from clary.services.rekognition.pictures import Pictures
from clary.services.rekognition.shelf import INVALID
from clary.services.rekognition.vision import told
from clary.storage.records import RecordChanged, Records

MOST_UNITS = 25
_SHORTEST_SIDE = 32  # half of what AWS asks for: what a model may learn from it may be asked, too


class RunningModels:
    """Models of Custom Labels while they answer.

    Args:
        records: where versions are.
        versions: where their models lie.
        running: starts and ends their processes.
        hosting: reaches their processes.
        pictures: reads pictures.
    """

    api = "rekognition"

    def __init__(
        self, records: Records, versions: ProjectVersions, running: ModelHosting, hosting: Hosting, pictures: Pictures
    ) -> None:
        self._records = records
        self._versions = versions
        self._running = running
        self._hosting = hosting
        self._pictures = pictures

    @operation("StartProjectVersion", resource="{ProjectVersionArn}")
    def start(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Starts a trained model.

        Raises:
            ResourceNotFoundException: there is no such version.
            ResourceInUseException: it runs, or is not trained.
            InvalidParameterException: the inference units do not go together.
            LimitExceededException: too many inference units.
        """
        version = shelf.find(self._records, call, PROJECT_VERSION, request["ProjectVersionArn"])
        units, most = request["MinInferenceUnits"], request.get("MaxInferenceUnits")
        if most is not None and most < units:
            raise InvalidParameterException(f"{INVALID}: MaxInferenceUnits must not be less than MinInferenceUnits.")
        if max(units, most or 0) > MOST_UNITS:
            raise LimitExceededException(f"A model can have at most {MOST_UNITS} inference units.")
        status, _ = status_of(self._records, version)
        if status not in version_status.TRAINED:
            raise ResourceInUseException(f"{version.arn} is in status {status}; it cannot be started.")
        try:
            if status == version_status.FAILED:
                self._running.stop(version)
                raise ResourceInUseException(f"{version.arn} is being cleared away after a failure. Try again.")
            self._running.start(version, self._versions.place(version) / "model", units, most)
        except RecordChanged as error:
            raise ResourceInUseException(f"{version.arn} is being changed. Try again.") from error
        return {"Status": STARTING}

    @operation("StopProjectVersion", resource="{ProjectVersionArn}")
    def stop(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Ends a running model.

        Raises:
            ResourceNotFoundException: there is no such version.
            ResourceInUseException: it does not run.
        """
        version = shelf.find(self._records, call, PROJECT_VERSION, request["ProjectVersionArn"])
        status, _ = status_of(self._records, version)
        if status not in (RUNNING, STARTING, version_status.FAILED):
            raise ResourceInUseException(f"{version.arn} is in status {status}; only one that runs can be stopped.")
        try:
            self._running.stop(version)
        except RecordChanged as error:
            raise ResourceInUseException(f"{version.arn} is being changed. Try again.") from error
        return {"Status": version_status.STOPPING}

    @operation("DetectCustomLabels", resource="{ProjectVersionArn}")
    async def detect(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """The labels that a running model finds in a picture.

        Without MinConfidence each label needs the confidence that the evaluation found best for it.

        Raises:
            ResourceNotFoundException: there is no such version.
            ResourceNotReadyException: it does not run.
            InvalidParameterException, InvalidS3ObjectException, ImageTooLargeException, InvalidImageFormatException:
                the picture cannot be used.
            InternalServerError: the model did not answer.
        """
        serving, picture = await asyncio.to_thread(self._asked, call, request)
        try:
            answer = await self._hosting.invoke(serving, InvokeRequest(picture))
        except EndpointGone as error:
            raise _not_ready(request["ProjectVersionArn"]) from error
        except (InvocationTimeout, InvocationFailed) as error:
            raise InternalServerError(f"The model could not answer: {error}") from error
        if answer.status == 400:
            refused = orjson.loads(answer.body)
            raise told(Refused(refused["reason"], refused["message"]))
        if answer.status != 200:
            raise InternalServerError("The model could not answer; its log says why.")
        return {"CustomLabels": chosen(orjson.loads(answer.body), request)}

    def _asked(self, call: Call, request: dict[str, Any]) -> tuple[str, bytes]:
        version = shelf.find(self._records, call, PROJECT_VERSION, request["ProjectVersionArn"])
        if status_of(self._records, version)[0] != RUNNING:
            raise _not_ready(version.arn)
        return str(version.body["serving"]), self._pictures.read(call, request["Image"], _SHORTEST_SIDE)


def _not_ready(arn: str) -> ResourceNotReadyException:
    return ResourceNotReadyException(f"{arn} is not running: start it with StartProjectVersion.")


def chosen(found: list[dict[str, Any]], request: dict[str, Any]) -> list[dict[str, Any]]:
    """`CustomLabels`, the most confident first.

    Args:
        found: of the model: "name", "confidence" and "threshold" (0..1), "box" or None.
        request: may hold MinConfidence and MaxResults.
    """
    least = request.get("MinConfidence")
    passed = [
        one for one in found if percent(one["confidence"]) >= (percent(one["threshold"]) if least is None else least)
    ]
    passed.sort(key=lambda one: -one["confidence"])
    views = []
    for one in passed[: request.get("MaxResults")]:
        view: dict[str, Any] = {"Name": one["name"], "Confidence": percent(one["confidence"])}
        if one["box"] is not None:
            view["Geometry"] = {"BoundingBox": box(one["box"])}
        views.append(view)
    return views
