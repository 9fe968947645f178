"""Bills, identity documents and loan files as answers tell them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from clary.engines.documents.contract import Page
from clary.engines.documents.papers import (
    Expense,
    ExpenseField,
    Identity,
    IdentityField,
    LendingField,
    LendingPage,
    LendingSummary,
)
from clary.engines.documents.understanding import Passage
from clary.services.textract.blocks.blocks import Block
from clary.services.textract.blocks.geometry import geometry, percent

EXPENSE_TYPES = frozenset(
    """ACCOUNT_NUMBER ADDRESS ADDRESS_BLOCK AMOUNT_DUE AMOUNT_PAID CITY COUNTRY CUSTOMER_NUMBER DELIVERY_DATE DISCOUNT
    DUE_DATE EXPENSE_ROW GRATUITY INVOICE_RECEIPT_DATE INVOICE_RECEIPT_ID ITEM NAME ORDER_DATE PAYMENT_TERMS PO_NUMBER
    PRICE PRIOR_BALANCE PRODUCT_CODE QUANTITY RECEIVER_ABN_NUMBER RECEIVER_ADDRESS RECEIVER_GST_NUMBER RECEIVER_NAME
    RECEIVER_PAN_NUMBER RECEIVER_PHONE RECEIVER_VAT_NUMBER SERVICE_CHARGE SHIPPING_HANDLING_CHARGE STATE STREET SUBTOTAL
    TAX TAX_PAYER_ID TOTAL UNIT_PRICE VENDOR_ABN_NUMBER VENDOR_ADDRESS VENDOR_GST_NUMBER VENDOR_NAME VENDOR_PAN_NUMBER
    VENDOR_PHONE VENDOR_URL VENDOR_VAT_NUMBER ZIP_CODE""".split()  # noqa: SIM905
)
"""The normalised types that AWS documents; whatever else stands on a bill is of the type OTHER."""

Pages = Mapping[int, Page]
"""Pages by their numbers."""


def wire_name(kind: str) -> str:
    """An engine's word in the way AWS writes it: "vendor-name" is VENDOR_NAME."""
    return kind.upper().replace("-", "_")


def expense_document(expense: Expense, index: int, pages: Pages, blocks: Sequence[Block]) -> dict[str, Any]:
    """An ExpenseDocument.

    Args:
        index: from 1, within the answer.
        blocks: of its pages.
    """
    return {
        "ExpenseIndex": index,
        "SummaryFields": [_expense_field(field, pages) for field in expense.fields],
        "LineItemGroups": [
            {
                "LineItemGroupIndex": number,
                "LineItems": [
                    {"LineItemExpenseFields": [_line_item_field(field, pages) for field in item.fields]}
                    for item in group.items
                ],
            }
            for number, group in enumerate(expense.groups, 1)
        ],
        "Blocks": list(blocks),
    }


def identity_document(identity: Identity, index: int, blocks: Sequence[Block]) -> dict[str, Any]:
    """An IdentityDocument.

    Args:
        index: from 1, within the answer.
        blocks: of its pages.
    """
    return {
        "DocumentIndex": index,
        "IdentityDocumentFields": [_identity_field(field) for field in identity.fields],
        "Blocks": list(blocks),
    }


def lending_result(page: LendingPage, pages: Pages, blocks: Sequence[Block]) -> dict[str, Any]:
    """A LendingResult: what a page is and what was taken from it.

    Args:
        blocks: of the page, for the bills and identity documents in it.
    """
    extractions: list[dict[str, Any]] = []
    if page.fields or page.signatures:
        extractions.append(
            {
                "LendingDocument": {
                    "LendingFields": [_lending_field(field, pages[page.page]) for field in page.fields],
                    "SignatureDetections": [
                        {
                            "Confidence": percent(signature.confidence),
                            "Geometry": geometry(pages[page.page], signature.box),
                        }
                        for signature in page.signatures
                    ],
                }
            }
        )
    if page.expense is not None:
        extractions.append({"ExpenseDocument": expense_document(page.expense, 1, pages, blocks)})
    if page.identity is not None:
        extractions.append({"IdentityDocument": identity_document(page.identity, 1, blocks)})
    return {
        "Page": page.page,
        "PageClassification": {
            "PageType": [{"Value": wire_name(page.kind), "Confidence": percent(page.confidence)}],
            "PageNumber": [{"Value": str(page.number_in_document), "Confidence": percent(page.number_confidence)}],
        },
        "Extractions": extractions,
    }


def lending_summary(summary: LendingSummary, every_kind: Sequence[str]) -> dict[str, Any]:
    """A LendingSummary.

    Args:
        every_kind: all kinds of papers that are told apart, as the engine names them.
    """
    found = {document.kind for document in summary.documents}
    return {
        "DocumentGroups": [
            {
                "Type": wire_name(document.kind),
                "SplitDocuments": [
                    {"Index": number, "Pages": list(numbers)} for number, numbers in enumerate(document.splits, 1)
                ],
                "DetectedSignatures": [{"Page": number} for number in document.signed_pages],
                "UndetectedSignatures": [],
            }
            for document in summary.documents
        ],
        "UndetectedDocumentTypes": [wire_name(kind) for kind in every_kind if kind not in found],
    }


def _detection(passage: Passage, page: Page) -> dict[str, Any]:
    return {
        "Text": passage.text,
        "Geometry": geometry(page, passage.box),
        "Confidence": percent(passage.confidence),
    }


def _expense_type(kind: str) -> str:
    name = wire_name(kind)
    return name if name in EXPENSE_TYPES else "OTHER"


def _expense_field(field: ExpenseField, pages: Pages) -> dict[str, Any]:
    page = pages[field.page]
    told: dict[str, Any] = {
        "Type": {"Text": _expense_type(field.kind), "Confidence": percent(field.confidence)},
        "ValueDetection": _detection(field.value, page),
        "PageNumber": field.page,
    }
    if field.label is not None:
        told["LabelDetection"] = _detection(field.label, page)
    if field.currency is not None:
        told["Currency"] = {"Code": field.currency, "Confidence": percent(field.confidence)}
    if field.groups:
        told["GroupProperties"] = [
            {"Types": [wire_name(kind) for kind in group.kinds], "Id": group.identifier} for group in field.groups
        ]
    return told


def _line_item_field(field: ExpenseField, pages: Pages) -> dict[str, Any]:
    """A field of a line item; its currency is that of the whole bill, and AWS's parser knows it there alone."""
    return _expense_field(replace(field, currency=None), pages)


def _identity_field(field: IdentityField) -> dict[str, Any]:
    value: dict[str, Any] = {"Text": field.text, "Confidence": percent(field.confidence)}
    if field.normalized is not None:
        value["NormalizedValue"] = {"Value": field.normalized, "ValueType": "DATE"}
    return {"Type": {"Text": wire_name(field.kind)}, "ValueDetection": value}


def _lending_field(field: LendingField, page: Page) -> dict[str, Any]:
    told: dict[str, Any] = {
        "Type": wire_name(field.kind),
        "ValueDetections": [_detection(value, page) for value in field.values],
    }
    if field.key is not None:
        told["KeyDetection"] = _detection(field.key, page)
    return told
