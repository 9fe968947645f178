"""Signatures: handwriting beside the words that ask for one."""

from __future__ import annotations

import re
from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from clary.engines.documents.contract import Box, Page
from clary.engines.documents.rulings import Rulings, find_rulings
from clary.engines.documents.tokens import Token, tokens_of, usual_height
from clary.engines.documents.understanding import Signature

ASKS = re.compile(
    r"\b(?:sign(?:ed|ature|atory|here)?s?|seynature|unterschrift|firma|handtekening|autograph)\b", re.IGNORECASE
)
"""Words beside which people sign."""
ASKS_BY = re.compile(r"\W*(?:submitted|approved|authorized|prepared|witnessed)\s+by\W*", re.IGNORECASE)
SURE_PRINT = 0.8
"""Words read more surely than this are print."""
LEAST = 0.6


def find_signatures(page: Page, picture: NDArray[np.uint8]) -> tuple[Signature, ...]:
    """Finds signatures.

    Args:
        page: with its words.
        picture: [rows, columns] grey values of the upright page.

    Returns:
        Signatures from top to bottom.
    """
    tokens = tokens_of(page)
    if not tokens:
        return ()
    height = usual_height(tokens)
    rulings = find_rulings(picture, page, tokens, height)
    asking = [
        token
        for token, following in zip(tokens, [*tokens[1:], None], strict=True)
        if ASKS.search(token.text) or (following is not None and ASKS_BY.fullmatch(f"{token.text} {following.text}"))
    ]
    if not asking:
        return ()
    marks = _handwriting(page, picture, tokens, asking, rulings, height)
    found = []
    for mark, density in _joined(marks, height):
        sure = _likelihood(mark, density, asking, rulings, height)
        if sure >= LEAST:
            box = Box(mark[0] / page.width, mark[1] / page.height, mark[2] / page.width, mark[3] / page.height)
            found.append(Signature(box, min(0.99, sure)))
    return tuple(sorted(_apart(found), key=lambda signature: signature.box.top))


Rectangle = tuple[float, float, float, float]


def _handwriting(
    page: Page,
    picture: NDArray[np.uint8],
    tokens: Sequence[Token],
    asking: Sequence[Token],
    rulings: Rulings,
    height: float,
) -> list[tuple[Rectangle, float]]:
    """Groups of strokes that are no print and no ruling lines, with the share of ink in each."""
    across, down = picture.shape[1] / page.width, picture.shape[0] / page.height
    usual = max(3.0, height * down)
    method, kind = cv2.ADAPTIVE_THRESH_MEAN_C, cv2.THRESH_BINARY_INV
    ink = cv2.adaptiveThreshold(picture, 255, method, kind, max(15, int(4 * usual)) | 1, 15)
    for token in tokens:
        if token.confidence >= SURE_PRINT and token.height < 2.2 * height and _is_print(token, asking, height):
            left, right = int(token.left * across) - 1, int(token.right * across) + 2
            ink[max(0, int(token.top * down) - 1) : int(token.bottom * down) + 2, max(0, left) : right] = 0
    thick = max(1, int(0.15 * usual))
    for line in rulings.horizontal:
        at = int(line.at * down)
        ink[max(0, at - thick) : at + thick + 1, int(line.start * across) : int(line.end * across) + 1] = 0
    for line in rulings.vertical:
        at = int(line.at * across)
        ink[int(line.start * down) : int(line.end * down) + 1, max(0, at - thick) : at + thick + 1] = 0
    joined = cv2.dilate(ink, np.ones((max(3, int(0.5 * usual)), max(3, int(0.9 * usual))), np.uint8))
    count, labels, stats, _ = cv2.connectedComponentsWithStats(joined, connectivity=8)
    found = []
    for number in range(1, count):
        left, top, wide, tall, _area = (int(value) for value in stats[number])
        if not (1.2 * usual <= wide <= 30 * usual and 1.1 * usual <= tall <= 8 * usual):
            continue
        part = (labels[top : top + tall, left : left + wide] == number) & (
            ink[top : top + tall, left : left + wide] > 0
        )
        rows, columns = np.nonzero(part.any(1))[0], np.nonzero(part.any(0))[0]
        if len(rows) and len(columns):
            box = (left + columns[0], top + rows[0], left + columns[-1] + 1, top + rows[-1] + 1)
            density = float(part.sum()) / ((box[2] - box[0]) * (box[3] - box[1]))
            found.append(((box[0] / across, box[1] / down, box[2] / across, box[3] / down), density))
    return found


def _joined(marks: Sequence[tuple[Rectangle, float]], height: float) -> list[tuple[Rectangle, float]]:
    """Strokes side by side with little between them are one name."""
    joined: list[tuple[Rectangle, float]] = []
    for mark, density in sorted(marks):
        for place, (other, share) in enumerate(joined):
            level = min(mark[3], other[3]) - max(mark[1], other[1]) > 0.3 * min(mark[3] - mark[1], other[3] - other[1])
            if level and mark[0] - other[2] < 1.5 * height:
                both = (other[0], min(mark[1], other[1]), max(mark[2], other[2]), max(mark[3], other[3]))
                joined[place] = (both, (density + share) / 2)
                break
        else:
            joined.append((mark, density))
    return joined


def _is_print(token: Token, asking: Sequence[Token], height: float) -> bool:
    """Whether a word that was read surely is print: names that were signed legibly are read, too."""
    name = token.text.isalpha() and token.text[0].isupper() and not token.text.isupper()
    place = (token.left, token.top, token.right, token.bottom)
    return not (name and token.height > 1.1 * height and any(_asked_by(place, other, height) for other in asking))


def _asked_by(mark: Rectangle, token: Token, height: float) -> bool:
    """Whether a word that asks for a signature stands to the left of a mark, below it or above it."""
    left, top, right, bottom = mark
    beside = abs(token.middle - (top + bottom) / 2) < 2 * height and -height < left - token.right < 14 * height
    below = -height < token.top - bottom < 1.5 * height and left - 3 * height < token.centre < right + 3 * height
    above = -height < top - token.bottom < 3 * height and left - 8 * height < token.centre < right + 3 * height
    return beside or below or above


def _likelihood(mark: Rectangle, density: float, asking: Sequence[Token], rulings: Rulings, height: float) -> float:
    """The probability that strokes are a signature, from where they stand and how dense they are."""
    left, top, right, bottom = mark
    if not 0.02 < density < 0.42 or right - left < max(2.5 * height, 1.2 * (bottom - top)):
        return 0.0
    sure = 0.1
    if any(_asked_by(mark, token, height) for token in asking):
        sure += 0.5
    if any(
        bottom - 1.2 * height < line.at < bottom + 1.2 * height and line.covers(left, right) > 0.6
        for line in rulings.horizontal
    ):
        sure += 0.15
    return sure + (0.15 if bottom - top > 1.6 * height else 0.0)


def _apart(found: Sequence[Signature]) -> list[Signature]:
    """Of those that overlap, the surest."""
    kept: list[Signature] = []
    for signature in sorted(found, key=lambda one: -one.confidence):
        if all(signature.box.overlap(other.box) < 0.2 * signature.box.area for other in kept):
            kept.append(signature)
    return kept
