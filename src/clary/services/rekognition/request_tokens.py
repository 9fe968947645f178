"""What was answered to requests with a ClientRequestToken, so that one that is sent again changes nothing again."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import orjson

from clary.core.call import Call
from clary.services.rekognition.errors import IdempotentParameterMismatchException
from clary.services.rekognition.names import REQUEST_TOKEN, resource_arn
from clary.storage.records import Record, RecordExists, Records

TOKEN = "ClientRequestToken"  # noqa: S105 - the name of a member


def digest_of(request: Mapping[str, Any]) -> str:
    """A digest of a request's parameters, its token aside."""
    rest = {name: value for name, value in request.items() if name != TOKEN}
    return hashlib.sha256(orjson.dumps(rest, option=orjson.OPT_SORT_KEYS, default=_plain)).hexdigest()


def _plain(value: object) -> str:
    return hashlib.sha256(value).hexdigest() if isinstance(value, bytes) else str(value)


class RequestTokens:
    """The tokens of every account.

    Args:
        records: where they are kept.
    """

    def __init__(self, records: Records) -> None:
        self._records = records

    def answered(self, call: Call, request: Mapping[str, Any]) -> dict[str, Any] | None:
        """The answer to the same request before; None where it is new or carries no token.

        Raises:
            IdempotentParameterMismatchException: the token came with other parameters.
        """
        if TOKEN not in request:
            return None
        record = self._records.get(REQUEST_TOKEN, call.account, call.region, _name(call, request))
        if record is None:
            return None
        if record.body["digest"] != digest_of(request):
            raise IdempotentParameterMismatchException
        answer: dict[str, Any] = record.body["answer"]
        return answer

    def remember(self, call: Call, request: Mapping[str, Any], answer: dict[str, Any]) -> dict[str, Any]:
        """Keeps an answer; returns it."""
        if TOKEN in request:
            name = _name(call, request)
            body = {"digest": digest_of(request), "answer": answer}
            try:
                self._records.insert(
                    Record(
                        REQUEST_TOKEN,
                        call.account,
                        call.region,
                        name,
                        resource_arn(call, REQUEST_TOKEN, name),
                        body=body,
                    )
                )
            except RecordExists:  # the same request at the same time
                return answer
        return answer


def _name(call: Call, request: Mapping[str, Any]) -> str:
    return f"{call.operation}/{request[TOKEN]}"
