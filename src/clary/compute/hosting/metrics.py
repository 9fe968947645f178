"""Counts invocations in memory and stores the sums: nothing of it happens while a request waits."""

from __future__ import annotations

import asyncio
import logging
import math
import time
from collections.abc import Sequence
from concurrent.futures import Future
from typing import Protocol

from clary.storage.metrics import MetricPoint

NAMESPACE = "AWS/SageMaker"
_FLUSH_SECONDS = 5.0
_BUCKETS_PER_E = 20  # neighbouring latencies differ by 5 %; each bucket keeps its exact sum, so that averages are exact

_log = logging.getLogger(__name__)


class MetricStore(Protocol):
    """Where the points go: `storage.metrics.Metrics`."""

    def submit(self, account: str, region: str, namespace: str, points: Sequence[MetricPoint]) -> Future[None]:
        """Stores points; the future resolves once they are on disk."""
        ...


class VariantMetrics:
    """The invocations of one variant since the last `take`.

    Args:
        key: account and region.
        dimensions: EndpointName and VariantName.
    """

    def __init__(self, key: tuple[str, str], dimensions: dict[str, str]) -> None:
        self.key = key
        self._dimensions = dimensions
        self._setup: list[float] = []
        self._reset()

    def _reset(self) -> None:
        self._invocations = 0
        self._client_errors = 0
        self._server_errors = 0
        self._model: dict[int, list[float]] = {}
        self._overhead: dict[int, list[float]] = {}

    def invoked(self, status: int, model_seconds: float, overhead_seconds: float) -> None:
        """Counts one invocation; the status is the model's, or 500 where it gave none."""
        self._invocations += 1
        if status >= 400:
            if status < 500:
                self._client_errors += 1
            else:
                self._server_errors += 1
        _count(self._model, model_seconds * 1e6)
        _count(self._overhead, overhead_seconds * 1e6)

    def set_up(self, seconds: float) -> None:
        """Notes how long a replica took to get its model and become healthy."""
        self._setup.append(seconds * 1e6)

    def take(self, now: float, instances: int) -> list[MetricPoint]:
        """The points since the last call.

        Args:
            now: seconds since 1970.
            instances: replicas that share the invocations.
        """
        total = self._invocations
        points = [self._point("ModelSetupTime", now, value, "Microseconds") for value in self._setup]
        self._setup = []
        if total:
            points += [
                self._point("Invocations", now, 1.0, "None", total),
                self._point("InvocationsPerInstance", now, 1.0 / max(1, instances), "None", total),
                *self._errors("Invocation4XXErrors", now, self._client_errors, total),
                *self._errors("Invocation5XXErrors", now, self._server_errors, total),
                *self._latencies("ModelLatency", now, self._model),
                *self._latencies("OverheadLatency", now, self._overhead),
            ]
        self._reset()
        return points

    def _errors(self, name: str, now: float, errors: int, total: int) -> list[MetricPoint]:
        counts = ((0.0, total - errors), (1.0, errors))
        return [self._point(name, now, value, "None", count) for value, count in counts if count]

    def _latencies(self, name: str, now: float, buckets: dict[int, list[float]]) -> list[MetricPoint]:
        return [
            self._point(name, now, total / count, "Microseconds", count)
            for _, (count, total) in sorted(buckets.items())
        ]

    def _point(self, name: str, now: float, value: float, unit: str, count: float = 1) -> MetricPoint:
        return MetricPoint(name, self._dimensions, now, value, unit, count)


def _count(buckets: dict[int, list[float]], microseconds: float) -> None:
    microseconds = max(microseconds, 1.0)
    number = int(math.log(microseconds) * _BUCKETS_PER_E)
    bucket = buckets.get(number)
    if bucket is None:
        buckets[number] = [1.0, microseconds]
    else:
        bucket[0] += 1.0
        bucket[1] += microseconds


class HostingMetrics:
    """The metrics of all variants, stored every few seconds.

    Args:
        store: where the points go.
    """

    def __init__(self, store: MetricStore) -> None:
        self._store = store
        self._variants: dict[tuple[str, str], VariantMetrics] = {}
        self._instances: dict[tuple[str, str], int] = {}
        self._forgotten: set[str] = set()

    def variant(self, arn: str, account: str, region: str, endpoint: str, variant: str) -> VariantMetrics:
        """The counters of one variant of an endpoint; they outlive its replicas."""
        self._forgotten.discard(arn)
        key = (arn, variant)
        found = self._variants.get(key)
        if found is None:
            found = VariantMetrics((account, region), {"EndpointName": endpoint, "VariantName": variant})
            self._variants[key] = found
        return found

    def set_instances(self, arn: str, variant: str, instances: int) -> None:
        """Notes how many replicas share a variant's invocations."""
        self._instances[(arn, variant)] = instances

    def forget(self, arn: str) -> None:
        """Drops the counters of an endpoint that was deleted, after the next time points are stored."""
        self._forgotten.add(arn)

    async def run(self) -> None:
        """Stores points until it is cancelled."""
        while True:
            await asyncio.sleep(_FLUSH_SECONDS)
            await self.flush()

    async def flush(self) -> None:
        """Stores what was counted so far."""
        now = time.time()
        waiting = []
        for key, counters in self._variants.items():
            points = counters.take(now, self._instances.get(key, 1))
            if points:
                waiting.append(asyncio.wrap_future(self._store.submit(*counters.key, NAMESPACE, points)))
        forgotten = self._forgotten.copy()
        for key in [key for key in self._variants if key[0] in forgotten]:
            del self._variants[key]
            self._instances.pop(key, None)
        self._forgotten -= forgotten  # another thread may have added one meanwhile
        for outcome in await asyncio.gather(*waiting, return_exceptions=True):
            if isinstance(outcome, BaseException):
                _log.error("metrics of an endpoint could not be stored: %s", outcome)
