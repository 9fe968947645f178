"""From a page to its fields."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from clary.engines.documents.contract import Page
from clary.engines.documents.forms.cells import boxed_fields, cell_places, column_fields, words_in_lists
from clary.engines.documents.forms.labels import ends_as_name, name_likeness
from clary.engines.documents.forms.pairing import Pair, pair_pieces
from clary.engines.documents.forms.segments import Piece, pieces_of
from clary.engines.documents.forms.selections import TYPED, find_selections
from clary.engines.documents.rows import passage_of
from clary.engines.documents.rulings import Rulings, find_rulings
from clary.engines.documents.tables.regions import prose
from clary.engines.documents.tokens import tokens_of, usual_height
from clary.engines.documents.understanding import Cell, KeyValue, Passage, SelectionElement, Table

OF_A_BOX = 0.7
"""How sure it is that the first line of a box names what stands below it."""
OF_A_HEAD = 0.45
"""How sure it is that a head and a cell below it are a field."""


def find_fields(
    page: Page, picture: NDArray[np.uint8] | None = None, tables: Sequence[Table] = ()
) -> tuple[tuple[SelectionElement, ...], tuple[KeyValue, ...]]:
    """Finds check boxes, and the names of fields with what was filled in.

    Args:
        page: with its words.
        picture: [rows, columns] grey values of the upright page, for ruling lines and drawn check boxes.
        tables: of the page; heads over columns are names, too.

    Returns:
        The check boxes, and the fields in the order of reading.
    """
    tokens = tokens_of(page)
    height = usual_height(tokens)
    rulings = Rulings() if picture is None else find_rulings(picture, page, tokens, height)
    selections = find_selections(page, picture, tokens, height)
    words = [token for token in tokens if TYPED.fullmatch(token.text) is None]
    rows = pieces_of(words, rulings, height)
    marked = _labelled(selections, rows, page, height)
    used = {token.index for _, piece in marked for token in piece.tokens} | words_in_lists(tables)
    boxed = boxed_fields(tables, [token for token in words if token.index not in used], height)
    used |= {token.index for name, value in boxed for token in (*name, *value)}
    used |= prose(tokens, height)
    free = [[piece for piece in row if not used & {token.index for token in piece.tokens}] for row in rows]
    fields = [_of_selection(place, selections[place], piece, page) for place, piece in marked]
    for name_tokens, value_tokens in boxed:
        name, value = passage_of(name_tokens, page), passage_of(value_tokens, page)
        fields.append(KeyValue(name, value, OF_A_BOX * name.confidence * value.confidence))
    cells = cell_places(tables)
    for pair in pair_pieces(free, rulings, height):
        if not _is_column(pair, cells):
            fields.append(_of_pair(pair, page))
    fields += _of_columns(column_fields(tables), fields, page)
    return selections, tuple(sorted(fields, key=lambda field: (field.key.box.top, field.key.box.left)))


def _of_pair(pair: Pair, page: Page) -> KeyValue:
    name = passage_of([token for piece in pair.name for token in piece.tokens], page)
    value = passage_of([token for piece in pair.value for token in piece.tokens], page) if pair.value else None
    return KeyValue(name, value, pair.score * name.confidence * (1.0 if value is None else value.confidence))


def _is_column(pair: Pair, cells: dict[int, tuple[int, int, int]]) -> bool:
    """Whether what stands below a name stands in the same column of a table: the head of many is no name of one."""
    if not pair.value or pair.value[0].top < pair.name[-1].bottom:
        return False
    places = {cells.get(token.index) for piece in (*pair.name, *pair.value) for token in piece.tokens}
    tables_and_columns = {None if place is None else (place[0], place[2]) for place in places}
    return None not in places and len(tables_and_columns) == 1 and len(places) > 1


def find_key_values(page: Page, picture: NDArray[np.uint8] | None = None) -> tuple[KeyValue, ...]:
    """The fields of a page alone; see `find_fields`."""
    return find_fields(page, picture)[1]


def _labelled(
    selections: Sequence[SelectionElement], rows: Sequence[Sequence[Piece]], page: Page, height: float
) -> list[tuple[int, Piece]]:
    """The text that each check box belongs to: to its right, or else to its left."""
    found: list[tuple[int, Piece]] = []
    taken: set[int] = set()
    for right in (True, False):
        for place, selection in enumerate(selections):
            if any(place == other for other, _ in found):
                continue
            piece = _beside(selection, rows, page, height, right)
            if piece is not None and id(piece) not in taken:
                taken.add(id(piece))
                found.append((place, piece))
    return found


def _beside(
    selection: SelectionElement, rows: Sequence[Sequence[Piece]], page: Page, height: float, right: bool
) -> Piece | None:
    left_edge, right_edge = selection.box.left * page.width, selection.box.right * page.width
    middle = selection.box.centre[1] * page.height
    best: tuple[float, Piece] | None = None
    for row in rows:
        for piece in row:
            if not piece.top - 0.4 * height < middle < piece.bottom + 0.4 * height:
                continue
            gap = piece.left - right_edge if right else left_edge - piece.right
            within = right and piece.left - height < left_edge < piece.left + height
            if right and ends_as_name(piece.text):
                continue
            if (-0.5 * height < gap or within) and gap < 1.8 * height and (best is None or gap < best[0]):
                best = gap, piece
    return None if best is None or name_likeness(best[1].text) < -2 else best[1]


def _of_selection(place: int, selection: SelectionElement, piece: Piece, page: Page) -> KeyValue:
    name = passage_of(piece.tokens, page)
    value = Passage("", selection.box, selection.confidence)
    return KeyValue(name, value, min(1.0, 0.9 * selection.confidence * name.confidence), place)


def _of_columns(pairs: Sequence[tuple[Cell, Cell]], fields: Sequence[KeyValue], page: Page) -> list[KeyValue]:
    """Heads and cells, save those whose words belong to a field already."""
    used = {index for field in fields if field.value is not None for index in field.value.words}
    tokens = {token.index: token for token in tokens_of(page)}
    found = []
    for head, cell in pairs:
        if used.intersection(cell.words) or not cell.words or not head.words:
            continue
        name = passage_of([tokens[index] for index in head.words], page)
        value = passage_of([tokens[index] for index in cell.words], page)
        found.append(KeyValue(name, value, OF_A_HEAD * name.confidence * value.confidence))
    return found
