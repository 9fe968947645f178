"""The address on an identity document, and its parts."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from clary.engines.documents.addresses import address_likeness
from clary.engines.documents.identity.labels import STATES
from clary.engines.documents.rows import Row

_CODES = "|".join(STATES)
LAST_LINE = re.compile(
    rf"(?P<city>[A-Za-z][A-Za-z .'-]*?)[\s,]+(?P<state>{_CODES})[\s,.]+(?P<zip>\d{{5}}(?:-?\d\s?\d\s?\d\s?\d)?)"
    r"\d{0,2}(?!\d)"
)
"""City, state and code; the digits of a long code may have been read apart."""


def find_address(pieces: Sequence[Row], known: Mapping[str, tuple[str, float]]) -> dict[str, tuple[str, float]]:
    """Finds the address of a card of the United States: a street, and below it city, state and zip code.

    Args:
        pieces: of the page, in the order of reading.
        known: fields that were found by their labels; an address among them is the street.

    Returns:
        "address", "city-in-address", "state-in-address" and "zip-code-in-address" with their confidences; empty where
        there is no such line.
    """
    for place, piece in enumerate(pieces):
        match = LAST_LINE.search(piece.text)
        if match is None:
            continue
        sure = sum(token.confidence for token in piece.tokens) / len(piece.tokens)
        street = known.get("address", ("", 0.0))[0] or _street(piece, pieces[:place])
        code = "".join(match["zip"].split())
        last = f"{piece.text[match.start() : match.start('zip')]}{code}{piece.text[match.end('zip') :]}"
        whole = street if code in street else f"{street} {last}".strip()
        return {
            "address": (whole, sure),
            "city-in-address": (match["city"].strip(), sure),
            "state-in-address": (match["state"], sure),
            "zip-code-in-address": (code, sure),
        }
    return {}


def _street(last: Row, before: Sequence[Row]) -> str:
    above = [
        piece
        for piece in before
        if 0 <= last.top - piece.bottom + 0.5 * last.height < 2 * last.height
        and abs(piece.left - last.left) < 4 * last.height
    ]
    likely = [piece for piece in above if address_likeness(piece.text) >= 1.0]
    return re.sub(r"^8\.?\s+(?=\d)", "", likely[-1].text) if likely else ""
