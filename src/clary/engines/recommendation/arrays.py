"""Arrays in folders, and the best of an array."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from clary.engines.recommendation.contract import Codes, Mask, Ranking

SETTINGS = "model.json"


def save(folder: Path, arrays: Mapping[str, NDArray[Any]], settings: Mapping[str, Any]) -> None:
    """Writes each array into a file `name.npy` and the settings into `model.json`."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, array in arrays.items():
        np.save(folder / f"{name}.npy", np.ascontiguousarray(array), allow_pickle=False)
    (folder / SETTINGS).write_text(json.dumps(settings, indent=1, sort_keys=True), encoding="utf-8")


def load(folder: Path) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
    """What `save` wrote; the arrays are memory maps that cannot be written to."""
    arrays = {path.stem: _mapped(path) for path in sorted(folder.glob("*.npy"))}
    settings: dict[str, Any] = json.loads((folder / SETTINGS).read_text(encoding="utf-8"))
    return arrays, settings


def _mapped(path: Path) -> NDArray[Any]:
    array: NDArray[Any] = np.load(path, mmap_mode="r", allow_pickle=False)
    # a plain view of the map: every operation on np.memmap itself pays for its Python subclass
    return array.view(np.ndarray)


def best(scores: NDArray[np.floating[Any]], k: int) -> Codes:
    """The positions of the k largest scores, largest first; -inf is left out, of equals the first comes first."""
    positions = highest(scores, k)
    order = np.lexsort((positions, -scores[positions]))
    return positions[order].astype(np.int32)


def highest(scores: NDArray[np.floating[Any]], k: int) -> NDArray[np.intp]:
    """As `best`, in no order."""
    if k <= 0:
        return np.empty(0, np.intp)
    if k >= len(scores):
        return np.flatnonzero(scores > -np.inf)
    # a partition of values is several times quicker than one of positions
    smallest = np.partition(scores, len(scores) - k)[len(scores) - k]
    if smallest == -np.inf:
        return np.flatnonzero(scores > -np.inf)
    positions = np.flatnonzero(scores >= smallest)
    if len(positions) > k:
        above = np.flatnonzero(scores > smallest)
        positions = np.concatenate([above, np.flatnonzero(scores == smallest)[: k - len(above)]])
    return positions


def forbid(scores: NDArray[np.floating[Any]], allowed: Mask | None) -> NDArray[np.floating[Any]]:
    """The scores, -inf where it is not allowed; positions beyond the mask's end are not allowed."""
    if allowed is None:
        return scores
    mask = np.zeros(len(scores), bool)
    mask[: len(allowed)] = allowed[: len(scores)]
    return np.where(mask, scores, -np.inf)


def affinities(scores: NDArray[np.floating[Any]], k: int, allowed: Mask | None = None) -> Ranking:
    """The k best by non-negative scores, scaled so that the best one is one."""
    items = best(forbid(scores, allowed), k)
    values = scores[items].astype(np.float64)
    top = float(values[0]) if len(values) else 0.0
    floor = 1e-9
    scaled = np.maximum(values / top, floor) if top > 0 else np.full(len(items), floor)
    return Ranking(items, scaled.astype(np.float32), np.zeros(len(items), bool))


def sums(codes: NDArray[np.integer[Any]], weights: NDArray[np.floating[Any]], count: int) -> NDArray[np.float64]:
    """[count] the sum of the weights of each code."""
    return np.bincount(codes, weights, count).astype(np.float64, copy=False)
