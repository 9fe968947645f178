"""Which of a million vectors may be near a question, told from 128 bytes of each.

Every vector has a sketch of 1,024 bits, on which side of as many random planes it lies (Charikar 2002): the share of
differing bits grows with the angle. 256 bits of all vectors choose one in twenty-five, all bits of those some thousand.
Of these each bit counts by how far the question lies from its plane (Dong, Charikar and Li 2008).
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from clary.engines.vision.face_embedding import LENGTH

WORDS = 16
"""Of 64 bits, for each sketch."""
_FIRST_WORDS = 4
_BLOCK = 1 << 16  # vectors whose words fit into a processor's cache
_KEPT_SHARE = 25
_KEPT_LEAST = 20_000
_WEIGHED_LEAST = 2048
_FAR = 255
_SAMPLE = 1 << 16
_SEED = 20_011
_THREADS = ThreadPoolExecutor(2, "face-sketches")
_EVEN_BYTES, _SUM_OF_FOUR = np.uint64(0x00FF00FF00FF00FF), np.uint64(0x0001000100010001)
_BITS = np.unpackbits(np.arange(256, dtype=np.uint8)[:, None], axis=1).astype(np.float32)
_PLACES = np.arange(8 * WORDS) * 256
"""Where the sums for each byte of a sketch begin."""

Array = NDArray[np.float32]
Words = NDArray[np.uint64]


@dataclass(frozen=True, slots=True)
class Crowd:
    """Sketches as they are at one moment.

    Attributes:
        words: [n, 16] all of each sketch.
        first: [4, n] the first words, one kind behind the other: these are read for every question.
        alive: [n] which still count.
        numbers: [n] of the vectors.
    """

    words: Words
    first: Words
    alive: NDArray[np.bool_]
    numbers: NDArray[np.int64]

    def nearest(self, question: Array, wanted: int) -> NDArray[np.int64]:
        """The numbers of the `wanted` vectors whose sketches suit a question best; all where there are no more."""
        if len(self.numbers) <= wanted:
            return self.numbers[self.alive]
        leanings = np.einsum("ij,j->i", _planes(), question)  # BLAS would wake its threads for a millisecond's work
        sides: Words = np.packbits(leanings > 0).view(np.uint64)
        weighed = max(_WEIGHED_LEAST, 2 * wanted)
        kept = np.nonzero(self.alive)[0]
        if len(self.numbers) > _KEPT_LEAST:
            kept = self._near(sides, max(_KEPT_LEAST, len(self.numbers) // _KEPT_SHARE, 2 * weighed))
        distances = self._distances(kept, sides)
        chosen = kept[_smallest(distances, weighed)]
        return self.numbers[chosen[np.argsort(-self._suitabilities(chosen, leanings), kind="stable")[:wanted]]]

    def _near(self, sides: Words, wanted: int) -> NDArray[np.int64]:
        """Positions of about the `wanted` vectors of which the fewest first bits differ; two threads share the work."""
        count = len(self.numbers)
        distances = np.zeros(count, np.uint8)  # of 256 bits: an exact opposite counts as near, which costs one place

        def work(start: int) -> None:
            part = distances[start : start + _BLOCK]
            for row, word in zip(self.first, sides, strict=False):
                part += np.bitwise_count(row[start : start + _BLOCK] ^ word)
            part[~self.alive[start : start + _BLOCK]] = _FAR

        list(_THREADS.map(work, range(0, count, _BLOCK)))
        return _smallest(distances, wanted)

    def _distances(self, kept: NDArray[np.int64], sides: Words) -> NDArray[np.uint16]:
        """How many of all bits differ, for some of the vectors; two threads share the work."""

        def work(part: NDArray[np.int64]) -> NDArray[np.uint16]:
            return _counted(self.words[part] ^ sides)

        return np.concatenate(list(_THREADS.map(work, np.array_split(kept, 2))))

    def _suitabilities(self, chosen: NDArray[np.int64], leanings: Array) -> Array:
        """How far on the question's side of all planes the chosen vectors are told to lie, [n].

        What eight planes add is looked up by the byte that tells their sides.
        """
        by_byte = (leanings.reshape(-1, 8) @ _BITS.T).reshape(-1)  # [128 * 256]
        held = self.words[chosen].view(np.uint8) + _PLACES
        return np.asarray(by_byte[held].sum(axis=1), np.float32)


class Sketches:
    """Sketches that come and go; one thread at a time may change them or take a `Crowd`, which any thread may ask.

    Args:
        room: for how many there is memory at first; more is taken when more come.
    """

    def __init__(self, room: int = 0) -> None:
        self._count = 0
        self._words: Words = np.zeros((room, WORDS), np.uint64)
        self._first: Words = np.zeros((_FIRST_WORDS, room), np.uint64)
        self._alive = np.zeros(room, np.bool_)
        self._numbers = np.zeros(room, np.int64)

    def __len__(self) -> int:
        return int(self._alive[: self._count].sum())

    @property
    def held(self) -> int:
        """How many places are taken, by the living and the dead."""
        return self._count

    def crowd(self) -> Crowd:
        """What is there now; what comes later is not in it, what goes may be."""
        count = self._count
        return Crowd(self._words[:count], self._first[:, :count], self._alive[:count], self._numbers[:count])

    def add(self, numbers: NDArray[np.int64], words: Words) -> None:
        """Adds sketches [n, 16] of vectors with these numbers."""
        start, end = self._count, self._count + len(numbers)
        self._make_room(end)
        self._words[start:end] = words
        self._first[:, start:end] = words[:, :_FIRST_WORDS].T
        self._numbers[start:end] = numbers
        self._alive[start:end] = True
        self._count = end

    def forget(self, numbers: list[int]) -> None:
        """Lets sketches go; their places are lost."""
        self._alive[: self._count] &= ~np.isin(self._numbers[: self._count], numbers)

    def _make_room(self, count: int) -> None:
        old = len(self._numbers)
        if count <= old:
            return
        room = max(1024, count, old * 3 // 2) - old
        self._words = np.concatenate([self._words, np.zeros((room, WORDS), np.uint64)])
        self._first = np.concatenate([self._first, np.zeros((_FIRST_WORDS, room), np.uint64)], axis=1)
        self._alive = np.concatenate([self._alive, np.zeros(room, np.bool_)])
        self._numbers = np.concatenate([self._numbers, np.zeros(room, np.int64)])


def sketched(vectors: Array) -> Words:
    """On which side of the planes vectors [n, `LENGTH`] lie, [n, 16] words."""
    return np.packbits(vectors @ _planes().T > 0, axis=1).view(np.uint64)


@cache
def _planes() -> Array:
    """[1024, `LENGTH`] of plus and minus one; the generator's raw bits are the same in every version of numpy."""
    raw = np.random.PCG64(_SEED).random_raw(WORDS * LENGTH)
    bits = np.unpackbits(np.asarray(raw, "<u8").view(np.uint8)).reshape(WORDS * 64, LENGTH)
    return bits.astype(np.float32) * 2 - 1


def _counted(words: Words) -> NDArray[np.uint16]:
    """How many bits of each row [n, 16] are set: sums within words are faster than sums along short rows."""
    counts = np.bitwise_count(words).view(np.uint64)  # [n, 2] of eight counts, each at most 64
    both = counts[:, 0] + counts[:, 1]
    pairs = (both & _EVEN_BYTES) + (both >> np.uint64(8) & _EVEN_BYTES)
    return np.asarray(pairs * _SUM_OF_FOUR >> np.uint64(48), np.uint16)


def _smallest(distances: NDArray[np.unsignedinteger], wanted: int) -> NDArray[np.int64]:
    """Positions of about the `wanted` smallest of small whole numbers; none is left out for a tie, up to twice as many.

    Of many numbers every so manieth is looked at to learn which are small.
    """
    if len(distances) <= wanted:
        return np.arange(len(distances))
    sample = distances[:: max(1, len(distances) // _SAMPLE)]
    shares = np.cumsum(np.bincount(sample)) / len(sample)
    limit = int(np.searchsorted(shares, wanted / len(distances)))
    found = np.nonzero(distances <= limit)[0]
    if len(found) > 2 * wanted:
        found = found[np.argsort(distances[found], kind="stable")][: 2 * wanted]
    return found
