"""How sure a word is: the probability that all of it was read right."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_WEIGHTS = (1.0, 0.0, 0.0)


def certainty(probabilities: NDArray[np.float32], height_pixels: float) -> float:
    """The probability that a word is exactly right.

    Args:
        probabilities: of its characters, as the recogniser gave them.
        height_pixels: of the word on the picture.
    """
    return float(np.prod(np.clip(probabilities, 1e-4, 1)))
