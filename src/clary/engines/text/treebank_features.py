"""What the tagger of a treebank's language looks at: a word, its neighbours, what they are known to be, tags before it.

Each feature is a number below BUCKETS, by a hash of its name; training and use share this file.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple
from zlib import crc32

from clary.engines.text.shapes import word_shape

BUCKETS: Final = 1 << 18
"""Rows of a model's table."""
LIST_BITS: Final = 21
"""Log2 of the length of the table that tells in which lists of names and nouns a word stands."""
OUTSIDE: Final = "<>"
"""Stands for a word or tag beyond the ends of a sentence."""


class Lists:
    """In which lists a word stands: given names, surnames, places, nouns.

    Args:
        table: a byte for each hash of a lower-case word, a bit for each list.
    """

    def __init__(self, table: bytes) -> None:
        self._table = table

    def of(self, word: str) -> int:
        """Returns a number with one bit for each list that the word, in lower case, stands in."""
        return self._table[crc32(word.encode()) >> (32 - LIST_BITS)]


def bucket(name: str) -> int:
    """Returns the row of a feature."""
    return crc32(name.encode("utf-8", "surrogatepass")) & (BUCKETS - 1)


class Place(NamedTuple):
    """What is known of a word before any tag is given.

    Attributes:
        rows: its features that do not depend on tags.
        word: in lower case.
        shape: how it is written, as a number.
        known: what it is known to be.
        listed: in which lists it stands.
        behind: what the next word is known to be.
    """

    rows: list[int]
    word: str
    shape: str
    known: str
    listed: str
    behind: str


def features(words: Sequence[str], known: Mapping[str, str], lists: Lists) -> list[Place]:
    """Returns what is known of each word before any tag is given.

    Args:
        words: a sentence.
        known: for a lower-case word the tags it had in training.
        lists: lists of names and nouns.
    """
    low = [OUTSIDE, OUTSIDE, *(word.lower() for word in words), OUTSIDE, OUTSIDE]
    shape = ["-", "-", *(str(int(word_shape(word))) for word in words), "-", "-"]
    capital = ["-", "-", *("U" if word[:1].isupper() else "l" for word in words), "-", "-"]
    classes = [known.get(word) or f"?{word[-2:]}{shape[at]}" for at, word in enumerate(low)]
    listed = [f"{capital[at]}{lists.of(word)}" for at, word in enumerate(low)]
    return [
        Place(
            [bucket(name) for name in _names(at, low, shape, classes, listed, lists)],
            low[at],
            shape[at],
            classes[at],
            listed[at],
            classes[at + 1],
        )
        for at in range(2, len(low) - 2)
    ]


def _names(
    place: int, low: list[str], shape: list[str], classes: list[str], listed: list[str], lists: Lists
) -> list[str]:
    word, before, behind = low[place], low[place - 1], low[place + 1]
    first = "1" if place == 2 else "0"
    return [
        "",
        f"w{word}",
        f"s{shape[place]}{first}",
        *(f"x{length}{word[-length:]}" for length in range(1, 6)),
        *(f"p{length}{word[:length]}" for length in range(1, 4)),
        f"a{before}",
        f"b{behind}",
        f"A{low[place - 2]}",
        f"B{low[place + 2]}",
        f"ax{before[-3:]}",
        f"bx{behind[-3:]}",
        f"bs{shape[place + 1]}",
        f"as{shape[place - 1]}",
        f"aw{before}|{word}",
        f"wb{word}|{behind}",
        f"xb{word[-3:]}|{behind[-3:]}",
        f"c{classes[place]}",
        f"n{classes[place + 1]}",
        f"N{classes[place + 2]}",
        f"nN{classes[place + 1]}|{classes[place + 2]}",
        f"wn{word}|{classes[place + 1]}",
        f"xn{word[-3:]}|{classes[place + 1]}",
        f"h{'-' in word}{len(word) > 12}",
        f"g{listed[place]}",
        f"gf{listed[place]}{first}",
        f"gn{listed[place]}{listed[place + 1]}",
        f"ga{listed[place - 1]}{listed[place]}",
        f"gx{listed[place][0]}{lists.of(word[-5:])}|{lists.of(word[-7:])}",
    ]


def history(place: Place, before: str, earlier: str) -> list[int]:
    """Returns the features of a word that depend on the tags before it.

    Args:
        place: the word.
        before: the tag of the word before it.
        earlier: the tag of the word before that.
    """
    return [
        bucket(name)
        for name in (
            f"t{before}",
            f"T{earlier}",
            f"tT{before}{earlier}",
            f"tw{before}{place.word}",
            f"tx{before}{place.word[-3:]}",
            f"tc{before}{place.known}",
            f"tn{before}{place.behind}",
            f"ts{before}{place.shape}",
            f"tg{before}{place.listed}",
        )
    ]


def phrase_features(words: Sequence[str], tags: Sequence[str]) -> list[list[int]]:
    """Returns the features by which the words of noun phrases are told from others, but for the label before.

    Args:
        words: a sentence.
        tags: the tag of each.
    """
    low = [OUTSIDE, OUTSIDE, *(word.lower() for word in words), OUTSIDE, OUTSIDE]
    tag = [OUTSIDE, OUTSIDE, *tags, OUTSIDE, OUTSIDE]
    made = []
    for at in range(2, len(low) - 2):
        names = [
            "",
            f"T{tag[at]}",
            f"w{low[at]}",
            *(f"t{step}{tag[at + step]}" for step in (-2, -1, 1, 2)),
            f"a{tag[at - 1]}{tag[at]}",
            f"b{tag[at]}{tag[at + 1]}",
            f"c{tag[at - 1]}{tag[at]}{tag[at + 1]}",
            f"d{tag[at]}{tag[at + 1]}{tag[at + 2]}",
            f"e{tag[at - 2]}{tag[at - 1]}{tag[at]}",
            f"v{low[at - 1]}{tag[at]}",
            f"u{low[at]}{tag[at + 1]}",
            f"x{low[at][-3:]}{tag[at]}{tag[at + 1]}",
            f"y{low[at + 1]}{tag[at]}",
        ]
        made.append([bucket(name) for name in names])
    return made


def phrase_history(tag: str, before_tag: str, before: str) -> list[int]:
    """Returns the features of a word's phrase label that depend on the label before it."""
    return [bucket(f"L{before}"), bucket(f"LT{before}{tag}"), bucket(f"LA{before}{before_tag}{tag}")]
