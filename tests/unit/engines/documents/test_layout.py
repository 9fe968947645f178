"""The parts of a page, and the order in which they are read."""

from __future__ import annotations

from clary.engines.documents.contract import Box
from clary.engines.documents.forms import find_key_values
from clary.engines.documents.layout import find_layout
from clary.engines.documents.layout.order import reading_order
from clary.engines.documents.tables import find_tables
from clary.engines.documents.understanding import LayoutKind
from tests.unit.engines.documents.pages_made import Put, page, paper, rows

PROSE = "the quick brown fox jumps over the lazy dog and then it rests a while in the shade"


def paragraph(left: float, top: float, lines: int = 5, text: str = PROSE[:45]) -> list[Put]:
    return [(left, top + 13 * number, text) for number in range(lines)]


def test_parts_are_told_apart_and_come_in_the_order_of_reading() -> None:
    puts: list[Put] = [(60, 20, "Quarterly report"), *paragraph(60, 160, 5, PROSE)]
    puts += [(60, 250, "2. Prospects"), *paragraph(60, 280, 4, PROSE)]
    puts += [(60, 360, "1) sell more"), (60, 378, "2) buy less"), (280, 770, "Page 3 of 9"), (60, 755, "Confidential")]
    parts = find_layout(page(puts, big=[(60, 100, "The year in figures")]))
    assert [part.kind for part in parts] == [
        LayoutKind.HEADER,
        LayoutKind.TITLE,
        LayoutKind.TEXT,
        LayoutKind.SECTION_HEADER,
        LayoutKind.TEXT,
        LayoutKind.LIST,
        LayoutKind.FOOTER,
        LayoutKind.PAGE_NUMBER,
    ]


def test_a_list_holds_its_items() -> None:
    (part,) = find_layout(page([(60, 360, "• apples"), (60, 378, "• pears"), (60, 396, "• plums")]))
    assert part.kind is LayoutKind.LIST
    assert len(part.children) == 3


def test_columns_are_read_one_after_the_other() -> None:
    made = page([*paragraph(40, 160, 6), *paragraph(340, 160, 6)])
    first, second = find_layout(made)
    assert first.box.right < second.box.left
    assert len(first.lines) == len(second.lines) == 6


def test_tables_and_fields_are_parts_and_no_line_is_told_twice() -> None:
    puts = rows(
        [60, 220, 320], 200, [["Town", "2001", "2011"], ["Rome", "12", "14"], ["Oslo", "16", "18"], ["Bern", "3", "4"]]
    )
    puts += [(60, 500, "Name: Ann Lee"), (60, 520, "Phone: 555-0100"), *paragraph(60, 600, 3, PROSE)]
    made = page(puts)
    parts = find_layout(made, find_tables(made), find_key_values(made))
    assert {part.kind for part in parts} == {LayoutKind.TABLE, LayoutKind.KEY_VALUE, LayoutKind.TEXT}
    lines = [line for part in parts for line in part.lines]
    assert sorted(lines) == list(range(len(made.lines)))


def test_names_and_values_far_apart_are_one_part() -> None:
    names, values = ("Name:", "Berth:", "Permit No:"), ("Jo Tern", "12", "A-7712")
    puts: list[Put] = [(60, 300 + 15 * at, name) for at, name in enumerate(names)]
    puts += [(260, 300 + 15 * at, value) for at, value in enumerate(values)]
    made = page([*puts, *paragraph(60, 500, 4, PROSE)])
    parts = [part for part in find_layout(made, (), find_key_values(made)) if part.kind is LayoutKind.KEY_VALUE]
    assert [len(part.lines) for part in parts] == [6]


def test_a_dark_area_without_words_is_a_figure() -> None:
    picture = paper()
    picture[600:900, 200:600] = 90
    parts = find_layout(page(paragraph(60, 100, 4, PROSE)), picture=picture)
    figures = [part for part in parts if part.kind is LayoutKind.FIGURE]
    assert len(figures) == 1
    assert abs(figures[0].box.top - 600 / 1600) < 0.02


def test_the_order_takes_columns_whole_even_where_their_paragraphs_end_at_one_height() -> None:
    title = Box(0.1, 0.05, 0.9, 0.1)
    left = [Box(0.1, 0.2, 0.45, 0.4), Box(0.1, 0.45, 0.45, 0.7)]
    right = [Box(0.55, 0.2, 0.9, 0.4), Box(0.55, 0.45, 0.9, 0.7)]
    foot = Box(0.1, 0.8, 0.9, 0.85)
    boxes = [right[1], foot, left[0], title, right[0], left[1]]
    assert [boxes[place] for place in reading_order(boxes)] == [title, *left, *right, foot]


def test_an_empty_page_has_no_parts() -> None:
    assert find_layout(page([]), picture=paper()) == ()
