"""Why an item stands where it stands: the parts of its utility."""

from __future__ import annotations

from collections import defaultdict

import numpy as np

from clary.engines.recommendation.blend import Blend
from clary.engines.recommendation.cold_items import ColdItems
from clary.engines.recommendation.contract import Reason, Session
from clary.engines.recommendation.members.contract import RECENT, Query
from clary.engines.recommendation.sequences import latest_distinct

_Key = tuple[str, int, str]


def explain(blend: Blend, cold_items: ColdItems, session: Session, item: int) -> list[Reason]:
    """All reasons for an item, strongest first.

    A member's part of the utility is divided among the user's items as they contribute to its score. A cold item is
    explained by the user's items that speak for the items it resembles. What pulls an item down is left out.
    """
    history = session.history.items
    if len(history) and np.any(history == item):
        return [Reason("repeat", 1.0, item)]
    parts: dict[_Key, float] = defaultdict(float)
    neighbours = cold_items.neighbours_of(item)
    if neighbours:
        for like, weight in neighbours.items():
            for (source, own, column), value in _parts(blend, session, like).items():
                parts["content" if source == "item" else source, own, column] += weight * value
    elif item < len(blend.priors.popularity):
        parts.update(_parts(blend, session, item))
    total = sum(parts.values())
    if total <= 0:
        return []
    reasons = [Reason(source, value / total, own, column) for (source, own, column), value in parts.items()]
    return sorted(reasons, key=lambda reason: (-reason.share, reason.source, reason.item, reason.feature))


def _parts(blend: Blend, session: Session, item: int) -> dict[_Key, float]:
    parts: dict[_Key, float] = defaultdict(float)
    history = session.history.items
    times = session.history.timestamps
    asked = int(times[-1]) if len(times) else None
    query = Query(latest_distinct(history[history < len(blend.priors.popularity)], RECENT), asked)
    for at, member in enumerate(blend.members.values()):
        plain, logarithmic = blend.weights[2 * at : 2 * at + 2]
        if not len(query.recent) or not (plain or logarithmic):
            continue
        scores = np.maximum(member.scores(query), 0.0)
        score = float(scores[item])
        if score <= 0:
            continue
        value = plain * score / max(float(scores.std()), 1e-12)
        value += logarithmic * float(np.log1p(score / max(float(scores.mean()), 1e-12)))
        given = np.maximum(member.contributions(query, item), 0.0)
        for own, amount in zip(query.recent.tolist(), (given / max(float(given.sum()), 1e-12)).tolist(), strict=True):
            if amount > 0:
                parts["item", own, ""] += value * amount
    views = blend.priors.views(np.iinfo(np.int64).max if asked is None else asked, session.features, {})
    if len(query.recent):
        weights = dict(zip(blend.stacked_priors, blend.weights[2 * len(blend.members) :].tolist(), strict=True))
    else:
        weights = dict(enumerate(blend.cold_weights.tolist()))
    for place, weight in weights.items():
        kind, _, column = blend.priors.names[place].partition(":")
        value = weight * float(views[place][item] - views[place].mean())
        if value > 0:
            source = "user_feature" if kind == "user" else "context" if kind == "context" else "popularity"
            parts[source, -1, column if kind in ("user", "context") else ""] += value
    return parts
