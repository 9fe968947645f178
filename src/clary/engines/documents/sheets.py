"""A page that was read, with its pixels."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from clary.engines.documents.contract import Page

Pixels = NDArray[np.uint8]
"""[height, width, 3] red, green, blue; C-contiguous."""


class Sheet:
    """The text of a page and, made when first asked for, its pixels.

    Args:
        page: what was read; its frame is that of the pixels.
        paint: makes the pixels of the upright page, at about the given number of dots per inch (a picture without a
            known resolution comes as it is).
    """

    def __init__(self, page: Page, paint: Callable[[int], Pixels]) -> None:
        self.page = page
        self._paint = paint
        self._painted: dict[int, Pixels] = {}

    def pixels(self, dots_per_inch: int = 150) -> Pixels:
        """The upright page as [height, width, 3] RGB; kept, so it is made once. Not to be written to."""
        if dots_per_inch not in self._painted:
            self._painted[dots_per_inch] = self._paint(dots_per_inch)
        return self._painted[dots_per_inch]
