"""Tables: framed, unframed, with heads, spans, titles; and what is none."""

from __future__ import annotations

import pytest

from clary.engines.documents.tables import find_tables
from clary.engines.documents.understanding import Table
from tests.unit.engines.documents.pages_made import Put, frame, page, paper, rows, rule

SALES = [
    ["Region", "2022", "2023", "Change"],
    ["North", "1,204", "1,310", "8.8%"],
    ["South", "980", "1,002", "2.2%"],
    ["West", "2,410", "2,395", "-0.6%"],
    ["Total", "4,594", "4,707", "2.5%"],
]


def texts(table: Table) -> list[list[str]]:
    """Texts by row and column; a cell that spans stands in its first place."""
    grid = [[""] * table.columns for _ in range(table.rows)]
    for cell in table.cells:
        grid[cell.row - 1][cell.column - 1] = cell.text
    return grid


def test_rows_of_words_in_columns_are_a_table() -> None:
    (table,) = find_tables(page(rows([60, 220, 320, 420], 100, SALES)))
    assert texts(table) == SALES
    assert not table.bordered
    assert table.structured


def test_the_first_row_names_the_columns_and_the_last_one_sums_them_up() -> None:
    (table,) = find_tables(page(rows([60, 220, 320, 420], 100, SALES)))
    assert {cell.row for cell in table.cells if cell.header} == {1}
    assert {cell.row for cell in table.cells if cell.summary} == {5}


def test_every_place_of_the_grid_is_covered_once() -> None:
    holes = [
        ["Name", "Count", "Share"],
        ["One", "", "3%"],
        ["Two", "14", ""],
        ["Three", "15", "4%"],
        ["Four", "9", "2%"],
    ]
    (table,) = find_tables(page(rows([60, 220, 320], 100, holes)))
    covered = [
        (row, column)
        for cell in table.cells
        for row in range(cell.row, cell.row + cell.row_span)
        for column in range(cell.column, cell.column + cell.column_span)
    ]
    assert sorted(covered) == [(row, column) for row in range(1, 6) for column in range(1, 4)]
    assert texts(table) == holes


def test_lines_draw_a_table_whatever_stands_in_it() -> None:
    puts: list[Put] = [(70, 105, "Question"), (260, 105, "Answer"), (70, 145, "Why so late"), (260, 145, "Rain")]
    picture = paper()
    frame(picture, [60, 250, 440], [95, 130, 170])
    (table,) = find_tables(page(puts), picture)
    assert texts(table) == [["Question", "Answer"], ["Why so late", "Rain"]]
    assert table.bordered
    assert table.box.left == pytest.approx(0.1, abs=0.01)
    assert table.box.bottom == pytest.approx(170 / 800, abs=0.01)


def test_a_cell_without_a_line_in_its_middle_spans_two_columns() -> None:
    puts: list[Put] = [(70, 105, "Town"), (300, 105, "Both years")]
    puts += rows([70, 260, 400], 145, [["Rome", "12", "14"], ["Oslo", "16", "18"]], 40)
    picture = paper()
    frame(picture, [60, 250, 390, 540], [95, 130, 170, 210])
    picture[2 * 95 + 4 : 2 * 130 - 2, 2 * 390 - 4 : 2 * 390 + 6] = 255
    (table,) = find_tables(page(puts), picture)
    assert [(cell.text, cell.column_span) for cell in table.cells if cell.row == 1] == [("Town", 1), ("Both years", 2)]


def test_a_head_over_a_line_spans_the_columns_that_the_line_runs_along() -> None:
    puts = rows([60, 220, 300, 380, 460], 140, [["City", "Men", "Women", "Men", "Women"]])
    puts += rows([60, 220, 300, 380, 460], 165, [["Rome", "12", "14", "16", "18"], ["Oslo", "22", "24", "26", "28"]])
    puts += [(250, 115, "2001"), (410, 115, "2011")]
    picture = paper()
    for left, right, top in ((55, 500, 108), (215, 345, 131), (375, 500, 131), (55, 500, 157), (55, 500, 200)):
        rule(picture, left, top, right, top)
    (table,) = find_tables(page(puts), picture)
    spans = {cell.text: (cell.column, cell.column_span) for cell in table.cells if cell.column_span > 1}
    assert spans == {"2001": (2, 2), "2011": (4, 2)}
    assert all(cell.header for cell in table.cells if cell.row <= 2 and cell.text)


def test_the_second_line_of_a_cell_is_no_row_of_its_own() -> None:
    puts = rows([60, 300, 380], 100, [["Item", "Count", "Price"], ["Rubber boots,", "12", "14.00"]], 16)
    puts += [(72, 130, "green")]
    puts += rows([60, 300, 380], 146, [["Umbrella", "3", "9.50"], ["Raincoat", "4", "25.00"]], 16)
    (table,) = find_tables(page(puts))
    assert texts(table)[1] == ["Rubber boots, green", "12", "14.00"]
    assert table.rows == 4


def test_columns_of_running_text_are_no_table() -> None:
    words = "the quick brown fox jumps over the lazy dog and then"
    puts = [(left, 100 + 14 * row, words) for left in (40, 330) for row in range(14)]
    assert find_tables(page(puts)) == ()


def test_names_and_values_of_a_form_are_no_table() -> None:
    puts = rows(
        [60, 220], 100, [["Name:", "Ann Lee"], ["Born:", "3 May 1980"], ["Town:", "Leeds"], ["Phone:", "555-0100"]]
    )
    assert find_tables(page(puts)) == ()


def test_a_numbered_line_above_is_the_title_and_a_note_below_the_footer() -> None:
    puts = rows([60, 220, 320, 420], 100, SALES)
    puts += [(60, 82, "Table 3. Sales by region"), (60, 192, "Note: in thousands of pounds")]
    (table,) = find_tables(page(puts))
    assert [title.text for title in table.titles] == ["Table 3. Sales by region"]
    assert [footer.text for footer in table.footers] == ["Note: in thousands of pounds"]


def test_words_of_cells_are_named_by_their_place_on_the_page() -> None:
    made = page(rows([60, 220, 320, 420], 100, SALES))
    (table,) = find_tables(made)
    words = [word.text for word in made.words]
    assert all(" ".join(words[index] for index in cell.words) == cell.text for cell in table.cells)


def test_an_empty_page_has_no_table() -> None:
    assert find_tables(page([]), paper()) == ()
