"""What a line says: characters with their places and probabilities (PP-OCRv6, connectionist temporal classification).

The network tells 18,710 characters apart. Most lines are Latin, and so plain that the same network in eight bits reads
them as well: it goes first, with the rows of its last layer that Latin letters need. What is not plain is read exactly.

Source of the method: Graves and others, "Connectionist Temporal Classification", 2006.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from clary.engines.documents.sessions import LINE_READER, RECOGNIZER, recognizer_head, session
from clary.engines.documents.sheets import Pixels

Steps = NDArray[np.float32]
"""[time, code] probabilities of the characters along a line; code 0 is the blank."""
Features = NDArray[np.float32]
"""[time, value] what the network makes of a line, before it tells characters apart."""
HEIGHT = 48
"""Lines are read at this height, in pixels."""
STEP = 8
"""Pixels of a line of that height for each step of the network's answer."""
SURE, LEAST_SURE = 0.99, 0.5
"""The mean and the least probability of the characters of a line that need not be read exactly."""
CLEAR = 0.9
"""Mean probability of the characters of a line that need not be looked at twice."""
STRETCHED = 1.3
"""How much wider it is drawn then: narrow letters come apart."""
LEAST_WIDTH, GREATEST_WIDTH = 16, 3200
"""Narrower lines are padded, wider ones are squeezed; in pixels at that height."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What a line says.

    Attributes:
        text: as read, spaces included.
        centres: for each character, where it was seen, as a ratio of the line's width.
        probabilities: of each character.
        spaces: [len(text) + 1] the greatest probability of a space before, between and after the characters.
        latin: the same line read with Latin letters alone, where it was not read so anyway.
        features: what it was read from, and how much wider than the line that reaches.
    """

    text: str
    centres: NDArray[np.float32]
    probabilities: NDArray[np.float32]
    spaces: NDArray[np.float32]
    latin: Reading | None = None
    features: tuple[Features, float] | None = None

    @property
    def score(self) -> float:
        """The mean probability of its characters; 0 without any."""
        return float(self.probabilities.mean()) if self.text else 0.0


def is_latin(character: str) -> bool:
    """Whether a character belongs to what Latin scripts write with: letters, digits, signs."""
    code = ord(character)
    return (
        code < 0x250
        or 0x370 <= code < 0x400
        or 0x1E00 <= code < 0x2190
        or 0x2200 <= code < 0x2300
        or 0x2460 <= code < 0x2474
        or character in "□☐☑☒■●○•★✓✔✗✘"
    )


def latin_codes(characters: Sequence[str]) -> list[int]:
    """The codes of the characters that Latin scripts write with, the blank and the space among them.

    Args:
        characters: by their codes.
    """
    return [code for code, one in enumerate(characters) if all(map(is_latin, one))]


class Recognizer:
    """Reads lines.

    Args:
        threads: processors that one run may use.
    """

    def __init__(self, threads: int = 1) -> None:
        self._quick, self._exact = session(LINE_READER, threads), session(RECOGNIZER, threads)
        self._quick_input, self._exact_input = (one.get_inputs()[0].name for one in (self._quick, self._exact))
        self._weights, self._bias, listed = recognizer_head()
        self.characters = ["", *listed, " "]
        """By the code of the network; code 0 is the blank."""
        self._latin = np.array(latin_codes(self.characters))
        self._latin_characters = [self.characters[code] for code in self._latin]
        folded = [one.casefold() for one in self._latin_characters]
        self._folded = {letter: number for number, letter in enumerate(dict.fromkeys(folded))}
        self._folding = np.zeros((len(folded), len(self._folded)), np.float32)
        self._folding[np.arange(len(folded)), [self._folded[letter] for letter in folded]] = 1

    def read(self, line: Pixels) -> Reading:
        """What a line says, in Latin letters if it reads well in them.

        Printed lines are read surely in eight bits; the others are read again as exactly as can be, and where that
        does not go well either, drawn wider.

        Args:
            line: [height, width, 3] RGB, cropped to the line, upright.
        """
        quick = self._quickly(line)
        if quick.score >= SURE and quick.probabilities.min() >= LEAST_SURE:
            return quick
        first = self.reading(*self.steps(line))
        if first.score >= CLEAR or not first.text:
            return first
        again = self.reading(*self.steps(line, STRETCHED))
        return again if again.score > first.score else first

    def in_any_script(self, reading: Reading) -> Reading:
        """The same line, of whatever script, that was perhaps only looked at for Latin letters."""
        if reading.features is None:
            return reading
        features, stretch = reading.features
        return self.reading(_softmax(features @ self._weights + self._bias), stretch)

    def steps(self, line: Pixels, stretched: float = 1.0) -> tuple[Steps, float]:
        """What the network saw along a line.

        Args:
            line: [height, width, 3] RGB, cropped to the line, upright.
            stretched: how much wider it is drawn.

        Returns:
            The probabilities, and how much wider than the line they reach.
        """
        values, wanted = network_input(line, stretched)
        (steps,) = self._exact.run(None, {self._exact_input: values})
        return steps[0], values.shape[3] / wanted

    def reading(self, steps: Steps, stretch: float) -> Reading:
        """The likeliest line.

        Args:
            steps: what the network saw.
            stretch: how much wider than the line they reach.
        """
        reading = _decoded(steps, steps.argmax(axis=1), stretch, self.characters)
        if all(map(is_latin, reading.text)):
            return reading
        latin = self._latin[steps[:, self._latin].argmax(axis=1)]
        return replace(reading, latin=_decoded(steps, latin, stretch, self.characters))

    def folded(self, steps: Steps) -> NDArray[np.float32]:
        """[time, code] log-probabilities of Latin letters whatever their case; code 0 is the blank.

        Args:
            steps: what the network saw.
        """
        logarithms: NDArray[np.float32] = np.log(np.maximum(steps[:, self._latin] @ self._folding, 1e-6))
        return logarithms

    def folded_codes(self, text: str) -> list[int] | None:
        """The codes of a text for `folded`; None where it holds a character that the network does not know."""
        codes = [self._folded.get(letter.casefold()) for letter in text]
        return None if None in codes else [code for code in codes if code is not None]

    def _quickly(self, line: Pixels) -> Reading:
        values, wanted = network_input(line)
        features, latin = self._quick.run(None, {self._quick_input: values})
        stretch = values.shape[3] / wanted
        reading = _decoded(latin[0], latin[0].argmax(axis=1), stretch, self._latin_characters)
        return replace(reading, features=(features[0], stretch))


def network_input(line: Pixels, stretched: float = 1.0) -> tuple[NDArray[np.float32], int]:
    """A line as the network wants it.

    Args:
        line: [height, width, 3] RGB.
        stretched: how much wider it is drawn.

    Returns:
        [1, 3, HEIGHT, width] from -1 to 1, and how many columns of it are the line.
    """
    height, width = line.shape[:2]
    wanted = min(max(round(stretched * width * HEIGHT / height), 1), GREATEST_WIDTH)
    shrinks = height > HEIGHT
    resized = cv2.resize(line, (wanted, HEIGHT), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)
    padded = max(-(-wanted // STEP) * STEP, LEAST_WIDTH)
    values = np.zeros((1, 3, HEIGHT, padded), np.float32)
    values[0, :, :, :wanted] = resized[:, :, ::-1].transpose(2, 0, 1)  # it learned from blue, green, red
    values[0, :, :, :wanted] *= 2 / 255
    values[0, :, :, :wanted] -= 1
    return values, wanted


def _softmax(values: NDArray[np.float32]) -> Steps:
    values -= values.max(axis=1, keepdims=True)
    np.exp(values, out=values)
    values /= values.sum(axis=1, keepdims=True)
    return values


def _decoded(steps: Steps, codes: NDArray[np.intp], stretch: float, characters: Sequence[str]) -> Reading:
    """The line of a path: repeated codes are one character, blanks are none; the last code is the space."""
    begins = np.flatnonzero((codes != 0) & np.concatenate(([True], codes[1:] != codes[:-1])))
    ends = [int(np.argmax(np.append(codes[begin:] != codes[begin], True))) + begin for begin in begins]
    probabilities = np.array(
        [steps[begin:end, codes[begin]].max() for begin, end in zip(begins, ends, strict=True)], np.float32
    )
    centres = np.array([(begin + end) / 2 for begin, end in zip(begins, ends, strict=True)], np.float32)
    edges = [0, *(int(one) for one in begins), len(codes)]
    space = steps[:, -1]
    spaces = np.array([space[a : max(b, a + 1)].max(initial=0) for a, b in pairwise(edges)])
    text = "".join(characters[code] for code in codes[begins])
    places = (centres * stretch / len(codes)).astype(np.float32)
    return Reading(text, places, probabilities, spaces.astype(np.float32))
