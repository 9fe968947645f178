"""How much speaks for two pieces being a field: what they say, how they stand, and what others that stand so say.

Fields come in rows and columns of their like. So what the words of one pair suggest is put together with what the pairs
aligned with it suggest: a name without a colon, or one that was misread, is known by its neighbours.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from clary.engines.documents.forms.labels import NUMBERED, ends_as_name, name_likeness, value_likeness
from clary.engines.documents.forms.segments import ENUMERATOR, Piece

FLUSH = 1.2
"""In heights of words: pieces that begin no farther apart than this stand below one another."""
ON_A_LINE = 1.5
"""What a line to write on says for what stands on it being filled in."""
COLON = 2.0
"""Of `name_likeness`: above it a text ends as names do."""
BLOCKS_APART = 20.0
"""In heights of words: fields farther below one another are of different parts of a form."""
MOST_WORDS = 12
"""Of a name."""
MOST_ALIKE = 4
SPEAKING = 0.6
"""Of `pooled`: below it the words are as likely a list in columns, whose number says nothing."""


@dataclass(slots=True, eq=False)
class Candidate:
    """Two pieces that may be a field.

    Attributes:
        words: what their own words say, about -6 to 7.
        alike: how many other candidates are aligned with both of its pieces.
        pooled: the mean of `words` over it and those.
    """

    name: Piece
    value: Piece
    words: float
    alike: int = 0
    pooled: float = 0.0

    @property
    def evidence(self) -> float:
        """What its own words and those of its like say, and that there are such."""
        alike = 0.25 * min(self.alike, MOST_ALIKE) * max(0.0, min(1.0, self.pooled / SPEAKING))
        return 0.5 * self.words + 0.5 * self.pooled + alike


def words_say(name: Piece, value: Piece) -> float:
    """What the words of a name and a value, and a line under the value, say for their being that."""
    likely = max(-2.5, min(3.0, name_likeness(name.text))) + max(-2.0, min(1.5, value_likeness(value.text)))
    filled_in = value.on_line and not name.on_line
    if filled_in:
        likely += ON_A_LINE
    elif name.on_line and not value.on_line:
        likely -= ON_A_LINE
    another = name_likeness(value.text)
    if another > 0.7 and value_likeness(value.text) <= 0 and not filled_in:
        likely -= min(1.5, another)
    return likely


def may_be(name: Piece, value: Piece) -> bool:
    """Whether two pieces can be a name and a value at all."""
    return (
        not ends_as_name(value.text)
        and not (NUMBERED.match(name.text) and NUMBERED.match(value.text))
        and ENUMERATOR.fullmatch(name.text) is None
        and any(character.isalpha() for character in name.text)
        and len(name.tokens) <= MOST_WORDS
    )


def pool(candidates: Sequence[Candidate], height: float, same_rows: bool) -> None:
    """Puts together what candidates that are aligned say.

    Args:
        candidates: all side by side, or all one below the other; their `alike` and `pooled` are set.
        height: of most words.
        same_rows: those are aligned whose pieces stand in the same two rows; otherwise those whose names and whose
            values stand below one another.
    """
    if not candidates:
        return
    places = np.array([_place(one) for one in candidates])
    words = np.array([one.words for one in candidates])
    for number, one in enumerate(candidates):
        aligned = _aligned(places, number, height, same_rows)
        one.alike = int(aligned.sum()) - 1
        one.pooled = float(words[aligned].mean())


def _place(one: Candidate) -> tuple[float, float, float, float, float, float]:
    return one.name.left, one.value.left, one.value.right, one.name.band, one.value.band, one.name.top


def _aligned(places: NDArray[np.float64], number: int, height: float, same_rows: bool) -> NDArray[np.bool_]:
    name, value, end, row, below, _ = places[number]
    if same_rows:
        return np.asarray((places[:, 3] == row) & (places[:, 4] == below))
    names = np.abs(places[:, 0] - name) < FLUSH * height
    values = (np.abs(places[:, 1] - value) < FLUSH * height) | (np.abs(places[:, 2] - end) < FLUSH * height)
    found = names & values
    found[number] = True
    return _of_one_block(found, places[:, 5], number, height)


def _of_one_block(found: NDArray[np.bool_], tops: NDArray[np.float64], number: int, height: float) -> NDArray[np.bool_]:
    """Those of the aligned candidates that no wide empty space parts from one of them."""
    order = np.flatnonzero(found)[np.argsort(tops[found], kind="stable")]
    blocks = np.concatenate([[0], np.cumsum(np.diff(tops[order]) > BLOCKS_APART * height)])
    kept = np.zeros_like(found)
    kept[order[blocks == blocks[order == number]]] = True
    return kept
