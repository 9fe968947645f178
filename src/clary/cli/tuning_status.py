"""The lines of `clary status` about tuning jobs: how far each has come, and the best so far."""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.table import Table

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
    columns = ("name", "status", "trials", "running", "failed", "best so far", "with", "created")
    table = Table(*columns, title="Tuning jobs", title_justify="left")
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
    metric = (best or {}).get("FinalHyperParameterTuningJobObjectiveMetric")
    return [
        line["HyperParameterTuningJobName"],
        line["HyperParameterTuningJobStatus"],
        f"{ended + failed} of {most}" if most else str(ended + failed),
        str(counters["InProgress"]),
        str(failed),
        f"{metric['MetricName']} {metric['Value']:.6g}" if metric else "",
        ", ".join(
            f"{name} {_short(value)}" for name, value in sorted((best or {}).get("TunedHyperParameters", {}).items())
        ),
        line["CreationTime"].astimezone().strftime("%Y-%m-%d %H:%M:%S"),
    ]


def _short(value: str) -> str:
    """A number with four digits, anything else as it is."""
    try:
        return f"{float(value):.4g}"
    except ValueError:
        return value
