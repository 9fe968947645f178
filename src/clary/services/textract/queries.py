"""Questions and adapters of requests: which are asked of which page."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from clary.services.textract.errors import InvalidParameterException

MOST_QUERIES_AT_ONCE = 15
MOST_QUERIES_OF_A_JOB = 30
_FIRST_ALONE = ("1",)
_NO_END = 1 << 60  # the last page, whichever that is
_RANGE = re.compile(r"(?P<first>\d+)(?:-(?P<last>\d+|\*))?")


def check_features(request: Mapping[str, Any], most_queries: int) -> None:
    """Holds FeatureTypes, QueriesConfig and AdaptersConfig of a request against one another.

    Raises:
        InvalidParameterException: they do not fit.
    """
    features = request["FeatureTypes"]
    if not features:
        raise InvalidParameterException(rule="FeatureTypes must name at least one feature.")
    queries = request.get("QueriesConfig", {}).get("Queries", [])
    if ("QUERIES" in features) != bool(queries):
        raise InvalidParameterException(rule="QueriesConfig is needed with the feature QUERIES, and only with it.")
    if len(queries) > most_queries:
        raise InvalidParameterException(
            rule=f"QueriesConfig.Queries has {len(queries)} queries, more than {most_queries}."
        )
    if "AdaptersConfig" in request and "QUERIES" not in features:
        raise InvalidParameterException(rule="AdaptersConfig is for the feature QUERIES alone.")
    aliases = [query["Alias"] for query in queries if "Alias" in query]
    if len(aliases) != len(set(aliases)):
        raise InvalidParameterException(rule="QueriesConfig.Queries has an Alias more than once.")
    for query in queries:
        check_pages(query.get("Pages", _FIRST_ALONE), "QueriesConfig.Queries.Pages")
    for adapter in request.get("AdaptersConfig", {}).get("Adapters", []):
        check_pages(adapter.get("Pages", _FIRST_ALONE), "AdaptersConfig.Adapters.Pages")


def check_pages(pages: Sequence[str], member: str) -> None:
    """Checks the numbers and ranges of pages in a request.

    Raises:
        InvalidParameterException: one breaks AWS's rules.
    """
    if "*" in pages and len(pages) > 1:
        raise InvalidParameterException(rule=f'{member}: "*" must be the only element.')
    for text in pages:
        found = _RANGE.fullmatch(text)
        if text != "*" and found is None:
            raise InvalidParameterException(rule=f'{member}: {text!r} is neither a page, nor "FIRST-LAST", nor "*".')
        if found is not None and (int(found["first"]) < 1 or _last(found) < int(found["first"])):
            raise InvalidParameterException(
                rule=f"{member}: {text!r} must begin with 1 or more and must not end before."
            )


def of_page(wanted: Sequence[Mapping[str, Any]], number: int) -> list[Mapping[str, Any]]:
    """Which queries or adapters of a request are meant for a page; those that name no page mean the first."""
    return [one for one in wanted if names_page(one.get("Pages", _FIRST_ALONE), number)]


def names_page(pages: Sequence[str], number: int) -> bool:
    """Whether checked numbers and ranges of pages hold a page."""
    for text in pages:
        found = _RANGE.fullmatch(text)
        if found is None or int(found["first"]) <= number <= _last(found):
            return True
    return False


def last_named(pages: Sequence[str]) -> int:
    """The last page that is named by its number; 0 where there is none."""
    ranges = [found for text in pages if (found := _RANGE.fullmatch(text)) is not None]
    return max((int(found["first"]) if found["last"] == "*" else _last(found) for found in ranges), default=0)


def _last(found: re.Match[str]) -> int:
    return _NO_END if found["last"] == "*" else int(found["last"] or found["first"])
