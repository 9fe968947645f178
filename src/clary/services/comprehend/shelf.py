"""Finding, listing and tagging: what all resources of Comprehend do in the same way."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from clary.core.call import Call
from clary.core.pages import InvalidToken, decode_token, encode_token
from clary.services.comprehend.errors import (
    InvalidFilterException,
    InvalidRequestException,
    KmsKeyValidationException,
    ResourceNotFoundException,
    TooManyTagsException,
)
from clary.storage.records import Filters, Record, Records

MOST_TAGS = 50
DEFAULT_PAGE = 100
_KEYS = (
    "VolumeKmsKeyId",
    "ModelKmsKeyId",
    "OutputDataConfig.KmsKeyId",
    "DataSecurityConfig.ModelKmsKeyId",
    "DataSecurityConfig.VolumeKmsKeyId",
    "DataSecurityConfig.DataLakeKmsKeyId",
)


def tags_of(request: Mapping[str, Any]) -> dict[str, str]:
    """The tags of a request, checked.

    Raises:
        InvalidRequestException: a key comes twice, or is one of AWS's own.
        TooManyTagsException: there are more than 50.
    """
    tags: dict[str, str] = {}
    for tag in request.get("Tags", []):
        key = tag["Key"]
        if key in tags:
            raise InvalidRequestException(f"Duplicate tag keys are not allowed: {key!r} appears more than once.")
        if key.lower().startswith("aws:"):
            raise InvalidRequestException(f"Invalid tag key {key!r}: keys that begin with aws: are reserved for AWS.")
        tags[key] = tag.get("Value", "")
    if len(tags) > MOST_TAGS:
        raise TooManyTagsException(f"A resource can have at most {MOST_TAGS} tags.")
    return tags


def refuse_keys(request: Mapping[str, Any]) -> None:
    """Refuses a request that wants something encrypted with a key.

    Raises:
        KmsKeyValidationException: it does; Clary has no keys.
    """
    for path in _KEYS:
        value: Any = request
        for part in path.split("."):
            value = value.get(part) if isinstance(value, Mapping) else None
        if value:
            raise KmsKeyValidationException(f"Clary does not have KMS keys: leave out {path}.")


def find(records: Records, call: Call, kinds: Sequence[str], arn: str) -> Record:
    """The caller's resource of that ARN and one of the kinds.

    Raises:
        ResourceNotFoundException: there is none.
    """
    record = records.by_arn(arn)
    if record is None or record.kind not in kinds or (record.account, record.region) != (call.account, call.region):
        raise ResourceNotFoundException()
    return record


def one_filter(request: Mapping[str, Any]) -> tuple[str, Any]:
    """The name and value of the filter of a List request, ("", None) where there is none.

    Raises:
        InvalidFilterException: several are set.
    """
    asked = request.get("Filter", {})
    if len(asked) > 1:
        raise InvalidFilterException(f"Only one filter can be set at a time, not {', '.join(sorted(asked))}.")
    return next(iter(asked.items()), ("", None))


def chosen(name: str, value: Any) -> tuple[Filters, bool]:
    """What a filter selects, and whether the newest comes first.

    Args:
        name: "Status", "JobStatus", "...Before", "...After", or the name of the member that `parent` holds.
    """
    if name in ("Status", "JobStatus"):
        return Filters(status=value), True
    if name.endswith("Before"):
        return Filters(created_before=value.timestamp()), False
    if name.endswith("After"):
        return Filters(created_after=value.timestamp()), True
    return (Filters(parent=value) if name else Filters()), True


def page(
    records: Records,
    call: Call,
    kind: str,
    request: Mapping[str, Any],
    member: str,
    summary: Callable[[Record], dict[str, Any]],
    filters: Filters,
    *,
    newest_first: bool = True,
) -> dict[str, Any]:
    """The answer of a List operation.

    Args:
        request: may hold `MaxResults` and `NextToken`.
        member: the list's name in the answer.

    Raises:
        InvalidRequestException: the token is not one of this listing.
    """
    try:
        found = records.page(
            kind,
            call.account,
            call.region,
            filters=filters,
            descending=newest_first,
            limit=request.get("MaxResults", DEFAULT_PAGE),
            token=request.get("NextToken"),
        )
    except InvalidToken as error:
        raise InvalidRequestException("NextToken is not valid: it was not returned by this operation.") from error
    answer: dict[str, Any] = {member: [summary(record) for record in found.records]}
    if found.next_token is not None:
        answer["NextToken"] = found.next_token
    return answer


def place_in_list(request: Mapping[str, Any]) -> tuple[int, int]:
    """Where a page begins in a list that is put together for the request, and how long it may be.

    Raises:
        InvalidRequestException: the token is not one of this listing.
    """
    size: int = request.get("MaxResults", DEFAULT_PAGE)
    if "NextToken" not in request:
        return 0, size
    try:
        (start,) = decode_token(request["NextToken"], 1)
    except InvalidToken as error:
        raise InvalidRequestException("NextToken is not valid: it was not returned by this operation.") from error
    if not isinstance(start, int) or start < 0:
        raise InvalidRequestException("NextToken is not valid: it was not returned by this operation.")
    return start, size


def list_token(start: int) -> str:
    """The token of the page that begins there."""
    return encode_token(start)
