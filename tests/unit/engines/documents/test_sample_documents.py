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
    assert zone.replace("<", " ").split() == [
        "P",
        "USAROSALEZ",
        "ALEJANDRO",
        "349587345029USA1209381M2394820392344059",
        "834983457",
    ]
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


def test_every_printed_field_of_another_licence_is_read(reader: Reader) -> None:
    _, texts, _ = identity(reader, "sc_driver_license_jane_maria.jpeg")
    assert texts == {
        "first-name": "JANE",
        "last-name": "SAMPLE",
        "middle-name": "MARIA",
        "address": "123 MAIN STREET ANYTOWN, SC 123451111",
        "city-in-address": "ANYTOWN",
        "state-in-address": "SC",
        "zip-code-in-address": "123451111",
        "state-name": "SOUTH CAROLINA",
        "document-number": "123456789",
        "date-of-issue": "10/01/2017",
        "expiration-date": "07/04/2025",
        "date-of-birth": "07/04/1970",
        "class": "D",
        "restrictions": "A",
        "endorsements": "NONE",
        "id-type": "DRIVER LICENSE FRONT",
    }


PAY_STUB = {
    "What is the employee name?": "JOHN STILES",
    "What is the employee address?": "101 MAIN STREET ANYTOWN, USA 12345",
    "What is the company name?": "ANY COMPANY CORP.",
    "What is the company address?": "475 ANY AVENUE ANYTOWN, USA 10101",
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
PAY_STUB_FIELDS = {
    "FILE": "126543",
    "DEPT.": "123456",
    "CLOCK": "12345",
    "Period ending:": "7/18/2008",
    "Pay date:": "7/25/2008",
    "Social Security Number:": "987-65-4321",
    "Taxable Marital Status:": "Married",
    "Federal:": "3, $25 Additional Tax",
    "State:": "2",
    "Group Term Life": "0.51",
    "Loan Amt Paid": "840.00",
    "Gross Pay": "$ 452.43",
    "Vac Hrs": "40.00",
    "Sick Hrs": "16.00",
    "Title": "Operator",
    "Net Pay": "$ 291.90",
    "Payroll check number:": "0000000000",
    "Social Security No.": "987-65-4321",
    "Pay to the order of:": "JOHN STILES",
    "This amount:": "TWO HUNDRED NINETY-ONE AND 90/100 DOLLARS",
}
PAY_STUB_ROWS = """
Regular 10.00 32.00 320.00 16,640.00
Overtime 15.00 1.00 15.00 780.00
Holiday 10.00 8.00 80.00 4,160.00
Tuition 37.43* 1,946.80
Federal Income Tax - 40.60 2,111.20
Social Security Tax - 28.05 1,458.60
Medicare Tax - 6.56 341.12
NY State Income Tax - 8.43 438.36
NYC Income Tax - 5.94 308.88
NY SUI/SDI Tax - 0.60 31.20
Bond - 5.00 100.00
401(k) - 28.85* 1,500.20
Stock Plan -15.00 150.00
Life Insurance - 5.00 50.00
Loan - 30.00 150.00
Life Insurance + 13.50
"""


def test_the_pay_stub_answers_what_is_asked_of_pay_stubs(reader: Reader) -> None:
    (sheet,) = sheets(reader, "aws_sample_documents/common/paystub.jpg")
    found = analysed(sheet, ["queries"], [Question(question) for question in PAY_STUB])
    answers = {answer.question: answer.passage.text for answer in found.answers}
    texts = {question: answers.get(number, "") for number, question in enumerate(PAY_STUB)}
    assert {question: text.replace(" ", "") for question, text in texts.items()} == {
        question: text.replace(" ", "") for question, text in PAY_STUB.items()
    }


def test_every_printed_field_of_the_pay_stub_is_read(reader: Reader) -> None:
    (sheet,) = sheets(reader, "aws_sample_documents/common/paystub.jpg")
    found = analysed(sheet, ["forms", "tables"])
    fields = {field.key.text: field.value.text for field in found.key_values if field.value}
    assert {name: fields.get(name) for name in PAY_STUB_FIELDS} == PAY_STUB_FIELDS
    rows: dict[tuple[int, int], list[str]] = {}
    for number, table in enumerate(found.tables):
        for cell in sorted(table.cells, key=lambda one: one.column):
            rows.setdefault((number, cell.row), []).append(cell.text)
    texts = [" ".join(text for text in row if text) for row in rows.values()]
    missing = [row for row in PAY_STUB_ROWS.strip().splitlines() if not any(row in text for text in texts)]
    assert missing == []


def test_every_printed_field_of_the_expense_report_is_read(reader: Reader) -> None:
    (sheet,) = sheets(reader, "aws_sample_documents/common/expense.png")
    (bill,) = find_expenses([sheet.page])
    told = {(field.kind, field.label.text if field.label else None, field.value.text) for field in bill.fields}
    assert told == {("total", "Total", "2100.00"), ("other", "REPORT NUMBER:", "35678-9")}
    (group,) = bill.groups
    found = [[field.value.text for field in item.fields if field.kind != "expense-row"] for item in group.items]
    assert found == [
        ["Furniture (Desks and Chairs)", "Office Supplies", "5/10/1019", "Merchant One", "1500.00"],
        ["Team Lunch", "Food", "5/11/2019", "Merchant Two", "100.00"],
        ["Team Dinner", "Food", "5/12/2019", "Merchant Three", "300.00"],
        ["Laptop", "Office Supplies", "5/13/2019", "Merchant Three", "200.00"],
    ]


def test_the_check_boxes_of_an_employer_s_form_tell_what_was_chosen(reader: Reader) -> None:
    (sheet,) = sheets(reader, "aws_sample_documents/common/verification-of-employment.jpg")
    found = {
        (round(one.box.left, 1), round(one.box.top, 2)): one.selected for one in analysed(sheet, ["forms"]).selections
    }
    printed = {(0.2, 0.47): True, (0.3, 0.47): False, (0.2, 0.49): False, (0.3, 0.49): False, (0.2, 0.5): False}
    printed |= {(0.8, 0.49): True, (0.9, 0.49): False, (0.8, 0.5): False, (0.9, 0.5): True}
    assert not {place: marked for place, marked in found.items() if printed.get(place) is not marked}
    assert len(found) >= len(printed) - 1


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
