"""The statistics of CloudWatch: five simple ones, and the extended ones that need the single values."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby

from clary.storage.metrics import Bucket, Metric, Metrics, Weighted

SIMPLE = ("SampleCount", "Average", "Sum", "Minimum", "Maximum")
_MINUTE, _HOUR, _DAY = 60, 3600, 86_400
_SHORT_PERIODS = (1, 5, 10, 20, 30)
_PERCENTILE = re.compile(r"p(\d{1,2}(?:\.\d{1,10})?|100)")
_TRIMMED = re.compile(r"(tm|tc|ts|wm)(\d{1,2}(?:\.\d{1,10})?|100)", re.IGNORECASE)
_RANGE = re.compile(r"(TM|TC|TS|WM|PR)\((\d*\.?\d*)(%?):(\d*\.?\d*)(%?)\)")


@dataclass(frozen=True, slots=True)
class Cut:
    """An extended statistic: what is calculated of the values between two bounds.

    Attributes:
        kind: "p", "tm" (mean), "tc" (count), "ts" (sum), "wm" (winsorized mean), "pr" (percent within).
        low, high: percentiles where `by_percent`, else values; None for open. For "p", `high` alone counts.
    """

    kind: str
    low: float | None
    high: float | None
    by_percent: bool = True

    def of(self, values: Sequence[tuple[float, float]]) -> float | None:
        """The statistic of (value, weight) pairs in order of value; None where it is not defined."""
        total = sum(weight for _, weight in values)
        if total <= 0:
            return None
        if self.kind == "p":
            return percentile(values, self.high or 0.0)
        if self.kind == "pr":
            return 100.0 * sum(weight for value, weight in self._within(values)) / total
        kept = self._trimmed(values, total) if self.by_percent else self._within(values)
        count = sum(weight for _, weight in kept)
        if self.kind == "tc":
            return count
        weighted = sum(value * weight for value, weight in kept)
        if self.kind == "ts":
            return weighted
        if not kept or count <= 0:
            return None
        if self.kind == "tm":
            return weighted / count
        below = sum(weight for value, weight in values if value < kept[0][0])
        outside = total - count
        below = min(below, outside) if not self.by_percent else total * (self.low or 0.0) / 100
        return (weighted + kept[0][0] * below + kept[-1][0] * (outside - below)) / total

    def _within(self, values: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
        return [
            (value, weight)
            for value, weight in values
            if (self.low is None or value > self.low) and (self.high is None or value <= self.high)
        ]

    def _trimmed(self, values: Sequence[tuple[float, float]], total: float) -> list[tuple[float, float]]:
        """The values without a share of the weight at either end."""
        start = total * (self.low or 0.0) / 100
        end = total * (100.0 if self.high is None else self.high) / 100
        kept = []
        before = 0.0
        for value, weight in values:
            share = min(before + weight, end) - max(before, start)
            if share > 0:
                kept.append((value, share))
            before += weight
        return kept


def percentile(values: Sequence[tuple[float, float]], rank: float) -> float:
    """The percentile of (value, weight) pairs in order of value, interpolated between neighbours.

    Args:
        rank: from 0 to 100.
    """
    position = (sum(weight for _, weight in values) - 1) * rank / 100
    before = 0.0
    for (value, weight), (following, _) in zip(values, [*values[1:], values[-1]], strict=True):
        last = before + weight - 1  # the position of the last occurrence of this value
        if position <= last:
            return value
        if position < last + 1:
            return value + (following - value) * (position - last)
        before += weight
    return values[-1][0]


def extended(name: str) -> Cut | None:
    """Reads "p99.9", "tm90", "TM(2%:98%)", "PR(:300)", "IQM"; None where it is none of them."""
    if match := _PERCENTILE.fullmatch(name):
        return Cut("p", None, float(match[1]))
    if match := _TRIMMED.fullmatch(name):
        return Cut(match[1].lower(), None, float(match[2]))
    if name.upper() == "IQM":
        return Cut("tm", 25.0, 75.0)
    match = _RANGE.fullmatch(name)
    if match is None:
        return None
    kind, low, low_percent, high, high_percent = match.groups()
    if not (low or high) or low == "." or high == "." or (low and high and low_percent != high_percent):
        return None
    by_percent = bool(low_percent or high_percent)
    if kind == "PR" and by_percent:
        return None
    return Cut(kind.lower(), float(low) if low else None, float(high) if high else None, by_percent)


def simple(name: str, bucket: Bucket) -> float:
    """One of `SIMPLE` of a period."""
    return {
        "SampleCount": bucket.count,
        "Average": bucket.average,
        "Sum": bucket.total,
        "Minimum": bucket.minimum,
        "Maximum": bucket.maximum,
    }[name]


def is_period(seconds: int) -> bool:
    """Whether CloudWatch sums up by such a period."""
    return seconds in _SHORT_PERIODS or (seconds > 0 and seconds % _MINUTE == 0)


def rounded_start(start: float, period_seconds: int, now: float) -> int:
    """The time at which the first period of a query begins; the further back, the coarser (seconds since 1970)."""
    step = _MINUTE
    if period_seconds < _MINUTE:
        step = period_seconds
    elif now - start > 63 * _DAY:
        step = _HOUR
    elif now - start > 15 * _DAY:
        step = 5 * _MINUTE
    return int(start // step) * step


def series(
    metrics: Metrics, metric: Metric, statistic: str, start: float, end: float, period_seconds: int, unit: str | None
) -> dict[int, float]:
    """One statistic by period, keyed by the period's start (seconds since 1970); units are taken together.

    Args:
        start: begins a period.
        statistic: one of `SIMPLE`, or one that `extended` reads.
    """
    cut = extended(statistic)
    if cut is None:
        found = metrics.query(metric, start, end, period_seconds, origin=int(start), unit=unit)
        return {
            first: simple(statistic, _together(list(buckets))) for first, buckets in groupby(found, lambda b: b.start)
        }
    values = metrics.values(metric, start, end, period_seconds, origin=int(start), unit=unit)
    answer: dict[int, float] = {}
    for first, of_period in groupby(values, lambda value: value.start):
        result = cut.of(pairs(of_period))
        if result is not None:
            answer[first] = result
    return answer


def pairs(values: Iterable[Weighted]) -> list[tuple[float, float]]:
    """Values with their weights, in order of value."""
    return sorted((value.value, value.count) for value in values)


def _together(buckets: Sequence[Bucket]) -> Bucket:
    return Bucket(
        buckets[0].start,
        buckets[0].unit,
        sum(bucket.count for bucket in buckets),
        sum(bucket.total for bucket in buckets),
        min(bucket.minimum for bucket in buckets),
        max(bucket.maximum for bucket in buckets),
    )
