"""Embeddings of a training's documents, which a killed program leaves to the next one."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from clary.engines.text.classification import Embed, Matrix

_BLOCK_DOCUMENTS = 512


class KeptEmbeddings:
    """Embeds documents in blocks and keeps each block on disk.

    Args:
        folder: the job's folder that outlives its programs.
        embed: the encoder.
    """

    def __init__(self, folder: Path, embed: Embed) -> None:
        self._folder = folder
        self._embed = embed

    def __call__(self, texts: Sequence[str]) -> Matrix:
        """One row for each text."""
        blocks = [texts[start : start + _BLOCK_DOCUMENTS] for start in range(0, len(texts), _BLOCK_DOCUMENTS)]
        return np.concatenate([self._block(block) for block in blocks])

    def _block(self, texts: Sequence[str]) -> Matrix:
        digest = hashlib.sha256("\0".join(texts).encode("utf-8", "surrogatepass")).hexdigest()
        path = self._folder / f"embeddings-{digest[:32]}.npy"
        if path.exists():
            kept: Matrix = np.load(path, allow_pickle=False)
            return kept
        made = np.asarray(self._embed(texts), dtype=np.float32)
        draft = path.with_suffix(".new.npy")
        np.save(draft, made)
        draft.replace(path)
        return made
