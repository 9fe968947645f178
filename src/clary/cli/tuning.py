"""`clary tuning NAME`: the trials of a tuning job, the best first, and a picture of the search as an HTML page."""

from __future__ import annotations

import argparse
import html
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from clary.cli.client import client, folder_of, running_with_key
from clary.cli.tables import console, named_table

_WIDTH, _HEIGHT, _MARGIN = 760, 320, 48
_PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>{name}</title>
<style>body{{font:15px system-ui;margin:2rem;max-width:60rem}}td,th{{padding:.15rem .9rem .15rem 0;text-align:left}}
circle{{fill:#2563eb}}circle.stopped{{fill:#9ca3af}}polyline{{fill:none;stroke:#16a34a;stroke-width:2}}
text{{font-size:12px;fill:#555}}rect{{fill:none;stroke:#ccc}}</style>
<h1>{name}</h1><p>{status}. {metric} of {count} trials, in the order in which they were started; the line is the best
so far, grey trials were stopped early.</p>
{picture}
<table><tr><th>trial<th>{metric}<th>status<th>hyperparameters</tr>
{rows}
</table></html>
"""


def run(arguments: argparse.Namespace) -> int:
    """Prints the trials of a tuning job; with `--html` also writes the page."""
    running, key = running_with_key(folder_of(arguments))
    sagemaker = client("sagemaker", running, key)
    name = arguments.name
    try:
        told = sagemaker.describe_hyper_parameter_tuning_job(HyperParameterTuningJobName=name)
    except sagemaker.exceptions.ResourceNotFound as error:
        print(f"clary tuning: {error.response['Error']['Message']}")
        return 1
    pages = sagemaker.get_paginator("list_training_jobs_for_hyper_parameter_tuning_job")
    lines = [
        line
        for page in pages.paginate(HyperParameterTuningJobName=name, SortBy="CreationTime", SortOrder="Ascending")
        for line in page["TrainingJobSummaries"]
    ]
    best_first = sorted(lines, key=lambda line: (objective_of(line) is None, _loss(line)))
    table = named_table(name, "training job", "status", "objective", "hyperparameters")
    for line in best_first:
        table.add_row(line["TrainingJobName"], line["TrainingJobStatus"], _number(line), _values(line))
    console().print(table)
    if arguments.html:
        Path(arguments.html).write_text(page_of(name, told["HyperParameterTuningJobStatus"], lines), encoding="utf-8")
        print(f"wrote {arguments.html}")
    return 0


def page_of(name: str, status: str, lines: Sequence[dict[str, Any]]) -> str:
    """The page: a picture of the objective over the trials, and a table with the best first.

    Args:
        lines: of ListTrainingJobsForHyperParameterTuningJob, in the order in which they were started.
    """
    known = [line for line in lines if objective_of(line) is not None]
    metric = known[0]["FinalHyperParameterTuningJobObjectiveMetric"]["MetricName"] if known else "objective"
    rows = "\n".join(
        "<tr><td>" + "<td>".join(html.escape(text) for text in _cells(line)) + "</tr>"
        for line in sorted(lines, key=lambda line: (objective_of(line) is None, _loss(line)))
    )
    return _PAGE.format(
        name=html.escape(name),
        status=html.escape(status),
        metric=html.escape(metric),
        count=len(lines),
        picture=_picture(lines),
        rows=rows,
    )


def objective_of(line: dict[str, Any]) -> float | None:
    """The trial's result, None where it has none."""
    metric = line.get("FinalHyperParameterTuningJobObjectiveMetric")
    return None if metric is None else float(metric["Value"])


def _loss(line: dict[str, Any]) -> float:
    """The objective as something to minimise; 0 without one."""
    metric = line.get("FinalHyperParameterTuningJobObjectiveMetric")
    if metric is None:
        return 0.0
    return -float(metric["Value"]) if metric["Type"] == "Maximize" else float(metric["Value"])


def _picture(lines: Sequence[dict[str, Any]]) -> str:
    values = [(place, value) for place, line in enumerate(lines) if (value := objective_of(line)) is not None]
    if not values:
        return "<p>No trial has a result yet.</p>"
    low, high = min(value for _, value in values), max(value for _, value in values)
    spread = (high - low) or 1.0

    def at(place: int, value: float) -> str:
        across = _MARGIN + (_WIDTH - 2 * _MARGIN) * place / max(len(lines) - 1, 1)
        down = _HEIGHT - _MARGIN - (_HEIGHT - 2 * _MARGIN) * (value - low) / spread
        return f"{across:.1f},{down:.1f}"

    best, line_points, dots = None, [], []
    for place, value in values:
        loss = _loss(lines[place])
        best = (loss, value) if best is None or loss < best[0] else best
        line_points.append(at(place, best[1]))
        across, down = at(place, value).split(",")
        kind = ' class="stopped"' if lines[place]["TrainingJobStatus"] == "Stopped" else ""
        title = html.escape(f"{lines[place]['TrainingJobName']}: {value:.6g}")
        dots.append(f'<circle cx="{across}" cy="{down}" r="4"{kind}><title>{title}</title></circle>')
    return (
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="objective over trials">'
        f'<rect x="{_MARGIN}" y="{_MARGIN}" width="{_WIDTH - 2 * _MARGIN}" height="{_HEIGHT - 2 * _MARGIN}"/>'
        f'<polyline points="{" ".join(line_points)}"/>{"".join(dots)}'
        f'<text x="2" y="{_MARGIN}">{high:.4g}</text><text x="2" y="{_HEIGHT - _MARGIN}">{low:.4g}</text>'
        f'<text x="{_MARGIN}" y="{_HEIGHT - _MARGIN + 18}">1</text>'
        f'<text x="{_WIDTH - _MARGIN - 10}" y="{_HEIGHT - _MARGIN + 18}">{len(lines)}</text></svg>'
    )


def _cells(line: dict[str, Any]) -> list[str]:
    return [line["TrainingJobName"], _number(line), line["TrainingJobStatus"], _values(line)]


def _number(line: dict[str, Any]) -> str:
    value = objective_of(line)
    return "" if value is None else f"{value:.6g}"


def _values(line: dict[str, Any]) -> str:
    return ", ".join(f"{name} {value}" for name, value in sorted(line["TunedHyperParameters"].items()))
