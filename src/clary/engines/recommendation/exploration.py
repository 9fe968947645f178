"""Exploration: a share of the places goes to young items, of which little is known yet."""

from __future__ import annotations

import numpy as np

from clary.engines.recommendation.arrays import best
from clary.engines.recommendation.contract import Codes, Exploration, Mask, Reals, Session, Times


def explore(
    items: Codes,
    utilities: Reals,
    allowed: Mask | None,
    counts: Reals,
    born: Times,
    session: Session,
    how: Exploration,
    now: int,
) -> tuple[Codes, Mask]:
    """Replaces some items of a list by young ones.

    A place is given away with a chance that grows down the list and is `how.weight` on average, for a good item at the
    top is worth more than one further down. The young items for these places are those with the highest
    draws from what their utility may be (Thompson, 1933): the utility plus noise that shrinks with the root of the
    item's interactions.

    Args:
        items: [k] the list without exploration, best first.
        utilities: [item_count] of all items.
        allowed: [item_count] or None.
        counts: [item_count] interactions of each item.
        born: [item_count] when each item came into being, -1 for unknown.
        session: for whom; the same session gets the same list.
        now: seconds.

    Returns:
        The list and [k] which of its places were explored.
    """
    explored = np.zeros(len(items), bool)
    if how.weight <= 0 or not len(items):
        return items, explored
    history = session.history.items
    last = int(history[-1]) if len(history) else 0
    random = np.random.default_rng([how.seed, session.user + 1, len(history), last])
    young = np.where(born >= 0, (now - born) <= how.item_age_seconds, counts == 0)
    if allowed is not None:
        limited = np.zeros(len(young), bool)
        limited[: len(allowed)] = allowed[: len(young)]
        young &= limited
    young[history] = False
    candidates = np.flatnonzero(young)
    places = np.flatnonzero(random.random(len(items)) < _chances(len(items), how.weight))
    if not len(candidates) or not len(places):
        return items, explored
    spread = float(utilities.std()) or 1.0
    noise = random.standard_normal(len(candidates), dtype=np.float32) / np.sqrt(1.0 + counts[candidates])
    draws = utilities[candidates] + np.float32(spread) * noise
    ranked = candidates[best(draws, 2 * len(items))].tolist()
    chosen = items.tolist()
    listed = set(chosen)
    fresh = [item for item in ranked if item not in listed]
    for place, item in zip(places.tolist(), fresh, strict=False):
        chosen[place], explored[place] = item, True
    return np.array(chosen, np.int32), explored


def _chances(places: int, weight: float) -> Reals:
    """[places] chances that grow evenly down the list, none above one, with the mean `weight`."""
    down = (np.arange(places, dtype=np.float32) + 0.5) / places
    if weight <= 0.5:
        return np.asarray(2 * weight * down, np.float32)
    return np.asarray(1 - 2 * (1 - weight) * (1 - down), np.float32)
