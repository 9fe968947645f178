"""CreateHyperParameterTuningJob requests, and a house with tables, a queue and a coordinator without processes."""

from __future__ import annotations

from typing import Any

from clary.engines.tuning.question import Question
from clary.engines.tuning.spaces import Values
from tests.unit.services.sagemaker.training import request_for

METRIC = "validation:auc"


def integers(name: str, low: Any, high: Any, **more: str) -> dict[str, str]:
    return {"Name": name, "MinValue": str(low), "MaxValue": str(high), **more}


floats = integers


def words(name: str, *values: str) -> dict[str, Any]:
    return {"Name": name, "Values": list(values)}


def ranges(**kinds: list[dict[str, Any]]) -> dict[str, Any]:
    return {f"{kind}ParameterRanges": rows for kind, rows in kinds.items()}


RANGES = ranges(Integer=[integers("max_depth", 1, 8)], Continuous=[floats("eta", 0.1, 0.5)])


def definition(**changes: Any) -> dict[str, Any]:
    """A TrainingJobDefinition; a change to None leaves the member out."""
    training = request_for()
    found = {
        "StaticHyperParameters": training["HyperParameters"],
        **{
            member: training[member]
            for member in (
                "AlgorithmSpecification",
                "RoleArn",
                "InputDataConfig",
                "OutputDataConfig",
                "ResourceConfig",
                "StoppingCondition",
            )
        },
        **changes,
    }
    return {member: value for member, value in found.items() if value is not None}


def config(**changes: Any) -> dict[str, Any]:
    found = {
        "Strategy": "Random",
        "HyperParameterTuningJobObjective": {"Type": "Maximize", "MetricName": METRIC},
        "ResourceLimits": {"MaxNumberOfTrainingJobs": 4, "MaxParallelTrainingJobs": 2},
        "ParameterRanges": RANGES,
        **changes,
    }
    return {member: value for member, value in found.items() if value is not None}


def tuning_request(name: str = "Tune-1", **changes: Any) -> dict[str, Any]:
    found = {
        "HyperParameterTuningJobName": name,
        "HyperParameterTuningJobConfig": config(),
        "TrainingJobDefinition": definition(),
        **changes,
    }
    return {member: value for member, value in found.items() if value is not None}


class Oracle:
    """Advice without a process: the engine's own answer, in this one; counts what it is asked."""

    def __init__(self) -> None:
        self.asked: list[Question] = []
        self.is_running = False

    def ask(self, question: Question) -> Values | None:
        from clary.engines.tuning.advisor import advise

        self.asked.append(question)
        return advise(question)

    def close(self) -> None:
        pass
