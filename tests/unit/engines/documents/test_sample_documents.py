"""What stands on the sample documents of others: facts checked by hand.

The documents lie beside the project and are no part of it; without them these tests are skipped.
"""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import pytest

from clary.engines.documents.analysis import analysed, grey
from clary.engines.documents.dates import parse_date
from clary.engines.documents.expense import find_expenses
from clary.engines.documents.identity import find_identities
from clary.engines.documents.reading import Reader
from clary.engines.documents.sheets import Sheet
from clary.engines.documents.tables import find_tables
from clary.engines.documents.understanding import Question

DATA = Path(__file__).parents[5] / "shared" / "data"
pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="the data sets beside the project are not there")


@cache
def sheets(reader: Reader, place: str) -> tuple[Sheet, ...]:
    """The pages of a document; each is read once for all tests."""
    return tuple(reader.read((DATA / place).read_bytes()))


def identity(reader: Reader, name: str) -> tuple[str, dict[str, str], dict[str, str | None]]:
    (sheet,) = sheets(reader, f"aws_sample_documents/common/{name}")
    (found,) = find_identities([sheet.page], datetime.now(UTC).date())
    texts = {field.kind: field.text for field in found.fields if field.text}
    return found.kind, texts, {field.kind: field.normalized for field in found.fields}


def test_every_printed_field_of_the_licence_is_read(reader: Reader) -> None:
    kind, texts, dates = identity(reader, "driverlicense.png")
    assert kind == "driver-license-front"
    assert texts == {
        "first-name": "JORGE",
        "last-name": "SOUZA",
        "address": "100 MAIN STREET ANYTOWN, MA, 02127",
        "city-in-address": "ANYTOWN",
        "state-in-address": "MA",
        "zip-code-in-address": "02127",
        "state-name": "MASSACHUSETTS",
        "document-number": "820BAC729CBAC",
        "date-of-issue": "03/18/1978",
        "expiration-date": "01/20/2020",
        "date-of-birth": "03/18/1978",
        "class": "D",
        "restrictions": "NONE",
        "endorsements": "NONE",
        "id-type": "DRIVER LICENSE FRONT",
    }
    assert dates["expiration-date"] == "2020-01-20T00:00:00"


def test_every_printed_field_of_the_passport_is_read(reader: Reader) -> None:
    kind, texts, dates = identity(reader, "cc_passport.pdf")
    assert kind == "passport"
    zone = texts.pop("mrz-code")
    assert zone.splitlines()[0].startswith("P<USAROSALEZ<<ALEJANDRO<")
    assert texts == {
        "last-name": "Alejandro",
        "first-name": "Rosalez",
        "document-number": "918268822",
        "date-of-birth": "15 Apr 1990",
        "date-of-issue": "29 Jan 2009",
        "expiration-date": "31 Jan 2029",
        "place-of-birth": "Texas, U.S.A.",
        "endorsements": "SEE PAGE 27",
        "id-type": "PASSPORT",
    }
    assert dates["date-of-birth"] == "1990-04-15T00:00:00"


PAY_STUB = {
    "When does the pay period end?": "7/18/2008",
    "What is the pay date?": "7/25/2008",
    "What is the social security number?": "987-65-4321",
    "What is the marital status?": "Married",
    "What is the regular hourly rate?": "10.00",
    "What is the current regular pay?": "320.00",
    "What is the YTD regular pay?": "16,640.00",
    "What is the holiday hourly rate?": "10.00",
    "What is the current gross pay?": "$ 452.43",
    "What is the YTD gross pay?": "23,526.80",
    "What is the YTD federal income tax?": "2,111.20",
    "What is the current net pay?": "$ 291.90",
    "How many vacation hours?": "40.00",
    "What is the payroll check number?": "0000000000",
}


def test_the_pay_stub_answers_what_is_asked_of_pay_stubs(reader: Reader) -> None:
    (sheet,) = sheets(reader, "aws_sample_documents/common/paystub.jpg")
    found = analysed(sheet, ["queries"], [Question(question) for question in PAY_STUB])
    texts = {answer.question: answer.passage.text for answer in found.answers}
    right = [
        texts.get(number, "").replace(" ", "") == value.replace(" ", "")
        for number, value in enumerate(PAY_STUB.values())
    ]
    assert sum(right) >= len(right) - 1


VACCINATION_CARD = {
    "Last Name": "Mary",
    "First Name": "Major",
    "MI": "M",
    "Date of Birth": "1/6/58",
    "Patient number (medical record or IIS record number)": "012345abcd67",
}
INSURANCE_CARD = {
    "Member id": "XZ 9147589652",
    "Effective Date": "11/02/2021",
    "Contract Code": "XZ",
    "Rx Be": "2035699",
    "Rx Pcn": "XZYZ",
    "Plan": "050",
    "Office Visit": "$55/0%",
    "Specialist Visit": "$65/0%",
    "Oop Max": "$6000/$12000",
    "Coinsurance": "30%",
}


def bare(text: str) -> str:
    return "".join(character for character in text.lower() if character.isalnum())


@pytest.mark.parametrize(
    ("name", "printed"), [("vaccination.jpg", VACCINATION_CARD), ("insurance-card.png", INSURANCE_CARD)]
)
def test_the_fields_that_stand_on_cards_are_found(reader: Reader, name: str, printed: dict[str, str]) -> None:
    (sheet,) = sheets(reader, f"aws_sample_documents/common/{name}")
    fields = analysed(sheet, ["forms"]).key_values
    found = {bare(field.key.text): bare(field.value.text) for field in fields if field.value}
    missing = {key: value for key, value in printed.items() if found.get(bare(key)) != bare(value)}
    assert len(missing) <= 1, missing


def test_the_check_boxes_of_the_intake_form_tell_what_was_chosen(reader: Reader) -> None:
    (sheet,) = sheets(reader, "aws_sample_documents/common/patient_intake_form_sample.jpg")
    understood = analysed(sheet, ["forms"])
    chosen = {
        (round(element.box.centre[1] * 25), element.box.centre[0] < 0.75): element.selected
        for element in understood.selections
        if element.box.centre[1] > 0.55
    }
    answers = {15: True, 17: False, 18: False, 20: False, 22: True, 23: False}
    wrong = {place: marked for place, marked in chosen.items() if marked != (answers[place[0]] is place[1])}
    assert len(chosen) >= 10
    assert len(wrong) <= 1, wrong


def test_the_expense_report_is_one_table(reader: Reader) -> None:
    (sheet,) = sheets(reader, "aws_sample_documents/common/expense.png")
    tables = find_tables(sheet.page, grey(sheet))
    rows: dict[int, list[str]] = {}
    for cell in max(tables, key=lambda table: table.rows).cells:
        rows.setdefault(cell.row, []).append(cell.text)
    filled = [row for row in rows.values() if any(row)]
    assert filled == [
        ["Expense Description", "Type", "Date", "Merchant Name", "Amount (USD)"],
        ["Furniture (Desks and Chairs)", "Office Supplies", "5/10/1019", "Merchant One", "1500.00"],
        ["Team Lunch", "Food", "5/11/2019", "Merchant Two", "100.00"],
        ["Team Dinner", "Food", "5/12/2019", "Merchant Three", "300.00"],
        ["Laptop", "Office Supplies", "5/13/2019", "Merchant Three", "200.00"],
        ["", "", "", "Total", "2100.00"],
    ]


@pytest.mark.parametrize(
    ("name", "total", "day", "number"),
    [
        ("AzureInterior", "279.84", "2023-03-20", "INV/2023/03/0008"),
        ("FlipkartInvoice", "319.00", "2015-10-20", "BLR_WFLD20151000982590"),
        ("free_fiber", "29.99", "2015-07-02", "562044387"),
        ("oyo", "1939", "2017-12-31", "IBZY2087"),
        ("saeco", "49,99", "2022-09-08", "VF1005193039"),
    ],
)
def test_invoices_tell_total_date_and_number(reader: Reader, name: str, total: str, day: str, number: str) -> None:
    read = sheets(reader, f"invoices_invoice2data/dev/{name}.pdf")
    (bill,) = find_expenses([sheet.page for sheet in read])
    texts = {field.kind: field.value.text for field in bill.fields}
    assert total in texts["total"]
    found = parse_date(texts["invoice-receipt-date"], month_first=name == "AzureInterior")
    assert found is not None
    assert found.isoformat() == day
    assert number in texts["invoice-receipt-id"]
