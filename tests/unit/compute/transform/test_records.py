"""Filters and joins on CSV, JSON and JSON Lines, as the documentation of batch transform describes them."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clary.compute.transform.errors import TransformError
from clary.compute.transform.json_path import parse
from clary.compute.transform.records import Csv, Filters, Json, RecordFilter, format_of

CSV_ROWS = b"id-1,5.10,3.5\nid-2,4.9,3.0"
CSV_ANSWER = b"0.93\n0.07\n"
THINGS = [{"id": 1, "features": [1, 2]}, {"id": 2, "features": [3, 4]}]
JSON_LINES = b"\n".join(json.dumps(thing).encode() for thing in THINGS)
JSON_ANSWER = b'{"score": 0.5}\n{"score": 0.25}\n'


def filters(input_filter: str = "$", output_filter: str = "$", *, join: bool = False) -> Filters:
    return Filters(parse(input_filter), parse(output_filter), join)


def transformed(form: Any, chosen: Filters, payload: bytes, answer: bytes) -> tuple[bytes, bytes]:
    """What is sent for the payload, and what becomes of the answer."""
    records = RecordFilter(chosen, form)
    sent, kept = records.outgoing(payload)
    return sent, records.incoming(answer, kept)


@pytest.mark.parametrize(
    ("chosen", "sent", "stored"),
    [
        (filters(join=True), CSV_ROWS, b"id-1,5.10,3.5,0.93\nid-2,4.9,3.0,0.07"),
        (filters("$[1:]"), b"5.10,3.5\n4.9,3.0", CSV_ANSWER),
        (filters("$[1:]", join=True), b"5.10,3.5\n4.9,3.0", b"id-1,5.10,3.5,0.93\nid-2,4.9,3.0,0.07"),
        (filters("$[1:]", "$[0,-1]", join=True), b"5.10,3.5\n4.9,3.0", b"id-1,0.93\nid-2,0.07"),
        (filters("$[1:]", "$[-1]", join=True), b"5.10,3.5\n4.9,3.0", b"0.93\n0.07"),
        (filters("$[2]", "$[0,2:]", join=True), b"3.5\n3.0", b"id-1,3.5,0.93\nid-2,3.0,0.07"),
        (filters(output_filter="$[0]"), CSV_ROWS, b"0.93\n0.07"),
    ],
)
def test_csv_is_filtered_and_joined_by_columns(chosen: Filters, sent: bytes, stored: bytes) -> None:
    assert transformed(Csv(), chosen, CSV_ROWS, CSV_ANSWER) == (sent, stored)


@pytest.mark.parametrize(
    ("chosen", "sent", "stored"),
    [
        (
            filters("$.features", "$['id','SageMakerOutput']", join=True),
            [[1, 2], [3, 4]],
            [{"id": 1, "SageMakerOutput": {"score": 0.5}}, {"id": 2, "SageMakerOutput": {"score": 0.25}}],
        ),
        (
            filters(join=True),
            THINGS,
            [{**THINGS[0], "SageMakerOutput": {"score": 0.5}}, {**THINGS[1], "SageMakerOutput": {"score": 0.25}}],
        ),
        (filters("$['features']", "$.SageMakerOutput.score", join=True), [[1, 2], [3, 4]], [0.5, 0.25]),
        (filters(output_filter="$.score"), THINGS, [0.5, 0.25]),
    ],
)
def test_json_lines_are_filtered_and_joined_by_names(chosen: Filters, sent: list[Any], stored: list[Any]) -> None:
    found = transformed(Json(lines=True), chosen, JSON_LINES, JSON_ANSWER)
    assert [[json.loads(line) for line in part.splitlines()] for part in found] == [sent, stored]


def test_input_that_is_no_object_comes_back_beside_the_answer() -> None:
    _, stored = transformed(Json(lines=True), filters(join=True), b"[1, 2]\n[3, 4]", b"0.5\n0.25\n")
    assert [json.loads(line) for line in stored.splitlines()] == [
        {"SageMakerInput": [1, 2], "SageMakerOutput": 0.5},
        {"SageMakerInput": [3, 4], "SageMakerOutput": 0.25},
    ]


def test_a_json_document_over_several_lines_is_one_record() -> None:
    document = b'{"instances":\n [1, 2],\n "id": 9}'
    sent, stored = transformed(
        Json(lines=False), filters("$.instances", "$['id','SageMakerOutput']", join=True), document, b'{\n"p": 1}'
    )
    assert json.loads(sent) == [1, 2]
    assert json.loads(stored) == {"id": 9, "SageMakerOutput": {"p": 1}}


def test_an_answer_of_several_columns_is_joined_whole() -> None:
    _, stored = transformed(Csv(), filters(join=True), b"a,1\nb,2", b'0,"[0.1, 0.9]"\n1,"[0.8, 0.2]"\n')
    assert stored == b'a,1,0,"[0.1, 0.9]"\nb,2,1,"[0.8, 0.2]"'


@pytest.mark.parametrize("answer", [b"0.93", b"0.93,0.07", b"0.93\n0.07\n0.5\n", b""])
def test_too_many_or_too_few_answers_are_told_in_sagemakers_words(answer: bytes) -> None:
    with pytest.raises(TransformError, match="mismatched line count between the input and the output"):
        transformed(Csv(), filters(join=True), CSV_ROWS, answer)


def test_an_answer_of_another_format_is_the_models_fault() -> None:
    with pytest.raises(TransformError, match="Failed to parse output from the algorithm as JSON") as told:
        transformed(Json(lines=True), filters(join=True), JSON_LINES, b"0.5;0.25")
    assert told.value.blame == "AlgorithmError"


@pytest.mark.parametrize(
    ("chosen", "words"),
    [
        (filters("$[7]"), r"InputFilter \$\[7\]"),
        (filters(output_filter="$[0,9]", join=True), r"OutputFilter \$\[0,9\]"),
    ],
)
def test_an_index_outside_of_the_data_is_an_error_that_names_the_filter(chosen: Filters, words: str) -> None:
    with pytest.raises(TransformError, match=words):
        transformed(Csv(), chosen, CSV_ROWS, CSV_ANSWER)


def test_data_that_is_not_what_its_content_type_says_is_refused() -> None:
    with pytest.raises(TransformError, match="Invalid JSON"):
        RecordFilter(filters("$.a"), Json(lines=True)).outgoing(b"a,b,c")


def test_windows_line_ends_do_not_get_into_the_joined_rows() -> None:
    _, stored = transformed(Csv(), filters(join=True), b"a,1\r\nb,2\r\n", b"0.1\r\n0.2\r\n")
    assert stored == b"a,1,0.1\nb,2,0.2"


def test_bytes_that_are_no_text_pass_through() -> None:
    _, stored = transformed(Csv(), filters(join=True), b"\xff\xfe,1", b"0.1")
    assert stored == b"\xff\xfe,1,0.1"


CELLS = st.text(st.characters(exclude_characters="\n\r\0\x1c\x1d\x1e", exclude_categories=["Cs"]), max_size=8)


@given(st.lists(st.lists(CELLS, min_size=2, max_size=4), min_size=1, max_size=6))
def test_any_cells_survive_reading_selecting_and_writing(rows: list[list[str]]) -> None:
    written = io.StringIO(newline="")
    csv.writer(written, lineterminator="\n").writerows(rows)
    sent, _ = RecordFilter(filters("$[0:]"), Csv()).outgoing(written.getvalue().encode())
    assert list(csv.reader(io.StringIO(sent.decode(), newline=""))) == rows


@pytest.mark.parametrize(
    ("content_type", "lines", "kind"),
    [
        ("text/csv", True, Csv),
        ("text/csv; charset=utf-8", False, Csv),
        ("application/jsonlines", False, Json),
        ("application/json", True, Json),
        ("image/png", True, type(None)),
        ("", False, type(None)),
    ],
)
def test_the_content_type_says_how_records_are_read(content_type: str, lines: bool, kind: type) -> None:
    assert isinstance(format_of(content_type, lines=lines), kind)
