"""The lines of `clary status` about tuning jobs: how far each has come, and the best so far."""

from __future__ import annotations

from typing import Any

from rich.console import Console

from clary.cli.tables import named_table

_SHOWN = 10


def print_tuning_jobs(console: Console, sagemaker: Any) -> None:
    """Prints the latest tuning jobs; nothing where there is none.

    Args:
        sagemaker: a boto3-like client of the running Clary.
    """
    found = sagemaker.list_hyper_parameter_tuning_jobs(
        MaxResults=_SHOWN, SortBy="CreationTime", SortOrder="Descending"
    )["HyperParameterTuningJobSummaries"]
    if not found:
        return
    table = named_table("Tuning jobs", "name", "status", "trials", "best so far", "with")
    for line in found:
        told = sagemaker.describe_hyper_parameter_tuning_job(
            HyperParameterTuningJobName=line["HyperParameterTuningJobName"]
        )
        table.add_row(*_row(line, told.get("BestTrainingJob")))
    console.print(table)


def _row(line: dict[str, Any], best: dict[str, Any] | None) -> list[str]:
    counters = line["TrainingJobStatusCounters"]
    ended = counters["Completed"] + counters["Stopped"]
    failed = counters["NonRetryableError"] + counters["RetryableError"]
    most = line["ResourceLimits"].get("MaxNumberOfTrainingJobs")
    parts = (
        f"{ended + failed} of {most}" if most else str(ended + failed),
        f"{counters['InProgress']} running" if counters["InProgress"] else "",
        f"{failed} failed" if failed else "",
    )
    metric = (best or {}).get("FinalHyperParameterTuningJobObjectiveMetric")
    return [
        line["HyperParameterTuningJobName"],
        line["HyperParameterTuningJobStatus"],
        ", ".join(part for part in parts if part),
        f"{metric['MetricName']} {metric['Value']:.6g}" if metric else "",
        ", ".join(
            f"{name} {_short(value)}" for name, value in sorted((best or {}).get("TunedHyperParameters", {}).items())
        ),
    ]


def _short(value: str) -> str:
    """A number with four digits, anything else as it is."""
    try:
        return f"{float(value):.4g}"
    except ValueError:
        return value
