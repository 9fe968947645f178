"""Autotune: the ranges and settings that a tuning request leaves to Clary."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from clary.algorithms.hyperparameters import Hyperparameter
from clary.services.sagemaker.tuning.plan import tuned_algorithm
from clary.services.sagemaker.tuning.ranges import text_of

MOST_JOBS = 50
_WIDTH = 10.0  # a hint's range reaches from a tenth of it to ten times as much
_INTEGER_WIDTH = 4


def with_choices(request: Mapping[str, Any]) -> dict[str, Any]:
    """The request with what Autotune chooses, as Describe will show it; what the user chose stays.

    Ranges come from the algorithm's table, or from the value that AutoParameters give as a hint. Trials that fall
    behind are stopped early, the search ends when it has converged, and at most `MOST_JOBS` trials are started.
    """
    if request.get("Autotune", {}).get("Mode") != "Enabled":
        return dict(request)
    config = dict(request["HyperParameterTuningJobConfig"])
    member = "HyperParameterRanges"
    training = request.get("TrainingJobDefinition")
    if training is not None and member not in training:
        config["ParameterRanges"] = _with_ranges(config.get("ParameterRanges", {}), training)
    config["ResourceLimits"] = {"MaxNumberOfTrainingJobs": MOST_JOBS, **config["ResourceLimits"]}
    if config["Strategy"] != "Hyperband":
        config.setdefault("TrainingJobEarlyStoppingType", "Auto")
    criteria = {"ConvergenceDetected": {"CompleteOnConvergence": "Enabled"}}
    config["TuningJobCompletionCriteria"] = {**criteria, **config.get("TuningJobCompletionCriteria", {})}
    changed = {**request, "HyperParameterTuningJobConfig": config}
    if training is not None and member in training:
        changed["TrainingJobDefinition"] = {**training, member: _with_ranges(training[member], training)}
    if "TrainingJobDefinitions" in request:
        changed["TrainingJobDefinitions"] = [
            {**one, member: _with_ranges(one.get(member, {}), one)} for one in request["TrainingJobDefinitions"]
        ]
    return changed


def _with_ranges(ranges: Mapping[str, Any], training: Mapping[str, Any]) -> dict[str, Any]:
    """Ranges for the AutoParameters; without any, for all that the built-in algorithm recommends to tune."""
    algorithm = tuned_algorithm(training)
    kinds = ("IntegerParameterRanges", "ContinuousParameterRanges", "CategoricalParameterRanges")
    found: dict[str, list[Any]] = {kind: list(ranges.get(kind, [])) for kind in kinds}
    given = {row["Name"] for rows in found.values() for row in rows}
    taken = given | set(training.get("StaticHyperParameters", {}))
    for auto in ranges.get("AutoParameters", []):
        if auto["Name"] not in given:
            row = (
                algorithm.hyperparameters[auto["Name"]]
                if algorithm and auto["Name"] in algorithm.hyperparameters
                else None
            )
            kind, chosen = _from_table(row) if row is not None and row.tunable else _from_hint(**_hint(auto))
            found[kind].append(chosen)
    if not given and not ranges.get("AutoParameters") and algorithm is not None:
        for row in algorithm.hyperparameters.tunable:
            if row.name not in taken:
                kind, chosen = _from_table(row)
                found[kind].append(chosen)
    return {**{kind: rows for kind, rows in found.items() if rows}, **_autos(ranges)}


def _autos(ranges: Mapping[str, Any]) -> dict[str, Any]:
    return {"AutoParameters": ranges["AutoParameters"]} if ranges.get("AutoParameters") else {}


def _hint(auto: Mapping[str, str]) -> dict[str, str]:
    return {"name": auto["Name"], "hint": auto["ValueHint"].strip('" ')}


def _from_table(row: Hyperparameter) -> tuple[str, dict[str, Any]]:
    tunable = row.tunable
    assert tunable is not None
    if row.domain.type_name == "Integer":
        return "IntegerParameterRanges", _numbers(row.name, str(int(tunable.low)), str(int(tunable.high)))
    return "ContinuousParameterRanges", _numbers(row.name, text_of(float(tunable.low)), text_of(float(tunable.high)))


def _from_hint(name: str, hint: str) -> tuple[str, dict[str, Any]]:
    """A range around a value that a user tried: decades for a real number, a few times as much for a whole one."""
    try:
        value = float(hint)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        words = [hint]
        if hint.lower() in ("true", "false"):
            words = ["True", "False"] if hint[0].isupper() else ["true", "false"]
        return "CategoricalParameterRanges", {"Name": name, "Values": words}
    if hint.lstrip("+-").isdigit():
        whole = abs(int(hint))
        low, high = max(1, whole // _INTEGER_WIDTH), max(2, whole * _INTEGER_WIDTH)
        low, high = (0, 10) if whole == 0 else (-high, -low) if value < 0 else (low, high)
        return "IntegerParameterRanges", _numbers(name, str(low), str(high))
    size = abs(value)
    top = min(1.0, size * _WIDTH) if size < 1 else size * _WIDTH
    low_end, high_end = (0.0, 1.0) if size == 0 else (size / _WIDTH, top)
    if value < 0:
        low_end, high_end = -high_end, -low_end
    return "ContinuousParameterRanges", _numbers(name, text_of(low_end), text_of(high_end))


def _numbers(name: str, low: str, high: str) -> dict[str, Any]:
    return {"Name": name, "MinValue": low, "MaxValue": high, "ScalingType": "Auto"}
