"""What a job writes to the caller's bucket, laid out as AWS lays it out."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import orjson

from clary.core.pages import encode_token
from clary.services.textract.jobs.job_kinds import LENDING, JobKind
from clary.services.textract.jobs.result_folder import ResultFolder
from clary.services.textract.names import MODEL_VERSION
from clary.services.textract.programs.split_documents import write_pages

ACCESS_CHECK = ".s3_access_check"


def write_answer_files(folder: Path, kind: JobKind, result: ResultFolder, document: Path) -> None:
    """Writes the answers that Get operations give, one after the other, as files 1, 2, 3 and so on.

    A loan file has folders: `detailedResponse` with those files, `summaryResponse`, and `splitDocuments` with a file
    for each of its papers.

    Args:
        folder: becomes the prefix `PREFIX/JOBID` in the bucket.
        document: what was read.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / ACCESS_CHECK).write_bytes(b"")
    common = {"DocumentMetadata": {"Pages": result.summary["pages"]}, "JobStatus": "SUCCEEDED"}
    common |= {kind.model: MODEL_VERSION}
    if result.summary["warnings"]:
        common |= {"JobStatus": "PARTIAL_SUCCESS", "Warnings": result.summary["warnings"]}
    details = folder / "detailedResponse" if kind is LENDING else folder
    details.mkdir(exist_ok=True)
    starts = range(0, max(1, len(result)), kind.items_per_answer)
    for number, start in enumerate(starts, 1):
        answer: dict[str, Any] = {**common, kind.items: result.items(start, kind.items_per_answer)}
        if number < len(starts):
            answer["NextToken"] = encode_token(number + 1)
        (details / str(number)).write_bytes(orjson.dumps(answer))
    if kind is LENDING:
        summary = result.summary["lending"]
        (folder / "summaryResponse").mkdir(exist_ok=True)
        (folder / "summaryResponse" / "1").write_bytes(orjson.dumps({**common, "Summary": summary}))
        _write_papers(folder / "splitDocuments", summary["DocumentGroups"], document)


def _write_papers(folder: Path, groups: Sequence[dict[str, Any]], document: Path) -> None:
    for group in groups:
        for paper in group["SplitDocuments"]:
            write_pages(document, paper["Pages"], folder / group["Type"] / str(paper["Index"]))
