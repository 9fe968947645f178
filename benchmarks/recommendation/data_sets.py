"""The real data sets, read from a folder beside the project (`CLARY_BENCHMARK_DATA` names another one)."""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from clary.engines.recommendation.contract import Codes, Features, Interactions, TrainingData
from clary.engines.recommendation.features import categories
from clary.engines.recommendation.vocabulary import Vocabulary

FOLDER = Path(os.environ.get("CLARY_BENCHMARK_DATA", Path(__file__).parents[2] / "../shared/data"))
CLICK, WATCH = 0, 1


@dataclass(frozen=True)
class NextItems:
    """A log and the one item that some of its users took next.

    Attributes:
        data: what may be trained on.
        users: [n] codes.
        items: [n] what each of them took next.
    """

    data: TrainingData
    users: Codes
    items: Codes


def _rows(path: Path) -> Iterable[dict[str, str]]:
    with path.open(encoding="utf-8") as file:
        yield from csv.DictReader(file)


def movielens(ratings: Path = FOLDER / "movielens_small/dev/ratings.csv", genres: bool = False) -> TrainingData:
    """MovieLens as the public notebooks prepare it: a rating above 1 is a click, above 3 also a watch."""
    users, items = Vocabulary(), Vocabulary()
    rows = list(_rows(ratings))
    who, what = users.learn([row["userId"] for row in rows]), items.learn([row["movieId"] for row in rows])
    stars = np.array([float(row["rating"]) for row in rows])
    times = np.array([int(row["timestamp"]) for row in rows])
    clicked, watched = stars > 1, stars > 3
    kinds = np.concatenate([np.full(clicked.sum(), CLICK), np.full(watched.sum(), WATCH)]).astype(np.int32)
    both = np.concatenate([np.flatnonzero(clicked), np.flatnonzero(watched)])
    order = np.argsort(times[both], kind="stable")
    both = both[order]
    log = Interactions(who[both], what[both], times[both], len(users), len(items), kinds[order])
    return TrainingData(log, movie_features(items) if genres else None)


def movie_features(items: Vocabulary) -> Features:
    """Genres and year of the movies."""
    genre, rows, years = Vocabulary(), {}, {}
    for row in _rows(FOLDER / "movielens_small/common/movies.csv"):
        rows[row["movieId"]] = genre.learn(row["genres"].split("|")).tolist()
        year = row["title"].strip()[-5:-1]
        years[row["movieId"]] = float(year) if year.isdigit() else float("nan")
    names = [items.name(code) for code in range(len(items))]
    found = np.array([years.get(name, float("nan")) for name in names], np.float32)
    return Features(len(names), {"genres": categories([rows.get(name, []) for name in names])}, {"year": found})


def airlines(side: Path = FOLDER / "personalize_airlines/dev") -> TrainingData:
    """Flight ratings, with the cabin as context, the users' classes, and the routes and seasons of the items."""
    users, items, cabins = Vocabulary(), Vocabulary(), Vocabulary()
    rows = sorted(_rows(side / "interactions.csv"), key=lambda row: int(row["TIMESTAMP"]))
    who, what = users.learn([row["USER_ID"] for row in rows]), items.learn([row["ITEM_ID"] for row in rows])
    times = np.array([int(row["TIMESTAMP"]) for row in rows])
    cabin = cabins.learn([row["CABIN_TYPE"] for row in rows])
    log = Interactions(who, what, times, len(users), len(items), contexts={"cabin": cabin})
    classes: dict[str, str] = {row["USER_ID"]: row["memberClass"] for row in _rows(side / "users.csv")}
    of_user = [classes.get(users.name(code), "") for code in range(len(users))]
    routes = {row["ITEM_ID"]: row for row in _rows(side.parent / "common/items.csv")}
    columns = {}
    for column in ("DSTCity", "SRCCity", "Airline", "Season", "Promotion"):
        values = [routes.get(items.name(code), {}).get(column, "") for code in range(len(items))]
        known = Vocabulary(sorted(set(values) - {""}))
        columns[column] = categories([[known.code(value)] if value else [] for value in values])
    classes_of = Vocabulary(sorted(set(of_user)))
    people = Features(len(users), {"memberClass": categories([[classes_of.code(name)] for name in of_user])})
    return TrainingData(log, Features(len(items), columns), people)


def beauty(side: Path = FOLDER / "ecommerce_beauty/dev") -> NextItems:
    """Beauty products: sequences, and each user's next item."""
    rows = np.loadtxt(side / "interactions.csv", np.int64, delimiter=",", skiprows=1)
    last = np.loadtxt(side / "next_item.csv", np.int64, delimiter=",", skiprows=1)
    names, who = np.unique(rows[:, 0], return_inverse=True)
    count = int(max(rows[:, 1].max(), last[:, 1].max())) + 1
    log = Interactions(who.astype(np.int32), rows[:, 1].astype(np.int32), rows[:, 2], len(names), count)
    users = np.searchsorted(names, last[:, 0]).astype(np.int32)
    return NextItems(TrainingData(log, beauty_features(side, count)), users, last[:, 1].astype(np.int32))


def beauty_features(side: Path, count: int) -> Features:
    """The anonymous attributes of the products."""
    attributes = json.loads((side.parent / "common/item_attributes.json").read_text())
    return Features(count, {"attributes": categories([attributes.get(str(item), []) for item in range(count)])})


def generated(interactions: int = 1_000_000, users: int = 50_000, items: int = 20_000, seed: int = 0) -> TrainingData:
    """A seeded log with long tails: users walk within their groups, items are popular by Zipf's law."""
    random = np.random.default_rng(seed)
    groups = 100
    share = random.zipf(1.6, users).clip(1, 200).astype(float)
    lengths = np.maximum(2, (share / share.sum() * interactions * 0.9).astype(int))
    who = np.repeat(np.arange(users), lengths)
    who = np.concatenate([who, random.integers(0, users, max(0, interactions - len(who)))])[:interactions]
    size = items // groups
    rank = np.minimum((random.pareto(0.8, interactions) * 4).astype(int), size - 1)
    group = np.where(random.random(interactions) < 0.8, who % groups, random.integers(0, groups, interactions))
    what = group * size + rank
    times = 1_600_000_000 + random.integers(0, 365 * 86_400, interactions)
    log = Interactions(who.astype(np.int32), what.astype(np.int32), times.astype(np.int64), users, items)
    return TrainingData(log)
