"""Whether a JPEG is made to keep its decoder busy: of thousands of scans each takes time for all pixels."""

from __future__ import annotations

import re

MOST_SCANS = 100
"""Of a progressive JPEG; encoders make about ten. An empty scan takes hardly fifty bytes, and all pixels' time."""
MOST_SEGMENTS = 10_000
_MARKER = re.compile(rb"\xff([\x01-\xcf\xd8-\xfe])")  # what is compressed has none of these
_IMAGE_START, _IMAGE_END, _SCAN = 0xD8, 0xD9, 0xDA


def has_too_many_scans(jpeg: bytes) -> bool:
    """Whether a JPEG has more than `MOST_SCANS` scans, or more than `MOST_SEGMENTS` segments before its end."""
    place = scans = 0
    for _ in range(MOST_SEGMENTS):
        found = _MARKER.search(jpeg, place)
        if found is None or found[1][0] == _IMAGE_END:
            return False
        place = found.end()
        if found[1][0] != _IMAGE_START:
            place += int.from_bytes(jpeg[place : place + 2])
        scans += found[1][0] == _SCAN
        if scans > MOST_SCANS:
            return True
    return True
