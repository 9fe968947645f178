"""Documents as the words, pairs of words and pieces of words that they hold, weighed by TF-IDF."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from scipy import sparse
from sklearn.feature_extraction.text import TfidfVectorizer

_MOST_FEATURES, _LEAST_FEATURES = 200_000, 20_000
_MOST_WEIGHTS = 40_000_000  # of all classes together: 160 MB
_FREQUENT_DOCUMENTS = 20_000  # from so many on, what stands in two documents only is left out
_WORD = r"(?u)\b\w+\b"
_VIEWS = ("words", "pieces")


class LexicalFeatures:
    """Turns texts into sparse rows.

    Args:
        vectorizers: the fitted two: of words and of pieces.
    """

    def __init__(self, vectorizers: Sequence[Any]) -> None:
        self._vectorizers = list(vectorizers)

    @classmethod
    def fit(cls, texts: Sequence[str], *, classes: int) -> LexicalFeatures:
        """Learns which features there are and how much each says.

        Args:
            classes: how many weights each feature will have.

        Raises:
            ValueError: the texts hold no word.
        """
        room = max(_LEAST_FEATURES, min(_MOST_FEATURES, _MOST_WEIGHTS // classes)) // 2
        rare = 1 if len(texts) < _FREQUENT_DOCUMENTS else 3
        vectorizers = [_new("words", max_features=room, min_df=rare), _new("pieces", max_features=room, min_df=rare)]
        for vectorizer in vectorizers:
            vectorizer.fit(texts)
        return cls(vectorizers)

    def transform(self, texts: Sequence[str]) -> Any:
        """One row for each text: a CSR matrix of float32 with a column for each feature."""
        parts = [vectorizer.transform(texts) for vectorizer in self._vectorizers]
        return sparse.hstack(parts, format="csr", dtype=np.float32)

    def save(self, folder: Path) -> None:
        """Writes the features into an existing folder."""
        for name, vectorizer in zip(_VIEWS, self._vectorizers, strict=True):
            terms = vectorizer.get_feature_names_out().tolist()
            (folder / f"{name}.json").write_text(json.dumps(terms, ensure_ascii=False), encoding="utf-8")
            np.save(folder / f"{name}.npy", vectorizer.idf_.astype(np.float32))

    @classmethod
    def load(cls, folder: Path) -> LexicalFeatures:
        """Reads what `save` wrote.

        Raises:
            OSError, ValueError: it is not all there.
        """
        vectorizers = []
        for name in _VIEWS:
            terms = json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))
            vectorizer = _new(name, vocabulary={term: index for index, term in enumerate(terms)})
            vectorizer.idf_ = np.load(folder / f"{name}.npy", allow_pickle=False)
            vectorizers.append(vectorizer)
        return cls(vectorizers)


def _new(view: str, **more: Any) -> Any:
    common = {"sublinear_tf": True, "dtype": np.float32, **more}
    if view == "words":
        return TfidfVectorizer(ngram_range=(1, 2), token_pattern=_WORD, **common)
    return TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), **common)
