"""The program of batch jobs: one line of JSON in, one line out."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from clary.compute.tasks import fail, read_task
from clary.services.personalize.programs.answers import Answers, BadRequest
from clary.services.personalize.programs.importing import csv_files
from clary.services.personalize.programs.segments import SegmentAnswers


def main(folder: Path, data: str) -> int:
    """Writes `output/batch/NAME.out` for each input NAME, and `NAME.errors` where lines could not be answered.

    Args:
        folder: the job's.
        data: Personalize's folder.
    """
    task = read_task(folder)
    answers = Answers(Path(data), task["answers"])
    asked = SegmentAnswers(answers) if answers.makes_segments else None
    target = folder / "output/batch"
    target.mkdir(parents=True, exist_ok=True)
    lines = failed = 0
    for name, path in csv_files(folder / "input/data/data"):
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        errors: list[str] = []
        with (target / f"{name}.out").open("w", encoding="utf-8") as out:
            for line in _lines(path):
                lines += 1
                try:
                    found = asked.answer(_read(line), task) if asked else _answer(answers, _read(line), task)
                    out.write(json.dumps(found) + "\n")
                except BadRequest as error:
                    failed += 1
                    errors.append(json.dumps({"input": line[:1000], "output": None, "error": str(error)}))
        if errors:
            (target / f"{name}.errors").write_text("\n".join(errors) + "\n", encoding="utf-8")
    if lines == failed:
        first = errors[0] if lines else "the input holds no lines"
        return fail(folder, f"No line of the input could be answered: {first}")
    print(f"{lines} lines, {failed} of them not answered")  # noqa: T201 - this is the job's log
    return 0


def _lines(path: Path) -> Iterator[str]:
    with path.open(encoding="utf-8-sig", errors="replace") as file:
        for line in file:
            if line.strip():
                yield line.strip()


def _read(line: str) -> dict[str, Any]:
    try:
        value = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise BadRequest(f"The line is not valid JSON: {error}") from error
    if not isinstance(value, dict):
        raise BadRequest("The line is not a JSON object.")
    for member in ("context", "filterValues"):
        if not isinstance(value.get(member, {}), dict) or not _are_texts(list(value.get(member, {}).values())):
            raise BadRequest(f"{member} must be a JSON object whose values are strings.")
    if not _are_texts(value.get("itemList", [])):
        raise BadRequest("itemList must be a list of item identifiers.")
    return value


def _answer(answers: Answers, line: Mapping[str, Any], task: Mapping[str, Any]) -> dict[str, Any]:
    """One line's answer in AWS's shape."""
    missing = [name for name in answers.asks if not line.get(name)]
    if missing:
        raise BadRequest(f"The line lacks {missing}.")
    request: dict[str, Any] = {
        "kind": "rank" if "itemList" in line else "recommend",
        "k": task["k"],
        "context": {name: str(value) for name, value in line.get("context", {}).items()},
    }
    for member, name in (("user", "userId"), ("item", "itemId"), ("list", "itemList")):
        if name in line:
            request[member] = line[name] if member == "list" else str(line[name])
    if task["filter"]:
        request["filter"], request["values"] = task["filter"], line.get("filterValues", {})
    found = answers.answer(request)
    output: dict[str, Any] = {"recommendedItems": [item["itemId"] for item in found]}
    if "item" not in request:
        output["scores"] = [item.get("score", 0.0) for item in found]
    return {"input": dict(line), "output": output, "error": None}


def _are_texts(values: Any) -> bool:
    return isinstance(values, list) and all(isinstance(value, str) for value in values)
