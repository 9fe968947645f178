"""Who stands on a page without a label: senders and persons over their addresses, the holder of a document."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from clary.engines.documents.addresses import address_likeness
from clary.engines.documents.contract import Page
from clary.engines.documents.expense.parties import COMPANY, LEGAL_FORM
from clary.engines.documents.identity.documents import find_identities
from clary.engines.documents.queries.terms import terms_of
from clary.engines.documents.rows import Row, passages_joined
from clary.engines.documents.understanding import Passage

Named = tuple[Passage, tuple[str, ...], tuple[str, ...]]
"""A passage, terms that name it, and terms that name it less surely."""
LEAST_ADDRESS = 1.5
"""Of `address_likeness`: the sum of the lines below a name."""
MOST_LINES = 3
IDENTITY_TERMS = {
    "driver-license-front": {"document-number": "license number id"},
    "passport": {"document-number": "passport number", "mrz-code": "mrz code machine readable zone"},
}
"""What fields of identity documents are also called."""


def of_addresses(rows: Sequence[Row]) -> Iterator[Named]:
    """Names over addresses: on letters and pay slips, companies are who sends and pays, persons who receives.

    Args:
        rows: of a page, words of all columns side by side.
    """
    pieces = [row.segments(1.3) for row in rows]
    for number, row in enumerate(pieces):
        for piece in row:
            if any(character.isdigit() for character in piece.text) or not 2 <= len(piece.tokens) <= 6:
                continue
            block = _flush_below(piece, pieces[number + 1 : number + 1 + MOST_LINES])
            if sum(address_likeness(line.text) for line in block) < LEAST_ADDRESS:
                continue
            role, others = _role(piece.text)
            yield piece.passage(0, len(piece.text)), (role, "name"), others
            yield passages_joined([line.passage(0, len(line.text)) for line in block]), (role, "address"), others


def of_identity(page: Page, rows: Sequence[Row]) -> Iterator[Named]:
    """The fields of an identity document, where they stand in one row.

    Args:
        page: one that may be an identity document.
        rows: of the page.
    """
    for identity in find_identities([page], datetime.now(UTC).date()):
        more = IDENTITY_TERMS.get(identity.kind)
        for field in identity.fields if more is not None else ():
            row = next((row for row in rows if field.text and field.text in row.text), None)
            if row is not None and more is not None:
                start = row.text.index(field.text)
                names = terms_of(more.get(field.kind, field.kind.replace("-", " ")))
                yield row.passage(start, start + len(field.text)), tuple(names), ()


def _role(name: str) -> tuple[str, tuple[str, ...]]:
    if LEGAL_FORM.search(name) or COMPANY.search(name):
        return "employer", ("vendor", "insurance")
    return "employee", ("customer", "patient", "recipient")


def _flush_below(piece: Row, rows: Sequence[Sequence[Row]]) -> list[Row]:
    """The lines of a block of which a piece is the first."""
    block: list[Row] = []
    last = piece
    for row in rows:
        line = next((other for other in row if abs(other.left - piece.left) < piece.height), None)
        if line is None or line.top - last.bottom > 1.6 * piece.height or address_likeness(line.text) < 0.5:
            break
        block.append(line)
        last = line
    return block
