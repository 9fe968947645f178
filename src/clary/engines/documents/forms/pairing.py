"""Which piece of a form is the name of a field, and which was filled in for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from clary.engines.documents.forms.captions import captioned
from clary.engines.documents.forms.evidence import COLON, Candidate, may_be, pool, words_say
from clary.engines.documents.forms.labels import NUMBERED, ends_as_name, is_unit, name_likeness, value_likeness
from clary.engines.documents.forms.segments import FIELD_WITHIN, Piece
from clary.engines.documents.rulings import Rulings

FARTHEST = 28.0
"""In heights of words: farther to the right no value belongs to a name."""
NEAR = 12.0
"""In heights of words: up to here the distance says nothing."""
FARTHER = 0.06
"""What each height of words beyond that takes from the evidence."""
NEXT = 2.2
"""In heights of words: so far apart may words of one value stand."""
VALUE_LINES, SENTENCE_LINES = 0.75, 1.6
"""In heights of words: so far apart lie lines of a value; the second where a sentence goes on in lower case."""
UNIT_BEHIND = 8.0
"""In heights of words: so far behind a number may its unit stand, as units do in a column of their own."""
ROWS_BELOW = 6
"""Of other columns there may be some between a name and what stands below it."""
OVERLAP = 0.6
"""In heights of words: so far what is written by hand may reach into its name."""
LEAST_BESIDE = 1.2
"""Of the evidence for a name and a value to its right."""
LEAST_BELOW = 1.2
"""Of the evidence for a name and a value below it."""
LEAST_NAME = 0.9
LIKELY = 0.7
"""Of `name_likeness`: what stands beside or below a name and is no value by its looks names something itself."""
COPIES = frozenset({"cc", "bcc", "copies", "copiesto", "copyto"})
"""Names, their letters alone, of lists with one recipient on each line."""
MARKS = frozenset({"x", "v", "✓", "✔"})
"""What is typed to choose among printed words; it is a value of its own."""


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
    pairs = [Pair([name], [value], 0.5) for name, value in captioned(rows, rulings, height, taken)]
    beside = _in_other_rows(rows, height, taken, printed=True)
    side_by_side = [_pair(one, 0.5) for one in _side_by_side(rows, rulings, height, taken)]
    _take(side_by_side, taken)
    beside += side_by_side
    beside += _in_other_rows(rows, height, taken, printed=False)
    pairs += beside
    for pair in beside:
        own = list(rows[pair.value[0].band])
        _extend_right(pair, own, own.index(pair.value[0]), height, taken)
    for pair in beside:
        _extend_down(pair, rows, height, taken)
    lower = [_pair(one, 0.4) for one in _one_below_the_other(rows, rulings, height, taken)]
    for pair in lower:
        _extend_down(pair, rows, height, taken)
    pairs += lower
    pairs += [
        Pair([piece], score=0.75)
        for row in rows
        for piece in row
        if id(piece) not in taken and name_likeness(piece.text) >= COLON
    ]
    _take(pairs, taken)
    for pair in pairs:
        _extend_name_up(pair, rows, height, taken)
        _extend_name_down(pair, rows, height, taken)
    pairs = [one for pair in pairs for one in _each_recipient(pair)]
    return sorted(pairs, key=lambda pair: (pair.name[0].band, pair.name[0].left))


def _each_recipient(pair: Pair) -> list[Pair]:
    """A field for each line of a list of those who get copies: they are values of their own, not lines of one."""
    name = "".join(character for piece in pair.name for character in piece.text.lower() if character.isalpha())
    if name not in COPIES or not pair.value:
        return [pair]
    lines: dict[int, list[Piece]] = {}
    for piece in pair.value:
        lines.setdefault(piece.band, []).append(piece)
    return [Pair(pair.name, line, pair.score) for line in lines.values()]


def _pair(one: Candidate, sure: float) -> Pair:
    return Pair([one.name], [one.value], 0.75 if name_likeness(one.name.text) >= COLON else sure)


def _take(pairs: Sequence[Pair], taken: set[int]) -> None:
    taken.update(id(piece) for pair in pairs for piece in (*pair.name, *pair.value))


def _side_by_side(rows: Rows, rulings: Rulings, height: float, taken: set[int]) -> list[Candidate]:
    """Of each row the neighbours that speak most for being fields, none of them twice."""
    candidates = {}
    for row in rows:
        for name, value in pairwise(row):
            near = value.left - name.right <= FARTHEST * height
            free = id(name) not in taken and id(value) not in taken
            if free and near and may_be(name, value) and not _divided(name, value, rulings):
                candidates[id(name)] = Candidate(name, value, words_say(name, value))
    pool(list(candidates.values()), height, same_rows=False)
    lower = {
        id(one.name): one.evidence - LEAST_BELOW
        for one in _over_one_another(rows, rulings, height, taken)
        if not ends_as_name(one.name.text)
    }
    return [one for row in rows for one in _best_of_a_row(row, candidates, lower, height)]


def _best_of_a_row(
    row: Sequence[Piece], candidates: dict[int, Candidate], lower: dict[int, float], height: float
) -> list[Candidate]:
    """The candidates of a row that together gain most; `lower` is what speaks for a value below each name instead."""
    sums: list[float] = [0.0, 0.0]
    chosen: list[list[Candidate]] = [[], []]
    for place in range(len(row) - 1):
        one = candidates.get(id(row[place]))
        gain = -1.0
        if one is not None:
            gain = _speaks_beside(one, row[place + 2 :], height) - LEAST_BESIDE
            gain -= max(0.0, lower.get(id(one.name), 0.0))
        if one is not None and gain > 0 and sums[-2] + gain > sums[-1]:
            chosen.append([*chosen[-2], one])
            sums.append(sums[-2] + gain)
        else:
            chosen.append(chosen[-1])
            sums.append(sums[-1])
    return chosen[-1]


def _speaks_beside(one: Candidate, rest: Sequence[Piece], height: float) -> float:
    """The evidence for a field whose value stands beside its name."""
    speaks = one.evidence - FARTHER * max(0.0, (one.value.left - one.name.right) / height - NEAR)
    listed = rest and not one.value.on_line and not ends_as_name(one.name.text)
    if listed and value_likeness(rest[0].text) > 0 and name_likeness(rest[0].text) <= 0:
        speaks -= 1.5  # Several values beside one name: a row of a table.
    return speaks


def _one_below_the_other(rows: Rows, rulings: Rulings, height: float, taken: set[int]) -> list[Candidate]:
    """Names over what was filled in; those with the most evidence first, none twice."""
    found = []
    every = _over_one_another(rows, rulings, height, taken)
    for one in sorted(every, key=lambda one: (name_likeness(one.name.text) < COLON, -one.evidence)):
        if one.evidence > LEAST_BELOW and id(one.name) not in taken and id(one.value) not in taken:
            taken.update((id(one.name), id(one.value)))
            found.append(one)
    return found


def _over_one_another(rows: Rows, rulings: Rulings, height: float, taken: set[int]) -> list[Candidate]:
    """What may be a name with its value below it."""
    candidates = []
    for row in rows:
        for name in row:
            if id(name) in taken:
                continue
            value = _below(name, rows, height, taken)
            if value is None or not may_be(name, value):
                continue
            if not ends_as_name(name.text) and _ruled_between(name, value, rulings):
                continue
            candidates.append(Candidate(name, value, words_say(name, value)))
    pool(candidates, height, same_rows=True)
    return candidates


def _in_other_rows(rows: Rows, height: float, taken: set[int], printed: bool) -> list[Pair]:
    """Names with nothing beside them in their own row, and what was written a little above or below it.

    Args:
        printed: looks only for names that end in a colon and have another such name beside them; otherwise for
            all that end as names do and whose neighbour has found its place.
    """
    found = []
    for row in rows:
        for place, piece in enumerate(row):
            following = row[place + 1] if place + 1 < len(row) else None
            if printed:
                alone = following is not None and ends_as_name(following.text)
                named = ends_as_name(piece.text)
            else:
                alone = following is None or id(following) in taken or _is_another_name(following)
                named = name_likeness(piece.text) >= COLON
            if not (alone and named) or id(piece) in taken:
                continue
            value = _beside(piece, rows, height, taken)
            if value is None or _is_another_name(value) or value.left - piece.right > FARTHEST * height:
                continue
            if following is None or value.left < following.left:
                found.append(Pair([piece], [value], 0.6))
                _take(found[-1:], taken)
    return found


def _beside(name: Piece, rows: Rows, height: float, taken: set[int]) -> Piece | None:
    """What was typed a little above or below the row of its name."""
    middle = (name.top + name.bottom) / 2
    near = [
        piece
        for number in (name.band - 1, name.band + 1)
        if 0 <= number < len(rows)
        for piece in rows[number]
        if piece.left > name.right - OVERLAP * height
        and piece.right > name.right + height
        and abs((piece.top + piece.bottom) / 2 - middle) < height
        and id(piece) not in taken
    ]
    return min(near, key=lambda piece: piece.left, default=None)


def _extend_name_up(pair: Pair, rows: Rows, height: float, taken: set[int]) -> None:
    """A name may begin in the line above: it then ends there without a colon and goes on in lower case."""
    first = pair.name[0]
    goes_on = first.text[:1].islower() or first.text[:1] in "(&/"
    short = len(first.tokens) <= 2 and first.text.isupper() and ends_as_name(first.text)
    if first.band == 0 or not (goes_on or short):
        return
    above = [piece for piece in rows[first.band - 1] if abs(piece.left - first.left) < 1.5 * height]
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


def _extend_name_down(pair: Pair, rows: Rows, height: float, taken: set[int]) -> None:
    """What stands in brackets right below a name belongs to it."""
    last = pair.name[-1]
    if last.band + 1 >= len(rows) or (pair.value and pair.value[0].top > last.bottom - 0.3 * height):
        return
    for piece in rows[last.band + 1]:
        near = abs(piece.left - last.left) < 1.5 * height and piece.top - last.bottom < 0.7 * height
        if near and piece.text.startswith("(") and id(piece) not in taken and len(piece.tokens) < 8:
            pair.name.append(piece)
            taken.add(id(piece))
            return


def _is_another_name(piece: Piece, least: float = LIKELY) -> bool:
    """Whether a piece names a field by the words it is made of, rather than being filled in."""
    likely = name_likeness(piece.text)
    return likely >= COLON or (likely >= least and value_likeness(piece.text) <= 0)


def _divided(one: Piece, other: Piece, rulings: Rulings) -> bool:
    """Whether more than one vertical line stands between two pieces: there is an empty box between."""
    middle = (one.top + one.bottom) / 2
    lines = [line for line in rulings.vertical if one.right <= line.at <= other.left and line.start < middle < line.end]
    return len(lines) > 1


def _extend_right(pair: Pair, row: Sequence[Piece], place: int, height: float, taken: set[int]) -> None:
    """A value may have gaps: takes the next pieces while they stand near and name nothing."""
    while place + 1 < len(row):
        last, following = row[place], row[place + 1]
        measured = is_unit(following.text) and last.text[-1:].isdigit()
        far = following.left - last.right > (UNIT_BEHIND if measured else NEXT) * height
        if id(following) in taken or far or _is_another_name(following, LEAST_NAME):
            return
        if last.text.lower() in MARKS and following.text[:1] != "(":
            return
        if FIELD_WITHIN.fullmatch(following.tokens[0].text):
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
        if not lines and not beside and not any(one.left < first.right and one.right > first.left for one in row):
            continue  # a row of another column
        if not lines or beside:
            return
        goes_on = lines[0].text[:1].islower() and lines[0].text[:2].isalpha()
        if lines[0].top - last.bottom > (SENTENCE_LINES if goes_on else VALUE_LINES) * height:
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
    for number in range(name.band + 1, min(len(rows), name.band + ROWS_BELOW)):
        for piece in rows[number]:
            if min(piece.right, name.right) - max(piece.left, name.left) <= 0:
                continue
            near = piece.top - name.bottom < 1.6 * height
            aligned = abs(piece.left - name.left) < 2.5 * height or piece.left > name.left
            least = COLON if name_likeness(name.text) >= COLON and NUMBERED.match(name.text) else LIKELY
            if not near or not aligned or id(piece) in taken or _is_another_name(piece, least):
                return None
            return piece
    return None


def _ruled_between(upper: Piece, lower: Piece, rulings: Rulings) -> bool:
    """Whether a line parts two pieces; one that only underlines the upper does not."""
    return any(
        upper.bottom - 1 <= line.at <= lower.top + 1
        and line.covers(lower.left, lower.right) > 0.5
        and line.length > 1.3 * (upper.right - upper.left)
        for line in rulings.horizontal
    )
