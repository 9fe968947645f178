"""What endpoints would have cost: once a minute, and at their end, what has served goes into the ledger."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

from clary.compute.costs import TAG, Ledger, in_usd
from clary.compute.prices import Prices
from clary.storage.records import Record, Records

ENDPOINT_KIND = "sagemaker:endpoint"
INTERVAL_SECONDS = 60.0
_SERVING = frozenset({"InService", "Updating", "SystemUpdating", "RollingBack"})
_MOST_TAGS = 50


class ServingCosts:
    """Notes the time for which endpoints serve. While Clary does not run, nothing serves or costs."""

    def __init__(self, records: Records, prices: Prices) -> None:
        self._records = records
        self._prices = prices
        self._ledger = Ledger(records.database)
        self._noted: float | None = None
        self._lock = threading.Lock()

    def note(self) -> None:
        """Adds the time since the last call to every endpoint that serves; the first call only begins to count."""
        with self._lock:
            now = time.monotonic()
            seconds = 0.0 if self._noted is None else now - self._noted
            self._noted = now
            if not seconds:
                return
            age = time.time()
            for endpoint in self._records.of_kind(ENDPOINT_KIND):
                if endpoint.status in _SERVING:
                    served = min(seconds, max(0.0, age - endpoint.created))
                    self._ledger.add_serving(endpoint, self._instances(endpoint), served)
                    self._tag(endpoint)

    def close(self, endpoint: Record) -> None:
        """Adds what an endpoint has served since the last minute, so that one that lived for seconds is told of, too.

        Args:
            endpoint: as it was before it was marked as being deleted.
        """
        if endpoint.status not in _SERVING:
            return
        with self._lock:
            age = max(0.0, time.time() - endpoint.created)
            served = age if self._noted is None else min(age, time.monotonic() - self._noted)
            self._ledger.add_serving(endpoint, self._instances(endpoint), served)

    def _instances(self, endpoint: Record) -> Iterator[tuple[str, int, float | None]]:
        kinds = endpoint.body.get("instance_types", {})
        for variant in endpoint.body.get("plan", {}).get("variants", []):
            kind = kinds.get(variant["name"])
            if kind is not None:
                yield kind, variant["replicas"], self._prices.of(kind, "hosting")

    def _tag(self, endpoint: Record) -> None:
        price = self._ledger.of_endpoint(endpoint.arn)
        tags = self._records.tags(endpoint.arn)
        if price is not None and (TAG in tags or len(tags) < _MOST_TAGS):
            self._records.set_tags(endpoint.arn, {TAG: in_usd(price)})
