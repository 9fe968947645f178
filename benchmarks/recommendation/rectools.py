"""RecTools' models on the same splits, in an environment of their own: RecTools needs an older numpy than Clary."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from pathlib import Path

import numpy as np

from clary.engines.recommendation import metrics
from clary.engines.recommendation.evaluation import Scores, Split, of_list

PROGRAM = Path(__file__).parents[1] / "peers" / "rectools_lists.py"
PYTHON = Path(os.environ.get("CLARY_BENCHMARK_RECTOOLS", Path(__file__).parents[2] / ".venv-rectools/bin/python"))
"""The Python of an environment with RecTools; `make bench-peers` makes one."""


def measured(parts: list[Split]) -> dict[str, tuple[float, list[Scores], list[Scores]]]:
    """Each model's CPU-seconds of a training, scores, and scores with seen items left out; nothing without RecTools."""
    if not PYTHON.exists():
        return {}
    with tempfile.TemporaryDirectory() as folder:
        asked, told = Path(folder) / "splits.json", Path(folder) / "lists.json"
        asked.write_text(json.dumps([as_json(part) for part in parts]), encoding="utf-8")
        subprocess.run([str(PYTHON), str(PROGRAM), str(asked), str(told)], check=True)
        answers = json.loads(told.read_text(encoding="utf-8"))
    found = {}
    for name, answer in answers.items():
        pairs = list(zip(parts, answer["lists"], strict=True))
        everything = [scores(part, lists["all"], new_only=False) for part, lists in pairs]
        fresh = [scores(part, lists["new"], new_only=True) for part, lists in pairs]
        found[name] = (float(np.mean(answer["seconds"])), everything, fresh)
    return found


def as_json(part: Split) -> dict[str, list[object]]:
    log = part.training.interactions
    events = np.stack([log.users, log.items, log.timestamps], axis=1).tolist()
    for one in part.test:
        pairs = zip(one.past.items.tolist(), one.past.timestamps.tolist(), strict=True)
        events += [[one.user, item, time] for item, time in pairs]
    return {"events": events, "test": [one.user for one in part.test if len(one.past)]}


def scores(part: Split, lists: dict[str, list[int]], *, new_only: bool) -> Scores:
    """The metrics of given lists, as `evaluation.evaluate` gives those of a model."""
    rows, ranked = [], []
    for one in part.test:
        truth = np.setdiff1d(one.truth, one.past.items) if new_only else one.truth
        if new_only and not len(truth):
            continue
        ranked.append(np.array(lists.get(str(one.user), []), np.int32))
        rows.append(of_list(ranked[-1], truth))
    values = {name: np.array([row[name] for row in rows]) for name in rows[0]}
    return Scores(values, metrics.coverage(ranked, part.items))
