"""Text in photographs: signs, labels, screens. Faint, slanted, of every size, and few words to a line.

A photograph is looked at several times: as it is, reduced (large letters are found there) and with its contrast evened
out (faint ones are). Every line found is read more than once, with more and with less around it. What the readings
offer, and the words of a vocabulary that are close to it, are weighed by how likely they are under all readings and
before any (a noisy channel); where looks disagree about a place, the likelier words stay.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

import cv2
import numpy as np
from numpy.typing import NDArray

from clary.engines.documents.contract import Box, Word
from clary.engines.documents.crops import LEVEL_DEGREES, sides, slant_degrees, straightened
from clary.engines.documents.detector import DetectorSettings, Quadrilateral
from clary.engines.documents.ocr import Ocr, OcrSettings, Recognized
from clary.engines.documents.recognizer import HEIGHT, STRETCHED, Reading, Recognizer, is_latin
from clary.engines.documents.scene_lines import lines_of_words
from clary.engines.documents.scene_words import Spelled, as_read, weighed
from clary.engines.documents.sheets import Pixels
from clary.engines.documents.spelling import settle
from clary.engines.documents.turns import Upright

_DETECTOR = DetectorSettings(growth=1.5)
WHOLE = OcrSettings(_DETECTOR, seen_pixels=920_000, greatest_scale=2.0, is_page=False)
REDUCED = OcrSettings(_DETECTOR, seen_pixels=230_000, greatest_scale=1.0, is_page=False)
VIEWS = ((0.1, 0.0), (0.15, 0.12))
"""What a line is read with, left and right, above and below, in its heights."""
STRETCHED_VIEW = (0.1, 0.06)
"""The same for a third look at a word, which is drawn wider."""
EVENED_LIMIT = 3.0
"""How far contrast is raised at most."""
OF_A_GAP = 0.22
"""A word reaches so far beyond the middle between two of its outer characters and the next word's, towards them."""
LEAST_HEIGHT = 7
"""A line of fewer pixels is not read."""
SAME_PLACE = 0.5
"""Two words of which so much of the smaller one is shared stand in one place."""

_Look = tuple[Reading, NDArray[np.float32]]


@dataclass(frozen=True, slots=True)
class _Line:
    """A line that was found and read in every view.

    Attributes:
        picture: where it was found.
        box: around it; its first corner is where the text begins.
        looks: what each view says, and what the network saw there of Latin letters: with all others that it knows, the
            lines of one page would fill gigabytes.
        reading: the surest.
        view: which one that was.
    """

    picture: Pixels
    box: Quadrilateral
    looks: list[_Look]
    reading: Reading
    view: tuple[float, float]


@dataclass(frozen=True, slots=True)
class _Placed:
    """A word that was read at a place."""

    word: Spelled
    box: Quadrilateral


def read_scene(ocr: Ocr, pixels: Pixels) -> Recognized:
    """The words of a photograph.

    Args:
        ocr: finds and reads.
        pixels: [height, width, 3] RGB.
    """
    even = evened(pixels)
    found = [(pixels, box) for box in _directed(ocr.find(pixels, WHOLE))]
    found += [(pixels, box) for box in _directed(ocr.find(pixels, REDUCED))]
    found += [(even, box) for box in _directed(ocr.find(even, WHOLE))]
    lines = ocr.each(partial(_read, ocr), found)
    settled = settle([line.reading for line in lines])
    lines = [replace(line, reading=reading) for line, reading in zip(lines, settled, strict=True)]
    candidates = [word for words in ocr.each(partial(_words, ocr), lines) for word in words]
    kept = _likeliest(candidates)
    placed = [_word(one, pixels) for one in kept]
    order = lines_of_words([one.box for one in kept])
    numbers = [number for number, line in enumerate(order) for _ in line]
    return Recognized([placed[at] for line in order for at in line], Upright.of(pixels), pixels, numbers, 0.0)


def evened(pixels: Pixels) -> Pixels:
    """The picture with the contrast of each of its regions raised (adaptive histogram equalisation, limited).

    Source of the method: Zuiderveld, "Contrast Limited Adaptive Histogram Equalization", Graphics Gems IV, 1994.

    Args:
        pixels: [height, width, 3] RGB.
    """
    values = cv2.cvtColor(pixels, cv2.COLOR_RGB2LAB)
    light = cv2.createCLAHE(EVENED_LIMIT, (8, 8)).apply(np.ascontiguousarray(values[:, :, 0]))
    values[:, :, 0] = light
    return np.asarray(cv2.cvtColor(values, cv2.COLOR_LAB2RGB), np.uint8)


def _directed(boxes: Sequence[Quadrilateral]) -> Iterator[Quadrilateral]:
    """The boxes that can be read, beginning where their text begins; what is high and narrow is tried both ways."""
    for box in boxes:
        width, height = sides(box)
        if height > 1.5 * width and height > 24:
            if width >= LEAST_HEIGHT:
                yield np.roll(box, 1, axis=0)
                yield np.roll(box, -1, axis=0)
        elif height >= LEAST_HEIGHT:
            yield box


def _read(ocr: Ocr, found: tuple[Pixels, Quadrilateral]) -> _Line:
    picture, box = found
    looks = [_look(ocr.recognizer, straightened(picture, box, view, HEIGHT)) for view in VIEWS]
    best = max(range(len(VIEWS)), key=lambda at: looks[at][0].score)
    return _Line(picture, box, looks, looks[best][0], VIEWS[best])


def _look(recognizer: Recognizer, view: Pixels, stretched: float = 1.0) -> _Look:
    """What a view says, and the log-probabilities of Latin letters along it."""
    steps, stretch = recognizer.steps(view, stretched)
    return recognizer.reading(steps, stretch), recognizer.folded(steps)


def _words(ocr: Ocr, line: _Line) -> list[_Placed]:
    """What a line may say, word by word."""
    reading = line.reading
    found = []
    parts = list(_parts(line))
    for members, box in parts:
        text = "".join(reading.text[at] for at in members)
        if not all(map(is_latin, text)):
            found.append(_Placed(as_read(text, reading.probabilities[members]), box))
            continue
        looks = list(line.looks)
        if len(parts) > 1:
            looks = [_look(ocr.recognizer, straightened(line.picture, box, view, HEIGHT)) for view in VIEWS]
        looks.append(_look(ocr.recognizer, straightened(line.picture, box, STRETCHED_VIEW, HEIGHT), STRETCHED))
        texts = [text, *((one.latin or one).text for one, _ in looks)]
        found += _side_by_side(weighed(ocr.recognizer, texts, [seen for _, seen in looks]), box)
    return found


def _parts(line: _Line) -> Iterator[tuple[list[int], Quadrilateral]]:
    """The words of a line as it was read: their characters, and their boxes."""
    text = line.reading.text
    words: list[list[int]] = [[]]
    for at, character in enumerate(text):
        if character.isspace() or character == "|":
            words.append([])
        else:
            words[-1].append(at)
    words = [word for word in words if word]
    width, height = sides(line.box)
    aside = line.view[0] * height
    places = line.reading.centres * (width + 2 * aside) - aside
    for number, word in enumerate(words):
        begin, end = 0.0, width
        if number:
            begin = places[word[0]] - (0.5 - OF_A_GAP) * (places[word[0]] - places[words[number - 1][-1]])
        if number + 1 < len(words):
            end = places[word[-1]] + (0.5 - OF_A_GAP) * (places[words[number + 1][0]] - places[word[-1]])
        yield word, _between(line.box, float(begin) / width, float(end) / width)


def _side_by_side(words: Sequence[Spelled], box: Quadrilateral) -> Iterator[_Placed]:
    """Words that share a box; each has as much of it as it has letters."""
    letters = sum(len(word.text) for word in words)
    passed = 0
    for word in words:
        yield _Placed(word, _between(box, passed / letters, (passed + len(word.text)) / letters))
        passed += len(word.text)


def _between(box: Quadrilateral, begin: float, end: float) -> Quadrilateral:
    """The part of a box between two ratios of its width."""
    begin, end = max(begin, 0.0), min(max(end, begin + 1e-3), 1.0)
    over, under = box[1] - box[0], box[2] - box[3]
    corners = [box[0] + begin * over, box[0] + end * over, box[3] + end * under, box[3] + begin * under]
    return np.array(corners, np.float32)


def _likeliest(candidates: Sequence[_Placed]) -> list[_Placed]:
    """The likeliest word of each place, without those that are no words."""
    kept: list[_Placed] = []
    taken = np.zeros((0, 4), np.float32)
    for one in sorted(candidates, key=lambda candidate: -candidate.word.rank):
        low, high = one.box.min(axis=0), one.box.max(axis=0)
        near = np.flatnonzero(((taken[:, :2] < high) & (taken[:, 2:] > low)).all(axis=1))
        if not any(_share(one.box, kept[at].box) > SAME_PLACE for at in near):
            kept.append(one)
            taken = np.vstack((taken, np.concatenate((low, high))))
    return [one for one in kept if one.word.is_clear]


def _share(one: Quadrilateral, other: Quadrilateral) -> float:
    """How much of the smaller box both have."""
    both, _ = cv2.intersectConvexConvex(one, other)
    return both / max(min(_area(one), _area(other)), 1e-6)


def _area(box: Quadrilateral) -> float:
    width, height = sides(box)
    return width * height


def _word(one: _Placed, picture: Pixels) -> Word:
    height, width = picture.shape[:2]
    placed: NDArray[np.float64] = np.clip(one.box.astype(np.float64) / (width, height), 0, 1)
    first, second, third, fourth = ((float(x), float(y)) for x, y in placed)
    outline = first, second, third, fourth
    tilted = abs(slant_degrees(one.box)) >= LEVEL_DEGREES
    return Word(one.word.text, Box.around(outline), one.word.certainty, outline if tilted else None)
