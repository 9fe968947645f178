"""Search over SageMaker's resources, and the names it can search by."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from clary.core.call import Call
from clary.core.errors import ValidationException
from clary.core.operations import operation
from clary.core.pages import InvalidToken, decode_token, encode_token
from clary.services.sagemaker.search_expression import Test, compile_expression, moment, values_of
from clary.storage.records import Filters, Record, Records

DEFAULT_PAGE = 10
MOST_SUGGESTIONS = 100
_BATCH = 200
_RECORDS_FOR_SUGGESTIONS = 500
_NAMED_BY_USERS = ("HyperParameters", "Metrics", "Tags")


@dataclass(frozen=True, slots=True)
class Searchable:
    """A kind of resource that Search knows.

    Attributes:
        kind: its records' kind.
        columns: properties that are columns of the records, by which a search can be sorted without reading all:
            {"CreationTime": "created", ...}.
        properties: the first parts of all its property names.
        view: makes the member of a SearchRecord from a record and its tags.
        wrap: puts the view into the shape of the SearchRecord's member, where that is another.
    """

    kind: str
    columns: Mapping[str, str]
    properties: frozenset[str]
    view: Callable[[Record, dict[str, str]], dict[str, Any]]
    wrap: Callable[[dict[str, Any]], dict[str, Any]] = lambda found: found


class Search:
    """Search and GetSearchSuggestions.

    A search that is sorted by a column (the default is LastModifiedTime) reads no more records than it needs to fill
    its page; one that is sorted by another property reads all that the columns cannot exclude.

    Args:
        records: where the resources are.
        searchables: what can be searched, by the Resource of the request.
    """

    api = "sagemaker"

    def __init__(self, records: Records, searchables: Mapping[str, Searchable]) -> None:
        self._records = records
        self._searchables = searchables

    @operation("Search")
    def search(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """A page of the resources that satisfy an expression."""
        resource = request["Resource"]
        searchable = self._searchable(resource)
        if "VisibilityConditions" in request:
            raise ValidationException("Clary does not have VisibilityConditions yet: leave them out.")
        if request.get("CrossAccountFilterOption") == "CrossAccount":
            return {"Results": []}  # nothing is ever shared between the accounts of a Clary
        expression = request.get("SearchExpression")
        test: Test = compile_expression(expression, searchable.properties) if expression else lambda found: True
        scan = _Scan(self._records, call, searchable, test, narrowed(expression or {}, searchable))
        sort_by = request.get("SortBy", "LastModifiedTime")
        descending = request.get("SortOrder", "Descending") == "Descending"
        limit = request.get("MaxResults", DEFAULT_PAGE)
        try:
            if sort_by in searchable.columns:
                found = scan.by_column(searchable.columns[sort_by], descending, limit, request.get("NextToken"))
            else:
                compile_expression({"Filters": [{"Name": sort_by, "Operator": "Exists"}]}, searchable.properties)
                found = scan.by_property(sort_by, descending, limit, request.get("NextToken"))
        except InvalidToken as error:
            raise ValidationException("Invalid NextToken: it was not returned by this operation.") from error
        results = [{resource: searchable.wrap(one)} for one in found.pop("found")]
        return {"Results": results, **found}

    @operation("GetSearchSuggestions")
    def suggest(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Property names that begin with a hint; hyperparameters, metrics and tags are those in use."""
        searchable = self._searchable(request["Resource"])
        hint = request.get("SuggestionQuery", {}).get("PropertyNameQuery", {}).get("PropertyNameHint", "").lower()
        names = {name for name in searchable.properties if name not in _NAMED_BY_USERS}
        page = self._records.page(
            searchable.kind, call.account, call.region, sort="modified", descending=True, limit=_RECORDS_FOR_SUGGESTIONS
        )
        for record in page.records:
            found = searchable.view(record, self._records.tags(record.arn))
            names.update(f"HyperParameters.{name}" for name in found.get("HyperParameters", {}))
            names.update(f"Metrics.{metric['MetricName']}" for metric in found.get("FinalMetricDataList", []))
            names.update(f"Tags.{tag['Key']}" for tag in found.get("Tags", []))
        fitting = sorted(name for name in names if name.lower().startswith(hint))
        return {"PropertyNameSuggestions": [{"PropertyName": name} for name in fitting[:MOST_SUGGESTIONS]]}

    def _searchable(self, resource: str) -> Searchable:
        if resource not in self._searchables:
            raise ValidationException(
                f"Clary cannot search resources of type {resource} yet. It can search {', '.join(self._searchables)}."
            )
        return self._searchables[resource]


class _Scan:
    """Reads records in order and keeps those that satisfy a test."""

    def __init__(self, records: Records, call: Call, searchable: Searchable, test: Test, filters: Filters) -> None:
        self._records = records
        self._call = call
        self._searchable = searchable
        self._test = test
        self._filters = filters

    def by_column(self, column: str, descending: bool, limit: int, token: str | None) -> dict[str, Any]:
        page: list[tuple[Record, dict[str, Any]]] = []
        for record, found in self._matches(column, descending, token):
            if len(page) == limit:
                last = page[-1][0]
                answer: dict[str, Any] = {"NextToken": encode_token(getattr(last, column), last.name)}
                hits = {"Value": limit + 1, "Relation": "GreaterThanOrEqualTo"}
                break
            page.append((record, found))
        else:
            answer, hits = {}, {"Value": len(page), "Relation": "EqualTo"}
        if token is None:  # a later page does not know what the earlier ones held
            answer["TotalHits"] = hits
        return {"found": [found for _, found in page], **answer}

    def by_property(self, name: str, descending: bool, limit: int, token: str | None) -> dict[str, Any]:
        (start,) = decode_token(token, 1) if token is not None else (0,)
        if not isinstance(start, int) or start < 0:
            raise InvalidToken(token)
        known, unknown = [], []
        for _, found in self._matches("name", descending=False, token=None):
            values = values_of(found, name)
            if values:
                known.append((_sort_key(values[0]), found))
            else:
                unknown.append(found)
        known.sort(key=lambda pair: pair[0], reverse=descending)
        ordered = [found for _, found in known] + unknown
        answer: dict[str, Any] = {
            "found": ordered[start : start + limit],
            "TotalHits": {"Value": len(ordered), "Relation": "EqualTo"},
        }
        if start + limit < len(ordered):
            answer["NextToken"] = encode_token(start + limit)
        return answer

    def _matches(self, column: str, descending: bool, token: str | None) -> Iterator[tuple[Record, dict[str, Any]]]:
        while True:
            page = self._records.page(
                self._searchable.kind,
                self._call.account,
                self._call.region,
                filters=self._filters,
                sort=column,
                descending=descending,
                limit=_BATCH,
                token=token,
            )
            for record in page.records:
                found = self._searchable.view(record, self._records.tags(record.arn))
                if self._test(found):
                    yield record, found
            token = page.next_token
            if token is None:
                return


def narrowed(expression: Mapping[str, Any], searchable: Searchable) -> Filters:
    """What the database can exclude before the expression is evaluated: the conditions every result must satisfy."""
    chosen: dict[str, Any] = {}
    if expression.get("Operator", "And") == "And":
        for one in expression.get("Filters", []):
            column = searchable.columns.get(one["Name"])
            how, value = one.get("Operator", "Equals"), one.get("Value", "")
            if column == "status" and how == "Equals":
                chosen["status"] = value
            elif column == "name" and how in ("Equals", "Contains"):
                chosen["name_contains"] = value
            elif column in ("created", "modified") and how in ("GreaterThan", "LessThan"):
                # A view tells times to the millisecond: the database must not exclude what the view rounds up.
                after = how == "GreaterThan"
                chosen[f"{column}_{'after' if after else 'before'}"] = (
                    moment(value).timestamp() + (-0.001, 0.001)[not after]
                )
    return Filters(**chosen)


def _sort_key(value: Any) -> tuple[int, Any]:
    if isinstance(value, datetime):
        return 0, value.timestamp()
    try:
        return 0, float(value)
    except (TypeError, ValueError):
        return 1, str(value)
