"""Fields of forms and check boxes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from clary.engines.documents.contract import Page
from clary.engines.documents.forms import find_fields, find_key_values
from clary.engines.documents.tables import find_tables
from tests.unit.engines.documents.pages_made import Put, frame, page, paper, rows, rule


def pairs(made: Page, picture: NDArray[np.uint8] | None = None) -> dict[str, str | None]:
    """Values by names."""
    return {field.key.text: field.value.text if field.value else None for field in find_key_values(made, picture)}


def test_what_stands_right_of_a_colon_is_the_value() -> None:
    found = pairs(page([(60, 100, "Name: Ann Lee"), (60, 130, "Date of birth: 3 May 1980")]))
    assert found == {"Name:": "Ann Lee", "Date of birth:": "3 May 1980"}


def test_two_fields_may_stand_in_one_row() -> None:
    found = pairs(page([(60, 100, "Name: Ann Lee"), (320, 100, "Phone: 555-0100")]))
    assert found == {"Name:": "Ann Lee", "Phone:": "555-0100"}


def test_a_value_may_run_over_several_lines() -> None:
    found = pairs(
        page([(60, 100, "Address:"), (130, 100, "12 Mill Lane"), (130, 113, "Leeds LS1 4AB"), (60, 160, "Age:")])
    )
    assert found["Address:"] == "12 Mill Lane Leeds LS1 4AB"


def test_a_value_may_stand_below_its_name() -> None:
    assert pairs(page([(60, 100, "Policy holder:"), (60, 115, "Ann Lee")])) == {"Policy holder:": "Ann Lee"}


def test_a_name_with_nothing_filled_in_has_no_value() -> None:
    assert pairs(page([(60, 100, "Signature:"), (60, 300, "Date: 3 May 1980")]))["Signature:"] is None


def test_names_without_colons_are_known_by_the_columns_they_make() -> None:
    listed = [["Rod length", "64 mm"], ["Tear strip", "white"], ["Diameter", "8 mm"], ["Weight", "0.9 g"]]
    found = pairs(page(rows([60, 240], 100, listed)))
    assert found == dict(listed)


def test_a_line_to_write_on_marks_what_was_filled_in() -> None:
    picture = paper()
    rule(picture, 120, 112, 300, 112)
    assert pairs(page([(60, 100, "Brand"), (130, 100, "Belair")]), picture) == {"Brand": "Belair"}


def test_running_text_has_no_fields() -> None:
    words = "the quick brown fox jumps over the lazy dog and then rests"
    assert pairs(page([(60, 100 + 14 * row, words) for row in range(8)])) == {}
    assert pairs(page([(left, 100 + 14 * row, words[:45]) for left in (40, 340) for row in range(8)])) == {}


def test_narrow_columns_of_running_text_have_no_fields_and_are_no_table() -> None:
    left = ["it reads whole pages with", "both columns at a time", "page, for all the data", "that papers of any kind"]
    right = [
        "many more words than this",
        "has been learned from all",
        "papers of the old office",
        "and of many more houses",
    ]
    puts = [
        (60 + 190 * (column is right), 100 + 14 * row, column[row % 4]) for column in (left, right) for row in range(12)
    ]
    made = page(puts)
    assert (pairs(made), find_tables(made)) == ({}, ())


def test_heads_of_a_framed_list_name_what_stands_below_them() -> None:
    puts = rows([70, 260], 105, [["Recipient", "Fax number"], ["Ann Lee", "555-0101"], ["Bob Ray", "555-0102"]], 30)
    picture = paper()
    frame(picture, [60, 250, 440], [95, 125, 155, 185])
    made = page(puts)
    _, fields = find_fields(made, picture, find_tables(made, picture))
    found = {(field.key.text, field.value.text) for field in fields if field.value}
    assert ("Fax number", "555-0101") in found
    assert ("Recipient", "Bob Ray") in found


def box(picture: NDArray[np.uint8], left: int, top: int, marked: bool) -> None:
    frame(picture, [left, left + 12], [top, top + 12])
    if marked:
        for step in range(20):
            x, y = 2 * left + 2 + step, 2 * top + 2 + step
            picture[y : y + 3, x : x + 3] = 0
            picture[y : y + 3, 2 * left + 20 - step : 2 * left + 23 - step] = 0


def test_drawn_boxes_are_selected_when_they_bear_a_mark() -> None:
    picture = paper()
    box(picture, 60, 100, True)
    box(picture, 160, 100, False)
    made = page([(80, 101, "Yes"), (180, 101, "No"), (60, 140, "Some more words stand here")])
    selections, fields = find_fields(made, picture)
    assert [element.selected for element in selections] == [True, False]
    by_name = {field.key.text: field.selection for field in fields}
    assert by_name["Yes"] == 0
    assert by_name["No"] == 1


def test_typed_boxes_are_found_without_a_picture() -> None:
    selections, fields = find_fields(page([(60, 100, "[x] Married"), (200, 100, "[] Single")]))
    assert [element.selected for element in selections] == [True, False]
    assert [field.key.text for field in fields] == ["Married", "Single"]


def test_the_round_letters_of_words_are_no_radio_buttons() -> None:
    assert find_fields(page([(60, 100, "OOO DOOR")]), paper())[0] == ()


def test_the_first_line_of_a_box_names_what_stands_below_it() -> None:
    puts: list[Put] = [
        (70, 100, "1. Name of lender"),
        (70, 116, "Ann Lee"),
        (270, 100, "2. Phone no."),
        (270, 116, "555-0101"),
    ]
    puts += [(70, 150, "3. Title of lender"), (70, 166, "Clerk"), (270, 150, "4. Date"), (270, 166, "3 May 2020")]
    picture = paper()
    frame(picture, [60, 250, 440], [95, 140, 190])
    made = page(puts)
    _, fields = find_fields(made, picture, find_tables(made, picture))
    assert {field.key.text: field.value.text for field in fields if field.value} == {
        "1. Name of lender": "Ann Lee",
        "2. Phone no.": "555-0101",
        "3. Title of lender": "Clerk",
        "4. Date": "3 May 2020",
    }
