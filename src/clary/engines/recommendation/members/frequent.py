"""The frequent items, which the dense models are made of."""

from __future__ import annotations

import numpy as np

from clary.engines.recommendation.contract import Codes
from clary.engines.recommendation.sequences import Sequences


def frequent_items(events: Sequences, least_users: int, most_items: int) -> Codes:
    """The items with at least `least_users` events, the `most_items` most frequent of them, in ascending order."""
    counts = np.bincount(events.items, minlength=events.item_count)
    enough = np.flatnonzero(counts >= max(least_users, 1))
    ranked = enough[np.argsort(-counts[enough], kind="stable")][:most_items]
    return np.sort(ranked).astype(np.int32)


def restricted(events: Sequences, names: Codes) -> Sequences:
    """The events with the items `names`, which become items 0, 1, ..."""
    new_codes = np.full(events.item_count, -1, np.int32)
    new_codes[names] = np.arange(len(names), dtype=np.int32)
    codes = new_codes[events.items]
    part = events.only(codes >= 0)
    return Sequences(part.starts, codes[codes >= 0], part.timestamps, len(names), part.weights)
