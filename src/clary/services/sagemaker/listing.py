"""The List operations: one reading of their filters, sorting and paging for all of SageMaker's resources."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from clary.core.call import Call
from clary.core.errors import ValidationException
from clary.core.pages import InvalidToken
from clary.storage.records import Filters, Page, Records

SORT_COLUMNS: Mapping[str, str] = {
    "Name": "name",
    "CreationTime": "created",
    "LastModifiedTime": "modified",
    "Status": "status",
}
DEFAULT_PAGE = 10


def page_of(
    records: Records, call: Call, kind: str, request: Mapping[str, Any], *, descending_by_default: bool
) -> Page:
    """The page of the caller's resources that a List request asks for.

    Args:
        request: may hold NameContains, StatusEquals, CreationTimeAfter/Before, LastModifiedTimeAfter/Before, SortBy,
            SortOrder, MaxResults and NextToken.
        descending_by_default: the order when SortOrder is not given; SageMaker's operations differ in that.

    Raises:
        ValidationException: NextToken is not one of this listing.
    """
    order = request.get("SortOrder")
    try:
        return records.page(
            kind,
            call.account,
            call.region,
            filters=Filters(
                status=request.get("StatusEquals"),
                name_contains=request.get("NameContains"),
                created_after=_seconds(request, "CreationTimeAfter"),
                created_before=_seconds(request, "CreationTimeBefore"),
                modified_after=_seconds(request, "LastModifiedTimeAfter"),
                modified_before=_seconds(request, "LastModifiedTimeBefore"),
            ),
            sort=SORT_COLUMNS[request.get("SortBy", "CreationTime")],
            descending=descending_by_default if order is None else order == "Descending",
            limit=request.get("MaxResults", DEFAULT_PAGE),
            token=request.get("NextToken"),
        )
    except InvalidToken as error:
        raise ValidationException("Invalid NextToken: it was not returned by this operation.") from error


def listing(member: str, summaries: list[dict[str, Any]], page: Page) -> dict[str, Any]:
    """The response: `member` with the summaries, and NextToken where there is more."""
    response: dict[str, Any] = {member: summaries}
    if page.next_token is not None:
        response["NextToken"] = page.next_token
    return response


def _seconds(request: Mapping[str, Any], name: str) -> float | None:
    value = request.get(name)
    return None if value is None else float(value.timestamp())
