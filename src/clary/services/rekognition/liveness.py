"""Face liveness sessions.

A session waits for the video that AWS's Amplify component streams from a phone or browser. Clary has no model that
tells a living face from a picture of one, so it takes no video: a session expires, and no confidence is ever made up.
"""

from __future__ import annotations

import uuid
from typing import Any

from clary.core.call import Call
from clary.core.clock import Clock
from clary.core.operations import operation
from clary.services.rekognition.errors import InvalidParameterException, SessionNotFoundException
from clary.services.rekognition.names import LIVENESS_SESSION, resource_arn
from clary.services.rekognition.pictures import Pictures
from clary.services.rekognition.request_tokens import TOKEN, digest_of
from clary.services.rekognition.shelf import INVALID
from clary.storage.records import Record, RecordExists, Records

SESSION_SECONDS = 180.0


class LivenessSessions:
    """The sessions of every account.

    Args:
        records: where they are kept.
        pictures: checks where a session's pictures are to go.
        clock: says when one expires.
    """

    api = "rekognition"

    def __init__(self, records: Records, pictures: Pictures, clock: Clock) -> None:
        self._records = records
        self._pictures = pictures
        self._clock = clock

    @operation("CreateFaceLivenessSession")
    def create(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Makes a session, which expires after three minutes.

        Raises:
            InvalidParameterException: the bucket for its pictures cannot be used, or its token came with other
                parameters.
        """
        output = request.get("Settings", {}).get("OutputConfig")
        if output is not None:
            self._pictures.require_writable(call, output["S3Bucket"], output.get("S3KeyPrefix", ""))
        token, digest = request.get(TOKEN), digest_of(request)
        scope = f"{call.account}/{call.region}/{token}"
        session = str(uuid.uuid5(uuid.NAMESPACE_URL, scope) if token else uuid.uuid4())
        arn = resource_arn(call, LIVENESS_SESSION, session)
        try:
            self._records.insert(
                Record(LIVENESS_SESSION, call.account, call.region, session, arn, body={"digest": digest})
            )
        except RecordExists:
            before = self._records.by_arn(arn)
            if before is not None and before.body["digest"] != digest:
                raise InvalidParameterException(
                    f"{INVALID}: the ClientRequestToken came before with other parameters."
                ) from None
        return {"SessionId": session}

    @operation("GetFaceLivenessSessionResults")
    def describe(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """How a session goes: CREATED, and EXPIRED after three minutes.

        Raises:
            SessionNotFoundException: there is none of that id.
        """
        record = self._records.get(LIVENESS_SESSION, call.account, call.region, request["SessionId"])
        if record is None:
            raise SessionNotFoundException(SessionId=request["SessionId"])
        expired = self._clock.time() > record.created + SESSION_SECONDS
        return {"SessionId": record.name, "Status": "EXPIRED" if expired else "CREATED"}
