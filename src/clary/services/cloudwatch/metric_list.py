"""ListMetrics: which metrics there are."""

from __future__ import annotations

from typing import Any

from clary.core.call import Call
from clary.core.clock import Clock
from clary.core.operations import operation
from clary.core.pages import InvalidToken, decode_token, encode_token
from clary.services.cloudwatch.errors import InvalidParameterValueException
from clary.storage.metrics import LISTED_SECONDS, Metric, Metrics, sort_key

_PAGE = 500
_RECENT_SECONDS = 3 * 3600


class MetricList:
    """The metrics of an account and region."""

    api = "cloudwatch"

    def __init__(self, metrics: Metrics, clock: Clock) -> None:
        self._metrics = metrics
        self._clock = clock

    @operation("ListMetrics")
    def list(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Lists metrics with data of the last two weeks, or of the last three hours with `RecentlyActive`."""
        seconds = _RECENT_SECONDS if "RecentlyActive" in request else LISTED_SECONDS
        found = self._metrics.list(
            call.account,
            call.region,
            namespace=request.get("Namespace"),
            name=request.get("MetricName"),
            dimensions=[(wanted["Name"], wanted.get("Value")) for wanted in request.get("Dimensions", ())],
            active_since=self._clock.time() - seconds,
            after=_position(request.get("NextToken")),
            limit=_PAGE + 1,
        )
        if request.get("OwningAccount", call.account) != call.account:
            found = []
        page = found[:_PAGE]
        answer: dict[str, Any] = {"Metrics": [described(metric) for metric in page]}
        if request.get("IncludeLinkedAccounts"):
            answer["OwningAccounts"] = [call.account] * len(page)
        if len(found) > _PAGE:
            answer["NextToken"] = encode_token(*sort_key(page[-1]))
        return answer


def described(metric: Metric) -> dict[str, Any]:
    """A metric as CloudWatch writes it."""
    return {
        "Namespace": metric.namespace,
        "MetricName": metric.name,
        "Dimensions": [{"Name": name, "Value": value} for name, value in metric.dimensions.items()],
    }


def _position(token: str | None) -> tuple[str, str, str] | None:
    if token is None:
        return None
    try:
        namespace, name, dimensions = decode_token(token, 3)
    except InvalidToken as error:
        raise InvalidParameterValueException("Invalid nextToken") from error
    return str(namespace), str(name), str(dimensions)
