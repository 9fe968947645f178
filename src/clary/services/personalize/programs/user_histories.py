"""What every user did in the training data, kept so that one user's part is found at once; and what came since."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from clary.services.personalize.programs.training_data import Log

_NAMES = ("starts", "items", "types", "chosen", "times")


@dataclass(frozen=True, slots=True)
class UserHistories:
    """All interactions ordered by user and time, memory-mapped.

    Attributes:
        starts: [users + 1] where each user's begin.
        items, types: codes; a type of -1 is none.
        chosen: which of them the model learned from.
        times: seconds since 1970.
    """

    starts: NDArray[np.int64]
    items: NDArray[np.int32]
    types: NDArray[np.int32]
    chosen: NDArray[np.bool_]
    times: NDArray[np.int64]

    @classmethod
    def of(cls, log: Log, keep: NDArray[np.bool_], users: int) -> UserHistories:
        """The histories of a log; ties keep its order."""
        order = np.lexsort((np.arange(len(log.users)), log.times, log.users))
        counts = np.bincount(log.users, minlength=users)
        starts = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
        return cls(starts, log.items[order], log.types[order], keep[order], log.times[order])

    def save(self, folder: Path) -> None:
        """Writes plain arrays."""
        folder.mkdir(parents=True, exist_ok=True)
        for name in _NAMES:
            np.save(folder / f"{name}.npy", getattr(self, name))

    @classmethod
    def load(cls, folder: Path) -> UserHistories:
        """What `save` wrote, memory-mapped."""
        return cls(*(np.load(folder / f"{name}.npy", mmap_mode="r") for name in _NAMES))

    def span(self, user: int) -> slice:
        """Where a user's interactions stand; nowhere for an unknown one."""
        if not 0 <= user < len(self.starts) - 1:
            return slice(0, 0)
        return slice(int(self.starts[user]), int(self.starts[user + 1]))
