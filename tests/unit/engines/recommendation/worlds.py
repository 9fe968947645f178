"""Small worlds with a known structure, for the tests of the recommenders."""

from __future__ import annotations

import numpy as np

from clary.engines.recommendation.contract import Features, Interactions, TrainingData
from clary.engines.recommendation.features import categories

DAY = 86_400


def log(
    rows: list[tuple[int, int, int]], user_count: int | None = None, item_count: int | None = None, **columns: object
) -> Interactions:
    """A log from (user, item, timestamp)."""
    users, items, times = np.array(rows, np.int64).reshape(-1, 3).T
    return Interactions(
        users.astype(np.int32),
        items.astype(np.int32),
        times,
        int(users.max(initial=-1)) + 1 if user_count is None else user_count,
        int(items.max(initial=-1)) + 1 if item_count is None else item_count,
        **columns,  # type: ignore[arg-type]
    )


def chains(users: int = 120, groups: int = 6, size: int = 20, length: int = 12, seed: int = 0) -> TrainingData:
    """Users who walk along the items of their group: after item i comes i + 1 (nine times in ten).

    Items of a group share a category; every user belongs to the segment of the group.
    """
    random = np.random.default_rng(seed)
    rows = []
    for user in range(users):
        group = user % groups
        at = int(random.integers(size))
        for step in range(length):
            rows.append((user, group * size + at, 1000 * DAY + (user * length + step) * 60))
            at = (at + 1) % size if random.random() < 0.9 else int(random.integers(size))
    item_count = groups * size
    items = Features(item_count, {"genre": categories([[item // size] for item in range(item_count)])})
    people = Features(users, {"segment": categories([[user % groups] for user in range(users)])})
    return TrainingData(log(rows, users, item_count), items, people)
