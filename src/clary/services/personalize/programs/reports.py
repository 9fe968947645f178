"""The page of a solution version: what its data look like, how good it is against popularity, and sample lists."""

from __future__ import annotations

import html
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from clary.services.personalize.programs.training import Material

_WIDTH, _HEIGHT, _POINTS = 640, 240, 120
_STYLE = (
    "body{font:15px/1.5 sans-serif;max-width:60rem;margin:2rem auto;color:#222}table{border-collapse:collapse}"
    "td,th{padding:.2rem .8rem;border-bottom:1px solid #ddd;text-align:left}td.n{text-align:right}"
    "svg{background:#f7f7f7}"
)


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
        "items": _spread(counts),
        "users": _spread(np.sort(lengths)[::-1]),
        "metrics": result["metrics"],
        "intervals": result["intervals"],
        "baselines": result["baselines"],
        "samples": [_named(sample, names) for sample in result["samples"]],
    }
    (folder / "report.json").write_text(json.dumps(shown, indent=1), encoding="utf-8")
    (folder / "report.html").write_text(_page(shown, counts), encoding="utf-8")


def _spread(counts: NDArray[np.integer[Any]]) -> dict[str, float]:
    """How uneven some counts are."""
    if not len(counts):
        return {"count": 0}
    top = max(1, round(0.2 * len(counts)))
    return {
        "count": len(counts),
        "median": float(np.median(counts)),
        "mean": round(float(counts.mean()), 2),
        "most": int(counts[0]),
        "share_of_the_top_fifth": round(float(counts[:top].sum() / counts.sum()), 4),
        "with_a_single_one": int(np.count_nonzero(counts == 1)),
    }


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
        f"<h1>{html.escape(shown['title'])}</h1><p>{html.escape(shown['recipe'])}</p>",
        "<h2>Data</h2>" + _table(["", ""], figures),
        "<h2>The long tail</h2><p>Interactions of each item, most popular first; both axes are logarithmic.</p>",
        _curve(counts),
        "<h2>Metrics</h2><p>Users who were not trained on; the newest tenth of what they did is the truth.</p>",
        _table(head, rows),
        "<h2>Samples</h2>" + _table(["user", "last items", "recommended", "truth"], samples),
    ]
    return (
        f"<!doctype html><meta charset=utf-8><title>{html.escape(shown['title'])}</title><style>{_STYLE}</style>"
        + "\n".join(parts)
    )


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    cells = "".join(f"<th>{html.escape(cell)}</th>" for cell in head)
    body = "".join("<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table><tr>{cells}</tr>{body}</table>"


def _curve(counts: NDArray[np.integer[Any]]) -> str:
    """Counts over ranks as a line."""
    if not len(counts):
        return ""
    ranks = np.unique(np.geomspace(1, len(counts), _POINTS).astype(int))
    across = np.log(ranks) / max(np.log(len(counts)), 1e-9) * _WIDTH
    up = _HEIGHT - np.log(counts[ranks - 1]) / max(np.log(counts[0]), 1e-9) * (_HEIGHT - 10)
    points = " ".join(f"{x:.1f},{y:.1f}" for x, y in zip(across, up, strict=True))
    return (
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" width="{_WIDTH}" height="{_HEIGHT}">'
        f'<polyline fill="none" stroke="#17694c" stroke-width="2" points="{points}"/></svg>'
    )
