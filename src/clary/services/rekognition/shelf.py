"""Finding, listing and tagging: what all resources of Rekognition do in the same way."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from clary.core.call import Call
from clary.core.pages import InvalidToken
from clary.services.rekognition.errors import (
    InvalidPaginationTokenException,
    InvalidParameterException,
    ResourceNotFoundException,
)
from clary.storage.records import Filters, Page, Record, Records

MOST_TAGS = 50
INVALID = "Request has invalid parameters"


def tags_of(sent: Mapping[str, str]) -> dict[str, str]:
    """The tags of a request, checked.

    Raises:
        InvalidParameterException: there are too many, or one is AWS's own.
    """
    if len(sent) > MOST_TAGS:
        raise InvalidParameterException(f"{INVALID}: a resource can have at most {MOST_TAGS} tags.")
    for key in sent:
        if key.lower().startswith("aws:"):
            raise InvalidParameterException(f"{INVALID}: the tag key {key!r} begins with aws:, which is reserved.")
    return dict(sent)


def find(records: Records, call: Call, kind: str, arn: str) -> Record:
    """The caller's resource of that kind and ARN.

    Raises:
        ResourceNotFoundException: there is none.
    """
    record = records.by_arn(arn)
    if record is None or record.kind != kind or (record.account, record.region) != (call.account, call.region):
        raise ResourceNotFoundException(f"{_WORDS.get(kind, 'Resource')} not found: {arn}")
    return record


_WORDS = {
    "rekognition:project": "Project",
    "rekognition:dataset": "Dataset",
    "rekognition:project-version": "Project version",
}


def page_of(
    records: Records,
    call: Call,
    kind: str,
    request: Mapping[str, Any],
    *,
    parent: str | None = None,
    default: int = 100,
    descending: bool = False,
    sort: str = "created",
) -> Page:
    """A page of a List operation, as `MaxResults` and `NextToken` of the request say.

    Args:
        parent: the ARN of what the resources must belong to.
        default: the length of a page where the request names none.

    Raises:
        InvalidPaginationTokenException: the token is not one of this listing.
    """
    try:
        return records.page(
            kind,
            call.account,
            call.region,
            filters=Filters(parent=parent),
            sort=sort,
            descending=descending,
            limit=request.get("MaxResults") or default,
            token=request.get("NextToken"),
        )
    except InvalidToken as error:
        raise InvalidPaginationTokenException from error


def next_token(page: Page) -> dict[str, str]:
    """The member with which an answer tells that there is more."""
    return {} if page.next_token is None else {"NextToken": page.next_token}
