"""Which columns the rows of an unframed table share."""

from __future__ import annotations

from collections.abc import Sequence

from clary.engines.documents.rulings import Rulings
from clary.engines.documents.tokens import Band, segments_of

LEAST_GAP = 0.55
"""In heights of words: the space between two words of one cell is narrower."""


def column_edges(bands: Sequence[Band], rulings: Rulings, height: float) -> list[float]:
    """Where columns begin and end.

    Args:
        bands: rows of the table.
        rulings: of the page; vertical lines within the table divide columns, too.
        height: of most words.

    Returns:
        [columns + 1] places from left to right; two when there is one column only.
    """
    left, right = min(band.left for band in bands), max(band.right for band in bands)
    core = _core(bands, height)
    corridors = _corridors(core, left, right, height)
    inner = [(start + end) / 2 for start, end in corridors]
    top, bottom = bands[0].top, bands[-1].bottom
    for line in rulings.vertical:
        divides = left < line.at < right and line.covers(top, bottom) > 0.6 and _free(core, line.at)
        if divides and all(abs(line.at - place) > 1.2 * height for place in inner):
            inner.append(line.at)
    edges = [left - 0.3 * height, *sorted(inner), right + 0.3 * height]
    return _merged(edges, bands)


def _core(bands: Sequence[Band], height: float) -> list[Band]:
    """The rows that show the columns best: those with most segments, narrow gaps between them included."""
    counts = sorted((len(band.segments) for band in bands), reverse=True)
    usual = counts[min(len(counts) - 1, max(1, len(counts) // 4))]
    core = [
        band
        for band in bands
        if len(band.segments) >= max(2, 0.6 * usual)
        or (usual > 2 and len(segments_of(band.tokens, LEAST_GAP * height)) == usual)
    ]
    return core or list(bands)


def _corridors(core: Sequence[Band], left: float, right: float, height: float) -> list[tuple[float, float]]:
    """The intervals that (nearly) no row of the core covers."""
    events: list[tuple[float, int]] = []
    for band in core:
        for start, end in _covered(band, LEAST_GAP * height):
            events += [(start, 1), (end, -1)]
    events.sort()
    tolerated = len(core) // 12
    least = (0.55 if len(core) >= 5 else 0.8) * height
    corridors: list[tuple[float, float]] = []
    covering = 0
    opened: float | None = None
    for place, change in events:
        before, covering = covering, covering + change
        if before > tolerated >= covering:
            opened = place
        elif before <= tolerated < covering and opened is not None:
            if place - opened >= least and opened > left and place < right:
                corridors.append((opened, place))
            opened = None
    return corridors


def _covered(band: Band, least: float) -> list[tuple[float, float]]:
    intervals: list[tuple[float, float]] = []
    for token in band.tokens:
        if intervals and token.left - intervals[-1][1] < least:
            intervals[-1] = (intervals[-1][0], max(intervals[-1][1], token.right))
        else:
            intervals.append((token.left, token.right))
    return intervals


def _free(bands: Sequence[Band], place: float) -> bool:
    across = sum(1 for band in bands for token in band.tokens if token.left < place < token.right)
    return across <= 0.1 * len(bands)


def _merged(edges: list[float], bands: Sequence[Band]) -> list[float]:
    """Joins neighbouring columns that no row fills both: a head beside the numbers it names."""
    place = 1
    while place < len(edges) - 1:
        both = single = 0
        for band in bands:
            one = any(edges[place - 1] <= token.centre < edges[place] for token in band.tokens)
            two = any(edges[place] <= token.centre < edges[place + 1] for token in band.tokens)
            both += one and two
            single += one != two
        if both == 0 or (both == 1 and single >= 5):
            del edges[place]
        else:
            place += 1
    return edges
