"""Metric attributions: made, changed, described, listed and deleted."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from clary.core import ids
from clary.core.call import Call
from clary.core.operations import operation
from clary.core.pages import InvalidToken, decode_token, encode_token
from clary.services.personalize import shelf
from clary.services.personalize.attribution.expressions import check
from clary.services.personalize.datasets.datasets import columns_in, dataset_of
from clary.services.personalize.datasets.imports import bucket_of
from clary.services.personalize.datasets.schema_tables import INTERACTIONS
from clary.services.personalize.errors import (
    InvalidInputException,
    InvalidNextTokenException,
    LimitExceededException,
    ResourceAlreadyExistsException,
    ResourceInUseException,
)
from clary.services.personalize.events.event_store import EventStore
from clary.services.personalize.names import (
    ACTIVE,
    DATASET,
    DATASET_GROUP,
    METRIC_ATTRIBUTION,
    resource_arn,
    times,
)
from clary.services.personalize.roles import require_role
from clary.storage.identities import Identities
from clary.storage.records import Record, RecordChanged, Records

MOST_METRICS = 10


class MetricAttributions:
    """The metric attributions of every account.

    A record's body holds the metrics, the output configuration, and how far reports have come: "reported" is the last
    event that is in one, by data set id, "imports" are the import jobs that are.

    Args:
        records: where they are kept.
        identities: whom roles belong to.
        events: tells what was put before.
        wake: has reports made.
    """

    api = "personalize"

    def __init__(self, records: Records, identities: Identities, events: EventStore, wake: Callable[[], None]) -> None:
        self._records = records
        self._identities = identities
        self._events = events
        self._wake = wake

    @operation("CreateMetricAttribution", resource="metric-attribution/{name}")
    def create(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Makes an attribution; it is active at once and reports on what arrives from now on.

        Raises:
            InvalidInputException: a metric, the role or the destination cannot be used.
            ResourceNotFoundException: there is no such group.
            ResourceAlreadyExistsException: the name is taken.
            LimitExceededException: the group has one.
        """
        group = shelf.find(self._records, call, DATASET_GROUP, request["datasetGroupArn"])
        self._check_metrics(group, request["metrics"])
        self._check_output(call, request["metricsOutputConfig"])
        if self._records.children(METRIC_ATTRIBUTION, group):
            raise LimitExceededException(f"The dataset group {group.arn} has a metric attribution already.")
        dataset = dataset_of(self._records, group, INTERACTIONS)
        reported = {dataset.body["id"]: self._events.last_event(dataset.body["id"])} if dataset else {}
        arn = resource_arn(call, METRIC_ATTRIBUTION, request["name"])
        body = {
            "id": ids.request_id(),
            "metrics": request["metrics"],
            "output": request["metricsOutputConfig"],
            "reported": reported,
            "imports": [],
        }
        record = Record(
            METRIC_ATTRIBUTION, call.account, call.region, request["name"], arn, ACTIVE, group.arn, body=body
        )
        shelf.insert(self._records, record)
        self._wake()
        return {"metricAttributionArn": arn}

    @operation("UpdateMetricAttribution", resource="{metricAttributionArn}")
    def update(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Adds and removes metrics, or changes where reports go.

        Raises:
            InvalidInputException: a metric, the role or the destination cannot be used, or a metric to remove is not
                there.
            ResourceAlreadyExistsException: a metric of that name is there.
            ResourceNotFoundException: there is no such attribution.
            ResourceInUseException: it is being changed.
        """
        if not request.keys() & {"addMetrics", "removeMetrics", "metricsOutputConfig"}:
            raise InvalidInputException("Give addMetrics, removeMetrics or metricsOutputConfig.")
        record = self._find(call, request)
        group = shelf.find(self._records, call, DATASET_GROUP, record.parent)
        removed = set(request.get("removeMetrics", []))
        known = {metric["metricName"] for metric in record.body["metrics"]}
        if removed - known:
            raise InvalidInputException(f"removeMetrics: there are no metrics {sorted(removed - known)}.")
        kept = [metric for metric in record.body["metrics"] if metric["metricName"] not in removed]
        added = request.get("addMetrics", [])
        twice = {metric["metricName"] for metric in kept} & {metric["metricName"] for metric in added}
        if twice:
            raise ResourceAlreadyExistsException(f"The metrics {sorted(twice)} exist already in {record.arn}.")
        self._check_metrics(group, [*kept, *added])
        if "metricsOutputConfig" in request:
            self._check_output(call, request["metricsOutputConfig"])
        output = request.get("metricsOutputConfig", record.body["output"])
        body = {**record.body, "metrics": [*kept, *added], "output": output}
        try:
            self._records.update(replace(record, body=body))
        except RecordChanged as error:
            raise ResourceInUseException(f"Resource Arn {record.arn} is being changed. Try again.") from error
        return {"metricAttributionArn": record.arn}

    @operation("DescribeMetricAttribution", resource="{metricAttributionArn}")
    def describe(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """An attribution."""
        record = self._find(call, request)
        more = {"datasetGroupArn": record.parent, "metricsOutputConfig": record.body["output"]}
        return {"metricAttribution": {**_summary(record), **more}}

    @operation("ListMetricAttributions")
    def list(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """A page of attributions."""
        parent = request.get("datasetGroupArn")
        return shelf.listing(
            self._records, call, METRIC_ATTRIBUTION, request, "metricAttributions", _summary, parent=parent
        )

    @operation("ListMetricAttributionMetrics", resource="{metricAttributionArn}")
    def list_metrics(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """A page of an attribution's metrics.

        Raises:
            InvalidInputException: no attribution is named, or there is none.
            InvalidNextTokenException: the token is not one of this listing.
        """
        _require_arn(request)
        record = self._records.by_arn(request["metricAttributionArn"])
        if record is None or record.kind != METRIC_ATTRIBUTION or record.account != call.account:
            raise InvalidInputException(f"Resource Arn {request['metricAttributionArn']} does not exist.")
        start = 0
        try:
            if "nextToken" in request:
                arn, start = decode_token(request["nextToken"], 2)
                if arn != record.arn or not isinstance(start, int) or start < 0:
                    raise InvalidToken(request["nextToken"])
        except InvalidToken as error:
            raise InvalidNextTokenException(
                "The nextToken is not valid: it was not returned by this operation."
            ) from error
        end = start + request.get("maxResults", shelf.DEFAULT_PAGE)
        metrics = record.body["metrics"]
        more = {"nextToken": encode_token(record.arn, end)} if end < len(metrics) else {}
        return {"metrics": metrics[start:end], **more}

    @operation("DeleteMetricAttribution", resource="{metricAttributionArn}")
    def delete(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Ends the reports; those that were published stay."""
        shelf.delete(self._records, self._find(call, request))
        return {}

    def _find(self, call: Call, request: Mapping[str, Any]) -> Record:
        _require_arn(request)
        return shelf.find(self._records, call, METRIC_ATTRIBUTION, request["metricAttributionArn"])

    def _check_metrics(self, group: Record, metrics: Sequence[Mapping[str, str]]) -> None:
        if not 1 <= len(metrics) <= MOST_METRICS:
            raise InvalidInputException(f"A metric attribution has 1 to {MOST_METRICS} metrics, not {len(metrics)}.")
        names = [metric["metricName"] for metric in metrics]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise InvalidInputException(f"The metric names {twice} appear more than once.")
        schemas = {
            dataset.body["type"]: columns_in(self._records, dataset)
            for dataset in self._records.children(DATASET, group)
        }
        for metric in metrics:
            check(metric["expression"], schemas)

    def _check_output(self, call: Call, output: Mapping[str, Any]) -> None:
        require_role(self._identities, call, output.get("roleArn"))
        if "s3DataDestination" in output:
            bucket_of(output["s3DataDestination"]["path"], "metricsOutputConfig.s3DataDestination.path")


def _require_arn(request: Mapping[str, Any]) -> None:
    """The model leaves the ARN to choice where the operations do not."""
    if "metricAttributionArn" not in request:
        raise InvalidInputException("metricAttributionArn is required.")


def _summary(record: Record) -> dict[str, Any]:
    return {"name": record.name, "metricAttributionArn": record.arn, "status": record.status, **times(record)}
