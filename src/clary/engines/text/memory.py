"""What was found out about the texts that were read last."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Mapping
from threading import Lock
from typing import Generic, TypeVar

Found = TypeVar("Found")


class Memory(Generic[Found]):
    """Keeps findings by text, so that several questions about one text cost one reading. Threads may share one.

    Args:
        characters: of all texts that are kept; the oldest go first. A text of more than a quarter of it is not kept.
        texts: as many are kept at most.
    """

    def __init__(self, characters: int = 400_000, texts: int = 512) -> None:
        self._most_characters = characters
        self._most_texts = texts
        self._characters = 0
        self._found: OrderedDict[str, Found] = OrderedDict()
        self._lock = Lock()

    def of(self, texts: Iterable[str]) -> dict[str, Found]:
        """Returns what is known about those of the texts of which something is."""
        with self._lock:
            return {text: self._found[text] for text in texts if text in self._found}

    def keep(self, found: Mapping[str, Found]) -> None:
        """Keeps findings, and forgets the oldest of others."""
        with self._lock:
            for text, one in found.items():
                if len(text) > self._most_characters // 4 or text in self._found:
                    continue
                self._found[text] = one
                self._characters += len(text)
            while self._characters > self._most_characters or len(self._found) > self._most_texts:
                self._characters -= len(self._found.popitem(last=False)[0])
