"""What Prometheus reads at `/metrics`: requests, jobs, endpoints and databases, in its text format (version 0.0.4)."""

from __future__ import annotations

import asyncio
import math
import os
import time
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from pathlib import Path
from typing import Protocol

from clary.core.http import HttpRequest, HttpResponse
from clary.gateway.pipeline import Outcome
from clary.storage.records import Records

PATH = "/metrics"
JOB_KINDS: Mapping[str, str] = {
    "sagemaker:training-job": "training",
    "sagemaker:transform-job": "transform",
    "sagemaker:processing-job": "processing",
    "sagemaker:hyper-parameter-tuning-job": "tuning",
}
ENDPOINT_KIND = "sagemaker:endpoint"
_CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_BOUNDS_SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
_STATM = Path("/proc/self/statm")

Labels = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Family:
    """A metric with its samples.

    Attributes:
        kind: "counter", "gauge" or "histogram".
        samples: what is added to the metric's name ("_bucket", ...), labels, value.
    """

    name: str
    kind: str
    text: str
    samples: Sequence[tuple[str, Labels, float]]

    def lines(self) -> Iterator[str]:
        """The metric in the text format."""
        yield f"# HELP {self.name} {_escaped(self.text)}\n"
        yield f"# TYPE {self.name} {self.kind}\n"
        for suffix, labels, value in self.samples:
            pairs = ",".join(f'{name}="{_escaped(text, quoted=True)}"' for name, text in labels)
            yield f"{self.name}{suffix}{'{' + pairs + '}' if pairs else ''} {_number(value)}\n"


Source = Callable[[], Iterable[Family]]
"""Gives metrics as they are now; called in a worker thread for each reading."""


@dataclass(slots=True)
class Histogram:
    """Durations of one operation, counted by size."""

    counts: list[int] = field(default_factory=lambda: [0] * (len(_BOUNDS_SECONDS) + 1))
    total_seconds: float = 0.0

    def add(self, seconds: float) -> None:
        """Counts a duration."""
        self.counts[bisect_left(_BOUNDS_SECONDS, seconds)] += 1
        self.total_seconds += seconds

    def samples(self, labels: Labels) -> Iterator[tuple[str, Labels, float]]:
        """Its samples."""
        cumulative = list(accumulate(self.counts))
        for bound, count in zip((*_BOUNDS_SECONDS, math.inf), cumulative, strict=True):
            yield "_bucket", (*labels, ("le", _number(bound))), count
        yield "_sum", labels, self.total_seconds
        yield "_count", labels, cumulative[-1]


class RequestMetrics:
    """Counts requests and their durations by API, operation and status; takes part in the pipeline as an observer.

    `observe` belongs to one thread, the event loop's; `families` may be called from any.
    """

    def __init__(self) -> None:
        self._counts: dict[Labels, int] = {}
        self._durations: dict[Labels, Histogram] = {}
        self._received_bytes = 0
        self._sent_bytes = 0

    def observe(self, outcome: Outcome) -> None:
        """Counts a request."""
        operation: Labels = (("api", outcome.api), ("operation", outcome.operation))
        counted: Labels = (*operation, ("status", str(outcome.status)), ("code", outcome.error_code))
        self._counts[counted] = self._counts.get(counted, 0) + 1
        histogram = self._durations.get(operation)
        if histogram is None:
            histogram = self._durations[operation] = Histogram()
        histogram.add(outcome.duration_seconds)
        self._received_bytes += outcome.received_bytes or 0
        self._sent_bytes += outcome.sent_bytes or 0

    def families(self) -> Iterable[Family]:
        """The metrics of the requests so far."""
        durations = self._durations.copy()
        yield Family(
            "clary_requests_total",
            "counter",
            "Answered requests; api and operation are empty for pages and for requests that named none.",
            [("", labels, count) for labels, count in self._counts.copy().items()],
        )
        yield Family(
            "clary_request_duration_seconds",
            "histogram",
            "Time from a request's head to its answer's head.",
            [sample for labels, histogram in durations.items() for sample in histogram.samples(labels)],
        )
        yield Family(
            "clary_request_body_bytes_total",
            "counter",
            "Announced bytes of request and response bodies.",
            [
                ("", (("direction", "received"),), self._received_bytes),
                ("", (("direction", "sent"),), self._sent_bytes),
            ],
        )


class MetricsPage:
    """Answers `GET /metrics`; a signed request to a bucket of that name is none of its business.

    Args:
        sources: what is told, in order.
    """

    def __init__(self, sources: Sequence[Source]) -> None:
        self._sources = tuple(sources)

    async def handle(self, request: HttpRequest) -> HttpResponse | None:
        """The metrics as text, None for any other request."""
        if request.path != PATH or request.method not in ("GET", "HEAD") or request.query:
            return None
        if "authorization" in request.headers:
            return None
        text = await asyncio.to_thread(self.text)
        return HttpResponse(200, [("Content-Type", _CONTENT_TYPE), ("Cache-Control", "no-store")], text.encode())

    def text(self) -> str:
        """All metrics in the text format."""
        return "".join(line for source in self._sources for family in source() for line in family.lines())


class Committing(Protocol):
    """What counts its commits, and the writes in them."""

    @property
    def commits(self) -> int:
        """Transactions that this process has committed."""

    @property
    def writes(self) -> int:
        """The writes in them."""


def database_metrics(databases: Mapping[str, Committing]) -> Source:
    """Commits and writes of databases by name, as far as this process made them."""

    def families() -> Iterable[Family]:
        yield Family(
            "clary_database_commits_total",
            "counter",
            "Durable commits, each one fsync.",
            [("", (("database", name),), database.commits) for name, database in databases.items()],
        )
        yield Family(
            "clary_database_writes_total",
            "counter",
            "Writes in those commits.",
            [("", (("database", name),), database.writes) for name, database in databases.items()],
        )

    return families


def job_metrics(records: Records, kinds: Mapping[str, str] = JOB_KINDS) -> Source:
    """Jobs by kind and status.

    Args:
        kinds: what the metric calls each kind of record.
    """

    def families() -> Iterable[Family]:
        yield Family(
            "clary_jobs",
            "gauge",
            "Jobs by kind and status, since the data folder was made.",
            [
                ("", (("kind", name), ("status", status)), count)
                for kind, name in kinds.items()
                for status, count in records.count_by_status(kind).items()
            ],
        )

    return families


def endpoint_metrics(records: Records) -> Source:
    """Endpoints by status, and the replicas of each variant."""

    def families() -> Iterable[Family]:
        endpoints = records.of_kind(ENDPOINT_KIND)
        statuses: dict[str, int] = {}
        replicas: list[tuple[str, Labels, float]] = []
        for record in endpoints:
            statuses[record.status] = statuses.get(record.status, 0) + 1
            where: Labels = (("account", record.account), ("region", record.region), ("endpoint", record.name))
            for variant in record.body.get("hosting", {}).get("variants", ()):
                labels = (*where, ("variant", str(variant.get("name", ""))))
                replicas.append(("", labels, float(variant.get("current_instances", 0))))
        yield Family(
            "clary_endpoints",
            "gauge",
            "Endpoints by status.",
            [("", (("status", status),), count) for status, count in statuses.items()],
        )
        yield Family("clary_endpoint_replicas", "gauge", "Healthy replicas of each variant of each endpoint.", replicas)

    return families


def process_metrics() -> Source:
    """The gateway's own process: start, CPU time, memory where the system tells."""
    started = time.time()

    def families() -> Iterable[Family]:
        yield Family(
            "process_start_time_seconds", "gauge", "When the process began to count, Unix time.", [("", (), started)]
        )
        times = os.times()
        yield Family(
            "process_cpu_seconds_total", "counter", "User and system CPU time.", [("", (), times.user + times.system)]
        )
        try:
            pages = int(_STATM.read_text().split()[1])
        except (OSError, IndexError, ValueError):
            return
        resident = pages * os.sysconf("SC_PAGE_SIZE")
        yield Family("process_resident_memory_bytes", "gauge", "Resident memory.", [("", (), resident)])

    return families


def _escaped(text: str, *, quoted: bool = False) -> str:
    text = text.replace("\\", "\\\\").replace("\n", "\\n")
    return text.replace('"', '\\"') if quoted else text


def _number(value: float) -> str:
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    return str(int(value)) if value == int(value) else repr(float(value))
