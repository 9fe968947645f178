"""Where a page's words stand as a table without frames: rows that leave the same corridors empty."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from clary.engines.documents.rulings import Ruling, Rulings
from clary.engines.documents.tokens import Band, Segment, Token, bands_of

SEGMENT_GAP = 1.1
"""In heights of words: above it two words of a row belong to different segments."""
BULLETS = frozenset("•●○■□▪◦-\u2013—*·➢►")

Gap = tuple[float, float]


def prose(tokens: Sequence[Token], height: float) -> set[int]:
    """The words of running text: lines of many words, one below the other, flush on the left and mostly full.

    Returns:
        Indices of tokens.
    """
    segments = [
        (band, segment)
        for band in bands_of(tokens, height, 0.95)
        for segment in band.segments
        if len(segment.tokens) >= 4
    ]
    valued = {id(band) for band, _ in segments if sum(1 for part in band.segments if _is_value(part)) >= 2}
    open_blocks: list[list[tuple[Band, Segment]]] = []
    blocks: list[list[tuple[Band, Segment]]] = []
    for band, segment in segments:
        for block in open_blocks:
            above, last = block[-1]
            apart = band.middle - above.middle
            flush = abs(segment.left - last.left) < 0.6 * height or (
                len(block) == 1 and abs(segment.left - last.left) < 5 * height
            )
            if 0.5 * height < apart < 2.6 * height and flush and _shared(segment, last) > 0.6:
                block.append((band, segment))
                break
        else:
            block = [(band, segment)]
            open_blocks.append(block)
            blocks.append(block)
        open_blocks = [block for block in open_blocks if band.middle - block[-1][0].middle < 3 * height]
    found: set[int] = set()
    for block in blocks:
        # Beside rows of values, lines of words are what the rows are called.
        names = sum(1 for band, _ in block if id(band) in valued) >= 0.3 * len(block)
        if not names and _is_prose([segment for _, segment in block], height):
            found.update(token.index for _, segment in block for token in segment.tokens)
    return found


def _is_value(segment: Segment) -> bool:
    return len(segment.tokens) <= 3 and any(character.isdigit() for character in segment.text)


def _shared(one: Segment, other: Segment) -> float:
    both = min(one.right, other.right) - max(one.left, other.left)
    return both / max(min(one.right - one.left, other.right - other.left), 1e-9)


def _is_prose(lines: Sequence[Segment], height: float) -> bool:
    if len(lines) < 3:
        return False
    right = max(line.right for line in lines)
    left = min(line.left for line in lines)
    long = len(lines) >= 8  # then a narrow column, as in newspapers, is running text, too
    if right - left < (12 if long else 16) * height:
        return False
    full = sum(1 for line in lines[:-1] if right - line.right < 0.16 * (right - left))
    words = [token.text for line in lines for token in line.tokens]
    letters = sum(1 for word in words if word[:1].isalpha())
    return (
        full >= 0.7 * (len(lines) - 1)
        and len(words) >= (4.0 if long else 5.0) * len(lines)
        and letters >= 0.75 * len(words)
    )


def find_regions(tokens: Sequence[Token], rulings: Rulings, height: float) -> list[list[Band]]:
    """Groups of rows that look like tables.

    Args:
        tokens: those that belong to no other table.
        height: of most words.

    Returns:
        Rows from top to bottom for each table; the first ones may be heads that run across columns.
    """
    prosaic = prose(tokens, height)
    bands = bands_of([token for token in tokens if token.index not in prosaic], height, SEGMENT_GAP)
    regions: list[list[Band]] = []
    place = 0
    while place < len(bands):
        if len(bands[place].segments) < 2:
            place += 1
            continue
        end = _grown(bands, place, rulings, height)
        group = bands[place:end]
        if _is_table(group, rulings, height):
            region = _with_heads(bands, place, end, rulings, height)
            if regions and region[0].middle <= regions[-1][-1].middle:
                # What was taken for a table of its own were the heads of this one.
                regions.pop()
            regions.append(region)
        place = max(end, place + 1)
    return regions


def gaps_of(band: Band, least: float) -> list[Gap]:
    """The empty places between words of a row, at least `least` wide."""
    found = []
    right = band.tokens[0].right
    for token in band.tokens[1:]:
        if token.left - right >= least:
            found.append((right, token.left))
        right = max(right, token.right)
    return found


def _agrees(band: Band, group: Sequence[Band], height: float) -> bool:
    """Whether a row leaves a corridor empty that rows above it leave empty."""
    own = gaps_of(band, SEGMENT_GAP * height)
    recent = [other for other in group if len(other.segments) > 1][-6:]
    alike = 0
    for other in recent:
        gaps = gaps_of(other, SEGMENT_GAP * height)
        if any(min(a[1], b[1]) - max(a[0], b[0]) >= 0.5 * height for a in own for b in gaps):
            alike += 1
    return 2 * alike >= len(recent)


def _grown(bands: Sequence[Band], start: int, rulings: Rulings, height: float) -> int:
    """The end of the group that begins with a row of two segments or more."""
    end = start + 1
    pending = 0
    left, right = bands[start].left, bands[start].right
    pitch: list[float] = []
    for place in range(start + 1, len(bands)):
        band, last = bands[place], bands[place - 1]
        apart = band.top - last.bottom
        usual = sorted(pitch)[len(pitch) // 2] if pitch else 0.0
        if apart > max(3.2 * height, 2.5 * usual):
            break
        if len(band.segments) > 1:
            if not _agrees(band, bands[start:end], height):
                break
            pitch.append(apart)
            left, right = min(left, band.left), max(right, band.right)
            end, pending = place + 1, 0
            continue
        if _breaks(band, left, right, height):
            break
        # Names of sections and second lines stand in the first column; anything else is soon no part of the table.
        beside = min(gap[0] for other in bands[start:end] for gap in gaps_of(other, SEGMENT_GAP * height)[:1])
        pending += 1 if band.right <= beside + 0.2 * (right - left) else 3
        if pending > 6:
            break
    return end


def _breaks(band: Band, left: float, right: float, height: float) -> bool:
    """Whether a row of one segment is running text rather than the name of a section or a line of a cell."""
    within = left - height <= band.left and band.right <= right + height
    wide = band.right - band.left > 0.6 * (right - left)
    return not within or (wide and len(band.tokens) > 5)


def _is_table(group: Sequence[Band], rulings: Rulings, height: float) -> bool:
    core = [band for band in group if len(band.segments) > 1]
    ruled = _ruled(group, rulings, height)
    if len(core) < (2 if ruled >= 2 else 3) or is_form_or_text(group, ruled):
        return False
    cells = [segment for band in core for segment in band.segments]
    columns = sorted(len(band.segments) for band in core)[len(core) // 2]
    words = sorted(len(segment.tokens) for segment in cells)[len(cells) // 2]
    if columns == 2 and ruled < 2:
        last = [segment for band in core for segment in band.segments[1:]]
        numbers = sum(1 for segment in last if any(character.isdigit() for character in segment.text))
        if numbers < 0.5 * len(last) and (words > 3 or len(core) < 4):
            return False
    return not (columns <= 3 and words >= 6)


def is_form_or_text(group: Sequence[Band], ruled: int = 0) -> bool:
    """Whether rows of two segments or more are fields of a form, items of a list or columns of running text.

    Args:
        group: rows of words.
        ruled: how many lines run along most of their width.
    """
    core = [band for band in group if len(band.segments) > 1]
    cells = [segment for band in core for segment in band.segments]
    if not cells:
        return True
    named = sum(1 for segment in cells if any(token.text.endswith(":") for token in segment.tokens))
    if ruled < 4 and named > 0.2 * len(cells):
        return True
    columns = sorted(len(band.segments) for band in core)[len(core) // 2]
    if columns == 2 and ruled < 2:
        first = [band.segments[0].text for band in core]
        if sum(1 for text in first if _is_marker(text)) > 0.5 * len(first):
            return True
    words = sorted(len(segment.tokens) for segment in cells)[len(cells) // 2]
    with_digits = sum(1 for segment in cells if any(character.isdigit() for character in segment.text))
    return columns <= 3 and words >= 4 and ruled < 3 and with_digits < 0.2 * len(cells)


def _is_marker(text: str) -> bool:
    """A bullet, or the number of an item of a list."""
    return text in BULLETS or (len(text) <= 4 and text[-1:] in ".)" and text[:-1].strip("(").isalnum())


def _ruled(group: Sequence[Band], rulings: Rulings, height: float) -> int:
    """How many lines run along most of the group's width, within it and at its edges."""
    left, right = min(band.left for band in group), max(band.right for band in group)
    top, bottom = group[0].top - 3 * height, group[-1].bottom + 2 * height
    return sum(1 for line in rulings.horizontal if top <= line.at <= bottom and line.covers(left, right) > 0.85)


def _with_heads(bands: Sequence[Band], start: int, end: int, rulings: Rulings, height: float) -> list[Band]:
    """Adds the rows between a table's first ruling line and the first row that shows its columns."""
    group = list(bands[start:end])
    left, right = min(band.left for band in group), max(band.right for band in group)
    above = _wide_lines(rulings.horizontal, left, right, height)
    highest = start
    for place in range(start - 1, max(-1, start - 7), -1):
        band = bands[place]
        if bands[place + 1].top - band.bottom > 3 * height or band.left < left - 2 * height:
            break
        if band.right > right + 2 * height:
            break
        if any(band.middle - 4 * height < line.at < band.middle for line in above):
            inside = [line for line in above if line.at < group[0].top]
            if inside and all(other.middle > min(line.at for line in inside[-2:]) for other in bands[place:start]):
                highest = place
    return list(bands[highest:start]) + group


def _wide_lines(lines: Sequence[Ruling], left: float, right: float, height: float) -> list[Ruling]:
    return [line for line in lines if line.covers(left, right) > 0.85 and line.length < (right - left) + 12 * height]


def pitches(bands: Sequence[Band]) -> list[float]:
    """The empty heights between rows."""
    return [lower.top - upper.bottom for upper, lower in pairwise(bands)]
