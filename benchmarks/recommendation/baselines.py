"""What the recommenders are compared with."""

from __future__ import annotations

import numpy as np

from clary.engines.recommendation.contract import Mask, Ranking, Session
from clary.engines.recommendation.popularity import Popularity


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
