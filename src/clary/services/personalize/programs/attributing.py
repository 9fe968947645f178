"""The program that adds up what the metrics of an attribution ask for, by source and by quarter of an hour."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from clary.compute.tasks import read_task
from clary.services.personalize.attribution.expressions import SUM, Expression, parsed
from clary.services.personalize.datasets.schema_rules import columns_of
from clary.services.personalize.datasets.schema_tables import ITEMS
from clary.services.personalize.events.event_reader import EventReader
from clary.services.personalize.events.event_store import Event
from clary.services.personalize.programs.row_tables import read_segments
from clary.services.personalize.serving.recommendation_ids import is_from

WINDOW_SECONDS = 900
UNDEFINED = "SOURCE_NAME_UNDEFINED"
"""The source of events that name none."""
_READ_AT_ONCE = 50_000
_SOURCE, _RECOMMENDATION = "EVENT_ATTRIBUTION_SOURCE", "RECOMMENDATION_ID"


@dataclass(frozen=True, slots=True)
class Happening:
    """One interaction, whether it was put or imported.

    Attributes:
        time: seconds since 1970.
        values: its columns by upper-case name.
    """

    type: str
    item: str
    time: int
    values: Mapping[str, Any] = field(default_factory=dict)


def main(folder: Path, data: str) -> int:
    """Computes one report.

    Args:
        folder: the job's.
        data: Personalize's folder.
    """
    task = read_task(folder)
    root = Path(data)
    lines = added_up(happenings(root, task), task["metrics"], item_values(root, task), task["sources"])
    target = root / task["folder"] / f"{task['job']}.json"
    draft = target.with_suffix(".draft")
    draft.write_text(json.dumps(lines), encoding="utf-8")
    draft.rename(target)
    print(f"{len(lines)} values of {len(task['metrics'])} metrics")  # noqa: T201 - this is the job's log
    return 0


def added_up(
    found: Iterator[Happening],
    metrics: Sequence[Mapping[str, str]],
    items: Mapping[str, Mapping[str, float]],
    sources: Sequence[str],
) -> list[dict[str, Any]]:
    """The values of a report.

    Args:
        metrics: "metricName", "eventType", "expression".
        items: column -> item -> value, of the columns that are summed up.
        sources: ARNs that recommendation ids may stand for.

    Returns:
        "metric", "eventType", "function", "source", "window" (its begin, seconds since 1970), "value"; in that order
        of time and name.
    """
    by_type: dict[str, list[tuple[Mapping[str, str], Expression]]] = defaultdict(list)
    for metric in metrics:
        by_type[metric["eventType"].lower()].append((metric, parsed(metric["expression"])))
    totals: dict[tuple[int, str, str], float] = defaultdict(float)
    for happening in found:
        wanted = by_type.get(happening.type.lower())
        if not wanted:
            continue
        source = source_of(happening.values, sources)
        window = happening.time - happening.time % WINDOW_SECONDS
        for metric, expression in wanted:
            value = _value(happening, expression, items)
            if value is not None:
                totals[window, metric["metricName"], source] += value
    described = {metric["metricName"]: metric for metric in metrics}
    return [
        {
            "metric": name,
            "eventType": described[name]["eventType"],
            "function": parsed(described[name]["expression"]).function,
            "source": source,
            "window": window,
            "value": value,
        }
        for (window, name, source), value in sorted(totals.items())
    ]


def source_of(values: Mapping[str, Any], sources: Sequence[str]) -> str:
    """Who an interaction is owed to: what it says, else the campaign or recommender of its recommendation id."""
    if values.get(_SOURCE):
        return str(values[_SOURCE])
    identifier = str(values.get(_RECOMMENDATION) or "")
    return next((arn for arn in sources if is_from(identifier, arn)), UNDEFINED)


def _value(happening: Happening, expression: Expression, items: Mapping[str, Mapping[str, float]]) -> float | None:
    if expression.function != SUM:
        return 1.0
    column = expression.column.upper()
    if expression.dataset == ITEMS:
        return items.get(column, {}).get(happening.item)
    value = happening.values.get(column)
    return None if value is None else float(value)


def happenings(root: Path, task: Mapping[str, Any]) -> Iterator[Happening]:
    """The interactions that a report is about: those of an import, or events that were put."""
    interactions = task["interactions"]
    if "segment" in task:
        columns = columns_of(interactions["schema"])
        for batch in read_segments(root, [task["segment"]], columns, interactions["deletions"]).to_batches():
            for row in batch.to_pylist():
                values = {name.upper(): value for name, value in row.items()}
                yield Happening(values.get("EVENT_TYPE") or "", values["ITEM_ID"], int(values["TIMESTAMP"]), values)
        return
    reader = EventReader(root)
    place = task["after"]
    while place < task["last"]:
        events = reader.events(interactions["id"], place, _READ_AT_ONCE)
        for event in events:
            if event.seq <= task["last"]:
                yield _put(event)
        place = events[-1].seq if events else task["last"]


def _put(event: Event) -> Happening:
    values = {name.upper(): value for name, value in event.body.items()}
    values["EVENT_VALUE"] = event.value
    return Happening(event.type, event.item, event.time, values)


def item_values(root: Path, task: Mapping[str, Any]) -> dict[str, dict[str, float]]:
    """Column -> item -> value, of the columns of items that are summed up."""
    asked = {parsed(metric["expression"]) for metric in task["metrics"]}
    wanted = {expression.column.upper() for expression in asked if expression.dataset == ITEMS}
    dataset = task["items"]
    if not wanted or dataset is None:
        return {}
    columns = [column for column in columns_of(dataset["schema"]) if column.name.upper() in {*wanted, "ITEM_ID"}]
    table = read_segments(root, dataset["segments"], columns)
    names = table.column("ITEM_ID").to_pylist()
    found: dict[str, dict[str, float]] = {}
    for column in columns:
        if column.name != "ITEM_ID":
            pairs = zip(names, table.column(column.name).to_pylist(), strict=True)
            found[column.name.upper()] = {name: float(value) for name, value in pairs if value is not None}
    for row in EventReader(root).rows(dataset["id"]):
        for name, value in row.body.items():
            if name.upper() in wanted and value is not None:
                found.setdefault(name.upper(), {})[row.id] = float(value)
    return found
