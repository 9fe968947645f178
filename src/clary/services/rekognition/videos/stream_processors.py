"""Stream processors over local streams (see `stream_sessions`)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from clary.compute.jobs.scheduler import Jobs
from clary.core import ids
from clary.core.call import Call
from clary.core.clock import timestamp
from clary.core.operations import operation
from clary.services.rekognition import shelf
from clary.services.rekognition.errors import (
    InvalidParameterException,
    ResourceInUseException,
    ResourceNotFoundException,
)
from clary.services.rekognition.job_specs import failure_of
from clary.services.rekognition.names import COLLECTION, STREAM_PROCESSOR, STREAM_SESSION, resource_arn
from clary.services.rekognition.shelf import INVALID
from clary.services.rekognition.text_views import region_of
from clary.services.rekognition.videos.stream_sessions import StreamSessions
from clary.services.rekognition.videos.video_jobs import IN_PROGRESS
from clary.storage.caller_access import Authorize
from clary.storage.identities import Identities
from clary.storage.records import Record, RecordChanged, RecordExists, Records

HOME_LABELS = frozenset({"PERSON", "PET", "PACKAGE", "ALL"})
SERVICE_PRINCIPAL = "rekognition.amazonaws.com"
STOPPED, RUNNING, FAILED, STOPPING = "STOPPED", "RUNNING", "FAILED", "STOPPING"
_MEMBERS = (
    "Input",
    "Output",
    "RoleArn",
    "Settings",
    "NotificationChannel",
    "KmsKeyId",
    "RegionsOfInterest",
    "DataSharingPreference",
)


class StreamProcessors:
    """The stream processors of every account.

    Args:
        records: where they are kept.
        jobs: runs their sessions.
        sessions: makes sessions ready.
        identities: whom roles belong to.
        authorize: says whether the caller may search in a collection.
    """

    api = "rekognition"

    def __init__(
        self, records: Records, jobs: Jobs, sessions: StreamSessions, identities: Identities, authorize: Authorize
    ) -> None:
        self._authorize = authorize
        self._records = records
        self._jobs = jobs
        self._sessions = sessions
        self._identities = identities

    @operation("CreateStreamProcessor", resource="streamprocessor/{Name}")
    def create(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Makes a processor, which does not run yet.

        Raises:
            InvalidParameterException: the settings do not go together, or the role cannot be used.
            ResourceInUseException: the name is taken.
            AccessDeniedException: the caller may not use the collection.
        """
        tags = shelf.tags_of(request.get("Tags", {}))
        check_settings(request)
        for region in request.get("RegionsOfInterest", ()):
            region_of(region)
        search = request["Settings"].get("FaceSearch")
        if search is not None:
            collection = resource_arn(call, COLLECTION, search["CollectionId"])
            self._authorize(call, "rekognition:CreateStreamProcessor", collection)
        if not self._identities.hand_over(call.principal, request["RoleArn"], SERVICE_PRINCIPAL):
            raise InvalidParameterException(
                f"{INVALID}: Amazon Rekognition cannot assume the role {request['RoleArn']}."
            )
        arn = resource_arn(call, STREAM_PROCESSOR, request["Name"])
        body = {member: request[member] for member in _MEMBERS if member in request}
        record = Record(STREAM_PROCESSOR, call.account, call.region, request["Name"], arn, body={"asked": body})
        try:
            self._records.insert(record, tags=tags)
        except RecordExists as error:
            raise ResourceInUseException(f"A stream processor named {request['Name']} already exists.") from error
        return {"StreamProcessorArn": arn}

    @operation("DescribeStreamProcessor", resource="streamprocessor/{Name}")
    def describe(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """A processor and how it goes.

        Raises:
            ResourceNotFoundException: there is none of that name.
        """
        record = self._find(call, request["Name"])
        status, message = self._state(record)
        return {
            "Name": record.name,
            "StreamProcessorArn": record.arn,
            "Status": status,
            "StatusMessage": message,
            "CreationTimestamp": timestamp(record.created),
            "LastUpdateTimestamp": timestamp(record.modified),
            **record.body["asked"],
        }

    @operation("ListStreamProcessors")
    def page(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """A page of processors.

        Raises:
            InvalidPaginationTokenException: the token is not one of this listing.
        """
        page = shelf.page_of(self._records, call, STREAM_PROCESSOR, {**request, **_bounded(request)})
        processors = [{"Name": record.name, "Status": self._state(record)[0]} for record in page.records]
        return {"StreamProcessors": processors, **shelf.next_token(page)}

    @operation("UpdateStreamProcessor", resource="streamprocessor/{Name}")
    def update(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Changes the settings of a processor of connected homes that does not run.

        Raises:
            ResourceNotFoundException: there is none of that name.
            ResourceInUseException: it runs, or somebody changes it.
            InvalidParameterException: it is a face search, or the settings cannot be used.
        """
        record = self._idle(call, request["Name"])
        asked = dict(record.body["asked"])
        home = asked["Settings"].get("ConnectedHome")
        if home is None:
            raise InvalidParameterException(f"{INVALID}: only a processor with ConnectedHome settings can be changed.")
        home = {**home, **request.get("SettingsForUpdate", {}).get("ConnectedHomeForUpdate", {})}
        for member, name in (
            ("RegionsOfInterestForUpdate", "RegionsOfInterest"),
            ("DataSharingPreferenceForUpdate", "DataSharingPreference"),
        ):
            if member in request:
                asked[name] = request[member]
        for deleted in request.get("ParametersToDelete", ()):
            if deleted == "RegionsOfInterest":
                asked.pop("RegionsOfInterest", None)
            else:
                home.pop("MinConfidence", None)
        asked["Settings"] = {"ConnectedHome": home}
        check_settings(asked)
        for region in asked.get("RegionsOfInterest", ()):
            region_of(region)
        self._store(record, {**record.body, "asked": asked})
        return {}

    @operation("DeleteStreamProcessor", resource="streamprocessor/{Name}")
    def delete(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Deletes a processor that does not run.

        Raises:
            ResourceNotFoundException: there is none of that name.
            ResourceInUseException: it runs.
        """
        record = self._idle(call, request["Name"])
        try:
            self._records.delete(record)
        except RecordChanged as error:
            raise ResourceInUseException(f"{record.name} is being changed. Try again.") from error
        return {}

    @operation("StartStreamProcessor", resource="streamprocessor/{Name}")
    def start(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Starts a session over what lies in the stream.

        Raises:
            ResourceNotFoundException: there is none of that name, or no such stream or collection.
            ResourceInUseException: it runs.
            InvalidParameterException: the selectors do not fit, or the results cannot be written.
        """
        record = self._idle(call, request["Name"])
        asked = record.body["asked"]
        home = "ConnectedHome" in asked["Settings"]
        if home and "StopSelector" not in request:
            raise InvalidParameterException(f"{INVALID}: a processor with ConnectedHome settings needs a StopSelector.")
        name = ids.request_id()
        session = Record(
            STREAM_SESSION,
            call.account,
            call.region,
            name,
            resource_arn(call, STREAM_SESSION, name),
            parent=record.arn,
        )
        spec = self._sessions.prepared(call, session, asked, request)
        self._store(record, {**record.body, "session": session.arn})
        self._jobs.submit(session, spec)
        return {"SessionId": name}

    @operation("StopStreamProcessor", resource="streamprocessor/{Name}")
    def stop(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Ends the session of a processor.

        Raises:
            ResourceNotFoundException: there is none of that name.
            ResourceInUseException: it does not run.
        """
        record = self._find(call, request["Name"])
        if self._state(record)[0] != RUNNING:
            raise ResourceInUseException(f"{record.name} is not running.")
        self._jobs.stop(record.body["session"])
        return {}

    def _find(self, call: Call, name: str) -> Record:
        record = self._records.get(STREAM_PROCESSOR, call.account, call.region, name)
        if record is None:
            raise ResourceNotFoundException(f"The stream processor {name} does not exist.")
        return record

    def _idle(self, call: Call, name: str) -> Record:
        record = self._find(call, name)
        if self._state(record)[0] in (RUNNING, STOPPING):
            raise ResourceInUseException(f"{name} is running. Stop it first.")
        return record

    def _store(self, record: Record, body: Mapping[str, Any]) -> Record:
        try:
            return self._records.update(record, body=body)
        except RecordChanged as error:
            raise ResourceInUseException(f"{record.name} is being changed. Try again.") from error

    def _state(self, record: Record) -> tuple[str, str]:
        """Status and message of a processor: those of its last session."""
        session = self._records.by_arn(record.body["session"]) if "session" in record.body else None
        if session is None:
            return STOPPED, ""
        if session.status == IN_PROGRESS:
            return RUNNING, ""
        if session.status == STOPPING:
            return STOPPING, ""
        self._sessions.clear(session)
        return (FAILED, failure_of(session)) if session.status == FAILED else (STOPPED, "")


def _bounded(request: Mapping[str, Any]) -> dict[str, int]:
    return {"MaxResults": min(request["MaxResults"], 1000)} if "MaxResults" in request else {}


def check_settings(asked: Mapping[str, Any]) -> None:
    """Refuses settings, input and output that do not go together.

    Raises:
        InvalidParameterException: they do not.
    """
    settings, output = asked["Settings"], asked["Output"]
    if ("FaceSearch" in settings) == ("ConnectedHome" in settings):
        raise InvalidParameterException(f"{INVALID}: Settings needs either FaceSearch or ConnectedHome.")
    if not asked["Input"].get("KinesisVideoStream", {}).get("Arn"):
        raise InvalidParameterException(f"{INVALID}: Input names no Kinesis video stream.")
    if "FaceSearch" in settings:
        if not settings["FaceSearch"].get("CollectionId"):
            raise InvalidParameterException(f"{INVALID}: FaceSearch names no collection.")
        if not output.get("KinesisDataStream", {}).get("Arn"):
            raise InvalidParameterException(f"{INVALID}: FaceSearch needs a Kinesis data stream as its output.")
    else:
        if not output.get("S3Destination", {}).get("Bucket"):
            raise InvalidParameterException(f"{INVALID}: ConnectedHome needs an S3Destination with a bucket.")
        unknown = sorted(set(settings["ConnectedHome"]["Labels"]) - HOME_LABELS)
        if unknown:
            raise InvalidParameterException(
                f"{INVALID}: ConnectedHome knows the labels {', '.join(sorted(HOME_LABELS))}, not {unknown[0]!r}."
            )
