"""The words of a PDF's text layer: exact characters in exact places."""

from __future__ import annotations

import unicodedata

import numpy as np
from numpy.typing import NDArray

from clary.engines.documents.contract import Box, Origin, Word
from clary.engines.documents.pdf import TextLayer

JOINED = 0.32
"""Characters further apart than this, in sizes of their font, belong to different words."""
OVERTAKEN = 0.6
"""A character that begins so far before the end of the last one, in sizes of the font, begins another word."""
OFF_THE_LINE = 0.8
"""A character whose middle lies so far above or below that of the last one, in sizes of the font, does too."""


def words_of(layer: TextLayer, width: float, height: float, quarter: int) -> list[Word]:
    """The visible words that run in one direction.

    Args:
        layer: the characters.
        width: of the page as it is shown, in points.
        height: likewise.
        quarter: quarter turns clockwise of the direction.
    """
    chosen = np.flatnonzero(layer.visible & (layer.quarters == quarter))
    if not len(chosen):
        return []
    edges = layer.edges[chosen]
    begins = np.flatnonzero(_begins(layer, chosen, quarter, width / height))
    lows = np.minimum.reduceat(edges[:, :2], begins, axis=0).tolist()
    highs = np.maximum.reduceat(edges[:, 2:], begins, axis=0).tolist()
    texts = [layer.texts[at] for at in chosen]
    ends = [*begins[1:].tolist(), len(chosen)]
    return [
        Word("".join(texts[begin:end]), Box(*low, *high), 1.0, None, False, Origin.TEXT_LAYER)
        for begin, end, low, high in zip(begins.tolist(), ends, lows, highs, strict=True)
    ]


def main_quarter(layer: TextLayer) -> int:
    """The direction in which most of a page's text runs, in quarter turns clockwise."""
    return int(np.bincount(layer.quarters[layer.visible], minlength=4).argmax())


def is_readable(layer: TextLayer) -> bool:
    """Whether a text layer says what the eye sees: painted, and made of real characters."""
    if not layer.texts:
        return False
    real = {text: _is_real(text) for text in set(layer.texts)}
    good: int = sum(real[text] and seen for text, seen in zip(layer.texts, layer.visible.tolist(), strict=True))
    return good >= 0.8 * len(layer.texts)


def _is_real(text: str) -> bool:
    return all(unicodedata.category(one) not in ("Co", "Cn", "Cs", "Cc") and one != "\ufffd" for one in text)


def _begins(layer: TextLayer, chosen: NDArray[np.intp], quarter: int, aspect: float) -> NDArray[np.bool_]:
    """Which of the chosen characters begin a word: after white space, or away from the one before.

    Sizes are ratios of the page's height, so horizontal distances are brought to that unit.
    """
    left, top, right, bottom = layer.edges[chosen].T
    low, high = (left * aspect, right * aspect) if quarter % 2 == 0 else (top, bottom)
    middle = (top + bottom) / 2 if quarter % 2 == 0 else (left + right) / 2 * aspect
    gap = low[1:] - high[:-1] if quarter in (0, 1) else low[:-1] - high[1:]
    size = np.maximum(np.maximum(layer.sizes[chosen][1:], layer.sizes[chosen][:-1]), 1e-6)
    away = (gap > JOINED * size) | (gap < -OVERTAKEN * size) | (np.abs(np.diff(middle)) > OFF_THE_LINE * size)
    skipped = np.diff(chosen) > 1
    begins: NDArray[np.bool_] = np.concatenate(([True], away | skipped | layer.apart[chosen][1:]))
    return begins
