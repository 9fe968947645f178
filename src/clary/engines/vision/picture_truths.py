"""What users say that their pictures show."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class PictureTruth:
    """The labels of a picture.

    Attributes:
        labels: of the whole picture, or of each box.
        boxes: [n, 4] left, top, right, bottom as ratios; [0, 4] where the labels are of the whole picture.
    """

    labels: tuple[str, ...]
    boxes: NDArray[np.float32]
