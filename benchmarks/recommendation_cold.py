"""How good recommendations are where little is known: items with few events, users with none, young items explored.

OPENBLAS_NUM_THREADS=1 .venv/bin/python -m benchmarks.recommendation_cold [items] [users] [exploration]
    [--seeds 10] [--write]

Items: a tenth of the items keeps 0 or 4 of its training events; each held-out user's list of these items alone is
compared with the ones that the user took. Users: the first event of held-out users is looked for, knowing only their
features and the situation. Exploration: what a share of places for young items costs and what it covers.
"""

from __future__ import annotations

import sys

import numpy as np

from benchmarks.recommendation import data_sets
from benchmarks.recommendation.page import option, publish, with_spread
from benchmarks.report import table
from clary.engines.recommendation import interactions
from clary.engines.recommendation.contract import Codes, Exploration, History, Interactions, TrainingData
from clary.engines.recommendation.evaluation import evaluate, split
from clary.engines.recommendation.features import of_row
from clary.engines.recommendation.metrics import bootstrap_interval, hits, ndcg
from clary.engines.recommendation.personal import Personal
from clary.engines.recommendation.popularity import Popularity

NOTHING = History(np.empty(0, np.int32), np.empty(0, np.int64))


def thinned(data: TrainingData, items: Codes, keep: int) -> TrainingData:
    """The data with at most `keep` events, the first ones, of some items."""
    log = data.interactions
    order = np.lexsort((log.timestamps, log.items))
    counts = np.bincount(log.items, minlength=log.item_count)
    place = np.empty(len(log), np.int64)
    place[order] = np.arange(len(log)) - np.repeat(np.cumsum(counts) - counts, counts)
    left = interactions.where(log, ~np.isin(log.items, items) | (place < keep))
    return TrainingData(left, data.items, data.users)


def cold_items(seeds: int) -> str:
    """NDCG@10 within the cold items, for three rankings of them."""
    rows = []
    sets = {"movielens_small": data_sets.movielens(genres=True), "personalize_airlines": data_sets.airlines()}
    for name, data in sets.items():
        for keep in (0, 4):
            scores: dict[str, list[float]] = {"any order": [], "events, then any order": [], "Clary": []}
            for seed in range(seeds):
                random = np.random.default_rng(seed)
                part = split(data, seed)
                counts = np.bincount(part.training.interactions.items, minlength=data.item_count)
                cold = np.sort(random.permutation(np.flatnonzero(counts >= 10))[: data.item_count // 10])
                cold = cold.astype(np.int32)
                training = thinned(part.training, cold, keep)
                model, popular = Personal().fit(training), Popularity().fit(training)
                nobody = popular.session(NOTHING)
                for one in part.test:
                    truth = np.intersect1d(np.setdiff1d(one.truth, one.past.items), cold)
                    if not len(truth):
                        continue
                    known = ~np.isin(one.past.items, cold)
                    past = History(one.past.items[known], one.past.timestamps[known])
                    session = model.session(past, features=of_row(data.users, one.user))
                    shuffled = random.permutation(cold)
                    for label, ranked in (
                        ("any order", shuffled),
                        ("events, then any order", popular.rank(nobody, shuffled).items),
                        ("Clary", model.rank(session, shuffled, one.context).items),
                    ):
                        scores[label].append(ndcg(hits(ranked, truth), 10, len(truth)))
            rows += [[name, str(keep), label, *_mean(values)] for label, values in scores.items()]
    return table(("data set", "events of a cold item", "ranking of the cold items", "NDCG@10", "lists"), rows)


def _mean(values: list[float]) -> list[str]:
    low, high = bootstrap_interval(np.array(values))
    return [f"{np.mean(values):.3f} [{low:.3f}, {high:.3f}]", str(len(values))]


def cold_users(seeds: int) -> str:
    """Where the first event of a user stands."""
    rows = []
    sets = {"movielens_small": data_sets.movielens(), "personalize_airlines": data_sets.airlines()}
    for name, data in sets.items():
        found: dict[str, list[float]] = {"popularity": [], "Clary, knowing nothing": [], "Clary, with features": []}
        for seed in range(seeds):
            part = split(data, seed, least_events=1 if name == "personalize_airlines" else 2)
            model, popular = Personal().fit(part.training), Popularity().fit(part.training)
            plain = Personal().fit(TrainingData(without_context(part.training.interactions)))
            for one in part.test[:400]:
                first = one.past.items[:1] if len(one.past) else one.truth[:1]
                features = of_row(data.users, one.user)
                answers = {
                    "popularity": popular.recommend(popular.session(NOTHING), 25),
                    "Clary, knowing nothing": plain.recommend(plain.session(NOTHING), 25),
                    "Clary, with features": model.recommend(
                        model.session(NOTHING, features=features), 25, context=one.context
                    ),
                }
                for label, answer in answers.items():
                    found[label].append(ndcg(hits(answer.items, first), 25, 1))
        rows += [[name, label, *_mean(values)] for label, values in found.items()]
    return table(("data set", "model", "N@25 of the first event", "users"), rows)


def without_context(log: Interactions) -> Interactions:
    return Interactions(log.users, log.items, log.timestamps, log.user_count, log.item_count)


def exploration(seeds: int) -> str:
    """Precision and coverage by the weight of exploration and by how old an item may be that counts as young."""
    data = data_sets.movielens()
    parts = [split(data, seed) for seed in range(seeds)]
    models = [Personal().fit(part.training) for part in parts]
    rows = []
    for weight, days in ((0.0, 30), (0.1, 30), (0.2, 30), (0.3, 30), (0.5, 30), (0.3, 365), (0.3, 5 * 365)):
        how = Exploration(weight, item_age_seconds=days * 86_400)
        found = [
            evaluate(
                model,
                part,
                answers=lambda session, k, allowed, context, model=model, how=how: model.recommend(
                    session, k, allowed, context, how
                ),
            ).means()
            for model, part in zip(models, parts, strict=True)
        ]
        keys = ("precision_at_5", "precision_at_25", "returned_ndcg_at_25", "ndcg_at_25", "coverage")
        label = {0.0: "none", 0.3: "0.3, the default" if days == 30 else "0.3"}.get(weight, str(weight))
        rows.append(
            [label, f"{days} days" if weight else "", *(with_spread([one[key] for one in found]) for key in keys)]
        )
    head = ("exploration weight", "items are young for", "P@5", "P@25", "NF@25", "N@25", "coverage")
    return f"movielens_small, {seeds} splits.\n\n{table(head, rows)}"


TABLES = {"items": cold_items, "users": cold_users, "exploration": exploration}


def main() -> None:
    seeds = option("seeds", 10)
    for name in [name for name in TABLES if name in sys.argv] or list(TABLES):
        publish(f"recommendation-cold-{name}", TABLES[name](seeds))


if __name__ == "__main__":
    main()
