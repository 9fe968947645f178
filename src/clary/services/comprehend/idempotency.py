"""Identifiers that follow from the client's token, so that a request which is sent twice is carried out once."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping
from typing import Any

from clary.core.call import Call
from clary.services.comprehend.errors import ResourceInUseException
from clary.storage.records import Record, Records

_NOT_ASKED = frozenset({"ClientRequestToken", "Tags"})


def token_id(call: Call, kind: str, request: Mapping[str, Any]) -> str:
    """32 hexadecimal digits: the same for the same token of the same account and kind of resource."""
    token = request.get("ClientRequestToken")
    if token is None:
        return secrets.token_hex(16)
    return hashlib.sha256(f"{call.account}:{call.region}:{kind}:{token}".encode()).hexdigest()[:32]


def asked(request: Mapping[str, Any]) -> dict[str, Any]:
    """What of a request belongs to the resource's description."""
    return {member: value for member, value in request.items() if member not in _NOT_ASKED}


def sent_before(records: Records, arn: str, request: Mapping[str, Any]) -> Record | None:
    """The resource that the same request made earlier, None where there is none.

    Raises:
        ResourceInUseException: another request made one of that name or with that token.
    """
    record = records.by_arn(arn)
    if record is None:
        return None
    same_token = record.body.get("token") == request.get("ClientRequestToken") is not None
    if same_token and record.body.get("request") == asked(request):
        return record
    raise ResourceInUseException(f"{arn} exists already, made by another request.")
