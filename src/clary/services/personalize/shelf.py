"""Finding, listing and tagging: what all resources of Personalize do in the same way."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from clary.core.call import Call
from clary.core.pages import InvalidToken
from clary.services.personalize.errors import (
    InvalidInputException,
    InvalidNextTokenException,
    ResourceAlreadyExistsException,
    ResourceInUseException,
    ResourceNotFoundException,
    TooManyTagsException,
)
from clary.storage.records import Filters, Record, RecordChanged, RecordExists, Records

MOST_TAGS = 50
DEFAULT_PAGE = 100


def tags_of(sent: Sequence[Mapping[str, str]]) -> dict[str, str]:
    """The tags of a request, checked.

    Raises:
        InvalidInputException: a key comes twice, or is one of AWS's own.
        TooManyTagsException: there are more than 50.
    """
    tags: dict[str, str] = {}
    for tag in sent:
        key = tag["tagKey"]
        if key in tags:
            raise InvalidInputException(f"Duplicate tag keys are not allowed: {key!r} appears more than once.")
        if key.lower().startswith("aws:"):
            raise InvalidInputException(f"Invalid tag key {key!r}: keys that begin with aws: are reserved for AWS.")
        tags[key] = tag["tagValue"]
    if len(tags) > MOST_TAGS:
        raise TooManyTagsException(f"A resource can have at most {MOST_TAGS} tags.")
    return tags


def find(records: Records, call: Call, kind: str, arn: str) -> Record:
    """The caller's resource of that kind and ARN.

    Raises:
        ResourceNotFoundException: there is none.
    """
    record = records.by_arn(arn)
    if record is None or record.kind != kind or (record.account, record.region) != (call.account, call.region):
        raise ResourceNotFoundException(f"Resource Arn {arn} does not exist.")
    return record


def insert(records: Records, record: Record, tags: Mapping[str, str] | None = None) -> Record:
    """Stores a new resource.

    Raises:
        ResourceAlreadyExistsException: its name is taken.
    """
    try:
        return records.insert(record, tags=tags)
    except RecordExists as error:
        raise already_exists(record.arn) from error


def already_exists(arn: str) -> ResourceAlreadyExistsException:
    """The error for a name that is taken."""
    return ResourceAlreadyExistsException(f"Another resource with Arn {arn} already exists.")


def delete(records: Records, record: Record) -> None:
    """Removes a resource.

    Raises:
        ResourceInUseException: somebody changed it meanwhile.
    """
    try:
        records.delete(record)
    except RecordChanged as error:
        raise ResourceInUseException(f"Resource Arn {record.arn} is being changed. Try again.") from error


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
        request: may hold `maxResults` and `nextToken`.
        member: the list's name in the answer.
        parent: the ARN of what the resources must belong to.

    Raises:
        InvalidNextTokenException: the token is not one of this listing.
    """
    try:
        page = records.page(
            kind,
            call.account,
            call.region,
            filters=Filters(parent=parent),
            limit=request.get("maxResults", DEFAULT_PAGE),
            token=request.get("nextToken"),
        )
    except InvalidToken as error:
        raise InvalidNextTokenException("The nextToken is not valid: it was not returned by this operation.") from error
    answer: dict[str, Any] = {member: [summary(record) for record in page.records]}
    if page.next_token is not None:
        answer["nextToken"] = page.next_token
    return answer
