"""Lists of RecTools' models for the held-out users of splits; it runs in an environment of its own, with rectools.

python rectools_lists.py SPLITS.json LISTS.json

SPLITS.json: [{"events": [[user, item, timestamp], ...], "test": [user, ...]}, ...]; the events hold the pasts of the
test users too, as these models answer users of their training only. LISTS.json: {model: {"seconds": CPU-seconds per
split, "lists": [{"all": {user: items}, "new": {user: items}}, ...]}}.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

import pandas as pd
from implicit.als import AlternatingLeastSquares
from implicit.nearest_neighbours import BM25Recommender
from rectools import Columns
from rectools.dataset import Dataset
from rectools.models import EASEModel, ImplicitALSWrapperModel, ImplicitItemKNNWrapperModel, PopularModel

K = 25


def models() -> dict[str, Any]:
    als = AlternatingLeastSquares(factors=64, regularization=0.05, alpha=5.0, iterations=15, random_state=0)
    return {
        "RecTools popular": PopularModel(),
        "RecTools iALS 64 (implicit)": ImplicitALSWrapperModel(als),
        "RecTools item-kNN BM25 (implicit)": ImplicitItemKNNWrapperModel(BM25Recommender(K=100)),
        "RecTools EASE": EASEModel(regularization=200.0),
    }


def lists(model: Any, dataset: Dataset, users: list[int], *, new: bool) -> dict[str, list[int]]:
    found = model.recommend(users=users, dataset=dataset, k=K, filter_viewed=new)
    found = found.sort_values([Columns.User, Columns.Rank])
    return {str(user): rows[Columns.Item].tolist() for user, rows in found.groupby(Columns.User)}


def main() -> None:
    splits = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    told: dict[str, dict[str, list[Any]]] = {name: {"seconds": [], "lists": []} for name in models()}
    for split in splits:
        frame = pd.DataFrame(split["events"], columns=[Columns.User, Columns.Item, Columns.Datetime])
        frame[Columns.Datetime] = pd.to_datetime(frame[Columns.Datetime], unit="s")
        frame[Columns.Weight] = 1.0
        frame = frame.drop_duplicates([Columns.User, Columns.Item])
        dataset = Dataset.construct(frame)
        for name, model in models().items():
            start = time.process_time()
            model.fit(dataset)
            told[name]["seconds"].append(time.process_time() - start)
            told[name]["lists"].append(
                {
                    "all": lists(model, dataset, split["test"], new=False),
                    "new": lists(model, dataset, split["test"], new=True),
                }
            )
    Path(sys.argv[2]).write_text(json.dumps(told), encoding="utf-8")


if __name__ == "__main__":
    main()
