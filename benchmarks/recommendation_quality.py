"""How good recommendations are on real data, against popularity, the last item and iALS.

OPENBLAS_NUM_THREADS=1 .venv/bin/python -m benchmarks.recommendation_quality [movielens] [airlines] [beauty] [similar]
    [--seeds 10] [--write]

Reads the data sets beside the project (see benchmarks/recommendation/data_sets.py). Each seed holds out another tenth
of the users, by the protocol of the offline metrics of a solution version. Whatever a model tunes, it tunes inside the
training part.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

import numpy as np

from benchmarks.recommendation import data_sets
from benchmarks.recommendation.baselines import Als, LastItem, has_implicit
from benchmarks.recommendation.page import option, publish, with_spread
from benchmarks.report import table
from clary.engines.recommendation.contract import Recommender, TrainingData
from clary.engines.recommendation.evaluation import Scores, Split, evaluate, of_list, split
from clary.engines.recommendation.metrics import bootstrap_interval
from clary.engines.recommendation.personal import Personal
from clary.engines.recommendation.popularity import Popularity
from clary.engines.recommendation.similar import Similar

MODELS: dict[str, Callable[[], Recommender]] = {
    "popularity": Popularity,
    "last item, then popularity": LastItem,
    "iALS (implicit 0.7)": Als,
    "Clary": Personal,
}
HEAD = (
    "model", "fit CPU-s", "P@5", "P@25", "MRR@25", "NF@25", "N@25", "coverage", "new: N@10", "new: N@25", "new: P@25",
)  # fmt: skip


def models() -> dict[str, Callable[[], Recommender]]:
    return {name: make for name, make in MODELS.items() if make is not Als or has_implicit()}


def compared(title: str, data: TrainingData, seeds: int) -> str:
    """One table: every model on the same splits."""
    parts = [split(data, seed) for seed in range(seeds)]
    rows, everything, fresh = [], {}, {}
    for name, make in models().items():
        seconds, all_scores, new_scores = [], [], []
        for part in parts:
            start = time.process_time()
            model = make().fit(part.training)
            seconds.append(time.process_time() - start)
            all_scores.append(evaluate(model, part))
            new_scores.append(evaluate(model, part, new_only=True))
        everything[name], fresh[name] = all_scores, new_scores
        rows.append(
            [
                name,
                f"{np.mean(seconds):.1f}",
                *(of(all_scores, key) for key in ("precision_at_5", "precision_at_25", "reciprocal_rank_at_25")),
                *(of(all_scores, key) for key in ("returned_ndcg_at_25", "ndcg_at_25", "coverage")),
                *(of(new_scores, key) for key in ("ndcg_at_10", "ndcg_at_25", "precision_at_25")),
            ]
        )
    lines = [title, "", table(HEAD, rows), ""]
    lines += [f"Clary minus {name}: {gain(everything, fresh, name)}." for name in everything if name != "Clary"]
    return "\n".join(lines)


def of(scores: list[Scores], name: str) -> str:
    return with_spread([one.means()[name] for one in scores])


def gain(everything: dict[str, list[Scores]], fresh: dict[str, list[Scores]], other: str) -> str:
    """The difference over the same users with its 95% bootstrap interval."""
    found = []
    for label, scores, key in (
        ("P@25", everything, "precision_at_25"),
        ("N@25", everything, "ndcg_at_25"),
        ("new N@25", fresh, "ndcg_at_25"),
    ):
        pairs = zip(scores["Clary"], scores[other], strict=True)
        difference = np.concatenate([mine.values[key] - theirs.values[key] for mine, theirs in pairs])
        low, high = bootstrap_interval(difference)
        found.append(f"{label} {difference.mean():+.3f} [{low:+.3f}, {high:+.3f}]")
    return ", ".join(found)


def next_items(seeds: int) -> str:
    """Leave one out: all users train, each one's next item is looked for among all items not seen."""
    given = data_sets.beauty()
    allowed = np.ones(given.data.item_count, bool)
    rows = []
    drawn = np.random.default_rng(0).permutation(len(given.users))[: 500 * seeds]
    values = {}
    for name, make in models().items():
        if make is LastItem:
            continue  # nothing is repeated in this set
        start = time.process_time()
        model = make().fit(given.data)
        seconds = time.process_time() - start
        found = []
        for at in drawn.tolist():
            history = model.history(int(given.users[at]))
            allowed[history.items] = False
            session = model.session(history, int(given.users[at]))
            found.append(of_list(model.recommend(session, 25, allowed).items, given.items[at : at + 1]))
            allowed[history.items] = True
        values[name] = np.array([one["ndcg_at_10"] for one in found])
        low, high = bootstrap_interval(values[name])
        hits = np.mean([one["precision_at_25"] * 25 for one in found])
        wide = np.mean([one["ndcg_at_25"] for one in found])
        mean = f"{values[name].mean():.4f} [{low:.4f}, {high:.4f}]"
        rows.append([name, f"{seconds:.1f}", mean, f"{wide:.4f}", f"{hits:.3f}"])
    title = f"ecommerce_beauty, leave one out, full ranking, {len(drawn)} users drawn."
    return "\n".join([title, "", table(("model", "fit CPU-s", "NDCG@10", "NDCG@25", "hit rate@25"), rows)])


def similar(seeds: int) -> str:
    """Similar items: the query is the last item of the past; once it alone is left out, once all seen items are."""
    data = data_sets.movielens()
    rows = []
    for label, make in (("popularity", popular_list), ("Clary", learned_list)):
        found: dict[str, list[dict[str, float]]] = {"query left out": [], "seen left out": []}
        for seed in range(seeds):
            part = split(data, seed)
            ask = make(part)
            for one in part.test:
                for scheme, hidden in (("query left out", one.past.items[-1:]), ("seen left out", one.past.items)):
                    allowed = np.ones(part.training.item_count, bool)
                    allowed[hidden] = False
                    found[scheme].append(of_list(ask(int(one.past.items[-1]), allowed), one.truth))
        for scheme, lists in found.items():
            keys = ("returned_ndcg_at_25", "ndcg_at_25", "precision_at_5", "precision_at_25", "reciprocal_rank_at_25")
            rows.append([label, scheme, *(f"{np.mean([one[key] for one in lists]):.3f}" for key in keys)])
    head = ("model", "scheme", "NF@25", "N@25", "P@5", "P@25", "MRR@25")
    return "\n".join([f"movielens_small, similar items, {seeds} splits.", "", table(head, rows)])


Ask = Callable[[int, "np.ndarray"], "np.ndarray"]


def popular_list(part: Split) -> Ask:
    model = Popularity().fit(part.training)
    nobody = model.session(model.history(-1))
    return lambda item, allowed: model.recommend(nobody, 25, allowed).items


def learned_list(part: Split) -> Ask:
    model = Similar().fit(part.training)
    return lambda item, allowed: model.similar(item, 25, allowed).items


def main() -> None:
    names = [name for name in ("movielens", "airlines", "beauty", "similar") if name in sys.argv]
    seeds = option("seeds", 10)
    for name in names or ["movielens", "airlines", "beauty", "similar"]:
        if name == "movielens":
            text = compared(f"movielens_small, {seeds} splits.", data_sets.movielens(), seeds)
        elif name == "airlines":
            text = compared(f"personalize_airlines, {seeds} splits.", data_sets.airlines(), seeds)
        elif name == "beauty":
            text = next_items(seeds)
        else:
            text = similar(seeds)
        publish(f"recommendation-{name}", text)


if __name__ == "__main__":
    main()
