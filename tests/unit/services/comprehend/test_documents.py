"""Documents are read one after the other, and each result is there once however often a program is killed."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from clary.engines.refusals import Refused
from clary.services.comprehend.programs import documents as module
from clary.services.comprehend.programs.documents import Document, Position, documents, files_below, lines
from clary.services.comprehend.programs.passage import Passage, place_members
from clary.services.comprehend.programs.results import Results, json_line


@pytest.mark.parametrize("chunk", [1, 2, 3, 7, 1000])
def test_every_way_to_end_a_line_counts_wherever_chunks_are_cut(chunk: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_CHUNK_BYTES", chunk)
    text = b"one\ntwo\r\nthree\rfour\n\nsix\r\r\nlast"
    found = list(lines(io.BytesIO(text), 0, 100))
    assert [line for line, _ in found] == [b"one", b"two", b"three", b"four", b"", b"six", b"", b"last"]
    for number, (_, offset) in enumerate(found[:-1]):
        again = io.BytesIO(text)
        again.seek(offset)
        assert [line for line, _ in lines(again, offset, 100)] == [line for line, _ in found[number + 1 :]]


def test_a_line_that_is_too_long_is_not_held_in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_CHUNK_BYTES", 10)
    (first, _), (second, end) = lines(io.BytesIO(b"x" * 1000 + b"\nok\n"), 0, 20)
    assert first == b"x" * 21
    assert (second, end) == (b"ok", 1004)


def test_what_is_no_document_has_a_problem(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"\xef\xbb\xbffirst\n\xff\xfe\n" + b"y" * 30 + b"\n  \n")
    found = list(documents(files_below(tmp_path), by_line=True, most_bytes=20, start=Position()))
    assert found[0].text == "first"
    problems = [one.problem[0] if one.problem else None for one in found]
    assert problems == [None, "UNSUPPORTED_ENCODING", "DOCUMENT_SIZE_EXCEEDED", "EMPTY_DOCUMENT"]
    (whole,) = documents(files_below(tmp_path), by_line=False, most_bytes=2000, start=Position())
    assert whole.line is None


class Killed(Exception):
    """Stands for the end of a program at any moment."""


def run(folder: Path, most: int, refused: str = "") -> None:
    """Goes through the documents and is killed after so many answers."""
    answered = 0

    def look(texts: Sequence[str]) -> list[Any]:
        nonlocal answered
        answered += len(texts)
        if answered > most:
            raise Killed
        if refused in texts:
            raise Refused("odd", "The text is odd.")
        return [text.upper() for text in texts]

    def write(results: Results, document: Document, found: Any) -> None:
        results.write("output", json_line({**place_members(document), "Found": found, "Problem": document.problem}))

    task = {"format": "ONE_DOC_PER_LINE", "name": "job"}
    passage = Passage(folder, folder / "data", task, 100)
    passage.results._saved = -1e9  # every group is saved
    passage.go(look, write)


def make(folder: Path, count: int) -> None:
    channel = folder / "input/data/documents/sub"
    channel.mkdir(parents=True)
    for name in ("b.txt", "a.txt"):
        (channel / name).write_text("".join(f"{name} {number}\n" for number in range(count)))


def test_each_result_is_there_once_after_many_deaths(tmp_path: Path) -> None:
    make(tmp_path, 150)
    deaths = 0
    for most in (70, 90, 64, 10_000):
        try:
            run(tmp_path, most)
        except Killed:
            deaths += 1
            with (tmp_path / "checkpoints/result/output").open("ab") as file:
                file.write(b'{"half')  # what was on its way when the program died
    assert deaths == 3
    written = (tmp_path / "output/result/output").read_text().splitlines()
    found = [json.loads(line) for line in written]
    assert [(one["File"], one["Line"]) for one in found] == [
        (f"sub/{name}", line) for name in ("a.txt", "b.txt") for line in range(150)
    ]
    progress = json.loads((tmp_path / "data/progress/job/reached.json").read_text())
    assert progress["documents"] == 300
    assert progress["bytes"] == progress["all_bytes"]


def test_one_text_that_is_refused_does_not_take_its_neighbours_along(tmp_path: Path) -> None:
    make(tmp_path, 5)
    run(tmp_path, 10_000, refused="a.txt 3")
    found = [json.loads(line) for line in (tmp_path / "output/result/output").read_text().splitlines()]
    assert [one["Problem"] for one in found if one["Problem"]] == [["INVALID_DOCUMENT", "The text is odd."]]
    assert len(found) == 10
