"""Text in scenes: the documents engine reads it, here it becomes lines with their words."""

from __future__ import annotations

from clary.engines.documents.contract import Polygon
from clary.engines.documents.ocr import Ocr, Recognized
from clary.engines.documents.scenes import read_scene
from clary.engines.vision.contract import Box, Point, TextDetection
from clary.engines.vision.pictures import Picture

MOST_WORDS = 100


def texts(ocr: Ocr, picture: Picture) -> list[TextDetection]:
    """The lines of a picture from top to bottom, then their words; at most `MOST_WORDS` words, the surest.

    Args:
        ocr: reads.
        picture: any.
    """
    read = read_scene(ocr, picture.rgb)
    surest = sorted(range(len(read.words)), key=lambda number: -read.words[number].confidence)[:MOST_WORDS]
    by_line: dict[int, list[int]] = {}
    for number in sorted(surest):
        by_line.setdefault(read.lines[number], []).append(number)
    order = sorted(by_line.values(), key=lambda numbers: _place(read, numbers))
    lines = [_line(read, number, words) for number, words in enumerate(order)]
    found = list(lines)
    for parent, words in enumerate(order):
        for number in words:
            word = read.words[number]
            polygon = word.outline
            found.append(_detection(len(found), parent, "word", word.text, word.confidence, polygon))
    return found


def _place(read: Recognized, numbers: list[int]) -> tuple[float, float]:
    first = read.words[numbers[0]].box
    return (first.top, first.left)


def _line(read: Recognized, number: int, words: list[int]) -> TextDetection:
    """A line: the text of its words, the least of their confidences, and an outline from the first to the last."""
    chosen = [read.words[word] for word in words]
    first, last = chosen[0].outline, chosen[-1].outline
    outline = (first[0], last[1], last[2], first[3])
    text = " ".join(word.text for word in chosen)
    return _detection(number, None, "line", text, min(word.confidence for word in chosen), outline)


def _detection(
    number: int, parent: int | None, kind: str, text: str, confidence: float, outline: Polygon
) -> TextDetection:
    across, down = [point[0] for point in outline], [point[1] for point in outline]
    return TextDetection(
        id=number,
        parent=parent,
        kind="line" if kind == "line" else "word",
        text=text,
        confidence=float(confidence),
        box=Box(left=min(across), top=min(down), width=max(across) - min(across), height=max(down) - min(down)),
        polygon=[Point(x=float(x), y=float(y)) for x, y in outline],
    )
