"""How good a recipe is on these data: AWS's protocol and names, the usual definitions, and popularity beside them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from clary.engines.recommendation import evaluation
from clary.engines.recommendation import interactions as logs
from clary.engines.recommendation.contract import Mask, Ranking, Session, TrainingData
from clary.engines.recommendation.popularity import Popularity
from clary.services.personalize.programs import action_model
from clary.services.personalize.solutions import recipe_table as kinds
from clary.services.personalize.solutions.recipe_table import Recipe

_AWS_NAMES = {
    "reciprocal_rank_at_25": "mean_reciprocal_rank_at_25",
    **{f"returned_ndcg_at_{k}": f"normalized_discounted_cumulative_gain_at_{k}" for k in (5, 10, 25)},
    **{f"precision_at_{k}": f"precision_at_{k}" for k in (5, 10, 25)},
}
"""The engine's names -> AWS's. AWS's gain is held against the returned list re-sorted, as its documentation says."""
_FIELD_NAMES = {f"ndcg_at_{k}": f"standard_ndcg_at_{k}" for k in (5, 10, 25)}


def measured(recipe: Recipe, new: Callable[[], Any], data: TrainingData, seed: int) -> dict[str, Any]:
    """Trains on nine tenths of the users and asks for the newest tenth of what the others did.

    Args:
        new: makes an untrained model.
        seed: of the draw of users.

    Returns:
        "metrics" by AWS's names (and `standard_...`, `new_items_...`), "intervals" (95% bootstrap), "baselines"
        (the same metrics of popularity on the same users), "lists" (samples: user code, truth, items).
    """
    if recipe.kind == kinds.ACTIONS:
        found = action_model.measured(data, new().taken)
        metrics = {**_means(found["rows"]), "coverage": round(found["coverage"], 6)}
        baselines = {"most often taken": _means(found["plain"])}
        return {"metrics": metrics, "intervals": {}, "baselines": baselines, "samples": []}
    if recipe.kind in (kinds.ITEM_SEGMENTS, kinds.ATTRIBUTE_SEGMENTS):
        return _segments(new, data)
    parts = evaluation.split(data, seed)
    model = new().fit(parts.training)
    popular = Popularity().fit(parts.training)
    answers = _by_last_item(model, popular) if recipe.kind == kinds.SIMILAR else None
    asked = popular if recipe.kind == kinds.SIMILAR else model
    scores = evaluation.evaluate(asked, parts, answers=answers)
    fresh = evaluation.evaluate(asked, parts, new_only=True, answers=answers)
    plain = evaluation.evaluate(popular, parts)
    return {
        "metrics": {**_named(scores, fresh), "coverage": round(min(1.0, scores.coverage), 6)},
        "intervals": {name: list(scores.interval(source)) for source, name in _AWS_NAMES.items()},
        "baselines": {"popularity": _named(plain, evaluation.evaluate(popular, parts, new_only=True))},
        "samples": _samples(asked, parts, answers),
    }


def _named(scores: evaluation.Scores, fresh: evaluation.Scores) -> dict[str, float]:
    found = {name: scores.mean(source) for source, name in {**_AWS_NAMES, **_FIELD_NAMES}.items()}
    for source, name in (
        ("ndcg_at_25", "new_items_standard_ndcg_at_25"),
        ("precision_at_25", "new_items_precision_at_25"),
    ):
        found[name] = fresh.mean(source)
    return {name: round(value, 6) for name, value in found.items()}


def _by_last_item(model: Any, popular: Any) -> evaluation.Answers:
    """Related items are asked for with the newest item of the user's past."""

    def answer(session: Session, k: int, allowed: Mask | None, context: dict[str, int]) -> Ranking:
        if not len(session.history):
            found: Ranking = popular.recommend(session, k, allowed, context)
        else:
            found = model.similar(int(session.history.items[-1]), k, allowed)
        return found

    return answer


def _samples(model: Any, parts: evaluation.Split, answers: evaluation.Answers | None) -> list[dict[str, Any]]:
    ask = answers or model.recommend
    found = []
    for one in parts.test[:5]:
        ranked = ask(model.session(one.past), 10, None, one.context)
        found.append(
            {
                "user": one.user,
                "past": one.past.items[-5:].tolist(),
                "truth": one.truth.tolist()[:10],
                "items": ranked.items.tolist(),
            }
        )
    return found


def _segments(new: Callable[[], Any], data: TrainingData) -> dict[str, Any]:
    """Users for an item: four fifths of each user's events train, the newest fifth is the truth.

    For each of the hundred items with the most held-out users: how many of the first 25 users it is for.
    """
    log = data.interactions
    order = np.lexsort((log.timestamps, log.users))
    users = log.users[order]
    starts = np.searchsorted(users, np.arange(log.user_count + 1))
    place = np.arange(len(users)) - starts[users]
    size = np.diff(starts)[users]
    train = np.zeros(len(users), bool)
    train[order] = place < np.maximum(1, np.floor(0.8 * size))
    kept = TrainingData(logs.where(log, train), data.items, data.users)
    model = new().fit(kept)
    activity = np.bincount(log.users[train], minlength=log.user_count)
    busiest = np.argsort(-activity, kind="stable")
    truth: dict[int, set[int]] = {}
    for user, item in zip(log.users[~train].tolist(), log.items[~train].tolist(), strict=True):
        truth.setdefault(item, set()).add(user)
    items = sorted(truth, key=lambda item: (-len(truth[item]), item))[:100]
    rows, plain = [], []
    covered: set[int] = set()
    for item in items:
        ranked = model.users_for_item(item, 25).items.astype(np.int32)
        wanted = np.array(sorted(truth[item]), np.int32)
        rows.append(evaluation.of_list(ranked, wanted))
        plain.append(evaluation.of_list(busiest[:25].astype(np.int32), wanted))
        covered.update(ranked.tolist())
    metrics = _means(rows)
    metrics["coverage"] = round(len(covered) / max(1, log.user_count), 6)
    return {"metrics": metrics, "intervals": {}, "baselines": {"most active users": _means(plain)}, "samples": []}


def _means(rows: list[dict[str, float]]) -> dict[str, float]:
    return {
        name: round(float(np.mean([row[source] for row in rows])), 6) if rows else 0.0
        for source, name in _AWS_NAMES.items()
    }
