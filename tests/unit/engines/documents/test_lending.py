"""Loan files."""

from __future__ import annotations

from datetime import date

import pytest

from clary.engines.documents.contract import Page
from clary.engines.documents.lending import UNCLASSIFIED, LendingSheet, classify, read_loan_file
from tests.unit.engines.documents.pages_made import Put, page, paper, rule
from tests.unit.engines.documents.test_signatures import scribble

TODAY = date(2026, 1, 1)
STUB: list[Put] = [
    (60, 60, "Earnings Statement"),
    (60, 90, "Employee name: Ann Lee"),
    (60, 108, "Pay date: 7/25/2008"),
    (60, 126, "Gross pay: 452.43"),
    (60, 144, "Net pay: 291.90"),
    (60, 162, "Deductions and hours this period"),
]


def statement(number: int, of: int) -> Page:
    puts: list[Put] = [
        (60, 60, "Account Statement"),
        (60, 80, "Opening balance and closing balance"),
        (60, 100, "Deposits"),
    ]
    return page([*puts, (480, 770, f"Page {number} of {of}")], number)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Form W-2 Wage and Tax Statement", "w-2"),
        ("1099-INT Interest Income Payer", "1099-int"),
        ("Request for Verification of Employment", "1005"),
        ("Uniform Residential Loan Application", "1003"),
        ("Closing Disclosure with cash to close", "closing-disclosure"),
        ("The weather was fine on Sunday", UNCLASSIFIED),
    ],
)
def test_pages_are_known_by_what_they_say(text: str, kind: str) -> None:
    assert classify(page([(60, 60, text)]))[0] == kind


def test_a_pay_stub_is_read_by_the_questions_of_its_kind() -> None:
    (result,), _ = read_loan_file([LendingSheet(page(STUB))], TODAY)
    values = {field.kind: field.values[0].text for field in result.fields}
    assert result.kind == "payslips"
    assert values["pay-date"] == "7/25/2008"
    assert values["employee-name"] == "Ann Lee"
    assert values["current-gross-pay"] == "452.43"
    assert next(field.key for field in result.fields if field.kind == "pay-date") is not None


def test_what_stands_once_on_a_page_is_one_field() -> None:
    (result,), _ = read_loan_file([LendingSheet(page(STUB))], TODAY)
    words = [field.values[0].words for field in result.fields]
    assert len(words) == len(set(words))
    assert "pay-date" in {field.kind for field in result.fields}


def test_pages_that_go_on_belong_to_the_paper_before_them() -> None:
    pages = [statement(1, 2), statement(2, 2), page(STUB, 3), page([(60, 60, "Nothing known")], 4)]
    results, summary = read_loan_file([LendingSheet(one) for one in pages], TODAY)
    assert [result.number_in_document for result in results] == [1, 2, 1, 1]
    assert {document.kind: document.splits for document in summary.documents} == {
        "bank-statement": ((1, 2),),
        "payslips": ((3,),),
    }
    assert summary.unclassified == (4,)


def test_the_summary_tells_signed_pages_and_those_without_a_date() -> None:
    picture = paper()
    scribble(picture, 140, 685, 120, 30)
    rule(picture, 130, 718, 320, 718)
    signed = [*STUB, (60, 700, "Signature:")]
    undated = LendingSheet(page(signed, 1), picture)
    dated = LendingSheet(page([*signed, (400, 700, "Date: 3 May 2020")], 2), picture)
    _, summary = read_loan_file([undated, dated], TODAY)
    (document,) = summary.documents
    assert document.signed_pages == (1, 2)
    assert document.undated_pages == (1,)


def test_bills_and_identity_documents_are_read_as_such() -> None:
    bill = page(
        [(60, 40, "Mill Ltd"), (60, 60, "INVOICE"), (60, 80, "Bill to: Ann Lee"), (60, 100, "Subtotal 8.00 Total 9.00")]
    )
    (result,), _ = read_loan_file([LendingSheet(bill)], TODAY)
    assert result.kind == "invoices"
    assert result.expense is not None
    assert result.identity is None
