"""Every kind of broken CSV is told with file, line, column, value and rule; what fits is read as it stands."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from clary.cli.main import main as command
from clary.compute.tasks import TASK
from clary.services.personalize.programs import importing
from clary.services.personalize.programs.csv_check import MOST_REPORTED, Findings
from clary.services.personalize.programs.importing import check_and_write

from .schemas import GENRES, ITEM, NEW, TIME, USER, VALUE, columns, schema

HEAD = b"USER_ID,ITEM_ID,TIMESTAMP,EVENT_VALUE\n"
COLUMNS = columns(USER, ITEM, TIME, VALUE)


def checked(tmp_path: Path, content: bytes) -> Findings:
    """What is found in a file."""
    path = tmp_path / "data.csv"
    path.write_bytes(content)
    return check_and_write([("data.csv", path)], COLUMNS, tmp_path)


@pytest.mark.parametrize(
    "content",
    [
        HEAD + b"u,i,1,2.5\nu,j,2,\n",
        HEAD + b"u,i,1,2.5\r\nu,j,2,\r\n",
        HEAD + b"u,i,1,2.5\n\n\nu,j,2,",
        b"\xef\xbb\xbf" + HEAD + b"u,i,1,2.5\nu,j,2,\n",
        b"EVENT_VALUE,MORE,TIMESTAMP,ITEM_ID,USER_ID\n2.5,x,1,i,u\n,y,2,j,u\n",
        HEAD + b'"u","i","1","2.5"\n"u","j",2,""\n',
    ],
)
def test_rows_that_fit_are_read_whatever_their_line_ends_order_or_quotes(tmp_path: Path, content: bytes) -> None:
    found = checked(tmp_path, content)
    assert (found.rows, found.problems) == (2, [])
    assert pq.read_table(tmp_path / "part-0.parquet").to_pylist() == [
        {"USER_ID": "u", "ITEM_ID": "i", "TIMESTAMP": 1, "EVENT_VALUE": 2.5},
        {"USER_ID": "u", "ITEM_ID": "j", "TIMESTAMP": 2, "EVENT_VALUE": None},
    ]


@pytest.mark.parametrize(
    ("content", "line", "column", "rule"),
    [
        (b"", 0, "", "empty"),
        (b"USER_ID,EVENT_VALUE\nu,1\n", 1, "", "missing the following columns: [ITEM_ID, TIMESTAMP]"),
        (HEAD.replace(b",", b";") + b"u;i;1;2\n", 1, "", "missing the following columns"),
        (b"USER_ID," + HEAD + b"u,u,i,1,\n", 1, "", "more than once: [USER_ID]"),
        ((HEAD + b"u,i,1,\n").decode().encode("utf-16"), 1, "", "UTF-8"),
        (HEAD + b"u,i,1,\n,i,2,\n", 3, "USER_ID", "cannot be null"),
        (HEAD + b"u,i,,1\n", 2, "TIMESTAMP", "cannot be null"),
        (HEAD + b"u,i,soon,1\n", 2, "TIMESTAMP", "type long"),
        (HEAD + b"u,i,1.0,1\n", 2, "TIMESTAMP", "type long"),
        (HEAD + b"u,i, 1,1\n", 2, "TIMESTAMP", "type long"),
        (HEAD + b"u,i,9223372036854775808,1\n", 2, "TIMESTAMP", "out of range"),
        (HEAD + b"u,i,1,much\n", 2, "EVENT_VALUE", "type float"),
        (HEAD + b"u,i,1,nan\n", 2, "EVENT_VALUE", "type float"),
        (HEAD + b"u," + b"x" * 257 + b",1,1\n", 2, "ITEM_ID", "more than 256"),
        (HEAD + b"u,\xff\xfe,1,1\n", 2, "ITEM_ID", "UTF-8"),
        (HEAD + b"u,i,1\n", 2, "", "3 columns, the header has 4"),
        (HEAD + b"u,i,1,2,3\n", 2, "", "5 columns, the header has 4"),
        (HEAD + b'u,"a\nb",1,1\nu,i,bad,1\n', 4, "TIMESTAMP", "type long"),
        (HEAD + b"u,i,1\nu,i,bad,1\n", 2, "", "3 columns"),
        (HEAD + b'u,"i,1,2\nu,i,3,4\n', 2, "", "columns"),
    ],
)
def test_what_is_wrong_is_told_with_line_column_and_rule(
    tmp_path: Path, content: bytes, line: int, column: str, rule: str
) -> None:
    found = checked(tmp_path, content)
    first = found.problems[0]
    assert (first.file, first.line, first.column) == ("data.csv", line, column)
    assert rule in first.rule


def test_booleans_and_categories_are_checked_too(tmp_path: Path) -> None:
    path = tmp_path / "items.csv"
    path.write_text("ITEM_ID,GENRES,NEW\na,X|Y,True\nb,,\nc,Z,maybe\n" + f"d,{'x' * 1001},false\n")
    found = check_and_write([("items.csv", path)], columns(ITEM, GENRES, NEW), None)
    assert [(one.line, one.column) for one in found.problems] == [(4, "NEW"), (5, "GENRES")]


def test_one_bad_line_at_the_end_of_many_rows_is_found_with_its_number(tmp_path: Path) -> None:
    rows = b"".join(b"u%d,i%d,%d,\n" % (number % 500, number % 90, number) for number in range(300_000))
    found = checked(tmp_path, HEAD + rows + b"u,i,never,\n")
    assert (found.rows, found.count) == (300_001, 1)
    assert found.problems[0].line == 300_002


def test_a_file_of_nothing_but_errors_is_counted_whole_and_listed_in_part(tmp_path: Path) -> None:
    found = checked(tmp_path, HEAD + b"u,i,x,\n" * 5000)
    assert (found.count, len(found.problems)) == (5000, MOST_REPORTED)


def import_job(tmp_path: Path, content: bytes, name: str = "one") -> tuple[int, Path]:
    """Runs the program of an import; its exit code and the folder of the data set."""
    folder = tmp_path / ("job" if name == "one" else name)
    (folder / "input/config").mkdir(parents=True)
    (folder / "input/data/data/part").mkdir(parents=True)
    (folder / "input/data/data/part/a.csv").write_bytes(content)
    (folder / "input/data/data/clary-reports/old").mkdir(parents=True)
    (folder / "input/data/data/clary-reports/old/report.json").write_text("{}")
    task = {"schema": schema(USER, ITEM, TIME, VALUE), "dataset": "set", "job": name}
    (folder / "input/config/hyperparameters.json").write_text(json.dumps({TASK: json.dumps(task)}))
    return importing.main(folder, str(tmp_path / "data")), tmp_path / "data/datasets/set"


def test_an_import_appears_as_a_whole(tmp_path: Path) -> None:
    code, dataset = import_job(tmp_path, HEAD + b"u,i,1,\n")
    assert code == 0
    assert [path.name for path in dataset.iterdir()] == ["one"]
    assert json.loads((dataset / "one/summary.json").read_text()) == {"rows": 1}


def test_a_bad_line_after_a_million_rows_leaves_the_data_set_as_it_was(tmp_path: Path) -> None:
    _, dataset = import_job(tmp_path, HEAD + b"u,i,1,\n")
    before = {path: path.read_bytes() for path in dataset.rglob("*") if path.is_file()}
    code, _ = import_job(tmp_path, HEAD + b"user,item,1600000000,\n" * 1_000_000 + b"u,i,never,\n", "two")
    assert code == 1
    assert "line 1000002 of part/a.csv" in (tmp_path / "two/output/failure").read_text()
    assert {path: path.read_bytes() for path in dataset.rglob("*") if path.is_file()} == before


def test_a_failed_import_leaves_a_reason_and_a_report_and_no_data(tmp_path: Path) -> None:
    code, dataset = import_job(tmp_path, HEAD + b"u,i,1,\nu,,x,\n")
    assert code == 1
    assert list(dataset.iterdir()) == []
    assert "line 3 of part/a.csv" in (tmp_path / "job/output/failure").read_text()
    report = json.loads((tmp_path / "job/output/report/report.json").read_text())
    assert {row["column"] for row in report["rowsWithProblems"]} == {"ITEM_ID", "TIMESTAMP"}


def test_the_command_says_the_same_before_the_import(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "schema.json").write_text(schema(USER, ITEM, TIME, VALUE))
    (tmp_path / "good.csv").write_bytes(HEAD + b"u,i,1,\n")
    (tmp_path / "bad.csv").write_bytes(HEAD + b"u,i,later,\n")
    assert command(["personalize", "validate", str(tmp_path / "good.csv"), str(tmp_path / "schema.json")]) == 0
    assert command(["personalize", "validate", str(tmp_path / "bad.csv"), str(tmp_path / "schema.json")]) == 1
    assert "line 2 of bad.csv, column TIMESTAMP: 'later'" in capsys.readouterr().out
    assert command(["personalize", "validate", str(tmp_path / "none.csv"), str(tmp_path / "schema.json")]) == 1
