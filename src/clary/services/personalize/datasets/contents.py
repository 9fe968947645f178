"""What is in a data set: which folders its imports left count, decided by the records of the import jobs alone.

An import job writes its columns into a folder of its own and renames it into place at its end. The folder counts from
the moment the job's record says Completed: until then, and if it never does, the data set is as it was.

PERSONALIZE/datasets/DATASET-ID/JOB-ID/part-0.parquet ..., summary.json
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from clary.services.personalize import names
from clary.services.personalize.names import DELETION_JOB, IMPORT_JOB
from clary.storage.records import Filters, Record, Records

_READERS = (
    names.SOLUTION_VERSION,
    names.RECOMMENDER_VERSION,
    names.EXPORT_JOB,
    names.DELETION_JOB,
    names.BATCH_INFERENCE_JOB,
    names.BATCH_SEGMENT_JOB,
)


@dataclass(frozen=True, slots=True)
class Segment:
    """What one import left.

    Attributes:
        folder: below Personalize's folder.
        ended: when it began to count, seconds since 1970.
    """

    folder: str
    ended: float


def segment_folder(dataset_id: str, job_id: str) -> str:
    """The folder of an import, below Personalize's."""
    return f"datasets/{dataset_id}/{job_id}"


def segments(records: Records, dataset: Record) -> list[Segment]:
    """The folders that make up the data set now, oldest first: the last full import and what came after it."""
    found: list[tuple[float, bool, str]] = []
    for job in records.children(IMPORT_JOB, dataset):
        state = job.body.get("job", {})
        if job.status == "Completed" and "segment" in job.body:
            found.append((state["ended"], job.body["importMode"] == "FULL", job.body["segment"]))
    found.sort()
    first = max((index for index, (_, full, _) in enumerate(found) if full), default=0)
    return [Segment(folder, ended) for ended, _, folder in found[first:]]


def deletions(records: Records, group: Record) -> list[Segment]:
    """The folders in which deletion jobs left the users whose data is gone, oldest first."""
    found = [
        Segment(job.body["segment"], job.body["job"]["ended"])
        for job in records.children(DELETION_JOB, group)
        if job.status == "Completed"
    ]
    return sorted(found, key=lambda segment: segment.ended)


def summary(root: Path, parts: Sequence[Segment]) -> dict[str, Any]:
    """Rows and parts of a data set."""
    rows = 0
    for part in parts:
        rows += int(json.loads((root / part.folder / "summary.json").read_text(encoding="utf-8"))["rows"])
    return {"rows": rows, "parts": len(parts)}


def sweep(root: Path, records: Records, dataset: Record) -> None:
    """Removes folders that do not count any more, unless a job that was told of them may still read them."""
    for kind in _READERS:
        running = Filters(status="InProgress")
        if records.page(kind, dataset.account, dataset.region, filters=running, limit=1).records:
            return
    kept = {segment.folder for segment in segments(records, dataset)}
    kept |= {
        job.body.get("segment", "")
        for job in records.children(IMPORT_JOB, dataset)
        if job.status in ("InProgress", "Stopping")
    }
    for folder in (root / "datasets" / dataset.body["id"]).glob("*"):
        if str(folder.relative_to(root)) not in kept:
            shutil.rmtree(folder, ignore_errors=True)


def forget(root: Path, dataset: Record) -> None:
    """Removes everything that a deleted data set held."""
    shutil.rmtree(root / "datasets" / dataset.body["id"], ignore_errors=True)
