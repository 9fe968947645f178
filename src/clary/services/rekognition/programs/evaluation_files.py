"""What a training of Custom Labels leaves in S3: a summary of its evaluation, and manifests of what was used."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson

from clary.engines.vision.custom_evaluation import Evaluation, Judged
from clary.services.rekognition.programs.training_pictures import StagedPicture

_RESULT = "rekognition-custom-labels-evaluation-result"


def write_evaluation(
    folder: Path,
    task: Mapping[str, Any],
    evaluation: Evaluation,
    results: Mapping[int, Sequence[Judged]],
    train: Sequence[StagedPicture],
    test: Sequence[StagedPicture],
) -> dict[str, Any]:
    """Writes the files.

    Args:
        folder: becomes `task["prefix"]` in S3.
        task: "name", "arn", "bucket", "prefix".
        results: what was said of the test pictures, by their numbers.

    Returns:
        What the version's description needs: "f1", "bucket", and "files" with their keys.
    """
    folder.mkdir(parents=True, exist_ok=True)
    name = task["name"]
    contents: dict[str, tuple[str, list[dict[str, Any]] | dict[str, Any]]] = {
        "summary": (f"EvaluationResultSummary-{name}.json", summary_of(task, evaluation, train, test)),
        "manifest_summary": (f"ManifestSummary-{name}.json", _manifest_summary(train, test)),
        "training_input": ("manifests/training_input.manifest", [one.line for one in train]),
        "training_output": ("manifests/training_output.manifest", [one.line for one in train if not one.error]),
        "training_validation": ("manifests/training_validation.manifest", _validated(train)),
        "testing_input": ("manifests/testing_input.manifest", [one.line for one in test]),
        "testing_output": (
            "manifests/testing_output.manifest",
            [_judged(one, results) for one in test if not one.error],
        ),
        "testing_validation": ("manifests/testing_validation.manifest", _validated(test)),
    }
    files = {}
    for key, (path, content) in contents.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, dict):
            target.write_bytes(orjson.dumps(content, option=orjson.OPT_INDENT_2))
        else:
            target.write_bytes(b"".join(orjson.dumps(line) + b"\n" for line in content))
        files[key] = "/".join(part for part in (task["prefix"], path) if part)
    return {"f1": evaluation.f1, "bucket": task["bucket"], "files": files}


def summary_of(
    task: Mapping[str, Any], evaluation: Evaluation, train: Sequence[StagedPicture], test: Sequence[StagedPicture]
) -> dict[str, Any]:
    """The evaluation in AWS's format."""
    return {
        "Version": 1,
        "AggregatedEvaluationResults": {
            "ConfusionMatrix": [
                {"GroundTruthLabel": true or "_background_", "PredictedLabel": said or "_background_", "Value": share}
                for (true, said), share in evaluation.confusion.items()
            ],
            "F1Score": evaluation.f1,
            "Precision": evaluation.precision,
            "Recall": evaluation.recall,
        },
        "EvaluationDetails": {
            "EvaluationEndTimestamp": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f"),
            "Labels": list(evaluation.labels),
            "NumberOfTestingImages": sum(not one.error for one in test),
            "NumberOfTrainingImages": sum(not one.error for one in train),
            "ProjectVersionArn": task["arn"],
        },
        "LabelEvaluationResults": [
            {
                "Label": label,
                "Metrics": {
                    "AssumedThreshold": score.threshold,
                    "F1Score": score.f1,
                    "Precision": score.precision,
                    "Recall": score.recall,
                },
                "NumberOfTestingImages": score.pictures,
            }
            for label, score in evaluation.labels.items()
        ],
    }


def _manifest_summary(train: Sequence[StagedPicture], test: Sequence[StagedPicture]) -> dict[str, Any]:
    def counted(pictures: Sequence[StagedPicture]) -> dict[str, Any]:
        errors: dict[str, int] = {}
        for one in pictures:
            if one.error:
                code = one.error.partition(":")[0]
                errors[code] = errors.get(code, 0) + 1
        return {
            "total_entries": len(pictures),
            "usable_entries": sum(not one.error for one in pictures),
            "errors": [{"code": code, "count": count} for code, count in sorted(errors.items())],
        }

    return {"statistics": {"training": counted(train), "testing": counted(test)}}


def _validated(pictures: Sequence[StagedPicture]) -> list[dict[str, Any]]:
    """The lines that could not be used, with why."""
    lines = []
    for one in pictures:
        if one.error:
            code, _, message = one.error.partition(": ")
            lines.append({**one.line, "cl-metadata": {"errors": [{"code": code, "message": message}]}})
    return lines


def _judged(picture: StagedPicture, results: Mapping[int, Sequence[Judged]]) -> dict[str, Any]:
    """A line with what the model said of its picture."""
    said = {
        f"{_RESULT}-{index}": {
            "label": one.label,
            "confidence": one.confidence,
            "is-true-positive": one.truth == one.label,
        }
        for index, one in enumerate(results.get(picture.number, ()))
    }
    return {**picture.line, **said}
