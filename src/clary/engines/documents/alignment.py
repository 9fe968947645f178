"""How likely a text is under what the recogniser saw, whatever path it was seen along.

Source of the method: Graves and others, "Connectionist Temporal Classification", 2006, section 4.1 (the forward
variables).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

NEVER = -1e9


def log_likelihood(steps: NDArray[np.float32], codes: Sequence[int]) -> float:
    """The logarithm of the probability of a text.

    Args:
        steps: [time, code] log-probabilities; code 0 is the blank.
        codes: of the text's characters.
    """
    path = np.zeros(2 * len(codes) + 1, np.intp)
    path[1::2] = codes
    jumps = np.concatenate(([False, False], path[2:] != path[:-2])) & (path != 0)
    reached = np.full(len(path), NEVER)
    reached[:2] = steps[0, path[:2]]
    for row in steps[1:, path]:
        came = np.logaddexp(reached, np.concatenate(([NEVER], reached[:-1])))
        came[jumps] = np.logaddexp(came[jumps], reached[np.flatnonzero(jumps) - 2])
        reached = came + row
    return float(np.logaddexp.reduce(reached[-2:]))
