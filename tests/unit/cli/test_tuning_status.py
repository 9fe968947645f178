from __future__ import annotations

import io
from datetime import UTC, datetime
from typing import Any

from rich.console import Console

from clary.cli.tuning_status import print_tuning_jobs

COUNTERS = {"Completed": 4, "InProgress": 2, "NonRetryableError": 1, "RetryableError": 0, "Stopped": 1}
BEST = {
    "TunedHyperParameters": {"eta": "0.123456789", "booster": "dart"},
    "FinalHyperParameterTuningJobObjectiveMetric": {"MetricName": "validation:auc", "Value": 0.912345678},
}


class SageMaker:
    def __init__(self, *names: str) -> None:
        self.names = names

    def list_hyper_parameter_tuning_jobs(self, **request: Any) -> dict[str, Any]:
        line = {
            "HyperParameterTuningJobStatus": "InProgress",
            "TrainingJobStatusCounters": COUNTERS,
            "ResourceLimits": {"MaxNumberOfTrainingJobs": 20},
            "CreationTime": datetime(2026, 1, 1, tzinfo=UTC),
        }
        return {"HyperParameterTuningJobSummaries": [{"HyperParameterTuningJobName": n, **line} for n in self.names]}

    def describe_hyper_parameter_tuning_job(self, **request: str) -> dict[str, Any]:
        return {} if request["HyperParameterTuningJobName"] == "young" else {"BestTrainingJob": BEST}


def printed(sagemaker: SageMaker) -> str:
    output = io.StringIO()
    print_tuning_jobs(Console(file=output, width=200), sagemaker)
    return output.getvalue()


def test_a_tuning_job_tells_how_far_it_is_and_what_was_best() -> None:
    line = next(line for line in printed(SageMaker("offers")).splitlines() if "offers" in line)
    for text in ("InProgress", "6 of 20", " 2 ", " 1 ", "validation:auc 0.912346", "booster dart, eta 0.1235"):
        assert text in line


def test_one_without_a_result_has_no_best() -> None:
    line = next(line for line in printed(SageMaker("young")).splitlines() if "young" in line)
    assert "6 of 20" in line
    assert "auc" not in line


def test_nothing_is_printed_where_nothing_is_tuned() -> None:
    assert printed(SageMaker()) == ""
