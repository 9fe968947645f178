"""Finding, listing and tagging of what Textract keeps."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from clary.core.call import Call
from clary.core.pages import InvalidToken
from clary.services.textract.errors import (
    InvalidParameterException,
    ResourceNotFoundException,
    ServiceQuotaExceededException,
)
from clary.storage.records import Filters, Page, Record, Records

MOST_TAGS = 200
DEFAULT_PAGE = 100


def require(records: Records, call: Call, kind: str, name: str) -> Record:
    """The caller's record of that kind and name.

    Raises:
        ResourceNotFoundException: there is none.
    """
    record = records.get(kind, call.account, call.region, name)
    if record is None:
        raise ResourceNotFoundException(f"There is no {kind.partition(':')[2].replace('-', ' ')} {name}.")
    return record


def check_tags(tags: Mapping[str, str]) -> None:
    """Holds tags against the rules of AWS.

    Raises:
        InvalidParameterException: a key is one of AWS's own.
        ServiceQuotaExceededException: there are more than 200.
    """
    for key in tags:
        if key.lower().startswith("aws:"):
            raise InvalidParameterException(rule=f"Tags: the key {key!r} begins with aws:, which is reserved.")
    if len(tags) > MOST_TAGS:
        raise ServiceQuotaExceededException(f"A resource can have at most {MOST_TAGS} tags.")


def digest(request: Mapping[str, Any]) -> str:
    """What tells two requests apart that bear the same ClientRequestToken."""
    parameters = {name: value for name, value in request.items() if name != "ClientRequestToken"}
    return hashlib.sha256(json.dumps(parameters, sort_keys=True).encode()).hexdigest()


def listing(
    records: Records,
    call: Call,
    kind: str,
    request: Mapping[str, Any],
    member: str,
    summary: Callable[[Record], dict[str, Any]],
    *,
    parent: str | None = None,
) -> dict[str, Any]:
    """The answer of a List operation.

    Args:
        request: may hold AfterCreationTime, BeforeCreationTime, MaxResults and NextToken.
        member: the list's name in the answer.
        parent: the ARN of what the records must belong to.

    Raises:
        InvalidParameterException: the token is not one of this listing.
    """
    filters = Filters(
        parent=parent,
        created_after=_seconds(request.get("AfterCreationTime")),
        created_before=_seconds(request.get("BeforeCreationTime")),
    )
    page = _page(records, call, kind, request, filters)
    answer: dict[str, Any] = {member: [summary(record) for record in page.records]}
    if page.next_token is not None:
        answer["NextToken"] = page.next_token
    return answer


def _page(records: Records, call: Call, kind: str, request: Mapping[str, Any], filters: Filters) -> Page:
    try:
        return records.page(
            kind,
            call.account,
            call.region,
            filters=filters,
            limit=min(request.get("MaxResults", DEFAULT_PAGE), DEFAULT_PAGE),
            token=request.get("NextToken"),
        )
    except InvalidToken as error:
        raise InvalidParameterException(rule="NextToken was not returned by this operation.") from error


def _seconds(time: datetime | None) -> float | None:
    return None if time is None else time.timestamp()
