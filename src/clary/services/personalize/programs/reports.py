"""The page of a solution version: what its data look like, how good it is against popularity, and sample lists."""

from __future__ import annotations

import html
import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from clary.services.personalize.programs import pages

if TYPE_CHECKING:
    from clary.services.personalize.programs.training import Material


def write(folder: Path, task: Mapping[str, Any], material: Material, result: Mapping[str, Any]) -> None:
    """Writes `report.json` and `report.html`, which stands on its own.

    Args:
        result: what the training found.
    """
    folder.mkdir(parents=True, exist_ok=True)
    keep = material.keep
    names = material.vocabularies
    counts = np.sort(np.bincount(material.log.items[keep], minlength=len(names.items)))[::-1]
    counts = counts[counts > 0]
    lengths = np.bincount(material.log.users[keep], minlength=len(names.users))
    lengths = lengths[lengths > 0]
    shown = {
        "title": task["title"],
        "recipe": result["recipe"],
        "counts": result["counts"],
        "items": pages.spread(counts),
        "users": pages.spread(np.sort(lengths)[::-1]),
        "metrics": result["metrics"],
        "intervals": result["intervals"],
        "baselines": result["baselines"],
        "samples": [_named(sample, names) for sample in result["samples"]],
    }
    (folder / "report.json").write_text(json.dumps(shown, indent=1), encoding="utf-8")
    (folder / "report.html").write_text(_page(shown, counts), encoding="utf-8")


def _named(sample: Mapping[str, Any], names: Any) -> dict[str, Any]:
    return {
        "user": names.users.name(sample["user"]),
        **{key: [names.items.name(item) for item in sample[key]] for key in ("past", "truth", "items")},
    }


def _page(shown: Mapping[str, Any], counts: NDArray[np.integer[Any]]) -> str:
    baselines = shown["baselines"]
    head = ["metric", "value", "95% interval", *baselines]
    rows = []
    for name, value in sorted(shown["metrics"].items()):
        low_high = shown["intervals"].get(name)
        interval = f"{low_high[0]:.4f} - {low_high[1]:.4f}" if low_high else ""
        others = [f"{base[name]:.4f}" if name in base else "" for base in baselines.values()]
        rows.append([name, f"{value:.4f}", interval, *others])
    samples = [
        [sample["user"], ", ".join(sample["past"]), ", ".join(sample["items"]), ", ".join(sample["truth"])]
        for sample in shown["samples"]
    ]
    figures = [[key, json.dumps(shown[key])] for key in ("counts", "items", "users")]
    parts = [
        f"<p>{html.escape(shown['recipe'])}</p>",
        "<h2>Data</h2>" + pages.table(["", ""], figures),
        "<h2>The long tail</h2><p>Interactions of each item, most popular first; both axes are logarithmic.</p>",
        pages.curve(counts),
        "<h2>Metrics</h2><p>Users who were not trained on; the newest tenth of what they did is the truth.</p>",
        pages.table(head, rows),
        "<h2>Samples</h2>" + pages.table(["user", "last items", "recommended", "truth"], samples),
    ]
    return pages.page(shown["title"], parts)
