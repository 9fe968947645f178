from __future__ import annotations

import io

import pytest
from rich.console import Console

from clary.cli.tables import console, named_table

NAME = "sagemaker-scikit-learn-2026-01-01-10-00-00-000"
LONG = "a value that is far longer than what is left beside the name"


def printed(output: Console) -> str:
    table = named_table("Jobs", "name", "status")
    table.add_row(NAME, LONG)
    with output.capture() as captured:
        output.print(table)
    return captured.get()


def test_a_name_is_whole_on_a_narrow_terminal() -> None:
    text = printed(Console(file=io.StringIO(), force_terminal=True, width=80, color_system=None))
    assert NAME in text
    assert LONG not in text
    assert max(map(len, text.splitlines())) <= 80


def test_a_row_is_one_line_in_a_pipe(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    assert any(NAME in line and LONG in line for line in printed(console()).splitlines())


def test_a_pipe_is_as_wide_as_it_is_asked_to_be(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "70")
    assert max(map(len, printed(console()).splitlines())) <= 70
