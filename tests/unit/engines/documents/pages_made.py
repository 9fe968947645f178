"""Pages whose words stand exactly where a test puts them, and pictures with the lines and marks it draws."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from clary.engines.documents.contract import Box, Line, Page, Word

WIDTH, HEIGHT = 600.0, 800.0
SIZE = 10.0
"""Height of words, in the page's units."""
LETTER = 5.5
"""Width of a letter."""
Put = tuple[float, float, str]
"""Left edge, top edge and text of a line."""


def line(left: float, top: float, text: str, size: float = SIZE) -> Line:
    """A line of words with one space between them."""
    words, at = [], left
    for part in text.split():
        wide = len(part) * LETTER * size / SIZE
        words.append(Word(part, Box(at / WIDTH, top / HEIGHT, (at + wide) / WIDTH, (top + size) / HEIGHT), 0.99))
        at += wide + 0.35 * size
    return Line(tuple(words), Box.around_boxes(word.box for word in words))


def page(puts: Iterable[Put], number: int = 1, big: Iterable[Put] = ()) -> Page:
    """A page of lines; those in `big` are in letters twice as high."""
    lines = [*(line(*put) for put in puts), *(line(*put, 2 * SIZE) for put in big)]
    lines.sort(key=lambda one: (one.box.top, one.box.left))
    return Page(number, WIDTH, HEIGHT, tuple(lines))


def rows(left: Sequence[float], top: float, texts: Iterable[Sequence[str]], pitch: float = 18) -> list[Put]:
    """Texts in columns that begin at `left`, row below row; empty texts are left out."""
    return [
        (at, top + number * pitch, text)
        for number, row in enumerate(texts)
        for at, text in zip(left, row, strict=False)
        if text
    ]


def paper() -> NDArray[np.uint8]:
    """A white picture of a page, two pixels for each unit."""
    return np.full((int(2 * HEIGHT), int(2 * WIDTH)), 255, np.uint8)


def rule(picture: NDArray[np.uint8], left: float, top: float, right: float, bottom: float) -> None:
    """Draws a horizontal or vertical line."""
    x, y, u, v = (round(2 * value) for value in (left, top, right, bottom))
    picture[y : max(v, y + 2), x : max(u, x + 2)] = 0


def frame(picture: NDArray[np.uint8], xs: Sequence[float], ys: Sequence[float]) -> None:
    """Draws the lines of a table."""
    for y in ys:
        rule(picture, xs[0], y, xs[-1], y)
    for x in xs:
        rule(picture, x, ys[0], x, ys[-1])
