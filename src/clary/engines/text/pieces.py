"""Texts as word pieces: what the encoders read, in windows of bounded length and batches of like length."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from clary.engines.text.cleaning import whole
from clary.engines.text.sessions import WEIGHTS

Numbers = NDArray[np.int64]

START, END = 101, 102
"""The pieces that stand before and after every window."""
LONGEST = 256
"""Pieces of a window, START and END included; the encoders learned from texts of up to that many."""
_BATCH_PIECES = 512
"""What a layer computes of so many stays in a processor's cache; of much larger batches a text takes twice as long."""
_MOST_PADDING = 32
"""More padding in a batch costs more than another batch."""


@dataclass(frozen=True, slots=True)
class Window:
    """A stretch of a text that a model reads at once.

    Attributes:
        text: the number of the text it is of.
        pieces: START, the numbers of its word pieces, END.
        offsets: for each of `pieces` its first character in the text and the one after its last; (0, 0) for START
            and END.
    """

    text: int
    pieces: list[int]
    offsets: list[tuple[int, int]]


@dataclass(frozen=True, slots=True)
class Batch:
    """Windows of like length.

    Attributes:
        windows: which, as positions in the list that was given.
        pieces: [windows, length], padded with 0.
        mask: [windows, length], 1 where there is a piece.
    """

    windows: list[int]
    pieces: Numbers
    mask: Numbers

    @property
    def inputs(self) -> dict[str, Numbers]:
        """What the encoders take."""
        return {"pieces": self.pieces, "mask": self.mask}


class WordPieces:
    """Cuts texts into the word pieces of the all-MiniLM-L6-v2 encoder. Several threads may share one."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        self._tokenizer = tokenizer

    @classmethod
    def load(cls, path: Path = WEIGHTS / "minilm-tokenizer.json") -> WordPieces:
        """Reads the vocabulary.

        Args:
            path: a tokenizer in the JSON form of the tokenizers library.
        """
        tokenizer = Tokenizer.from_file(str(path))
        tokenizer.no_padding()
        tokenizer.no_truncation()
        return cls(tokenizer)

    def windows(self, texts: Sequence[str], longest: int = LONGEST) -> list[Window]:
        """Cuts each text into windows of about equal length, at least one for each text.

        Args:
            texts: any texts; offsets count their characters.
            longest: pieces of a window, START and END included.
        """
        encodings = self._tokenizer.encode_batch([whole(text) for text in texts], add_special_tokens=False)
        return [
            window
            for number, encoding in enumerate(encodings)
            for window in _cut(number, encoding.ids, encoding.offsets, longest - 2)
        ]


def _cut(text: int, ids: list[int], offsets: list[tuple[int, int]], room: int) -> Iterator[Window]:
    count = max(1, -(-len(ids) // room))
    length = max(1, -(-len(ids) // count))
    for begin in range(0, max(1, len(ids)), length):
        end = begin + length
        yield Window(text, [START, *ids[begin:end], END], [(0, 0), *offsets[begin:end], (0, 0)])


def like_lengths(lengths: Sequence[int], pieces: int = _BATCH_PIECES) -> list[list[int]]:
    """Puts what is of like length together.

    Args:
        lengths: of each.
        pieces: of a group at most, padding included; one alone may have more.

    Returns:
        Groups of places in `lengths`, each place in one of them; none is padded by much.
    """
    groups: list[list[int]] = []
    filled = 0
    for place in sorted(range(len(lengths)), key=lengths.__getitem__):
        length = lengths[place]
        padded = length * (len(groups[-1]) + 1) if groups else 0
        if not groups or padded > pieces or padded - filled - length > _MOST_PADDING:
            groups.append([])
            filled = 0
        groups[-1].append(place)
        filled += length
    return groups


def batches(windows: Sequence[Window], pieces: int = _BATCH_PIECES) -> Iterator[Batch]:
    """Yields all windows once, those of like length together.

    Args:
        windows: any windows.
        pieces: of a batch at most, padding included; a single window may have more.
    """
    for group in like_lengths([len(window.pieces) for window in windows], pieces):
        yield _padded(windows, group)


def _padded(windows: Sequence[Window], group: list[int]) -> Batch:
    longest = max(len(windows[number].pieces) for number in group)
    pieces = np.zeros((len(group), longest), np.int64)
    for row, number in enumerate(group):
        pieces[row, : len(windows[number].pieces)] = windows[number].pieces
    return Batch(group, pieces, (pieces != 0).astype(np.int64))
