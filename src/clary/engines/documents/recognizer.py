"""What a line says: characters with their places and probabilities (PP-OCRv6, connectionist temporal classification).

Source of the method: Graves and others, "Connectionist Temporal Classification", 2006.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from clary.engines.documents.sessions import RECOGNIZER, session
from clary.engines.documents.sheets import Pixels

HEIGHT = 48
"""Lines are read at this height, in pixels."""
STEP = 8
"""Pixels of a line of that height for each step of the network's answer."""
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
    """

    text: str
    centres: NDArray[np.float32]
    probabilities: NDArray[np.float32]
    spaces: NDArray[np.float32]
    latin: Reading | None = None

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


class Recognizer:
    """Reads lines.

    Args:
        threads: processors that one run may use.
    """

    def __init__(self, threads: int = 1) -> None:
        self._session = session(RECOGNIZER, threads)
        self._input = self._session.get_inputs()[0].name
        listed = self._session.get_modelmeta().custom_metadata_map["character"].splitlines()
        self.characters = ["", *listed, " "]
        """By the code of the network; code 0 is the blank."""
        self._latin = np.array([code for code, one in enumerate(self.characters) if all(map(is_latin, one))])

    def read(self, line: Pixels) -> Reading:
        """What a line says; one that reads badly is looked at again, drawn wider.

        Args:
            line: [height, width, 3] RGB, cropped to the line, upright.
        """
        first = self._read(line, 1.0)
        if first.score >= CLEAR or not first.text:
            return first
        again = self._read(line, STRETCHED)
        return again if again.score > first.score else first

    def _read(self, line: Pixels, stretched: float) -> Reading:
        height, width = line.shape[:2]
        wanted = min(max(round(stretched * width * HEIGHT / height), 1), GREATEST_WIDTH)
        shrinks = height > HEIGHT
        resized = cv2.resize(line, (wanted, HEIGHT), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)
        padded = max(-(-wanted // STEP) * STEP, LEAST_WIDTH)
        values = np.zeros((1, 3, HEIGHT, padded), np.float32)
        values[0, :, :, :wanted] = resized[:, :, ::-1].transpose(2, 0, 1)
        values[0, :, :, :wanted] *= 2 / 255
        values[0, :, :, :wanted] -= 1
        (steps,) = self._session.run(None, {self._input: values})
        codes = steps[0].argmax(axis=1)
        reading = self._decode(steps[0], codes, padded / wanted)
        if all(map(is_latin, reading.text)):
            return reading
        latin = self._latin[steps[0][:, self._latin].argmax(axis=1)]
        return replace(reading, latin=self._decode(steps[0], latin, padded / wanted))

    def _decode(self, steps: NDArray[np.float32], codes: NDArray[np.intp], stretch: float) -> Reading:
        """The line of a path: repeated codes are one character, blanks are none."""
        begins = np.flatnonzero((codes != 0) & np.concatenate(([True], codes[1:] != codes[:-1])))
        ends = [int(np.argmax(np.append(codes[begin:] != codes[begin], True))) + begin for begin in begins]
        probabilities = np.array(
            [steps[begin:end, codes[begin]].max() for begin, end in zip(begins, ends, strict=True)], np.float32
        )
        centres = np.array([(begin + end) / 2 for begin, end in zip(begins, ends, strict=True)], np.float32)
        edges = [0, *(int(one) for one in begins), len(codes)]
        space = steps[:, -1]
        spaces = np.array([space[a : max(b, a + 1)].max(initial=0) for a, b in pairwise(edges)])
        text = "".join(self.characters[code] for code in codes[begins])
        places = (centres * stretch / len(codes)).astype(np.float32)
        return Reading(text, places, probabilities, spaces.astype(np.float32))
