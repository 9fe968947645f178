"""What a page could answer: values with the words that name them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from clary.engines.documents.amounts import amounts_in
from clary.engines.documents.contract import Page
from clary.engines.documents.dates import dates_in
from clary.engines.documents.expense.parties import LEGAL_FORM
from clary.engines.documents.forms.selections import TYPED
from clary.engines.documents.queries.parties import of_addresses, of_identity
from clary.engines.documents.queries.terms import terms_of
from clary.engines.documents.rows import Row, passages_joined, rows_of
from clary.engines.documents.understanding import KeyValue, Passage, SelectionElement, Table

PHONE = re.compile(
    r"(?<![\w.])(?:\+?\d{1,3}[\s.-]?)?\(?\d{3}\)?[\s.-]{0,2}\(?\d{3}\)?[\s.-]{1,2}\(?\d{4}\)?(?![\w])|\b\d{3}-\d{4}\b"
)
SHARE = re.compile(r"\d+(?:\.\d+)?\s?%")
IDENTIFIER = re.compile(r"(?<!\S)#?(?=[^\s,;]*\d[^\s,;]*\d)[A-Za-z0-9][A-Za-z0-9/-]{3,}(?=[\s,;.]|$)")
INLINE = re.compile(
    r"(?:^|(?<=\s))(?P<name>(?:\d{1,2}[a-z]?\.?\s)?[^\W\d_][^:\d]{0,28}?)\s?:\s?(?P<value>[^:]{1,60}?)"
    r"(?=\s+(?:\d{1,2}[a-z]?\.?\s)?[^\W\d_]{2,12}(?:\s[^\W\d_]{2,12})?\s?:|$)"
)
"""Several names with their values in one row: "Sex: F 16 Hgt: 5'-09"."""
EMAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")


@dataclass(frozen=True, slots=True)
class Candidate:
    """A possible answer.

    Attributes:
        names: terms of what names it, the nearest first: the name of its field, the heads of its row and column.
        around: terms of what stands near it, which name it less surely.
        trust: how sure it is that its names belong to it, 0 to 1.
    """

    value: Passage
    names: tuple[str, ...]
    around: tuple[str, ...] = ()
    trust: float = 1.0


def candidates_of(
    page: Page,
    key_values: Sequence[KeyValue],
    selections: Sequence[SelectionElement],
    tables: Sequence[Table],
) -> list[Candidate]:
    """Everything on a page that could be an answer, the most explicit first."""
    rows = rows_of(page)
    sections = _sections(rows)
    return [
        *_of_fields(key_values, selections, sections, rows),
        *(candidate for table in tables for candidate in _of_table(table, page)),
        *_of_labels(rows),
        *_of_text(rows),
        *(Candidate(value, names, around, 0.6) for value, names, around in of_addresses(rows)),
        *(Candidate(value, names, around, 0.9) for value, names, around in of_identity(page, rows)),
    ]


def _sections(rows: Sequence[Row]) -> list[tuple[float, tuple[str, ...]]]:
    """Lines that may name what stands below them, with their height on the page as a ratio."""
    return [
        (row.top / row.page.height, tuple(terms_of(row.text)))
        for row in rows
        if len(row.tokens) <= 6
        and len(row.segments(2.0)) == 1
        and not any(character.isdigit() for character in row.text)
    ]


def _of_fields(
    key_values: Sequence[KeyValue],
    selections: Sequence[SelectionElement],
    sections: Sequence[tuple[float, tuple[str, ...]]],
    rows: Sequence[Row],
) -> Iterator[Candidate]:
    labels = {index for field in key_values if field.selection is not None for index in field.key.words}
    for field in key_values:
        above = [terms for top, terms in sections if top < field.key.box.top - 0.002]
        around = above[-1] if above else ()
        names = tuple(terms_of(field.key.text))
        if field.selection is not None:
            if selections[field.selection].selected:
                asked = _asked_beside(field, rows, labels) or around
                yield Candidate(field.key, asked, names, 0.9)
        elif field.value is not None and field.value.text:
            yield Candidate(field.value, names, around, 0.75 + 0.25 * field.confidence)


def _asked_beside(field: KeyValue, rows: Sequence[Row], labels: set[int]) -> tuple[str, ...]:
    """The terms of what stands to the left of a check box in its row, other boxes' labels aside."""
    for row in rows:
        if any(token.index in field.key.words for token in row.tokens):
            words = [
                token.text
                for token in row.tokens
                if token.index not in labels
                and TYPED.fullmatch(token.text) is None
                and token.right <= field.key.box.left * row.page.width
            ]
            return tuple(terms_of(" ".join(words)))
    return ()


def _of_table(table: Table, page: Page) -> Iterator[Candidate]:
    heads: dict[int, list[str]] = {}
    labels: dict[int, list[str]] = {}
    titles = [term for title in table.titles for term in terms_of(title.text)]
    for cell in table.cells:
        if cell.header:
            for column in range(cell.column, cell.column + cell.column_span):
                heads.setdefault(column, []).extend(terms_of(cell.text))
        elif cell.column == 1:
            labels[cell.row] = terms_of(cell.text)
    for cell in table.cells:
        if cell.header or not cell.text:
            continue
        own = labels.get(cell.row, []) if cell.column > 1 else []
        value = Passage(cell.text, cell.box, cell.confidence, cell.words)
        yield Candidate(value, (*own, *heads.get(cell.column, [])), tuple(titles), 0.9)


def _of_labels(rows: Sequence[Row]) -> Iterator[Candidate]:
    """Pieces of rows with what stands to their left, above and below them as their names."""
    parts = [
        (number, piece)
        for number, row in enumerate(rows)
        for piece in row.segments(1.3)
        if TYPED.match(piece.text) is None
    ]
    for place, (number, piece) in enumerate(parts):
        value = piece.passage(0, len(piece.text))
        left = [other for row, other in parts[max(0, place - 8) : place] if row == number]
        over = [
            other
            for row, other in parts[:place]
            if row < number and min(other.right, piece.right) > max(other.left, piece.left)
        ]
        above = [other for other in over if piece.top - other.bottom < 2.2 * piece.height]
        heads = [other for other in over[-25:] if not any(character.isdigit() for character in other.text)]
        head = tuple(terms_of(heads[-1].text)) if heads else ()
        if left:
            yield Candidate(value, tuple(terms_of(left[-1].text)), head, 0.7)
            if len(left) > 1:
                yield Candidate(value, (*terms_of(left[0].text), *head), (), 0.7)
        if above:
            names = tuple(terms_of(above[-1].text))
            yield Candidate(value, names, (), 0.65)
            longer = _with_next_line(piece, [other for row, other in parts if row == number + 1])
            if longer is not None:
                yield Candidate(longer, names, (), 0.6)
        yield from _named_below(piece, value, [other for row, other in parts if row == number + 1])


def _with_next_line(piece: Row, below: Sequence[Row]) -> Passage | None:
    """A piece and the one close below it, where both begin at the same place: an address, say."""
    for other in below:
        if abs(other.left - piece.left) < piece.height and other.top - piece.bottom < 0.8 * piece.height:
            return passages_joined([piece.passage(0, len(piece.text)), other.passage(0, len(other.text))])
    return None


def _named_below(piece: Row, value: Passage, below: Sequence[Row]) -> Iterator[Candidate]:
    """On some forms the name stands under the line that the value was written on."""
    for other in below:
        wide = min(other.right, piece.right) - max(other.left, piece.left)
        if wide > 0 and other.top - piece.bottom < 1.3 * piece.height and not other.text.rstrip().endswith(":"):
            yield Candidate(value, tuple(terms_of(other.text)), (), 0.5)


def _of_text(rows: Sequence[Row]) -> Iterator[Candidate]:
    """Dates, amounts, numbers and the like in running text, with the words before and behind them."""
    for number, row in enumerate(rows):
        running = number > 0 and len(row.segments(1.3)) == len(rows[number - 1].segments(1.3)) == 1
        for start, end in _spans(row.text):
            before = terms_of(row.text[:start])[-6:]
            if len(before) < 4 and running:
                before = terms_of(rows[number - 1].text)[-4:] + before
            behind = terms_of(row.text[end:])[:3]
            near = terms_of(row.text[:start])[-2:]
            yield Candidate(row.passage(start, end), tuple(reversed(before)), tuple(behind), 0.55)
            if near:
                yield Candidate(row.passage(start, end), tuple(near), (), 0.55)
        for match in INLINE.finditer(row.text):
            if len(match["value"].strip()) > 0:
                yield Candidate(row.passage(*match.span("value")), tuple(terms_of(match["name"])), (), 0.8)
        if LEGAL_FORM.search(row.text) and number < 0.5 * len(rows):
            for piece in row.segments(1.3):
                if len(piece.tokens) > 1 and LEGAL_FORM.search(piece.text):
                    yield Candidate(
                        piece.passage(0, len(piece.text)), ("employer", "name"), ("vendor", "insurance"), 0.5
                    )


def _spans(text: str) -> list[tuple[int, int]]:
    """Where dates, amounts, telephone numbers, addresses of mail, shares and identifiers stand in a text."""
    dates = [(one.start, one.end) for one in dates_in(text)]
    spans = [(one.start, one.end) for one in amounts_in(text) if one.exact or one.currency]
    spans += [match.span() for pattern in (PHONE, EMAIL, SHARE, IDENTIFIER) for match in pattern.finditer(text)]
    return dates + [span for span in spans if not any(span[0] < end and start < span[1] for start, end in dates)]
