"""How fast recommenders learn and answer, on a generated log: a million interactions of 50,000 users, 20,000 items.

OPENBLAS_NUM_THREADS=1 .venv/bin/python -m benchmarks.recommendation_speed [--interactions 1000000] [--write]

The log is written to files batch by batch and read back as memory maps first, as an import does.
"""

from __future__ import annotations

import resource
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from benchmarks.recommendation.data_sets import generated
from benchmarks.recommendation.page import option, publish
from benchmarks.report import machine, table
from clary.engines.recommendation import interactions
from clary.engines.recommendation.contract import TrainingData
from clary.engines.recommendation.models import load
from clary.engines.recommendation.personal import Personal
from clary.engines.recommendation.similar import Similar

BATCH = 100_000
ASKED = 2_000


def peak_gigabytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6


def written(folder: Path, count: int) -> tuple[TrainingData, float]:
    """The log in files, and the seconds it took to write them."""
    log = generated(count).interactions
    start = time.perf_counter()
    with interactions.writer(folder, ("users", "items", "timestamps")) as file:
        for begin in range(0, count, BATCH):
            rows = slice(begin, begin + BATCH)
            file.append({"users": log.users[rows], "items": log.items[rows], "timestamps": log.timestamps[rows]})
    return TrainingData(interactions.open_log(folder)), time.perf_counter() - start


def milliseconds(calls: list[Callable[[], object]]) -> str:
    """Median and 99th percentile of some calls."""
    taken = []
    for call in calls:
        start = time.perf_counter()
        call()
        taken.append((time.perf_counter() - start) * 1000)
    return f"{np.median(taken):.3f} / {np.quantile(taken, 0.99):.3f} ms"


def main() -> None:
    count = option("interactions", 1_000_000)
    rows: list[list[str]] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        data, seconds = written(folder / "log", count)
        rows.append([f"write {count:,} interactions to column files, {BATCH:,} at a time", f"{seconds:.2f} s"])
        for model in (Personal(), Similar()):
            wall, cpu = time.perf_counter(), time.process_time()
            model.fit(data)
            wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
            rows.append([f"train `{model.name}`", f"{cpu:.0f} CPU-s ({wall:.0f} s), peak {peak_gigabytes():.1f} GB"])
            start = time.perf_counter()
            model.save(folder / model.name)
            size = sum(path.stat().st_size for path in (folder / model.name).iterdir()) / 1e6
            rows.append([f"save `{model.name}`", f"{time.perf_counter() - start:.2f} s, {size:.0f} MB"])
            start = time.perf_counter()
            load(folder / model.name)
            rows.append([f"load `{model.name}`", f"{(time.perf_counter() - start) * 1000:.1f} ms"])
        cpu = time.process_time()
        Personal.load(folder / "personal").update(data)
        rows.append(["update `personal`", f"{time.process_time() - cpu:.0f} CPU-s"])
        cpu = time.process_time()
        Personal().fit(generated(count, 6_040, 3_700))
        title = f"train `personal` on {count:,} interactions of 6,040 users and 3,700 items"
        rows.append([title, f"{time.process_time() - cpu:.0f} CPU-s, peak of all {peak_gigabytes():.1f} GB"])
        rows += answers(folder)
    publish("recommendation-speed", f"{machine()}.\n\n" + table(("what", "figure"), rows))


def answers(folder: Path) -> list[list[str]]:
    """How long one question takes."""
    model, alike = Personal.load(folder / "personal"), Similar.load(folder / "similar")
    random = np.random.default_rng(0)
    sessions = [model.session(model.history(int(user)), int(user)) for user in random.integers(0, 50_000, ASKED)]
    for session in sessions[:100]:
        model.recommend(session, 25)  # pages of the maps are read once
    allowed = random.random(model.item_count) < 0.8
    lists = random.integers(0, model.item_count, (ASKED, 500)).astype(np.int32)
    items = model.item_count
    return [
        [f"top 25 of {items:,} items", milliseconds([lambda s=s: model.recommend(s, 25) for s in sessions])],
        ["the same under a filter", milliseconds([lambda s=s: model.recommend(s, 25, allowed) for s in sessions])],
        ["make a session", milliseconds([lambda s=s: model.session(s.history, s.user) for s in sessions])],
        [
            "rank 500 given items",
            milliseconds(
                [lambda s=s, row=row: model.rank(s, np.unique(row)) for s, row in zip(sessions, lists, strict=True)]
            ),
        ],
        ["25 similar items", milliseconds([lambda at=at: alike.similar(at, 25) for at in range(ASKED)])],
        ["5 reasons", milliseconds([lambda s=s: model.reasons(s, 11) for s in sessions[:200]])],
    ]


if __name__ == "__main__":
    main()
