"""Questions about pages."""

from __future__ import annotations

import pytest

from clary.engines.documents.contract import Page
from clary.engines.documents.forms import find_fields
from clary.engines.documents.queries import answer
from clary.engines.documents.queries.terms import Wanted, terms_of, wanted_by
from clary.engines.documents.tables import find_tables
from clary.engines.documents.understanding import Question
from tests.unit.engines.documents.pages_made import page, rows


def answered(made: Page, *questions: str) -> list[str | None]:
    """The answers, None where there is none."""
    tables = find_tables(made)
    selections, fields = find_fields(made, None, tables)
    found = answer(made, [Question(question) for question in questions], fields, selections, tables)
    texts = {one.question: one.passage.text for one in found}
    return [texts.get(number) for number in range(len(questions))]


STUB = page(
    [
        (60, 60, "Mill and Sons Ltd"),
        (60, 90, "Employee: Ann Lee"),
        (60, 108, "Pay date: 7/25/2008"),
        (320, 90, "Period ending: 7/18/2008"),
        (320, 108, "Phone: (555) 010-0199"),
        *rows(
            [60, 220, 320, 420],
            200,
            [
                ["Earnings", "Rate", "This period", "Year to date"],
                ["Regular", "10.00", "320.00", "16,640.00"],
                ["Overtime", "15.00", "15.00", "780.00"],
                ["Gross pay", "", "335.00", "17,420.00"],
            ],
        ),
    ]
)


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("What is the pay date?", "7/25/2008"),
        ("When does the pay period end?", "7/18/2008"),
        ("Who is the employee?", "Ann Lee"),
        ("What is the worker's name?", "Ann Lee"),
        ("What is the telephone number?", "(555) 010-0199"),
        ("What is the YTD gross pay?", "17,420.00"),
        ("What is the current gross pay?", "335.00"),
        ("What is the overtime rate?", "15.00"),
        ("What is the year to date regular pay?", "16,640.00"),
    ],
)
def test_values_are_found_by_what_names_them(question: str, expected: str) -> None:
    assert answered(STUB, question) == [expected]


def test_what_the_page_does_not_say_has_no_answer() -> None:
    assert answered(STUB, "What is the blood type?", "Which airline?") == [None, None]


def test_a_marked_box_answers_the_question_it_stands_under() -> None:
    made = page([(60, 100, "Do you smoke?"), (60, 120, "[] Yes"), (160, 120, "[x] No")])
    assert answered(made, "Do you smoke?") == ["No"]


def test_a_date_in_a_sentence_answers_when() -> None:
    made = page([(60, 100, "The contract was signed on 3 May 2021 in Leeds and ends after one year")])
    assert answered(made, "When was the contract signed?") == ["3 May 2021"]


def test_an_answer_names_its_words() -> None:
    tables = find_tables(STUB)
    selections, fields = find_fields(STUB, None, tables)
    (found,) = answer(STUB, [Question("What is the pay date?")], fields, selections, tables)
    words = [word.text for word in STUB.words]
    assert [words[index] for index in found.passage.words] == ["7/25/2008"]
    assert 0 < found.passage.confidence <= 1


def test_different_words_for_one_thing_become_one_term() -> None:
    assert terms_of("D.O.B.") == terms_of("date of birth") == ["date-of-birth"]
    assert terms_of("What are the wages?") == ["pay"]


def test_questions_tell_what_kind_of_value_they_want() -> None:
    assert wanted_by("When was it sent?") is Wanted.DATE
    assert wanted_by("How much is the fee?") is Wanted.AMOUNT
    assert wanted_by("Is the tenant insured?") is Wanted.YES_OR_NO
    assert wanted_by("Where is the office?") is Wanted.ADDRESS


def test_who_is_paid_is_not_who_pays() -> None:
    made = page(
        [
            *(
                (60, 60 + 14 * at, text)
                for at, text in enumerate(("Mill and Sons Ltd", "4 Quay Road", "Hull, HU1 2AB"))
            ),
            *(
                (60, 160 + 14 * at, text)
                for at, text in enumerate(("JOHN STILES", "101 MAIN STREET", "LEEDS, LS1 3CD"))
            ),
            (60, 300, "Net pay: 291.90"),
        ]
    )
    found = answered(made, "What is the employee name?", "What is the employee address?", "What is the company name?")
    assert found == ["JOHN STILES", "101 MAIN STREET LEEDS, LS1 3CD", "Mill and Sons Ltd"]


def test_an_identity_document_answers_what_its_fields_hold() -> None:
    made = page(
        [
            (60, 40, "PASSPORT"),
            (60, 60, "UNITED STATES OF AMERICA"),
            (60, 100, "Place of birth / Lieu de naissance"),
            (320, 100, "Sex / Sexe / Sexo"),
            (60, 116, "Texas, U.S.A."),
            (320, 116, "F"),
            (60, 300, "P<USASTERN<<ANA<<<<<<<<<<<<<<<<<<<<<<<<<<<<<"),
            (60, 320, "9182688221USA9004157F2901311<<<<<<<<<<<<<<02"),
        ]
    )
    assert answered(made, "What is the place of birth?") == ["Texas, U.S.A."]
