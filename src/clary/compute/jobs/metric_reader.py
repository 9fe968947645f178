"""Finds a job's metrics in its log lines.

Patterns that users write are matched by a library that gives up after a while: one that goes back and forth for ever
must not hold up the log, nor the process that looks after the job. Clary's own patterns take the quicker way.
"""

from __future__ import annotations

import contextlib
import logging
import math
import re
from collections.abc import Callable
from typing import Any

from clary.compute.contract import JobSpec, MetricDefinition

_LONGEST_SEARCHED_CHARACTERS = 4096
_MOST_SEARCH_SECONDS = 0.1
_MOST_TIMEOUTS = 3

_log = logging.getLogger(__name__)


class MetricReader:
    """Reads the metrics of one job.

    Args:
        spec: its `metrics` name them.
        tell: takes lines for the job's log: which metric is given up, and why.
    """

    def __init__(self, spec: JobSpec, tell: Callable[[str], None] = lambda line: None) -> None:
        self._tell = tell
        self._patterns: list[_Pattern] = []
        self._bounded = not spec.program.entry
        self._unseen: list[MetricDefinition] = []  # an algorithm has dozens, and a job's log few of them
        self._job = spec.name
        for metric in spec.metrics:
            if metric.marker:
                self._unseen.append(metric)
            else:
                self._add(metric)

    def read(self, line: str) -> list[tuple[str, float]]:
        """The metrics in a line."""
        found = []
        for metric in [metric for metric in self._unseen if metric.marker in line]:
            self._unseen.remove(metric)
            self._add(metric)
        for pattern in list(self._patterns):
            value = self._value(pattern, line[:_LONGEST_SEARCHED_CHARACTERS])
            if value is not None and math.isfinite(value):
                found.append((pattern.name, value))
        return found

    def _add(self, metric: MetricDefinition) -> None:
        try:
            self._patterns.append(_Pattern(metric.name, metric.regex, bounded=self._bounded))
        except ValueError as error:
            _log.warning("the regex of metric %s of %s cannot be used: %s", metric.name, self._job, error)

    def _value(self, pattern: _Pattern, line: str) -> float | None:
        try:
            text = pattern.find(line)
        except TimeoutError:
            pattern.timeouts += 1
            if pattern.timeouts >= _MOST_TIMEOUTS:
                self._patterns.remove(pattern)
                self._tell(
                    f"The metric {pattern.name} is no longer read: its regular expression {pattern.regex!r} took more "
                    f"than {_MOST_SEARCH_SECONDS} s on {_MOST_TIMEOUTS} lines. Make it simpler, without one repetition "
                    "inside another."
                )
            return None
        with contextlib.suppress(TypeError, ValueError):
            return float(text) if text is not None else None
        return None


class _Pattern:
    """One metric's pattern; `timeouts` counts the lines that it was given up on."""

    def __init__(self, name: str, regex: str, *, bounded: bool) -> None:
        self.name = name
        self.regex = regex
        self.timeouts = 0
        self._options: dict[str, Any] = {"timeout": _MOST_SEARCH_SECONDS, "concurrent": True} if bounded else {}
        compiled = _compiled(regex, bounded=bounded)
        self._groups = compiled.groups
        self._search = compiled.search

    def find(self, line: str) -> str | None:
        """The text of the first group, None where there is none.

        Raises:
            TimeoutError: it took too long.
        """
        match = self._search(line, **self._options) if self._groups else None
        return None if match is None else match[1]


def _compiled(pattern: str, *, bounded: bool) -> Any:
    """A compiled pattern.

    Raises:
        ValueError: it is none.
    """
    try:
        if not bounded:
            return re.compile(pattern)
        import regex  # noqa: PLC0415 - the gateway has no use for it, and it takes a while to load

        return regex.compile(pattern)
    except Exception as error:  # each library has an error of its own
        raise ValueError(str(error)) from error
