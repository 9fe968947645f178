"""What is extracted from papers of a known kind: bills, identity documents, loan files.

Kinds of fields are words of this engine ("vendor-name", "total"); who answers clients gives them the names they expect.
`plain_values` turns everything into what an engine host can carry and back.
"""

from __future__ import annotations

from dataclasses import dataclass

from clary.engines.documents.understanding import Passage, Signature


@dataclass(frozen=True, slots=True)
class ExpenseField:
    """A value of a bill.

    Attributes:
        kind: "total", "subtotal", "tax", "vendor-name", "item", "quantity", ...; "other" where the label is not known.
        value: what stands there.
        label: the text that names it, where there is one.
        currency: ISO 4217 code of an amount, where it can be told.
        groups: blocks of names and addresses it belongs to ("vendor", "receiver", "receiver-bill-to", ...), each with
            an identifier that its members share.
        page: number of the page.
    """

    kind: str
    value: Passage
    confidence: float
    page: int
    label: Passage | None = None
    currency: str | None = None
    groups: tuple[ExpenseGroup, ...] = ()


@dataclass(frozen=True, slots=True)
class ExpenseGroup:
    """Names a block of a bill.

    Attributes:
        kinds: "vendor", "receiver", "receiver-bill-to", "receiver-ship-to", "receiver-sold-to", "vendor-remit-to", ...
        identifier: shared by the fields of one block.
    """

    kinds: tuple[str, ...]
    identifier: str


@dataclass(frozen=True, slots=True)
class LineItem:
    """A thing that is billed; its row's whole text is the field of kind "expense-row"."""

    fields: tuple[ExpenseField, ...]


@dataclass(frozen=True, slots=True)
class LineItemGroup:
    """The rows of one table of things."""

    items: tuple[LineItem, ...]


@dataclass(frozen=True, slots=True)
class Expense:
    """A bill: an invoice or a receipt.

    Attributes:
        pages: numbers of its pages.
        fields: of the whole bill.
    """

    pages: tuple[int, ...]
    fields: tuple[ExpenseField, ...]
    groups: tuple[LineItemGroup, ...]


@dataclass(frozen=True, slots=True)
class IdentityField:
    """A value of an identity document.

    Attributes:
        kind: "first-name", "date-of-birth", "document-number", ...
        text: as printed; empty where the document has none.
        normalized: a date as yyyy-mm-ddT00:00:00; None for what is not a date.
    """

    kind: str
    text: str
    confidence: float
    normalized: str | None = None


@dataclass(frozen=True, slots=True)
class Identity:
    """An identity document.

    Attributes:
        kind: "driver-license-front", "passport" or "other".
        pages: numbers of its pages.
        fields: one for each kind of field, in a fixed order.
    """

    kind: str
    pages: tuple[int, ...]
    fields: tuple[IdentityField, ...]


@dataclass(frozen=True, slots=True)
class LendingField:
    """A value of a paper of a loan file.

    Attributes:
        kind: "borrower-name", "pay-period-start-date", ...
        key: the text that names it.
        values: usually one.
    """

    kind: str
    values: tuple[Passage, ...]
    confidence: float
    key: Passage | None = None


@dataclass(frozen=True, slots=True)
class LendingPage:
    """A page of a loan file.

    Attributes:
        page: its number.
        kind: "payslips", "bank-statement", "w-2", ..., or "unclassified".
        number_in_document: from 1, within the paper it belongs to.
        confidence: of the kind.
        number_confidence: that `number_in_document` is right.
    """

    page: int
    kind: str
    number_in_document: int
    confidence: float
    number_confidence: float
    fields: tuple[LendingField, ...] = ()
    signatures: tuple[Signature, ...] = ()
    expense: Expense | None = None
    identity: Identity | None = None


@dataclass(frozen=True, slots=True)
class LendingDocument:
    """Pages that belong together.

    Attributes:
        kind: of all of them.
        splits: one tuple of page numbers for each paper of this kind.
        signed_pages: those with a signature.
        undated_pages: signed pages on which no date stands beside the signature.
    """

    kind: str
    splits: tuple[tuple[int, ...], ...]
    signed_pages: tuple[int, ...] = ()
    undated_pages: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class LendingSummary:
    """A loan file at a glance.

    Attributes:
        unclassified: numbers of the pages of no known kind.
    """

    documents: tuple[LendingDocument, ...]
    unclassified: tuple[int, ...] = ()
