"""What the pages in S3 are made of: they stand on their own, without scripts and without anything from elsewhere."""

from __future__ import annotations

import html
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

_WIDTH, _HEIGHT, _POINTS = 640, 240, 120
_STYLE = (
    "body{font:15px/1.5 sans-serif;max-width:60rem;margin:2rem auto;color:#222}table{border-collapse:collapse}"
    "td,th{padding:.2rem .8rem;border-bottom:1px solid #ddd;text-align:left}td.n{text-align:right}"
    "svg{background:#f7f7f7}"
)


def page(title: str, parts: Sequence[str]) -> str:
    """A whole page.

    Args:
        parts: HTML below the title.
    """
    head = f"<!doctype html><meta charset=utf-8><title>{html.escape(title)}</title><style>{_STYLE}</style>"
    return head + f"<h1>{html.escape(title)}</h1>" + "\n".join(parts)


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table of texts."""
    cells = "".join(f"<th>{html.escape(cell)}</th>" for cell in head)
    body = "".join("<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table><tr>{cells}</tr>{body}</table>"


def curve(counts: NDArray[np.integer[Any]]) -> str:
    """The long tail: counts over ranks as a line, both axes logarithmic.

    Args:
        counts: positive, the largest first.
    """
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


def spread(counts: NDArray[np.integer[Any]]) -> dict[str, float]:
    """How uneven some counts are.

    Args:
        counts: positive, the largest first.
    """
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
