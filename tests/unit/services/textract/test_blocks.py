"""Blocks: their order, ids, relations and places."""

from __future__ import annotations

import math
import uuid

from clary.engines.documents.contract import Box
from clary.engines.documents.understanding import (
    Answer,
    Cell,
    KeyValue,
    LayoutKind,
    LayoutPart,
    SelectionElement,
    Signature,
    Table,
    Understanding,
)
from clary.services.textract.blocks.analysis_blocks import analysis_blocks, text_blocks
from clary.services.textract.blocks.blocks import BlockStyle

from .made_documents import page_of, passage

STYLE = BlockStyle("seed")


def by_type(blocks, kind):
    return [block for block in blocks if block["BlockType"] == kind]


def related(block, kind):
    return [one for relation in block.get("Relationships", []) if relation["Type"] == kind for one in relation["Ids"]]


def test_a_page_comes_first_then_its_lines_then_all_words():
    blocks = text_blocks(page_of(["one two", "three"]), STYLE)
    assert [block["BlockType"] for block in blocks] == ["PAGE", "LINE", "LINE", "WORD", "WORD", "WORD"]
    page, first, second, *words = blocks
    assert related(page, "CHILD") == [first["Id"], second["Id"]]
    assert related(first, "CHILD") == [words[0]["Id"], words[1]["Id"]]
    assert [block.get("Text") for block in blocks] == [None, "one two", "three", "one", "two", "three"]
    assert all(block["Page"] == 1 for block in blocks)
    assert all(block["TextType"] == "PRINTED" for block in words)
    assert words[0]["Confidence"] == 90.0
    assert "Confidence" not in page


def test_an_empty_page_has_no_relationships():
    (page,) = text_blocks(page_of([]), STYLE)
    assert "Relationships" not in page
    assert page["Geometry"]["BoundingBox"] == {"Width": 1.0, "Height": 1.0, "Left": 0.0, "Top": 0.0}


def test_ids_are_uuids_that_depend_on_the_seed_alone():
    page = page_of(["one two"])
    first, again, other = (
        [block["Id"] for block in text_blocks(page, BlockStyle(seed))] for seed in ("job/1", "job/1", "job/2")
    )
    assert first == again
    assert not set(first) & set(other)
    assert all(uuid.UUID(one).version == 4 for one in first)


def test_places_of_a_page_that_lies_are_told_on_the_page_as_it_was_sent():
    word = text_blocks(page_of(["word"], turned=True), BlockStyle("seed", angles=True))[2]
    box = word["Geometry"]["BoundingBox"]
    assert math.isclose(box["Left"], 0.9, abs_tol=1e-6)
    assert math.isclose(box["Top"], 0.05, abs_tol=1e-6)
    assert box["Height"] > box["Width"]
    assert word["Geometry"]["RotationAngle"] == 90.0
    first, second, *_ = word["Geometry"]["Polygon"]
    assert (first["X"], second["Y"] > first["Y"]) == (0.95, True)


def test_upright_text_is_not_turned():
    word = text_blocks(page_of(["word"]), BlockStyle("seed", angles=True))[2]
    assert word["Geometry"]["RotationAngle"] == 0.0
    assert "RotationAngle" not in text_blocks(page_of(["word"]), STYLE)[2]["Geometry"]
    assert [(point["X"], point["Y"]) for point in word["Geometry"]["Polygon"]] == [
        (0.05, 0.05),
        (0.13, 0.05),
        (0.13, 0.1),
        (0.05, 0.1),
    ]


def test_fields_are_two_blocks_that_name_each_other_and_their_words():
    page = page_of(["Name: Ana", "Empty:", "Agreed:"])
    understanding = Understanding(
        1,
        selections=(SelectionElement(Box(0.5, 0.25, 0.52, 0.3), True, 0.9),),
        key_values=(
            KeyValue(passage(page, 0), passage(page, 1), 0.95),
            KeyValue(passage(page, 2), None, 0.7),
            KeyValue(passage(page, 3), None, 0.8, selection=0),
        ),
    )
    blocks = analysis_blocks(page, understanding, [], STYLE)
    ids = {block["Id"]: block for block in blocks}
    keys = [block for block in by_type(blocks, "KEY_VALUE_SET") if block["EntityTypes"] == ["KEY"]]
    values = [ids[related(key, "VALUE")[0]] for key in keys]
    assert [ids[one]["Text"] for key in keys for one in related(key, "CHILD")] == ["Name:", "Empty:", "Agreed:"]
    assert [ids[one]["Text"] for one in related(values[0], "CHILD")] == ["Ana"]
    assert "Relationships" not in values[1]
    (chosen,) = related(values[2], "CHILD")
    assert ids[chosen]["SelectionStatus"] == "SELECTED"
    assert all(value["EntityTypes"] == ["VALUE"] for value in values)
    assert {block["Id"] for block in [*keys, *values]} <= set(related(blocks[0], "CHILD"))


def cell(row, column, words=(), *, rows=1, columns=1, **more):
    left, top = 0.05 + 0.2 * (column - 1), 0.05 + 0.1 * (row - 1)
    box = Box(left, top, left + 0.2 * columns, top + 0.1 * rows)
    return Cell(row, column, rows, columns, box, "", 0.9, tuple(words), **more)


def test_a_table_names_its_cells_and_merged_cells_lie_over_single_ones():
    page = page_of(["wide words", "a b", "Sum up"])
    cells = (
        cell(1, 1, (0, 1), columns=2, header=True),
        cell(2, 1, (2,)),
        cell(2, 2, (3,), summary=True),
    )
    table = Table(
        Box(0.05, 0.05, 0.45, 0.25), 2, 2, cells, 0.9, titles=(passage(page, 4),), footers=(passage(page, 5),)
    )
    blocks = analysis_blocks(page, Understanding(1, tables=(table,)), [], STYLE)
    ids = {block["Id"]: block for block in blocks}
    (made,) = by_type(blocks, "TABLE")
    assert made["EntityTypes"] == ["STRUCTURED_TABLE"]
    singles = [ids[one] for one in related(made, "CHILD")]
    assert [(one["RowIndex"], one["ColumnIndex"], one["RowSpan"], one["ColumnSpan"]) for one in singles] == [
        (1, 1, 1, 1),
        (1, 2, 1, 1),
        (2, 1, 1, 1),
        (2, 2, 1, 1),
    ]
    (merged,) = [ids[one] for one in related(made, "MERGED_CELL")]
    assert (merged["RowIndex"], merged["ColumnIndex"], merged["RowSpan"], merged["ColumnSpan"]) == (1, 1, 1, 2)
    assert related(merged, "CHILD") == [singles[0]["Id"], singles[1]["Id"]]
    texts = [ids[one]["Text"] for part in singles[:2] for one in related(part, "CHILD")]
    assert texts == ["wide", "words"]
    assert singles[0]["EntityTypes"] == merged["EntityTypes"] == ["COLUMN_HEADER"]
    assert singles[3]["EntityTypes"] == ["TABLE_SUMMARY"]
    assert "EntityTypes" not in singles[2]
    (title,) = [ids[one] for one in related(made, "TABLE_TITLE")]
    (footer,) = [ids[one] for one in related(made, "TABLE_FOOTER")]
    assert [ids[one]["Text"] for one in related(title, "CHILD") + related(footer, "CHILD")] == ["Sum", "up"]


def test_words_of_a_merged_cell_lie_in_the_place_that_holds_them():
    page = page_of(["left xxxxxx right"])
    cells = (
        cell(1, 1, (0, 2), columns=2),
        cell(2, 1),
        cell(2, 2),
    )
    table = Table(Box(0.05, 0.05, 0.45, 0.25), 2, 2, cells, 0.9)
    blocks = analysis_blocks(page, Understanding(1, tables=(table,)), [], STYLE)
    ids = {block["Id"]: block for block in blocks}
    first, second = [ids[one] for one in related(by_type(blocks, "TABLE")[0], "CHILD")][:2]
    assert [ids[one]["Text"] for one in related(first, "CHILD")] == ["left"]
    assert [ids[one]["Text"] for one in related(second, "CHILD")] == ["right"]


def test_a_table_title_inside_of_the_grid_is_told_by_its_cell():
    page = page_of(["Title", "Section"])
    cells = (cell(1, 1, (0,), columns=2, title=True), cell(2, 1, (1,), columns=2, title=True))
    table = Table(Box(0.05, 0.05, 0.45, 0.25), 2, 2, cells, 0.9, structured=False)
    blocks = analysis_blocks(page, Understanding(1, tables=(table,)), [], STYLE)
    assert [block["EntityTypes"] for block in by_type(blocks, "MERGED_CELL")] == [
        ["TABLE_TITLE"],
        ["TABLE_SECTION_TITLE"],
    ]
    assert by_type(blocks, "TABLE")[0]["EntityTypes"] == ["SEMI_STRUCTURED_TABLE"]


def test_selection_elements_and_signatures_lie_in_their_cells():
    page = page_of(["a"])
    understanding = Understanding(
        1,
        selections=(SelectionElement(Box(0.3, 0.07, 0.32, 0.1), False, 0.6),),
        tables=(Table(Box(0.05, 0.05, 0.45, 0.15), 1, 2, (cell(1, 1, (0,)), cell(1, 2, selections=(0,))), 0.9),),
        signatures=(Signature(Box(0.06, 0.06, 0.1, 0.08), 0.5),),
    )
    blocks = analysis_blocks(page, understanding, [], STYLE)
    ids = {block["Id"]: block for block in blocks}
    first, second = by_type(blocks, "CELL")
    assert [ids[one]["BlockType"] for one in related(first, "CHILD")] == ["WORD", "SIGNATURE"]
    assert [ids[one]["SelectionStatus"] for one in related(second, "CHILD")] == ["NOT_SELECTED"]
    (signature,) = by_type(blocks, "SIGNATURE")
    assert signature["Confidence"] == 50.0
    assert signature["Id"] in related(blocks[0], "CHILD")


def test_layout_comes_in_the_order_of_reading_and_lists_hold_their_items():
    page = page_of(["Heading", "one", "two", "7"])
    items = tuple(LayoutPart(LayoutKind.TEXT, Box(0.05, 0.1 * n, 0.2, 0.1 * n + 0.05), 0.8, (n,)) for n in (1, 2))
    parts = (
        LayoutPart(LayoutKind.TITLE, Box(0, 0, 1, 0.1), 0.9, (0,)),
        LayoutPart(LayoutKind.LIST, Box(0, 0.1, 1, 0.3), 0.9, (1, 2), items),
        LayoutPart(LayoutKind.FIGURE, Box(0, 0.5, 1, 0.6), 0.9),
        LayoutPart(LayoutKind.PAGE_NUMBER, Box(0, 0.3, 1, 0.4), 0.9, (3,)),
        LayoutPart(LayoutKind.KEY_VALUE, Box(0, 0.3, 1, 0.4), 0.9, (3,)),
    )
    blocks = analysis_blocks(page, Understanding(1, layout=parts), [], STYLE)
    ids = {block["Id"]: block for block in blocks}
    layout = [ids[one] for one in related(blocks[0], "CHILD") if ids[one]["BlockType"].startswith("LAYOUT")]
    assert [block["BlockType"] for block in layout if block["BlockType"] != "LAYOUT_TEXT"] == [
        "LAYOUT_TITLE",
        "LAYOUT_LIST",
        "LAYOUT_FIGURE",
        "LAYOUT_PAGE_NUMBER",
        "LAYOUT_KEY_VALUE",
    ]
    (made,) = by_type(blocks, "LAYOUT_LIST")
    assert [ids[one]["BlockType"] for one in related(made, "CHILD")] == ["LAYOUT_TEXT", "LAYOUT_TEXT"]
    assert [ids[one]["Text"] for one in related(by_type(blocks, "LAYOUT_TITLE")[0], "CHILD")] == ["Heading"]
    assert "Relationships" not in by_type(blocks, "LAYOUT_FIGURE")[0]


def test_every_question_is_a_block_and_names_its_answer():
    page = page_of(["Total 12.50"])
    queries = [{"Text": "What is the total?", "Alias": "TOTAL"}, {"Text": "Who pays?"}]
    understanding = Understanding(1, answers=(Answer(0, passage(page, 1)),))
    blocks = analysis_blocks(page, understanding, queries, STYLE)
    ids = {block["Id"]: block for block in blocks}
    asked = by_type(blocks, "QUERY")
    assert [block["Query"] for block in asked] == queries
    (result,) = related(asked[0], "ANSWER")
    assert (ids[result]["BlockType"], ids[result]["Text"]) == ("QUERY_RESULT", "12.50")
    assert "Relationships" not in asked[1]
    assert {*(block["Id"] for block in asked), result} <= set(related(blocks[0], "CHILD"))
    assert "Geometry" not in asked[0]
