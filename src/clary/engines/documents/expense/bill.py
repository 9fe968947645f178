"""From pages to bills."""

from __future__ import annotations

import re
from collections.abc import Sequence

from clary.engines.documents.amounts import currency_of
from clary.engines.documents.contract import Page
from clary.engines.documents.dates import dates_in
from clary.engines.documents.expense.items import find_items
from clary.engines.documents.expense.others import find_others
from clary.engines.documents.expense.parties import Party, bare_name, find_receivers, find_vendor
from clary.engines.documents.expense.summary import Finding, best_of, choose_total, find_labelled, largest_amount
from clary.engines.documents.papers import Expense, ExpenseField, ExpenseGroup, LineItemGroup
from clary.engines.documents.rows import Row, passages_joined, rows_of
from clary.engines.documents.understanding import Passage

MONTH_FIRST = frozenset({"USD"})
"""Currencies of countries that write the month before the day."""
EXPIRY = re.compile(r"expir|valid|birth|since|until", re.IGNORECASE)
LATE = ("total", "subtotal", "tax", "amount-due")
"""Stand at the end of a bill."""
OTHER = "other"
"""Of this kind a bill has as many fields as it has labels of no known kind."""
SINGLE = (
    "subtotal",
    "tax",
    "amount-due",
    "amount-paid",
    "discount",
    "gratuity",
    "service-charge",
    "shipping-handling-charge",
    "prior-balance",
    "due-date",
    "delivery-date",
    "order-date",
    "invoice-receipt-id",
    "po-number",
    "account-number",
    "customer-number",
    "vendor-gst-number",
    "vendor-vat-number",
    "vendor-abn-number",
    "vendor-pan-number",
    "tax-payer-id",
    "payment-terms",
    "vendor-phone",
)


def find_expenses(pages: Sequence[Page]) -> tuple[Expense, ...]:
    """Finds the bills in a document.

    Args:
        pages: with their words.

    Returns:
        Bills in the order of their pages; a page that bears no other number and no total belongs to the bill before it.
    """
    bills: list[Expense] = []
    for page in pages:
        bill = _of_page(page)
        if bills and _goes_on(bills[-1], bill):
            bills[-1] = _joined(bills[-1], bill)
        else:
            bills.append(bill)
    return tuple(bills)


def _of_page(page: Page) -> Expense:
    rows = rows_of(page)
    currency = currency_of("\n".join(row.text for row in rows))
    items = find_items(rows, page.number, currency)
    theirs = {word for item in items.items for part in item.fields for word in part.value.words} if items else set()
    fields = _page_fields(page, rows, currency, items)
    taken = theirs | {word for one in fields for passage in (one.value, one.label) if passage for word in passage.words}
    fields += find_others(rows, page, taken)
    return Expense((page.number,), tuple(fields), (items,) if items is not None else ())


def _text_of(bill: Expense, kind: str) -> str | None:
    return next((one.value.text for one in bill.fields if one.kind == kind), None)


def _goes_on(bill: Expense, page: Expense) -> bool:
    """Whether a page belongs to the bill before it: it bears the same number, or none of its own and no total."""
    one, other = _text_of(bill, "invoice-receipt-id"), _text_of(page, "invoice-receipt-id")
    if other is not None:
        return one == other
    return _text_of(page, "total") is None or not any(one.label for one in page.fields if one.kind == "total")


def _joined(bill: Expense, page: Expense) -> Expense:
    """A bill with one more page: what it had stays, save a total that is named on the last page."""
    known = {one.kind for one in bill.fields}
    late = {one.kind for one in page.fields if one.kind in LATE and one.label is not None}
    fields = [one for one in bill.fields if one.kind not in late]
    fields += [
        one
        for one in page.fields
        if one.kind in late or ((one.kind not in known or one.kind == OTHER) and not one.groups)
    ]
    return Expense((*bill.pages, *page.pages), tuple(fields), (*bill.groups, *page.groups))


def _page_fields(
    page: Page, rows: Sequence[Row], currency: str | None, items: LineItemGroup | None
) -> list[ExpenseField]:
    month_first = currency in MONTH_FIRST
    findings = find_labelled(rows, month_first)
    fields = _parties(page, rows, _words_of_columns(items))
    total = choose_total(findings, rows) or largest_amount(rows, findings)
    if total is not None:
        fields.append(_field("total", total, page, currency))
    of_items = _dates_of(items)
    dated = best_of([one for one in findings if one.value.words not in of_items], "invoice-receipt-date")
    dated = dated or _first_date(rows, findings, month_first, of_items)
    if dated is not None:
        fields.append(_field("invoice-receipt-date", dated, page, None))
    for kind in SINGLE:
        finding = best_of(findings, kind)
        if finding is not None:
            fields.append(_field(kind, finding, page, currency))
    return fields


def _dates_of(items: LineItemGroup | None) -> set[tuple[int, ...]]:
    """Words of dates that belong to what is billed, by the heads of their columns."""
    parts = [part for item in items.items for part in item.fields] if items is not None else []
    return {part.value.words for part in parts if part.label is not None and part.kind == "other"}


def _first_date(
    rows: Sequence[Row], findings: Sequence[Finding], month_first: bool, of_items: set[tuple[int, ...]]
) -> Finding | None:
    """The first date that is not another date by its label, nor that of a thing that is billed."""
    others = of_items | {one.value.words for one in findings if one.kind.endswith("-date")}
    for number, row in enumerate(rows):
        if EXPIRY.search(row.text):
            continue
        for one in dates_in(row.text, month_first):
            passage = row.passage(one.start, one.end)
            if passage.words not in others:
                return Finding("invoice-receipt-date", number, passage, passage, 1.0)
    return None


def _field(kind: str, finding: Finding, page: Page, currency: str | None) -> ExpenseField:
    label = None if finding.label is finding.value else finding.label
    sure = min(0.99, 0.5 + 0.1 * finding.weight) * finding.value.confidence
    money = (finding.amount.currency or currency) if finding.amount is not None else None
    return ExpenseField(kind, finding.value, sure, page.number, label, money)


def _words_of_columns(items: LineItemGroup | None) -> set[int]:
    """The heads of columns and what stands below them, where nobody's name is to be looked for."""
    parts = [part for item in items.items for part in item.fields] if items is not None else []
    return {word for part in parts if part.label is not None for word in (*part.label.words, *part.value.words)}


def _parties(page: Page, rows: Sequence[Row], of_items: set[int]) -> list[ExpenseField]:
    every = [segment for row in rows for segment in row.segments(2.5)]
    pieces = [piece for piece in every if not any(token.index in of_items for token in piece.tokens)]
    receivers = find_receivers(pieces)
    theirs = {id(line) for _, block in receivers for line in block}
    vendor = find_vendor([piece for piece in pieces if id(piece) not in theirs], len(rows))
    fields: list[ExpenseField] = []
    for number, party in enumerate([vendor, *(party for party, _ in receivers)]):
        fields += _party_fields(party, f"{page.number}-{number}", page)
    return fields


def _party_fields(party: Party, identifier: str, page: Page) -> list[ExpenseField]:
    role = party.kind.split("-")[0]
    kinds = (role,) if role == party.kind else (role, party.kind)
    groups = (ExpenseGroup(kinds, identifier),)
    fields = []
    if party.name:
        whole = passages_joined([row.passage(0, len(row.text)) for row in party.name])
        name = Passage(bare_name(whole.text), whole.box, whole.confidence, whole.words)
        fields.append(ExpenseField(f"{role}-name", name, 0.8 * name.confidence, page.number, groups=groups))
    if party.address:
        address = passages_joined([row.passage(0, len(row.text)) for row in party.address])
        fields.append(ExpenseField(f"{role}-address", address, 0.75 * address.confidence, page.number, groups=groups))
    return fields
