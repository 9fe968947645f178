"""How large a picture is, told by its header alone: the gateway's process decodes no pixels."""

from __future__ import annotations

import struct

_PNG_HEADER = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"
_START_OF_FRAME = frozenset({*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC})
_WITHOUT_LENGTH = frozenset({0x01, *range(0xD0, 0xD9)})

_MOST_STEPS = 10_000


def size_of(content: bytes) -> tuple[int, int] | None:
    """Width and height in pixels as they are stored; None where the header does not tell.

    Args:
        content: a JPEG or PNG file.
    """
    if content.startswith(_PNG_HEADER) and len(content) >= 24:
        width, height = struct.unpack(">II", content[16:24])
        return width, height
    return _jpeg_size(content) if content.startswith(b"\xff\xd8") else None


def _jpeg_size(content: bytes) -> tuple[int, int] | None:
    place = 2
    for _ in range(_MOST_STEPS):  # a file of nothing else would keep the gateway busy for seconds
        if place + 9 > len(content) or content[place] != 0xFF:
            return None
        marker = content[place + 1]
        if marker == 0xFF:  # a filling byte
            place += 1
        elif marker in _WITHOUT_LENGTH:
            place += 2
        elif marker in _START_OF_FRAME:
            height, width = struct.unpack(">HH", content[place + 5 : place + 9])
            return width, height
        else:
            place += 2 + int(struct.unpack(">H", content[place + 2 : place + 4])[0])
    return None
