"""Bills: receipts and invoices."""

from __future__ import annotations

from clary.engines.documents.contract import Page
from clary.engines.documents.expense import find_expenses
from clary.engines.documents.papers import Expense, ExpenseField
from tests.unit.engines.documents.pages_made import Put, page, rows

RECEIPT: list[Put] = [
    (200, 40, "TAN CHAY YEE"),
    (180, 58, "ABC HO TRADING SDN BHD"),
    (180, 76, "NO.2&4, JALAN HARMONI 3/2,"),
    (180, 94, "81100 JOHOR BAHRU"),
    (180, 112, "TEL: 07-355 2616"),
    (60, 140, "DATE : 09/01/2019 8:01:11 PM"),
    (60, 158, "INVOICE NO : CS-0143008"),
    *rows(
        [60, 240, 320, 420], 190, [["DESCRIPTION", "QTY", "PRICE", "AMOUNT"], ["PLASTIC CHAIR", "2", "15.50", "31.00"]]
    ),
    *rows([60, 240, 320, 420], 226, [["TEA TABLE", "1", "69.00", "69.00"]]),
    *rows(
        [60, 420],
        260,
        [
            ["SUB TOTAL", "100.00"],
            ["TOTAL GST 6%", "6.00"],
            ["TOTAL QTY", "3.00"],
            ["ROUNDING", "0.03"],
            ["TOTAL", "RM 106.03"],
            ["CASH", "110.00"],
            ["CHANGE", "3.97"],
        ],
    ),
]


def read(*pages: Page) -> tuple[Expense, dict[str, ExpenseField]]:
    (bill,) = find_expenses(pages)
    return bill, {field.kind: field for field in reversed(bill.fields)}


def test_a_receipt_tells_who_when_and_how_much() -> None:
    _, fields = read(page(RECEIPT))
    assert fields["vendor-name"].value.text == "ABC HO TRADING SDN BHD"
    assert fields["vendor-address"].value.text == "NO.2&4, JALAN HARMONI 3/2, 81100 JOHOR BAHRU"
    assert fields["invoice-receipt-date"].value.text == "09/01/2019"
    assert fields["invoice-receipt-id"].value.text == "CS-0143008"
    assert fields["total"].value.text == "RM 106.03"
    assert fields["total"].currency == "MYR"
    assert fields["subtotal"].value.text == "100.00"
    assert fields["tax"].value.text == "6.00"


def test_labels_stand_beside_their_values() -> None:
    _, fields = read(page(RECEIPT))
    label = fields["total"].label
    assert label is not None
    assert label.text == "TOTAL"
    assert label.box.right < fields["total"].value.box.left


def test_line_items_go_by_the_heads_of_their_columns() -> None:
    bill, _ = read(page(RECEIPT))
    (group,) = bill.groups
    found = [{field.kind: field.value.text for field in item.fields} for item in group.items]
    chair = {"item": "PLASTIC CHAIR", "quantity": "2", "unit-price": "15.50", "price": "31.00"}
    assert chair | {"expense-row": "PLASTIC CHAIR 2 15.50 31.00"} in found
    assert len(found) == 2


def test_heads_of_an_expense_report_are_neither_an_item_nor_the_vendor() -> None:
    texts = [
        ["Expense Description", "Type", "Date", "Merchant Name", "Amount (USD)"],
        ["Team lunch", "Food", "5/11/2019", "Mill Cafe", "100.00"],
        ["Train", "Travel", "5/12/2019", "North Rail", "32.50"],
        ["", "", "", "Total", "132.50"],
    ]
    bill, fields = read(page([(60, 40, "EXPENSE REPORT MAY"), *rows([60, 200, 280, 360, 480], 100, texts)]))
    found = [{field.kind: field.value.text for field in item.fields} for item in bill.groups[0].items]
    assert [(item["item"], item["price"]) for item in found] == [("Team lunch", "100.00"), ("Train", "32.50")]
    assert "vendor-name" not in fields
    assert "invoice-receipt-date" not in fields
    named = [(field.label.text, field.value.text) for field in bill.groups[0].items[0].fields if field.label]
    assert set(named) == set(zip(texts[0], texts[1], strict=True))


def test_labels_of_no_known_kind_are_told_with_their_values() -> None:
    puts: list[Put] = [(60, 130, "Cashier: Ann B."), (240, 130, "Open: 8:00 to 20:30"), (60, 150, "Loyalty card:")]
    puts += [(200, 150, "77 1204"), (60, 166, "see https://shop.example/a"), (60, 350, "TEL NO : 030 9018 20")]
    bill, fields = read(page([(60, 40, "CORNER CAFE"), *puts, (60, 380, "Total"), (420, 380, "8.20")]))
    others = {field.label.text: field.value.text for field in bill.fields if field.kind == "other" and field.label}
    assert others == {"Cashier:": "Ann B.", "Open:": "8:00 to 20:30", "Loyalty card:": "77 1204"}
    assert fields["vendor-phone"].value.text == "030 9018 20"


def test_terms_and_conditions_are_no_terms_of_payment() -> None:
    _, fields = read(page([*RECEIPT, (60, 420, "Terms and conditions apply.")]))
    assert "payment-terms" not in fields
    _, fields = read(page([*RECEIPT, (60, 420, "Terms: 30 days net")]))
    assert fields["payment-terms"].value.text == "30 days net"


def test_items_without_heads_end_in_their_price() -> None:
    puts: list[Put] = [(60, 40, "CORNER CAFE"), (60, 58, "12 Mill Road"), (60, 90, "Latte"), (420, 90, "3.20")]
    puts += [(60, 108, "Scone 2 x 2.50"), (420, 108, "5.00"), (60, 140, "Total"), (420, 140, "8.20")]
    bill, fields = read(page(puts))
    found = [{field.kind: field.value.text for field in item.fields} for item in bill.groups[0].items]
    assert [item["price"] for item in found] == ["3.20", "5.00"]
    assert found[1]["quantity"] == "2"
    assert found[1]["unit-price"] == "2.50"
    assert fields["total"].value.text == "8.20"


def test_a_total_that_is_not_named_is_the_largest_amount_not_given() -> None:
    puts: list[Put] = [
        (60, 40, "CORNER CAFE"),
        (60, 90, "Latte"),
        (420, 90, "3.20"),
        (60, 108, "CASH"),
        (420, 108, "10.00"),
    ]
    assert read(page(puts))[1]["total"].value.text == "3.20"


def test_an_invoice_names_its_receiver_apart_from_its_sender() -> None:
    puts: list[Put] = [
        (60, 40, "Mill and Sons Ltd"),
        (60, 58, "12 Mill Road, Leeds LS1 4AB"),
        (380, 40, "Invoice number: MS-2210"),
        (380, 58, "Invoice date: 12 March 2024"),
        (380, 76, "Due date: 11 April 2024"),
        (60, 140, "Bill to"),
        (60, 158, "Ann Lee"),
        (60, 176, "7 Park Lane, London W1K 7AA"),
        *rows([60, 420], 300, [["Amount due", "£1,204.75"]]),
    ]
    _, fields = read(page(puts))
    assert fields["vendor-name"].value.text == "Mill and Sons Ltd"
    assert fields["receiver-name"].value.text == "Ann Lee"
    assert fields["receiver-address"].value.text == "7 Park Lane, London W1K 7AA"
    assert fields["receiver-name"].groups[0].kinds == ("receiver", "receiver-bill-to")
    assert fields["receiver-name"].groups == fields["receiver-address"].groups
    assert fields["invoice-receipt-id"].value.text == "MS-2210"
    assert fields["due-date"].value.text == "11 April 2024"
    assert (fields["total"].value.text, fields["total"].currency) == ("£1,204.75", "GBP")


def test_values_may_stand_under_their_labels() -> None:
    heads = rows(
        [60, 240, 420], 100, [["Factuur", "Factuur datum", "Vervaldatum"], ["VF1005193039", "8-9-2022", "22-9-2022"]]
    )
    _, fields = read(page([(60, 40, "Saeco B.V."), *heads, *rows([60, 420], 200, [["Factuur totaal", "EUR 49,99"]])]))
    assert fields["invoice-receipt-id"].value.text == "VF1005193039"
    assert fields["invoice-receipt-date"].value.text == "8-9-2022"
    assert fields["due-date"].value.text == "22-9-2022"
    assert (fields["total"].value.text, fields["total"].currency) == ("EUR 49,99", "EUR")


def test_a_page_without_number_and_total_belongs_to_the_bill_before_it() -> None:
    first = page([(60, 40, "Mill Ltd"), (60, 60, "Invoice number: MS-2210"), *rows([60, 420], 100, [["Pens", "4.00"]])])
    second = page(rows([60, 420], 100, [["Ink", "6.00"]]), number=2)
    other = page(
        [(60, 40, "Park Ltd"), (60, 60, "Invoice number: PL-1"), *rows([60, 420], 100, [["Total", "9.00"]])], 3
    )
    bills = find_expenses([first, second, other])
    assert [bill.pages for bill in bills] == [(1, 2), (3,)]


def test_a_page_that_is_no_bill_has_no_amounts() -> None:
    (bill,) = find_expenses([page([(60, 100, "the quick brown fox jumps over the lazy dog")])])
    assert not {"total", "tax", "subtotal"} & {field.kind for field in bill.fields}
    assert bill.groups == ()
