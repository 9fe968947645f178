"""The four kinds of asynchronous work, and how their answers differ."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from clary.services.textract.names import ANALYSIS_JOB, EXPENSE_JOB, LENDING_JOB, TEXT_DETECTION_JOB


@dataclass(frozen=True, slots=True)
class JobKind:
    """One kind of asynchronous work.

    Attributes:
        record_kind: of its jobs' records.
        items: the member of answers that its items stand in.
        items_per_answer: how many an answer holds, by default and at most.
        model: the member of answers that tells the version of the model.
    """

    record_kind: str
    items: str
    items_per_answer: int
    model: str


TEXT_DETECTION = JobKind(TEXT_DETECTION_JOB, "Blocks", 1000, "DetectDocumentTextModelVersion")
ANALYSIS = JobKind(ANALYSIS_JOB, "Blocks", 1000, "AnalyzeDocumentModelVersion")
EXPENSE = JobKind(EXPENSE_JOB, "ExpenseDocuments", 20, "AnalyzeExpenseModelVersion")
LENDING = JobKind(LENDING_JOB, "Results", 30, "AnalyzeLendingModelVersion")

KINDS: Mapping[str, JobKind] = {kind.record_kind: kind for kind in (TEXT_DETECTION, ANALYSIS, EXPENSE, LENDING)}
"""By the kinds of their records."""
