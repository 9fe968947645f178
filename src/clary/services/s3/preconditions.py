"""Conditional reads and ranges, as RFC 9110 and S3 define them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from clary.services.s3.errors import InvalidRange
from clary.storage.object_errors import PreconditionFailed
from clary.storage.object_values import StoredObject

_RANGE = re.compile(r"\s*bytes\s*=\s*(\d*)\s*-\s*(\d*)\s*", re.ASCII | re.IGNORECASE)


def is_unchanged(request: Mapping[str, Any], stored: StoredObject) -> bool:
    """Whether the reader has the object already and is to be answered 304.

    Raises:
        PreconditionFailed: If-Match or If-Unmodified-Since does not hold.
    """
    modified = int(stored.modified)
    if (wanted := request.get("IfMatch")) is not None:
        if not _names(wanted, stored.etag):
            raise PreconditionFailed(Condition="If-Match")
    elif (before := request.get("IfUnmodifiedSince")) is not None and modified > _seconds(before):
        raise PreconditionFailed(Condition="If-Unmodified-Since")
    if (known := request.get("IfNoneMatch")) is not None:
        return _names(known, stored.etag)
    since = request.get("IfModifiedSince")
    return since is not None and modified <= _seconds(since)


def check_source(request: Mapping[str, Any], stored: StoredObject) -> None:
    """Checks the conditions on the source of a copy.

    Raises:
        PreconditionFailed: one does not hold.
    """
    plain = {
        name.removeprefix("CopySource"): value for name, value in request.items() if name.startswith("CopySourceIf")
    }
    try:
        unchanged = is_unchanged(plain, stored)
    except PreconditionFailed as error:
        raise PreconditionFailed(Condition=f"x-amz-copy-source-{error.details['Condition']}") from None
    if unchanged:
        name = "If-None-Match" if "IfNoneMatch" in plain else "If-Modified-Since"
        raise PreconditionFailed(Condition=f"x-amz-copy-source-{name}")


def parse_range(text: str, size: int) -> tuple[int, int] | None:
    """The half-open range that a Range header asks for; None where it is to be ignored.

    Raises:
        InvalidRange: it lies outside the object.
    """
    matched = _RANGE.fullmatch(text)
    if matched is None or matched.group(1) == matched.group(2) == "":
        return None  # several ranges, another unit, or nonsense: S3 sends the whole object
    first, last = matched.groups()
    if first == "":
        start, end = max(0, size - int(last)), size
    else:
        start, end = int(first), min(size, int(last) + 1) if last else size
        if last and int(last) < start:
            return None
    if start >= size or start >= end:
        raise InvalidRange(RangeRequested=text, ActualObjectSize=size)
    return start, end


def _names(header: str, etag: str) -> bool:
    tags = [tag.strip().removeprefix("W/").strip('"') for tag in header.split(",")]
    return "*" in tags or etag in tags


def _seconds(moment: datetime | float) -> float:
    return moment.timestamp() if isinstance(moment, datetime) else moment
