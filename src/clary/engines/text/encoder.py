"""Texts as vectors: the all-MiniLM-L6-v2 sentence encoder (Reimers and Gurevych 2019; Wang et al. 2020) in eight bits.

Texts that mean alike lie near one another. It was made for English; other languages written in Latin letters come out
rough, others mean little.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from clary.engines.text.pieces import LONGEST, WordPieces, batches
from clary.engines.text.sessions import WEIGHTS, run_all, session

DIMENSIONS = 384
"""The length of an embedding."""


class Encoder:
    """Embeds texts. Several threads may share one."""

    def __init__(self, model: onnxruntime.InferenceSession, pieces: WordPieces) -> None:
        self._model = model
        self._pieces = pieces

    @classmethod
    def load(cls, folder: Path = WEIGHTS, threads: int | None = None) -> Encoder:
        """Opens the encoder that Clary ships.

        Args:
            folder: holds `minilm.onnx` and `minilm-tokenizer.json`.
            threads: processors that one call may use; all by default.
        """
        return cls(session(folder / "minilm.onnx", threads), WordPieces.load(folder / "minilm-tokenizer.json"))

    def embed(self, texts: Sequence[str], longest: int = LONGEST) -> NDArray[np.float32]:
        """Embeds texts.

        Args:
            texts: any texts. A long one is read in windows, whose embeddings are averaged by their lengths.
            longest: word pieces of a window.

        Returns:
            [texts, 384] vectors of length 1, in the order of the texts.
        """
        windows = self._pieces.windows(texts, longest)
        sums = np.zeros((len(texts), DIMENSIONS), np.float32)
        ready = list(batches(windows))
        found = run_all(self._model, ["embedding"], [batch.inputs for batch in ready])
        for batch, (vectors,) in zip(ready, found, strict=True):
            weights = batch.mask.sum(1, keepdims=True).astype(np.float32)
            np.add.at(sums, [windows[number].text for number in batch.windows], vectors * weights)
        lengths = np.linalg.norm(sums, axis=1, keepdims=True)
        sums /= np.maximum(lengths, 1e-9)
        return sums
