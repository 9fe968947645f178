"""The program that makes a version of an adapter: learns from some labelled papers, is tested on the others."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from clary.compute.tasks import fail
from clary.engines.refusals import Refused
from clary.services.textract.adapters.adapter_datasets import TEST, TRAIN, LabelledPaper, read_examples
from clary.services.textract.adapters.adapter_states import METRICS, STATE
from clary.services.textract.engine import DocumentReader, told
from clary.services.textract.jobs.result_folder import write_durably
from clary.services.textract.programs.reading import loaded_reader

_SPACE = re.compile(r"\s+")
_DIGITS = 4


@dataclass(slots=True)
class Tally:
    """How often answers were right.

    Attributes:
        right: the answer is the labelled one.
        given: there was an answer.
        wanted: there should have been one.
    """

    right: int = 0
    given: int = 0
    wanted: int = 0

    def count(self, expected: str, answer: str | None) -> None:
        """Adds one question."""
        self.wanted += bool(expected)
        self.given += bool(answer)
        self.right += bool(expected) and answer is not None and _plain(answer) == _plain(expected)

    def metric(self) -> dict[str, float]:
        """Precision, recall and their harmonic mean."""
        precision = self.right / self.given if self.given else 0.0
        recall = self.right / self.wanted if self.wanted else 0.0
        f1 = 2 * precision * recall / (precision + recall) if precision + recall else 0.0
        return {
            "F1Score": round(f1, _DIGITS),
            "Precision": round(precision, _DIGITS),
            "Recall": round(recall, _DIGITS),
        }


def main(folder: Path, place: str) -> int:
    """Learns and tests; what is wrong with a paper is told in `output/failure`.

    Args:
        folder: the job's.
        place: the version's folder, with its labelled papers.
    """
    try:
        return train(folder, Path(place), loaded_reader())
    except Refused as refused:
        return fail(folder, told(refused).message)


def train(folder: Path, place: Path, reader: DocumentReader) -> int:
    """The same, with a reader that is there; returns an exit code.

    Raises:
        Refused: a paper cannot be read, or nothing can be learned from them.
    """
    papers = read_examples(place)
    for paper in papers:
        reader.count_pages((place / paper.file).read_bytes(), most=1)
    learning = [_example(place, paper) for paper in papers if paper.use == TRAIN]
    state = reader.learn_adapter(learning)
    (place / f"{STATE}.draft").write_bytes(state)
    (place / f"{STATE}.draft").rename(place / STATE)
    tested = [paper for paper in papers if paper.use == TEST]
    metrics = [
        {
            "Baseline": measured(reader, place, tested, ()).metric(),
            "AdapterVersion": measured(reader, place, tested, (state,)).metric(),
            "FeatureType": "QUERIES",
        }
    ]
    write_durably(place / METRICS, metrics)
    answer = folder / "output/answer"
    answer.mkdir(parents=True, exist_ok=True)
    (answer / "evaluation_metrics.json").write_text(json.dumps(metrics, indent=1), encoding="utf-8")
    print(f"learned from {len(learning)} papers, tested on {len(tested)}: {metrics[0]}", flush=True)  # noqa: T201
    return 0


def measured(reader: DocumentReader, place: Path, papers: Iterable[LabelledPaper], adapters: Sequence[bytes]) -> Tally:
    """Asks the questions of labelled papers and compares the answers, white space and letter case aside."""
    tally = Tally()
    for paper in papers:
        queries = [{"Text": answer.question} for answer in paper.answers]
        _, found = reader.analysis((place / paper.file).read_bytes(), ["QUERIES"], queries, adapters)
        answers = {answer.question: answer.passage.text for answer in found.answers}
        for position, labelled in enumerate(paper.answers):
            tally.count(labelled.text, answers.get(position))
    return tally


def _example(place: Path, paper: LabelledPaper) -> dict[str, Any]:
    answers = [
        {
            "question": answer.question,
            "text": answer.text,
            **({"box": list(answer.box)} if answer.box is not None else {}),
        }
        for answer in paper.answers
    ]
    return {"document": (place / paper.file).read_bytes(), "answers": answers}


def _plain(text: str) -> str:
    return _SPACE.sub(" ", text).strip().casefold()
