"""The program of a media analysis job: moderation labels of the pictures that a manifest lists."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson

from clary.compute.tasks import read_task
from clary.engines.refusals import Refused
from clary.engines.vision.host import load
from clary.services.rekognition.moderation import moderation_views
from clary.services.rekognition.names import MODERATION_MODEL_VERSION

_TOLD_EVERY = 100


def main(folder: Path, place: str) -> int:
    """Looks at every picture, from where an attempt that was killed had got to.

    Args:
        folder: the job's; `output/results` is uploaded.
        place: where `lines.jsonl` and the pictures lie.
    """
    root, least = Path(place), float(read_task(folder)["least"])
    lines = [orjson.loads(line) for line in (root / "lines.jsonl").read_bytes().splitlines()]
    done = _resumed(root / "done.jsonl")
    engine = load()
    with (root / "done.jsonl").open("ab") as file:
        for number in range(done, len(lines)):
            file.write(orjson.dumps(_looked_at(engine, root, number, lines[number], least)) + b"\n")
            file.flush()
            if number % _TOLD_EVERY == 0:
                print(f"{number} of {len(lines)} pictures", flush=True)  # noqa: T201 - this is the job's log
    _write(folder / "output/results", (root / "done.jsonl").read_bytes())
    return 0


def _resumed(path: Path) -> int:
    """How many whole lines are there; half of one is cut off."""
    if not path.exists():
        return 0
    content = path.read_bytes()
    whole = content[: content.rfind(b"\n") + 1]
    if whole != content:
        path.write_bytes(whole)
    return whole.count(b"\n")


def _looked_at(engine: Any, root: Path, number: int, line: dict[str, Any], least: float) -> dict[str, Any]:
    answer: dict[str, Any] = {"source-ref": line["source"]}
    if line["error"]:
        code, message = line["error"]
        return {**answer, "detect-moderation-labels-error": {"code": code, "message": message}}
    try:
        found = engine.moderation((root / "pictures" / str(number)).read_bytes())
    except Refused as error:
        return {**answer, "detect-moderation-labels-error": {"code": error.reason, "message": error.message}}
    return {
        **answer,
        "detect-moderation-labels": {
            "ModerationLabels": moderation_views(found["labels"], least),
            "ModerationModelVersion": MODERATION_MODEL_VERSION,
            "ContentTypes": [],
        },
    }


def _write(folder: Path, results: bytes) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "results.jsonl").write_bytes(results)
    failed = sum("detect-moderation-labels-error" in orjson.loads(line) for line in results.splitlines())
    total = results.count(b"\n")
    summary = {"total": total, "succeeded": total - failed, "failed": failed}
    (folder / "manifest-summary.json").write_bytes(orjson.dumps(summary))
