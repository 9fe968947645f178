"""Identifiers and their codes: 0, 1, 2, ... in the order in which they were first met."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np

from clary.engines.recommendation.contract import Codes

UNKNOWN = -1


class Vocabulary:
    """A growing set of identifiers.

    Args:
        names: the first identifiers, all different.
    """

    def __init__(self, names: Iterable[str] = ()) -> None:
        self._names = list(names)
        self._codes = {name: code for code, name in enumerate(self._names)}
        if len(self._codes) != len(self._names):
            raise ValueError("an identifier stands twice in a vocabulary")

    def __len__(self) -> int:
        return len(self._names)

    def code(self, name: str) -> int:
        """The code of an identifier, UNKNOWN for one never met."""
        return self._codes.get(name, UNKNOWN)

    def name(self, code: int) -> str:
        """The identifier of a code."""
        return self._names[code]

    def names(self, codes: Codes) -> list[str]:
        """The identifiers of some codes."""
        return [self._names[code] for code in codes.tolist()]

    def codes(self, names: Sequence[str]) -> Codes:
        """[n] codes, UNKNOWN for identifiers never met."""
        look_up = self._codes.get
        return np.fromiter((look_up(name, UNKNOWN) for name in names), np.int32, len(names))

    def learn(self, names: Sequence[str]) -> Codes:
        """[n] codes; identifiers never met get new ones."""
        known = self._codes
        for name in dict.fromkeys(names):
            if name not in known:
                known[name] = len(self._names)
                self._names.append(name)
        return self.codes(names)

    def save(self, path: Path) -> None:
        """Writes the identifiers as two arrays into one npz file: their UTF-8 bytes and where each ends."""
        encoded = [name.encode("utf-8", "surrogatepass") for name in self._names]
        ends = np.cumsum([len(one) for one in encoded], dtype=np.int64)
        with path.open("wb") as file:
            np.savez(file, text=np.frombuffer(b"".join(encoded), np.uint8), ends=ends)

    @classmethod
    def load(cls, path: Path) -> Vocabulary:
        """What `save` wrote."""
        with np.load(path, allow_pickle=False) as arrays:
            text, ends = arrays["text"].tobytes(), arrays["ends"].tolist()
        return cls(text[begin:end].decode("utf-8", "surrogatepass") for begin, end in pairwise([0, *ends]))
