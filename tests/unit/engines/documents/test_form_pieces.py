"""Fields whose words stand awkwardly: below lines, in leaning rows, under heads; and check boxes hard to see."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from clary.engines.documents.contract import Box, Line, Page, Word
from clary.engines.documents.forms import find_fields
from tests.unit.engines.documents.pages_made import HEIGHT, WIDTH, Put, frame, page, paper, rows, rule
from tests.unit.engines.documents.test_forms import pairs


def test_names_may_stand_below_the_lines_that_are_written_on() -> None:
    picture = paper()
    rule(picture, 50, 112, 500, 112)
    rule(picture, 50, 152, 500, 152)
    puts: list[Put] = [(60, 100, "Major"), (300, 100, "Mary"), (60, 116, "Last Name"), (300, 116, "First Name")]
    puts += [(60, 140, "1/6/58"), (300, 140, "0123abc"), (60, 156, "Date of Birth"), (300, 156, "Patient number")]
    assert pairs(page(puts), picture) == {
        "Last Name": "Major",
        "First Name": "Mary",
        "Date of Birth": "1/6/58",
        "Patient number": "0123abc",
    }


def test_what_stands_below_an_underlined_title_is_no_name() -> None:
    picture = paper()
    rule(picture, 60, 111, 170, 111)
    assert pairs(page([(60, 100, "Change of authorized"), (60, 114, "Account number:")]), picture) == {
        "Account number:": None
    }


def test_a_line_to_write_on_begins_a_value_however_near_its_name_stands() -> None:
    picture = paper()
    rule(picture, 105, 112, 300, 112)
    found = pairs(page([(60, 100, "State of Indiana")]), picture)
    assert found == {"State of": "Indiana"}


def test_a_name_without_its_colon_is_known_by_those_it_is_aligned_with() -> None:
    puts = rows([60, 200], 100, [["Maker:", "blue"], ["Wrapping", "white"], ["Casing:", "none"], ["Filter:", "green"]])
    assert pairs(page(puts))["Wrapping"] == "white"
    assert "Wrapping" not in pairs(page([(60, 100, "Wrapping"), (200, 100, "white")]))


def test_two_columns_of_names_are_a_list_without_fields() -> None:
    towns = [["Hartford", "Concord"], ["Syracuse", "Baltimore"], ["Buffalo", "Wilmington"], ["Albany", "Camden"]]
    assert pairs(page(rows([60, 200], 100, towns))) == {}


def test_a_list_far_below_fields_is_not_taken_for_their_like() -> None:
    fields = [["From:", "Ann"], ["To:", "Bob"], ["Office:", "Houston"]]
    towns = [["Hartford", "Concord"], ["Syracuse", "Baltimore"], ["Buffalo", "Wilmington"], ["Albany", "Camden"]]
    made = page([*rows([60, 200], 100, fields), *rows([60, 200], 450, towns)])
    assert pairs(made) == {"From:": "Ann", "To:": "Bob", "Office:": "Houston"}


def test_everyone_who_gets_a_copy_is_a_value_of_its_own_initials_and_all() -> None:
    puts: list[Put] = [(60, 100, "cc:"), (120, 100, "R. B. Spell"), (120, 113, "A. J. Brown"), (120, 126, "T. Achey")]
    _, fields = find_fields(page(puts))
    found = [(field.key.text, field.value.text if field.value else None) for field in fields]
    assert found == [("cc:", "R. B. Spell"), ("cc:", "A. J. Brown"), ("cc:", "T. Achey")]


def test_a_unit_in_a_column_of_its_own_belongs_to_the_number_before_it() -> None:
    texts = [["Weight:", "974", "mg"], ["Density:", "245", "mg/cc"], ["Length:", "84", "left"]]
    assert pairs(page(rows([60, 200, 260], 100, texts))) == {
        "Weight:": "974 mg",
        "Density:": "245 mg/cc",
        "Length:": "84",
    }


def test_the_number_before_what_stands_on_a_line_belongs_to_the_name_below_the_line() -> None:
    picture = paper()
    rule(picture, 80, 112, 280, 112)
    puts: list[Put] = [(60, 100, "(b)"), (92, 100, "Johns Hopkins"), (60, 115, "Company name")]
    assert pairs(page(puts), picture) == {"(b) Company name": "Johns Hopkins"}


def test_a_sentence_goes_on_in_the_next_of_wide_lines() -> None:
    puts: list[Put] = [(60, 100, "Objective:"), (160, 100, "A mixture that must"), (160, 124, "show less vapor.")]
    assert pairs(page(puts)) == {"Objective:": "A mixture that must show less vapor."}
    puts[2] = (160, 124, "Another Thing")
    assert pairs(page(puts))["Objective:"] == "A mixture that must"


def test_a_colon_between_digits_ends_no_name() -> None:
    assert pairs(page([(60, 100, "Arrived:"), (200, 100, "10: 45")])) == {"Arrived:": "10: 45"}
    assert pairs(page([(60, 100, "(Form 02: 20: 06)")])) == {}


def test_heads_side_by_side_on_one_ruled_line_are_no_field() -> None:
    picture = paper()
    rule(picture, 50, 112, 500, 112)
    assert pairs(page([(60, 100, "Account Name"), (200, 100, "Description")]), picture) == {"Account Name": None}


def test_values_stand_below_a_row_of_heads_even_where_they_stand_tight() -> None:
    puts: list[Put] = [(60, 100, "FILE"), (100, 100, "DEPT"), (140, 100, "CLOCK"), (180, 100, "NUMBER")]
    words = [
        Word(text, Box(left / WIDTH, 112 / HEIGHT, (left + 36) / WIDTH, 122 / HEIGHT), 0.99)
        for left, text in ((60, "126543"), (100, "123456"), (140, "123457"), (180, "000000"))
    ]
    made = page(puts)
    made = Page(1, WIDTH, HEIGHT, (*made.lines, Line(tuple(words), Box.around_boxes(word.box for word in words))))
    assert pairs(made) == {"FILE": "126543", "DEPT": "123456", "CLOCK": "123457", "NUMBER": "000000"}


def test_words_of_a_leaning_line_belong_together() -> None:
    assert pairs(page([(60, 103, "SPECIAL"), (102, 100, "HANDLING:"), (160, 97, "Keep cold")])) == {
        "SPECIAL HANDLING:": "Keep cold"
    }


def test_what_stands_in_brackets_below_a_name_belongs_to_it() -> None:
    found = pairs(page([(60, 100, "This change:"), (300, 100, "0.08"), (60, 113, "(From current budget)")]))
    assert found == {"This change: (From current budget)": "0.08"}


def test_numbered_boxes_side_by_side_are_two_names() -> None:
    puts: list[Put] = [(60, 100, "1. To (name of employer)"), (300, 100, "2. From (name of lender)")]
    puts += [(70, 116, "Ann Lee"), (310, 116, "Bob Ray")]
    assert pairs(page(puts)) == {"1. To (name of employer)": "Ann Lee", "2. From (name of lender)": "Bob Ray"}


def coarse(marked: bool) -> NDArray[np.uint8]:
    """A picture with one pixel for each unit, and a small grey check box; its mark goes from side to side."""
    picture = np.full((int(HEIGHT), int(WIDTH)), 255, np.uint8)
    picture[100:109, 60:69] = 140
    picture[101:108, 61:68] = 255
    if marked:
        for step in range(7):
            picture[107 - step : 109 - step, 61 + step] = 60
    return picture


def test_small_grey_check_boxes_are_found_on_coarse_pictures() -> None:
    made = page([(73, 100, "Hourly"), (60, 140, "Some more words stand here")])
    for marked in (False, True):
        selections, fields = find_fields(made, coarse(marked))
        assert [element.selected for element in selections] == [marked]
        assert [(field.key.text, field.selection) for field in fields] == [("Hourly", 0)]


def test_a_check_box_is_found_within_the_box_of_the_word_behind_it() -> None:
    picture = paper()
    frame(picture, [60, 70], [100, 110])
    others = page([(60, 140, "Some more words stand here"), (60, 180, "and a few below them")])
    box = Box(59 / WIDTH, 99 / HEIGHT, 108 / WIDTH, 111 / HEIGHT)
    made = Page(1, WIDTH, HEIGHT, (Line((Word("Weekly", box, 0.9),), box), *others.lines))
    selections, fields = find_fields(made, picture)
    assert [element.selected for element in selections] == [False]
    assert [field.key.text for field in fields] == ["Weekly"]


def test_a_name_with_a_colon_is_no_label_of_the_box_before_it() -> None:
    picture = paper()
    frame(picture, [46, 56], [100, 110])
    found = pairs(page([(60, 100, "Company: Harbour Works"), (60, 140, "Some more words stand here")]), picture)
    assert found["Company:"] == "Harbour Works"


def test_a_value_written_by_hand_stands_above_its_row_and_reaches_into_its_name() -> None:
    puts: list[Put] = [(60, 104, "First:"), (200, 104, "Last:"), (90, 97, "CARLOS"), (235, 97, "SALAZAR")]
    assert pairs(page(puts)) == {"First:": "CARLOS", "Last:": "SALAZAR"}


def test_a_pattern_of_dots_is_full_of_holes_but_no_check_box() -> None:
    picture = paper()
    picture[150:400, 100:500][np.random.default_rng(4).random((250, 400)) < 0.5] = 0
    assert find_fields(page([(60, 300, "Some words below a pattern")]), picture)[0] == ()
