"""Which piece of a form is the name of a field, and which was filled in for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from clary.engines.documents.forms.labels import ends_as_name, letters_share, name_likeness, value_likeness
from clary.engines.documents.forms.segments import ENUMERATOR, Piece
from clary.engines.documents.rulings import Rulings

FARTHEST = 28.0
"""In heights of words: farther to the right no value belongs to a name."""
LEAST_NAME = 0.9
OTHER_NAME = 0.7
LEAST_SUM = 1.4
LISTED = 1.2


@dataclass(slots=True, eq=False)
class Pair:
    """A name and what was filled in, which may run over several lines, or be nothing."""

    name: list[Piece]
    value: list[Piece] = field(default_factory=list)
    score: float = 0.0


Rows = Sequence[Sequence[Piece]]


def pair_pieces(rows: Rows, rulings: Rulings, height: float) -> list[Pair]:
    """Finds fields.

    Args:
        rows: what `pieces_of` returned.
        rulings: of the page.
        height: of most words.

    Returns:
        Fields in the order of reading; names without a value are among them when they end in a colon.
    """
    taken: set[int] = set()
    waiting: list[Pair] = []
    pairs: list[Pair] = []
    for row in rows:
        for place, piece in enumerate(row):
            if id(piece) in taken or name_likeness(piece.text) < 2.0:
                continue
            pair = Pair([piece], score=0.75)
            taken.add(id(piece))
            (pairs if _fill(pair, rows, row, place, rulings, height, taken) else waiting).append(pair)
    columns = _columns(rows, height)
    for row in rows:
        for place, piece in enumerate(row[:-1]):
            found = None if id(piece) in taken else _plain_pair(row, place, columns, rulings, height, taken)
            if found is not None:
                pairs.append(found)
                _extend_right(found, row, place + 1, height, taken)
    for pair in waiting:
        below = _below(pair.name[0], rows, height, taken)
        if below is not None and not ENUMERATOR.fullmatch(below.text):
            pair.value, pair.score = [below], 0.6
            taken.add(id(below))
            _extend_down(pair, rows, height, taken)
    pairs += waiting
    pairs += _stacked(rows, rulings, height, taken)
    for pair in pairs:
        _extend_name_up(pair, rows, height, taken)
    return sorted(pairs, key=lambda pair: (pair.name[0].band, pair.name[0].left))


def _columns(rows: Rows, height: float) -> dict[int, float]:
    """How much each piece stands among values: the share of values among the pieces that begin where it begins.

    Returns:
        By the identity of the piece, -1 to 1: 1 where all below one another are values, -1 where all are names; 0 where
        it begins where fewer than three do.
    """
    every = [piece for row in rows for piece in row]
    likely = [
        1.0 if value_likeness(piece.text) > 0 or piece.on_line else -1.0 if letters_share(piece.text) > 0.8 else 0.0
        for piece in every
    ]
    found = {}
    for piece in every:
        column = [
            share for other, share in zip(every, likely, strict=True) if abs(other.left - piece.left) < 0.7 * height
        ]
        found[id(piece)] = sum(column) / len(column) if len(column) >= 3 else 0.0
    return found


def _fill(
    pair: Pair, rows: Rows, row: Sequence[Piece], place: int, rulings: Rulings, height: float, taken: set[int]
) -> bool:
    """Looks for the value of a name that ends in a colon to its right; tells whether there is one."""
    name = row[place]
    following = row[place + 1] if place + 1 < len(row) else _beside(name, rows, height, taken)
    if (
        following is None
        or id(following) in taken
        or name_likeness(following.text) >= 2.0
        or (not ends_as_name(name.text) and _is_another_name(following))
        or following.left - name.right > FARTHEST * height
        or _divided(name, following, rulings)
    ):
        return False
    pair.value = [following]
    taken.add(id(following))
    own = rows[following.band]
    _extend_right(pair, own, list(own).index(following), height, taken)
    _extend_down(pair, rows, height, taken)
    return True


def _beside(name: Piece, rows: Rows, height: float, taken: set[int]) -> Piece | None:
    """What was typed a little above or below the row of its name."""
    middle = (name.top + name.bottom) / 2
    near = [
        piece
        for number in (name.band - 1, name.band + 1)
        if 0 <= number < len(rows)
        for piece in rows[number]
        if piece.left > name.right and abs((piece.top + piece.bottom) / 2 - middle) < height and id(piece) not in taken
    ]
    return min(near, key=lambda piece: piece.left, default=None)


def _extend_name_up(pair: Pair, rows: Rows, height: float, taken: set[int]) -> None:
    """A name may begin in the line above: it then ends there without a colon and goes on in lower case."""
    first = pair.name[0]
    goes_on = first.text[:1].islower() or first.text[:1] in "(&/"
    short = len(first.tokens) <= 2 and first.text.isupper() and ends_as_name(first.text)
    if first.band == 0 or not (goes_on or short):
        return
    above = [piece for piece in rows[first.band - 1] if abs(piece.left - first.left) < 1.2 * height]
    if not above or id(above[0]) in taken or first.top - above[0].bottom > 0.7 * height:
        return
    if (
        short
        and not goes_on
        and (len(above[0].tokens) > 3 or not above[0].text.isupper() or ends_as_name(above[0].text))
    ):
        return
    if rows[first.band - 1][-1] is above[0] and len(above[0].tokens) < 8:
        pair.name.insert(0, above[0])
        taken.add(id(above[0]))


def _is_another_name(piece: Piece) -> bool:
    """Whether a piece names a field by the words it is made of, rather than being filled in."""
    likely = name_likeness(piece.text)
    return likely >= 2.0 or (likely >= OTHER_NAME and value_likeness(piece.text) <= 0)


def _divided(one: Piece, other: Piece, rulings: Rulings) -> bool:
    """Whether more than one vertical line stands between two pieces: there is an empty box between."""
    middle = (one.top + one.bottom) / 2
    lines = [line for line in rulings.vertical if one.right <= line.at <= other.left and line.start < middle < line.end]
    return len(lines) > 1


def _extend_right(pair: Pair, row: Sequence[Piece], place: int, height: float, taken: set[int]) -> None:
    """A value may have gaps: takes the next pieces while they stand near and name nothing."""
    while place + 1 < len(row):
        last, following = row[place], row[place + 1]
        names = place + 2 < len(row) and name_likeness(following.text) > LEAST_NAME
        if following.left - last.right > 2.2 * height or names or name_likeness(following.text) >= 2.0:
            return
        if id(following) in taken:
            return
        pair.value.append(following)
        taken.add(id(following))
        place += 1


def _extend_down(pair: Pair, rows: Rows, height: float, taken: set[int]) -> None:
    """Takes further lines of a value: close below it, flush with it, without a name to their left."""
    first, last = pair.value[0], pair.value[-1]
    name = pair.name[-1]
    for number in range(last.band + 1, min(len(rows), last.band + 6)):
        row = rows[number]
        lines = [piece for piece in row if abs(piece.left - first.left) < 1.2 * height and id(piece) not in taken]
        beside = [piece for piece in row if piece.right < first.left and piece.right > name.left - height]
        if not lines or beside or lines[0].top - last.bottom > 0.75 * height:
            return
        line = lines[0]
        if name_likeness(line.text) >= 2.0 or (
            row.index(line) + 1 < len(row) and name_likeness(line.text) > LEAST_NAME
        ):
            return
        pair.value.append(line)
        taken.add(id(line))
        last = line


def _below(name: Piece, rows: Rows, height: float, taken: set[int]) -> Piece | None:
    """The piece right under a name, where it starts with it or stands within its width."""
    for number in range(name.band + 1, min(len(rows), name.band + 3)):
        for piece in rows[number]:
            if min(piece.right, name.right) - max(piece.left, name.left) <= 0:
                continue
            near = piece.top - name.bottom < 1.6 * height
            aligned = abs(piece.left - name.left) < 2.5 * height or piece.left > name.left
            if not near or not aligned or id(piece) in taken or _is_another_name(piece):
                return None
            return piece
    return None


def _plain_pair(
    row: Sequence[Piece], place: int, columns: dict[int, float], rulings: Rulings, height: float, taken: set[int]
) -> Pair | None:
    """A name without a colon and the value to its right."""
    name, value = row[place], row[place + 1]
    if id(value) in taken or value.left - name.right > 0.7 * FARTHEST * height or _divided(name, value, rulings):
        return None
    likely_name, likely_value = name_likeness(name.text), value_likeness(value.text)
    if ENUMERATOR.fullmatch(name.text) or _is_another_name(value):
        return None
    if (
        (name.on_line and (likely_name < 1.4 or not value.on_line))
        or likely_name < -0.4
        or likely_value < -1
        or len(name.tokens) > 9
    ):
        return None
    rest = [piece for piece in row[place + 2 :] if id(piece) not in taken]
    if value.on_line:
        likely_value += 1.5
    if rest and not value.on_line and value_likeness(rest[0].text) > 0 and name_likeness(rest[0].text) <= 0:
        # Several values beside one name: a row of a table.
        return None
    listed = max(0.0, columns[id(value)]) - columns[id(name)]
    if likely_name + likely_value + LISTED * listed < LEAST_SUM:
        return None
    taken.update((id(name), id(value)))
    return Pair([name], [value], 0.5)


def _stacked(rows: Rows, rulings: Rulings, height: float, taken: set[int]) -> list[Pair]:
    """Names without a colon above what was filled in, within a box or over a line."""
    found = []
    for row in rows:
        for name in row:
            if id(name) in taken or ends_as_name(name.text) or name_likeness(name.text) < LEAST_NAME:
                continue
            value = _below(name, rows, height, taken)
            if value is None or value_likeness(value.text) < 0 or _ruled_between(name, value, rulings):
                continue
            if value_likeness(value.text) <= 0 and not value.on_line and name_likeness(value.text) > LEAST_NAME:
                continue
            pair = Pair([name], [value], 0.4)
            taken.update((id(name), id(value)))
            _extend_down(pair, rows, height, taken)
            found.append(pair)
    return found


def _ruled_between(upper: Piece, lower: Piece, rulings: Rulings) -> bool:
    return any(
        upper.bottom - 1 <= line.at <= lower.top + 1 and line.covers(lower.left, lower.right) > 0.5
        for line in rulings.horizontal
    )
