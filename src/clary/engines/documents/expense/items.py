"""The things that are billed, row by row."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from clary.engines.documents.amounts import amounts_in
from clary.engines.documents.expense.labels import AMOUNTS
from clary.engines.documents.papers import ExpenseField, LineItem, LineItemGroup
from clary.engines.documents.rows import Row, passage_of, passages_joined
from clary.engines.documents.tokens import Token
from clary.engines.documents.understanding import Passage

_COLUMNS = {
    "item": r"(?:item|product|service|article|expense)?\s*(?:description|beschreibung|d[ée]signation|omschrijving"
    r"|descripci[óo]n|descrizione|particulars"
    r"|details?)|(?:item|product|service|article|artikel)s?(?:\s?name)?|title|libell[ée]|bezeichnung|concepto",
    "quantity": r"qty\.?|quantity|qt[ée]|menge|anzahl|aantal|cantidad|quantit[àae]|hours|units?|nights|pcs",
    "unit-price": r"(?:unit|u\.?|each|list)\s?/?\s?-?(?:price|cost|rate)|price\s?(?:each|/\s?unit)|rate"
    r"|einzelpreis|prix\s?unitaire|p\.?u\.?|stukprijs"
    r"|precio\s?unitario|prijs",
    "price": r"(?:line\s?|net\s?|ext(?:ended)?\.?\s?|total\s?)?(?:amount|amt|total|price)|betrag|gesamt(?:preis)?"
    r"|montant|bedrag|totaal|importe|importo|preis|prix"
    r"|subtotal|value",
    "product-code": r"(?:item|product|art(?:icle|ikel)?\.?|stock)?\s?(?:code|sku|no\.?|number|nr\.?|#)|sku"
    r"|hsn(?:/sac)?|upc|isbn|r[ée]f(?:[ée]rence)?\.?",
    "other": r"(?:tax|gst|vat|btw|tva|mwst|disc(?:ount)?)\.?\s?%?(?:\s?(?:rate|amount))?|%",
}
COLUMNS = {
    kind: re.compile(rf"\W*(?:{pattern})\W*(?:\(?(?:rm|\$|€|£|₹|usd|eur|gbp|inr)\)?)?\W*", re.IGNORECASE)
    for kind, pattern in _COLUMNS.items()
}
"""What the heads of columns say, whole."""
_ASIDE = re.compile(r"\W*(?:type|category|date|(?:merchant|vendor|supplier)(?:\s?name)?|unit)\W*", re.IGNORECASE)
"""What heads of columns beside them say, on lines that stand elsewhere too."""
TIMES = re.compile(
    r"(?<![\w.,])(?P<count>\d{1,4}(?:[.,]\d{1,3})?)\s?(?:pcs?|unit|ea|x|X|\*|@"
    r"|\u00d7)+\s?[@xX]?\s*(?:\D{0,3})(?P<price>\d+[.,]\d{2})"
)
_CODE = re.compile(r"^(?=\w*\d)[A-Z0-9-]{5,16}$")
_ENDS = [
    label.pattern
    for label in AMOUNTS
    if label.kind in ("total", "subtotal", "tax", "amount-due", "amount-paid", "change")
]


@dataclass(frozen=True, slots=True)
class Head:
    """The name of a column; left and right edge in the page's units."""

    kind: str
    left: float
    right: float
    label: Passage


@dataclass(frozen=True, slots=True)
class Heads:
    """The row that names the columns.

    Attributes:
        number: of the row.
        columns: from left to right.
    """

    number: int
    columns: tuple[Head, ...]

    def head_at(self, left: float, right: float) -> Head:
        """The head of the column that something stands in: the one it overlaps, else the nearest one."""

        def distance(head: Head) -> float:
            return max(head.left - right, left - head.right, 0.0) + 0.001 * abs(head.left + head.right - left - right)

        return min(self.columns, key=distance)


@dataclass(frozen=True, slots=True)
class _Part:
    """What stands in a column of a row."""

    kind: str
    value: Passage
    label: Passage | None = None


def find_items(rows: Sequence[Row], page_number: int, currency: str | None) -> LineItemGroup | None:
    """Finds the rows of things that are billed.

    Args:
        rows: of a page, words of all columns side by side.
        currency: of the bill.

    Returns:
        The items from top to bottom; None where there are none.
    """
    heads = _heads(rows)
    start = heads.number + 1 if heads is not None else _first_amount(rows)
    items: list[LineItem] = []
    waiting: list[Row] = []
    for row in rows[start:]:
        if _ends(row):
            if items or heads is None:
                break
            continue
        if _has_price(row):
            items.append(_item([*waiting, row], heads, page_number, currency))
            waiting = []
        elif heads is not None and items and not waiting and _goes_on(row, items[-1], heads):
            items[-1] = _longer(items[-1], row)
        else:
            waiting = [*waiting[-1:], row] if heads is None or not waiting else [row]
    return LineItemGroup(tuple(items)) if items else None


def _heads(rows: Sequence[Row]) -> Heads | None:
    for number, row in enumerate(rows):
        columns: list[Head] = []
        asides: list[Head] = []
        pieces = row.segments(0.9)
        for piece in pieces:
            kind = next((kind for kind, pattern in COLUMNS.items() if pattern.fullmatch(piece.text)), None)
            if kind is not None:
                columns.append(_head(kind, piece))
            elif _ASIDE.fullmatch(piece.text):
                asides.append(_head("other", piece))
            else:
                columns += _words_as_heads(piece)
        kinds = {head.kind for head in columns}
        if (
            len(kinds) >= 2
            and ("price" in kinds or "unit-price" in kinds or "quantity" in kinds)
            and len(columns) + len(asides) >= 0.5 * len(pieces)
        ):
            return Heads(number, tuple(sorted([*_two_prices(columns), *asides], key=lambda head: head.left)))
    return None


def _head(kind: str, piece: Row) -> Head:
    return Head(kind, piece.left, piece.right, piece.passage(0, len(piece.text)))


def _two_prices(columns: list[Head]) -> list[Head]:
    """Of two columns that are both called a price or an amount, the first is that of one piece."""
    prices = [place for place, head in enumerate(columns) if head.kind == "price"]
    if len(prices) > 1 and all(head.kind != "unit-price" for head in columns):
        columns[prices[0]] = replace(columns[prices[0]], kind="unit-price")
    return columns


def _words_as_heads(piece: Row) -> list[Head]:
    """Heads that stand as close together as words."""
    found = []
    for token in piece.tokens:
        kind = next((kind for kind, pattern in COLUMNS.items() if pattern.fullmatch(token.text)), None)
        if kind is None:
            return []
        found.append(Head(kind, token.left, token.right, passage_of([token], piece.page)))
    return found


def _first_amount(rows: Sequence[Row]) -> int:
    for number, row in enumerate(rows):
        if _has_price(row):
            return max(0, number - 1)
    return len(rows)


def _ends(row: Row) -> bool:
    return any(pattern.match(row.text.lstrip(" *-#")) for pattern in _ENDS)


def _has_price(row: Row) -> bool:
    amounts = [amount for amount in amounts_in(row.text) if amount.exact]
    return bool(amounts) and len(row.text) - amounts[-1].end <= 8


def _goes_on(row: Row, item: LineItem, heads: Heads) -> bool:
    """Whether a row without a price is a further line of the description above it."""
    return heads.head_at(row.left, row.right).kind == "item" and any(part.kind == "item" for part in item.fields)


def _longer(item: LineItem, row: Row) -> LineItem:
    more = row.passage(0, len(row.text))
    fields = [
        replace(part, value=passages_joined([part.value, more])) if part.kind in ("item", "expense-row") else part
        for part in item.fields
    ]
    return LineItem(tuple(fields))


def _item(rows: Sequence[Row], heads: Heads | None, page_number: int, currency: str | None) -> LineItem:
    last = rows[-1]
    above = [row for row in rows[:-1] if any(character.isalpha() for character in row.text)]
    parts = [_Part("item", row.passage(0, len(row.text))) for row in above]
    parts += _columns(last, heads)
    times = TIMES.search(last.text)
    if times is not None:
        for kind, name in (("quantity", "count"), ("unit-price", "price")):
            parts.append(_Part(kind, last.passage(times.start(name), times.end(name))))
    fields = []
    for kind in dict.fromkeys(part.kind for part in parts):
        same = [part for part in parts if part.kind == kind]
        label = same[-1].label
        if kind == "other":
            fields += [_field(part.kind, part.value, part.label, page_number, currency) for part in same]
        else:
            value = passages_joined([part.value for part in same]) if kind == "item" else same[-1].value
            fields.append(_field(kind, value, label, page_number, currency))
    whole = passages_joined([row.passage(0, len(row.text)) for row in rows])
    fields.append(ExpenseField("expense-row", whole, 0.8 * whole.confidence, page_number))
    return LineItem(tuple(fields))


def _field(kind: str, value: Passage, label: Passage | None, page_number: int, currency: str | None) -> ExpenseField:
    money = currency if kind in ("price", "unit-price") else None
    return ExpenseField(kind, value, 0.75 * value.confidence, page_number, label, money)


def _columns(row: Row, heads: Heads | None) -> list[_Part]:
    """The words of a row by the column they stand in."""
    if heads is not None:
        return [_under_heads(piece, heads) for piece in row.segments(0.9)]
    return [_Part(kind, passage_of(tokens, row.page)) for kind, tokens in _without_heads(row)]


def _under_heads(piece: Row, heads: Heads) -> _Part:
    head = heads.head_at(piece.left, piece.right)
    numeric = any(character.isdigit() for character in piece.text)
    kind = "other" if head.kind in ("price", "unit-price", "quantity") and not numeric else head.kind
    return _Part(kind, piece.passage(0, len(piece.text)), head.label)


def _without_heads(row: Row) -> list[tuple[str, list[Token]]]:
    price = [amount for amount in amounts_in(row.text) if amount.exact][-1]
    times = TIMES.search(row.text)
    end = times.start() if times is not None else price.start
    found: list[tuple[str, list[Token]]] = [("price", list(row.between(price.start, price.end)))]
    before = list(row.between(0, end)) if end > 1 else []
    if before and _CODE.match(before[0].text) and len(before) > 1:
        found.insert(0, ("product-code", before[:1]))
        before = before[1:]
    words = [token for token in before if token not in found[-1][1]]
    if any(character.isalpha() for token in words for character in token.text):
        found.insert(0, ("item", words))
    return found
