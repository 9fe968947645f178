"""Who sends a bill and who receives it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from clary.engines.documents.addresses import address_likeness, is_of_another_kind
from clary.engines.documents.amounts import amounts_in
from clary.engines.documents.dates import parse_date
from clary.engines.documents.expense.labels import RECEIVER
from clary.engines.documents.rows import Row, row_of

COMPANY = re.compile(
    r"(?<![^\W_])(?:sdn\.?\s?bhd|s/b|sb|bhd|plt|ltd|limited|inc|incorporated|corp|corporation|llc|llp|corp(?:oration)?|co|company|gmbh|ag|kg|ug"
    r"|b\.?v|n\.?v|s\.?a(?:\.?r\.?l)?"
    r"|s\.?r\.?l|s\.?p\.?a|s\.?l|pte|pty|pvt|plc|enterprises?|trading|marketing|resources|holdings?|group"
    r"|industries|services|solutions"
    r"|restaurant|restoran|cafe|caf[ée]|kopitiam|bakery|kitchen|bistro|bar|grill|hotel|resort|clinic|pharmacy"
    r"|farmasi|hardware|electrical|mart"
    r"|supermarket|market|grocer\w*|store|shop|kedai|bookstore|books?|mall|station|petro\w*|shell|florist"
    r"|stationery|studio|salon|motors?"
    r"|furniture|interior|house|foods?|perniagaan|syarikat|centre|center|boutique|fashion)(?![^\W_])",
    re.IGNORECASE,
)
LEGAL_FORM = re.compile(
    r"(?<![^\W_])(?:sdn\.?\s?bhd|s/b|bhd|plt|ltd|limited|inc|incorporated|corp|corporation|llc|llp|gmbh|b\.v|n\.v|bv|nv|s\.?a\.?r\.?l|s\.?p\.?a"
    r"|s\.?r\.?l|pte|pty|pvt|plc)(?![^\W_])",
    re.IGNORECASE,
)
_TITLE = re.compile(
    r"^\W*(?:(?:simplified|tax|cash|official|sales|original|customer|guest|pro\s?forma|expense)\W*)*(?:invoice|receipt"
    r"|bill|copy|check|report|facture|rechnung|factuur"
    r"|duplicate|welcome.*|page \d.*|statement|order|reprint)\W*(?:no\W*)?\w{0,4}$",
    re.IGNORECASE,
)
_REGISTRATION = re.compile(
    r"\s*(?:\(?\s*(?:co\.?\s?)?(?:reg\w*\.?|roc|company|gst|co)?\s?\.?\s?(?:no"
    r"|id)?\s?[.:]?\s?\(?\d{4,12}\s?-?\s?[A-Z]?\s?\)?\s*)$|\s*\((?:co|company|reg).*$",
    re.IGNORECASE,
)
_SENDER = re.compile(
    r"^\W*(?:sold\s?by|seller|from|vendor|supplier|payee|remit\s?to|merchant|issued\s?by|biller)(?:\s?name)?\b\W*",
    re.IGNORECASE,
)
_BEFORE = re.compile(
    r"^\W*(?:(?:dimiliki|own(?:ed)?\s?by|managed\s?by|operated\s?by|sold\s?by|seller|from|vendor|supplier"
    r"|merchant|issued\s?by)\s*(?:oleh)?\s*:\s*"
    r"|\d{4,}\s+(?=\D))",
    re.IGNORECASE,
)
_NUMBERED = re.compile(r"[^:]*[^\W\d_][^:]*:\s*[#\W]*\d[\d\W]*")
"""A label and a number."""
_SUFFIX_ALONE = re.compile(
    r"^\W*(?:co\W*)?(?:\(?m\)?\W*)?(?:sdn\.?\s?bhd|bhd|ltd|inc|llc|gmbh|pte\.?\s?ltd)\W*$", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Party:
    """A name and an address.

    Attributes:
        kind: "vendor", "receiver-bill-to", "receiver-ship-to" or "receiver-sold-to".
        name: the rows with the name, usually one; empty where there is none.
        address: rows from top to bottom.
    """

    kind: str
    name: tuple[Row, ...]
    address: tuple[Row, ...] = ()


def bare_name(text: str) -> str:
    """A company's name without the number of its registration."""
    bare = _BEFORE.sub("", _REGISTRATION.sub("", text)).strip(" -:*#,|")
    return bare if sum(character.isalpha() for character in bare) >= 3 else text


def find_vendor(lines: Sequence[Row], page_rows: int) -> Party:
    """Finds the sender of a bill.

    Args:
        lines: pieces of rows of the page, in the order of reading, without the receivers' blocks.
        page_rows: how many rows the page has.
    """
    named = next((line for line in lines if _SENDER.match(line.text) and len(line.text) < 80), None)
    best: tuple[float, int] | None = None
    head = list(lines[: max(12, page_rows // 3)])
    for place, line in enumerate(head):
        score = _name_score(line, place, head)
        if line is named and _SENDER.sub("", line.text):
            score += 4
        if best is None or score > best[0]:
            best = score, place
    if best is None or best[0] < -1:
        return Party("vendor", (), address_after(lines, -1))
    place = best[1]
    name = [head[place]]
    if place > 0 and _SUFFIX_ALONE.match(bare_name(name[0].text)) and head[place - 1].bottom < name[0].bottom:
        name.insert(0, head[place - 1])
    if place + 1 < len(head) and _SUFFIX_ALONE.match(bare_name(head[place + 1].text)):
        place += 1
        name.append(head[place])
    return Party("vendor", tuple(name), address_after(lines, place))


def _name_score(line: Row, place: int, head: Sequence[Row]) -> float:
    text = line.text
    letters = sum(character.isalpha() for character in text)
    if letters < 3 or _TITLE.match(text) or _SENDER.fullmatch(text) or len(line.tokens) > 11:
        return -10.0
    score = 2.2 - 0.45 * place
    if LEGAL_FORM.search(text):
        score += 4.0
    elif COMPANY.search(text):
        score += 3.0
    tall = max(token.height for token in line.tokens) / line.height
    score += min(2.0, 1.2 * max(0.0, tall - 1.2))
    if is_of_another_kind(bare_name(text)) or parse_date(text) or any(amount.exact for amount in amounts_in(text)):
        score -= 4.0
    if address_likeness(text) >= 2.5 or ("," in text and address_likeness(text) >= 2):
        score -= 3.0
    if letters < 0.5 * len(text.replace(" ", "")):
        score -= 2.0
    if _NUMBERED.fullmatch(text):
        score -= 4.0
    if address_likeness(text) > 0 and not COMPANY.search(text):
        score -= 1.0
    return score + (1.6 if _precedes_address(place, head) else 0.0)


def _precedes_address(place: int, head: Sequence[Row]) -> bool:
    """Whether an address follows, at most the number of a registration between."""
    for line in head[place + 1 : place + 3]:
        if address_likeness(line.text) >= 1.5:
            return True
        if not _REGISTRATION.fullmatch(line.text) and not _SUFFIX_ALONE.match(line.text):
            return False
    return False


def address_after(lines: Sequence[Row], place: int) -> tuple[Row, ...]:
    """The rows of the address that follows a name.

    Args:
        lines: in the order of reading.
        place: of the name.
    """
    start = next(
        (
            at
            for at in range(place + 1, min(len(lines), place + 9))
            if address_likeness(bare_name(lines[at].text)) >= 1.5 and not _SUFFIX_ALONE.match(lines[at].text)
        ),
        None,
    )
    if start is None:
        return ()
    rows = [lines[start]]
    if start - 1 > place and address_likeness(lines[start - 1].text) >= 0.5:
        rows.insert(0, lines[start - 1])
    for at in range(start + 1, min(len(lines), start + 7)):
        line, last = lines[at], rows[-1]
        likely = address_likeness(line.text)
        following = address_likeness(lines[at + 1].text) if at + 1 < len(lines) else -1.0
        far = line.top - last.bottom > 1.8 * line.height
        ended = last.text.rstrip().endswith(".") and likely < 1.0
        short = len(line.tokens) <= 4 and not any(character.isdigit() for character in line.text)
        if far or likely < 0 or _TITLE.match(line.text):
            break
        unfinished = short and not ended and last.text.rstrip().endswith(",")
        if likely < 0.5 and following < 1.5 and not unfinished:
            break
        rows.append(line)
    return tuple(rows)


def find_receivers(rows: Sequence[Row]) -> list[tuple[Party, list[Row]]]:
    """Finds the blocks that name the receivers, below or beside their heads.

    Args:
        rows: of the page, cut into pieces where columns are apart, in the order of reading.

    Returns:
        Each receiver, with all rows of its block.
    """
    found = []
    taken: set[int] = set()
    for head in rows:
        match = RECEIVER.match(head.text.lstrip("*# "))
        if match is None or len(head.tokens) > 12 or id(head) in taken:
            continue
        kind = "receiver-bill-to" if match["bill"] else "receiver-ship-to" if match["ship"] else "receiver-sold-to"
        below = _block_below(head, rows)
        rest = head.text[match.end() :].lstrip(" :.-#")
        first: Row | None = None
        if len(rest) > 2:
            tokens = head.between(len(head.text) - len(rest), len(head.text))
            first = row_of(head.page, tokens, head.height)
        if first is None and not below:
            continue
        name = first or below[0]
        if parse_date(name.text) or any(character.isdigit() for character in name.text):
            continue
        address = [line for line in (below if first is not None else below[1:]) if not is_of_another_kind(line.text)]
        if max((address_likeness(line.text) for line in address), default=0.0) < 1.0:
            address = []
        taken.update(id(line) for line in below)
        found.append((Party(kind, (name,), tuple(address)), [head, *(below if address else [])]))
    return found


def _block_below(head: Row, rows: Sequence[Row]) -> list[Row]:
    """Rows flush with a head, one close below the other."""
    block: list[Row] = []
    last = head
    for row in sorted(rows, key=lambda row: row.top):
        if row.top <= last.top or abs(row.left - head.left) > 1.5 * head.height:
            continue
        if row.top - last.bottom > 1.6 * head.height or len(block) == 7 or RECEIVER.match(row.text):
            break
        block.append(row)
        last = row
    return block
