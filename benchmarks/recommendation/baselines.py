"""What the recommenders are compared with."""

from __future__ import annotations

from typing import Self

import numpy as np

from clary.engines.recommendation import arrays
from clary.engines.recommendation.contract import Mask, Ranking, Session, TrainingData
from clary.engines.recommendation.members.contract import RECENT, Query
from clary.engines.recommendation.members.sequential_rules import SequentialRules
from clary.engines.recommendation.popularity import Popularity
from clary.engines.recommendation.sequences import first_times, latest_distinct, sequences


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


class RulesAlone(Popularity):
    """Sequential rules without a blend: what came soon after the user's latest items."""

    def fit(self, data: TrainingData) -> Self:
        """Learns."""
        super().fit(data)
        self._rules = SequentialRules().fit(first_times(sequences(data.interactions)))
        return self

    def recommend(self, session: Session, k: int, allowed: Mask | None = None, *_: object, **__: object) -> Ranking:
        """The k best items."""
        scores = self._rules.scores(Query(latest_distinct(session.history.items, RECENT)))
        items = arrays.best(arrays.forbid(scores.astype(np.float32), allowed), k)
        return Ranking(items, scores[items].astype(np.float32), np.zeros(len(items), bool))
