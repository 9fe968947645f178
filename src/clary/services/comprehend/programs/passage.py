"""How a job goes through its documents: in groups, each looked at once."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from clary.engines.refusals import Refused
from clary.services.comprehend.job_status import progress_file
from clary.services.comprehend.jobs.analysis_jobs import DOCUMENTS, RESULT
from clary.services.comprehend.places import ONE_DOC_PER_LINE
from clary.services.comprehend.programs.documents import Document, Position, documents, files_below
from clary.services.comprehend.programs.results import Results

_MOST_GROUPED = 64
_MOST_GROUPED_CHARACTERS = 100_000

Look = Callable[[Sequence[str]], list[Any]]
"""Looks at texts; one answer for each."""
Write = Callable[[Results, Document, Any], None]
"""Writes the answer for a document: None where it has a problem."""


class Passage:
    """One way through the documents of a job.

    Args:
        folder: the job's.
        data: Comprehend's folder.
        task: of the job.
        most_bytes: of a document.
        files: the files that hold them, with their names; all of the job's where they are not given.
    """

    def __init__(
        self,
        folder: Path,
        data: Path,
        task: Mapping[str, Any],
        most_bytes: int,
        files: Sequence[tuple[str, Path]] | None = None,
    ) -> None:
        self._folder = folder
        self._files = files_below(folder / "input/data" / DOCUMENTS) if files is None else files
        self._sizes = [path.stat().st_size for _, path in self._files]
        self._before = [0, *itertools.accumulate(self._sizes)]
        self._by_line = task["format"] == ONE_DOC_PER_LINE
        self._most_bytes = most_bytes
        self.results = Results(folder / "checkpoints", progress_file(data, task["name"]), self._before[-1])

    def go(self, look: Look, write: Write, main: str = "") -> None:
        """Looks at all documents that no earlier attempt has looked at, and leaves the results to be uploaded.

        Args:
            main: the file of the results that is there even where there are none.
        """
        results = self.results
        found = documents(self._files, by_line=self._by_line, most_bytes=self._most_bytes, start=results.position)
        for group in _groups(found):
            fit = [document for document in group if document.problem is None]
            answers = iter(_looked(look, fit))
            failed = 0
            for document in group:
                if document.problem is not None:
                    failed += 1
                    write(results, document, None)
                    continue
                answer = next(answers)
                if isinstance(answer, Refused):
                    failed += 1
                    problem = ("INVALID_DOCUMENT", answer.message)
                    write(results, Document(document.file, document.line, "", document.after, problem), None)
                else:
                    write(results, document, answer)
            results.reached(group[-1].after, len(group), failed, self._done(group[-1].after))
        results.hand_over(self._folder / RESULT, main)
        print(f"{results.documents} documents, {results.failed} of them not analysed")  # noqa: T201 - the job's log

    def _done(self, position: Position) -> int:
        return self._before[min(position.file, len(self._sizes))] + position.offset


def problem_members(document: Document) -> dict[str, Any]:
    """The line of a document that could not be looked at."""
    assert document.problem is not None
    code, message = document.problem
    return {**place_members(document), "ErrorCode": code, "ErrorMessage": message}


def place_members(document: Document) -> dict[str, Any]:
    """Which document a line is about."""
    return {"File": document.file} if document.line is None else {"File": document.file, "Line": document.line}


def _groups(found: Iterator[Document]) -> Iterator[list[Document]]:
    group: list[Document] = []
    characters = 0
    for document in found:
        group.append(document)
        characters += len(document.text)
        if len(group) >= _MOST_GROUPED or characters >= _MOST_GROUPED_CHARACTERS:
            yield group
            group, characters = [], 0
    if group:
        yield group


def _looked(look: Look, group: Sequence[Document]) -> list[Any]:
    """The answers for a group; where one document is refused, each is looked at alone."""
    texts = [document.text for document in group]
    if not texts:
        return []
    try:
        return look(texts)
    except Refused:
        found: list[Any] = []
        for text in texts:
            try:
                found += look([text])
            except Refused as refused:
                found.append(refused)
        return found
