"""What the recommenders are compared with."""

from __future__ import annotations

import importlib.util
from typing import Self

import numpy as np

from clary.engines.recommendation.contract import Mask, Ranking, Session, TrainingData
from clary.engines.recommendation.popularity import Popularity
from clary.engines.recommendation.sequences import sequences


class LastItem(Popularity):
    """The user's last item first, the rest by popularity."""

    def recommend(self, session: Session, k: int, allowed: Mask | None = None, *_: object, **__: object) -> Ranking:
        """The k best items."""
        ranking = super().recommend(session, k, allowed)
        history = session.history.items
        if not len(history) or (allowed is not None and not allowed[history[-1]]):
            return ranking
        rest = ranking.items[ranking.items != history[-1]]
        items = np.concatenate([history[-1:], rest])[:k].astype(np.int32)
        return Ranking(items, ranking.scores[: len(items)], ranking.explored[: len(items)])


def has_implicit() -> bool:
    """Whether the library `implicit` is installed; it is no dependency of Clary."""
    return importlib.util.find_spec("implicit") is not None


class Als(Popularity):
    """iALS of the library `implicit` (64 factors), test users folded in by their items."""

    def fit(self, data: TrainingData) -> Self:
        """Factorises."""
        from implicit.cpu.als import AlternatingLeastSquares

        super().fit(data)
        matrix = sequences(data.interactions).matrix()
        matrix.resize((matrix.shape[0], self.item_count))
        self.als = AlternatingLeastSquares(factors=64, regularization=0.05, alpha=5.0, iterations=15, random_state=0)
        self.als.fit(matrix, show_progress=False)
        return self

    def recommend(self, session: Session, k: int, allowed: Mask | None = None, *_: object, **__: object) -> Ranking:
        """The k best items."""
        from scipy import sparse

        history = np.unique(session.history.items)
        row = sparse.csr_matrix(
            (np.ones(len(history), np.float32), (np.zeros(len(history), int), history)), shape=(1, self.item_count)
        )
        scores = self.als.recalculate_user(0, row) @ self.als.item_factors.T
        if allowed is not None:
            scores = np.where(allowed, scores, -np.inf)
        items = np.argsort(-scores, kind="stable")[:k].astype(np.int32)
        return Ranking(items, np.ones(len(items), np.float32), np.zeros(len(items), bool))
