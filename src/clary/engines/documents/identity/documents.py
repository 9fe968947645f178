"""From pages to identity documents."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date

from clary.engines.documents.contract import Page
from clary.engines.documents.dates import dates_in, parse_date
from clary.engines.documents.identity.addresses import find_address
from clary.engines.documents.identity.labels import BY_NUMBER, DATES, KINDS, LABELS, STATES, SUFFIXES
from clary.engines.documents.identity.mrz import MachineReadable, bare_line, parse_zone, zone_lines
from clary.engines.documents.papers import Identity, IdentityField
from clary.engines.documents.rows import Row, row_of, rows_of

Found = dict[str, tuple[str, float]]
"""Texts and confidences by kind of field."""
LICENCE = re.compile(r"driver|licen[sc]e|\bdl\b|motor\s?vehicle|permis\s?de\s?conduire", re.IGNORECASE)
NUMBER = re.compile(r"\d{1,2}[a-d]?\s+[A-Za-z]")
"""How a label begins that bears the number of its field."""
PASSPORT = re.compile(r"pass\s?port|pasaporte|passeport|reisepass", re.IGNORECASE)


def find_identities(pages: Sequence[Page], today: date) -> tuple[Identity, ...]:
    """Reads the identity documents on pages, one on each; the back of a licence adds nothing of its own.

    Args:
        pages: with their words.
        today: to tell the century of years of two digits.
    """
    return tuple(_identity(page, today) for page in pages)


def _identity(page: Page, today: date) -> Identity:
    rows = rows_of(page)
    pieces = [part for row in rows for piece in row.segments(1.3) for part in _parted(piece)]
    text = "\n".join(row.text for row in rows)
    zone = zone_lines([row.text for row in rows])
    machine = parse_zone([rows[place].text for place in zone][-3:], today) or parse_zone(
        [rows[place].text for place in zone][-2:], today
    )
    kind = _kind(text, machine)
    found = _labelled(pieces)
    _by_number(pieces, found)
    _by_dates(rows, found, kind)
    found |= find_address(pieces, found)
    _name_parts(found)
    if kind == "driver-license-front":
        state = _state_of(rows, found)
        if state is not None:
            found["state-name"] = state
    if zone:
        found["mrz-code"] = ("\n".join(bare_line(rows[place].text) for place in zone), _sure(rows[zone[0]]))
    if machine is not None and machine.valid:
        _from_zone(machine, found)
    found["id-type"] = (ID_TYPES[kind], 0.98 if kind != "other" else 0.5)
    return Identity(kind, (page.number,), tuple(_field(name, found) for name in KINDS))


def _parted(piece: Row) -> list[Row]:
    """A piece, cut before each further label that begins with the number of its field: "9 CLASS 12 REST"."""
    cuts = [0]
    for place in range(1, len(piece.tokens)):
        rest = piece.text[piece.starts[place] :]
        if NUMBER.match(rest) and any(pattern.match(rest) for pattern in LABELS.values()):
            cuts.append(place)
    ends = [*cuts[1:], len(piece.tokens)]
    return [row_of(piece.page, piece.tokens[start:end], piece.height) for start, end in zip(cuts, ends, strict=True)]


ID_TYPES = {"driver-license-front": "DRIVER LICENSE FRONT", "passport": "PASSPORT", "other": "OTHER"}


def _kind(text: str, machine: MachineReadable | None) -> str:
    if (machine is not None and machine.kind == "P") or PASSPORT.search(text):
        return "passport"
    return "driver-license-front" if LICENCE.search(text) else "other"


def _field(kind: str, found: Found) -> IdentityField:
    text, sure = found.get(kind, ("", 0.99))
    normalized = None
    if kind in DATES and text:
        day = parse_date(text, month_first=True)
        normalized = f"{day.isoformat()}T00:00:00" if day is not None else None
    return IdentityField(kind, text, sure, normalized)


def _labelled(pieces: Sequence[Row]) -> Found:
    """Values behind their labels, or below them."""
    found: Found = {}
    for piece in pieces:
        for kind, pattern in LABELS.items():
            match = pattern.match(piece.text)
            if match is None or kind in found:
                continue
            rest = piece.text[match.end() :].strip(" :.-")
            translated = match.group().rstrip().endswith("/") or _translates(rest)
            beside = any(other.match(rest) for name, other in LABELS.items() if name != kind)
            if rest and not translated and not beside and _suits(kind, rest):
                found[kind] = (_cut(kind, rest), _sure(piece))
            else:
                below = _below(piece, pieces)
                if below is not None and _suits(kind, below.text):
                    found[kind] = (_cut(kind, below.text.strip(" :")), _sure(below))
            break
    return found


def _translates(text: str) -> bool:
    """Whether what follows a label is the label in other languages."""
    return text.startswith("/") or (text.count("/") >= 1 and not any(character.isdigit() for character in text))


def _suits(kind: str, text: str) -> bool:
    if kind in DATES:
        return parse_date(text, month_first=True) is not None
    if kind == "document-number":
        return sum(character.isdigit() for character in text) >= 4 and parse_date(text) is None
    if kind in ("class", "endorsements", "restrictions", "sex"):
        return len(text) <= 24 or kind == "endorsements"
    if kind in ("first-name", "last-name", "place-of-birth", "nationality"):
        return not any(character.isdigit() for character in text)
    return True


def _cut(kind: str, text: str) -> str:
    """The value alone, where others follow it in the same row."""
    if kind in DATES:
        one = next(dates_in(text, month_first=True))
        return text[one.start : one.end]
    if kind in ("class", "sex"):
        return text.split()[0]
    if kind == "document-number":
        return next((word for word in text.split() if sum(character.isdigit() for character in word) >= 4), text)
    return text


def _below(label: Row, pieces: Sequence[Row]) -> Row | None:
    """The nearest piece under a label that is no label itself."""
    near = [
        piece
        for piece in pieces
        if 0 <= piece.top - label.bottom + 0.5 * label.height < 2.4 * label.height
        and min(piece.right, label.right) - max(piece.left, label.left - 0.5 * label.height) > 0
        and piece.top > label.top + 0.3 * label.height
    ]
    near = [piece for piece in near if not any(pattern.match(piece.text) for pattern in LABELS.values())]
    return min(
        near,
        key=lambda piece: (round((piece.top - label.bottom) / label.height), abs(piece.left - label.left)),
        default=None,
    )


def _by_number(pieces: Sequence[Row], found: Found) -> None:
    """Names behind the bare numbers of their fields."""
    for kind, pattern in BY_NUMBER.items():
        for piece in pieces:
            match = pattern.match(piece.text)
            if match is not None and kind not in found and _suits(kind, piece.text[match.end() :]):
                found[kind] = (piece.text[match.end() :].strip(), _sure(piece))


def _by_dates(rows: Sequence[Row], found: Found, kind: str) -> None:
    """Dates that no label names: the earliest is the birth, the latest the expiry."""
    if kind == "other":
        return
    dated = sorted(
        ((one.value, row.text[one.start : one.end], _sure(row)) for row in rows for one in dates_in(row.text, True)),
        key=lambda one: one[0],
    )
    if len(dated) >= 2 and dated[0][0] != dated[-1][0]:
        found.setdefault("date-of-birth", (dated[0][1], 0.6 * dated[0][2]))
        found.setdefault("expiration-date", (dated[-1][1], 0.6 * dated[-1][2]))


def _name_parts(found: Found) -> None:
    """Parts given names into first and middle, and a suffix off them."""
    if "first-name" in found:
        text, sure = found["first-name"]
        words = text.replace(",", " ").split()
        suffix = [word for word in words if word.upper() in SUFFIXES]
        words = [word for word in words if word.upper() not in SUFFIXES]
        if suffix:
            found["suffix"] = (suffix[-1], sure)
        if len(words) > 1:
            found["middle-name"] = (" ".join(words[1:]), sure)
        if words:
            found["first-name"] = (words[0], sure)


def _state_of(rows: Sequence[Row], found: Found) -> tuple[str, float] | None:
    """The state that issued a licence: its name on the card, else the state of the address."""
    for row in rows:
        for name in sorted(STATES.values(), key=len, reverse=True):
            if re.search(rf"(?<![^\W_]){name}(?![^\W_])", row.text, re.IGNORECASE):
                return name.upper(), _sure(row)
    code, sure = found.get("state-in-address", ("", 0.0))
    return (STATES[code.upper()].upper(), 0.7 * sure) if code.upper() in STATES else None


def _from_zone(machine: MachineReadable, found: Found) -> None:
    """A zone whose check digits are right is surer than print; it fills what print lacks."""
    names = machine.given_names.split()
    values = {
        "last-name": machine.surname,
        "first-name": names[0] if names else "",
        "middle-name": " ".join(names[1:]),
        "document-number": machine.number,
        "date-of-birth": machine.birth.isoformat() if machine.birth else "",
        "expiration-date": machine.expiry.isoformat() if machine.expiry else "",
    }
    for kind, value in values.items():
        printed = found.get(kind, ("", 0.0))[0]
        same_day = kind in DATES and parse_date(printed, month_first=True) == parse_date(value)
        if value and not same_day and printed.upper() != value:
            found[kind] = (value, 0.97)


def _sure(row: Row) -> float:
    return sum(token.confidence for token in row.tokens) / len(row.tokens)
