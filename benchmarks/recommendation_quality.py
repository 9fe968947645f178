"""How good recommendations are on real data, against popularity, the last item and RecTools' models.

OPENBLAS_NUM_THREADS=1 .venv/bin/python -m benchmarks.recommendation_quality
    [movielens] [airlines] [beauty] [similar] [ranking] [--seeds 10] [--write]

`make bench-peers` makes the environment with RecTools (and iALS and item-kNN of `implicit`), or
CLARY_BENCHMARK_RECTOOLS names the Python of another one; without it these rows are left out.

Reads the data sets beside the project (see benchmarks/recommendation/data_sets.py). Each seed holds out another tenth
of the users, by the protocol of the offline metrics of a solution version. Whatever a model tunes, it tunes inside the
training part.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

import numpy as np

from benchmarks.recommendation import data_sets, rectools
from benchmarks.recommendation.baselines import LastItem, RulesAlone
from benchmarks.recommendation.page import option, publish, with_spread
from benchmarks.report import table
from clary.engines.recommendation.contract import Recommender, TrainingData
from clary.engines.recommendation.evaluation import Scores, Split, evaluate, of_list, split
from clary.engines.recommendation.features import of_row
from clary.engines.recommendation.metrics import bootstrap_interval
from clary.engines.recommendation.personal import Personal
from clary.engines.recommendation.popularity import Popularity
from clary.engines.recommendation.similar import Similar

MODELS: dict[str, Callable[[], Recommender]] = {
    "popularity": Popularity,
    "last item, then popularity": LastItem,
    "Clary": Personal,
}
HEAD = (
    "model", "fit CPU-s", "P@5", "P@25", "MRR@25", "NF@25", "N@25", "coverage", "new: N@10", "new: N@25", "new: P@25",
)  # fmt: skip


def compared(title: str, data: TrainingData, seeds: int) -> str:
    """One table: every model on the same splits."""
    parts = [split(data, seed) for seed in range(seeds)]
    rows = []
    found = rectools.measured(parts)
    for name, make in MODELS.items():
        seconds, all_scores, new_scores = [], [], []
        for part in parts:
            start = time.process_time()
            model = make().fit(part.training)
            seconds.append(time.process_time() - start)
            all_scores.append(evaluate(model, part))
            new_scores.append(evaluate(model, part, new_only=True))
        found[name] = (float(np.mean(seconds)), all_scores, new_scores)
    for name, (cpu_seconds, all_scores, new_scores) in found.items():
        rows.append(
            [
                name,
                f"{cpu_seconds:.1f}",
                *(of(all_scores, key) for key in ("precision_at_5", "precision_at_25", "reciprocal_rank_at_25")),
                *(of(all_scores, key) for key in ("returned_ndcg_at_25", "ndcg_at_25", "coverage")),
                *(of(new_scores, key) for key in ("ndcg_at_10", "ndcg_at_25", "precision_at_25")),
            ]
        )
    everything = {name: scores for name, (_, scores, _) in found.items()}
    fresh = {name: scores for name, (_, _, scores) in found.items()}
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
    # nothing is repeated in this set
    for name, make in (("popularity", Popularity), ("sequential rules alone", RulesAlone), ("Clary", Personal)):
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


def similar(data: TrainingData, title: str, seeds: int) -> str:
    """Similar items: the query is the last item of the past; once it alone is left out, once all seen items are."""
    found: dict[tuple[str, str], list[dict[str, float]]] = {}
    for seed in range(seeds):
        part = split(data, seed)
        for label, ask in (("popularity", popular_list(part)), ("Clary", learned_list(part))):
            for one in part.test:
                for scheme, hidden in (("query left out", one.past.items[-1:]), ("seen left out", one.past.items)):
                    allowed = np.ones(part.training.item_count, bool)
                    allowed[hidden] = False
                    ranked = ask(int(one.past.items[-1]), allowed)
                    found.setdefault((label, scheme), []).append(of_list(ranked, one.truth))
    keys = ("returned_ndcg_at_25", "ndcg_at_25", "precision_at_5", "precision_at_25", "reciprocal_rank_at_25")
    rows = [[*name, *(f"{np.mean([one[key] for one in lists]):.3f}" for key in keys)] for name, lists in found.items()]
    lines = [f"{title}, similar items, {seeds} splits.", ""]
    lines += [table(("model", "scheme", "NF@25", "N@25", "P@5", "P@25", "MRR@25"), rows), ""]
    for scheme in ("query left out", "seen left out"):
        mine, theirs = found["Clary", scheme], found["popularity", scheme]
        gains = [_gain(mine, theirs, key) for key in ("returned_ndcg_at_25", "precision_at_25")]
        lines.append(f"Clary minus popularity, {scheme}: NF@25 {gains[0]}, P@25 {gains[1]}.")
    return "\n".join(lines)


def _gain(mine: list[dict[str, float]], theirs: list[dict[str, float]], key: str) -> str:
    difference = np.array([one[key] - other[key] for one, other in zip(mine, theirs, strict=True)])
    low, high = bootstrap_interval(difference)
    return f"{difference.mean():+.3f} [{low:+.3f}, {high:+.3f}]"


def ranking(data: TrainingData, title: str, seeds: int) -> str:
    """Personalized ranking: one item that a held-out user took next among 99 drawn by popularity, all of them new."""
    labels = ("any order", "popularity", "Clary")
    found: dict[str, list[dict[str, float]]] = {label: [] for label in labels}
    for seed in range(seeds):
        part = split(data, seed)
        random = np.random.default_rng(seed)
        model, popular = Personal().fit(part.training), Popularity().fit(part.training)
        counts = np.bincount(part.training.interactions.items, minlength=part.training.item_count).astype(float)
        for one in part.test:
            truth = np.setdiff1d(one.truth, one.past.items)
            if not len(truth):
                continue
            chances = counts.copy()
            chances[one.past.items] = chances[one.truth] = 0.0
            size = min(99, np.count_nonzero(chances))
            others = random.choice(len(chances), size, replace=False, p=chances / chances.sum())
            listed = random.permutation(np.append(others, random.choice(truth))).astype(np.int32)
            wanted = np.intersect1d(listed, truth)
            session = model.session(one.past, features=of_row(part.training.users, one.user))
            for label, ranked in (
                ("any order", listed),
                ("popularity", popular.rank(session, listed).items),
                ("Clary", model.rank(session, listed, one.context).items),
            ):
                found[label].append(of_list(ranked, wanted))
    keys = ("ndcg_at_5", "ndcg_at_25", "precision_at_5", "reciprocal_rank_at_25")
    rows = [[title, label, *(f"{np.mean([one[key] for one in found[label]]):.3f}" for key in keys)] for label in labels]
    lines = [table(("data set", "order", "N@5", "N@25", "P@5", "MRR@25"), rows), ""]
    lines += [
        f"Clary minus {other}: N@25 {_gain(found['Clary'], found[other], 'ndcg_at_25')} ({len(found[other])} lists)."
        for other in labels[:2]
    ]
    return "\n".join(lines)


Ask = Callable[[int, "np.ndarray"], "np.ndarray"]


def popular_list(part: Split) -> Ask:
    model = Popularity().fit(part.training)
    nobody = model.session(model.history(-1))
    return lambda item, allowed: model.recommend(nobody, 25, allowed).items


def learned_list(part: Split) -> Ask:
    model = Similar().fit(part.training)
    return lambda item, allowed: model.similar(item, 25, allowed).items


def main() -> None:
    tables: dict[str, Callable[[int], str]] = {
        "movielens": lambda seeds: compared(f"movielens_small, {seeds} splits.", data_sets.movielens(), seeds),
        "airlines": lambda seeds: compared(f"personalize_airlines, {seeds} splits.", data_sets.airlines(), seeds),
        "beauty": next_items,
        "similar": lambda seeds: both(similar, seeds),
        "ranking": lambda seeds: both(ranking, seeds),
    }
    seeds = option("seeds", 10)
    for name in [name for name in tables if name in sys.argv] or list(tables):
        publish(f"recommendation-{name}", tables[name](seeds))


def both(measure: Callable[[TrainingData, str, int], str], seeds: int) -> str:
    """A measure of movies and of flights."""
    sets = {"movielens_small": data_sets.movielens(), "personalize_airlines": data_sets.airlines()}
    return "\n\n".join(measure(data, title, seeds) for title, data in sets.items())


if __name__ == "__main__":
    main()
