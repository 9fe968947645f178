"""The order in which the parts of a page are read."""

from __future__ import annotations

from collections.abc import Sequence

from clary.engines.documents.contract import Box

LEAST_COLUMN_GAP = 0.008
"""Between two columns, as a ratio of the page's width."""


def reading_order(boxes: Sequence[Box]) -> list[int]:
    """Sorts boxes as a reader goes: down a column, then the next column, below one another what runs across.

    The recursive X-Y cut of Nagy and Seth (1984), with rows of blocks that share their columns taken together, so that
    two columns whose paragraphs happen to end at the same height are still read one after the other.

    Args:
        boxes: of the parts of a page, in ratios of it.

    Returns:
        Positions in `boxes`.
    """
    return _ordered(list(range(len(boxes))), boxes)


def _ordered(places: list[int], boxes: Sequence[Box]) -> list[int]:
    if len(places) < 2:
        return places
    columns = _columns(places, boxes)
    if len(columns) > 1:
        return [place for column in columns for place in _ordered(column, boxes)]
    rows = _rows(places, boxes)
    if len(rows) < 2:
        return sorted(places, key=lambda place: (boxes[place].top, boxes[place].left))
    bundles: list[list[int]] = []
    for row in rows:
        if bundles and _belongs(bundles[-1], row, boxes):
            bundles[-1] = bundles[-1] + row
        else:
            bundles.append(row)
    if len(bundles) == 1:
        return [place for row in rows for place in _ordered(row, boxes)] if len(rows) > 1 else places
    return [place for bundle in bundles for place in _ordered(bundle, boxes)]


def _belongs(bundle: list[int], row: list[int], boxes: Sequence[Box]) -> bool:
    """Whether a row of blocks continues the columns above it: as columns, or as one block close below them."""
    if len(_columns(bundle + row, boxes)) < 2:
        return False
    if len(_columns(row, boxes)) > 1:
        return True
    near = boxes[row[0]].top - max(boxes[place].bottom for place in bundle) < 0.02
    return near and len(row) == 1 and len(_columns(bundle, boxes)) > 1


def _columns(places: list[int], boxes: Sequence[Box]) -> list[list[int]]:
    """Groups with an empty corridor between them, from left to right."""
    groups: list[list[int]] = []
    right = -1.0
    for place in sorted(places, key=lambda place: boxes[place].left):
        if groups and boxes[place].left < right + LEAST_COLUMN_GAP:
            groups[-1].append(place)
        else:
            groups.append([place])
        right = max(right, boxes[place].right)
    return groups


def _rows(places: list[int], boxes: Sequence[Box]) -> list[list[int]]:
    """Groups with an empty band between them, from top to bottom."""
    groups: list[list[int]] = []
    bottom = -1.0
    for place in sorted(places, key=lambda place: boxes[place].top):
        overlap = 0.3 * (boxes[place].bottom - boxes[place].top)
        if groups and boxes[place].top + overlap < bottom:
            groups[-1].append(place)
        else:
            groups.append([place])
        bottom = max(bottom, boxes[place].bottom)
    return groups
