"""What featureTransformationParameters leave out of a training: users and items with very few or very many events."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from clary.engines.recommendation.contract import Interactions
from clary.engines.recommendation.interactions import where


def transformed(log: Interactions, parameters: Mapping[str, str]) -> Interactions:
    """The events of users and items whose numbers of events lie between the percentiles that were asked for.

    Args:
        parameters: "min_user_history_length_percentile", "max_item_interaction_count_percentile" and their like, as
            shares of 1; what is not named leaves nothing out.
    """
    keep = _between(log.users, log.user_count, parameters, "user_history_length_percentile")
    keep &= _between(log.items, log.item_count, parameters, "item_interaction_count_percentile")
    return log if keep.all() else where(log, keep)


def _between(codes: NDArray[np.int32], count: int, parameters: Mapping[str, str], name: str) -> NDArray[np.bool_]:
    """[n] whether each event is one of those whose owner has neither too few nor too many."""
    numbers = np.bincount(codes, minlength=count)
    owners = numbers[numbers > 0]
    keep = np.ones(len(codes), bool)
    bounds: dict[str, Any] = {end: parameters.get(f"{end}_{name}") for end in ("min", "max")}
    if bounds["min"] is not None:
        keep &= numbers[codes] >= np.quantile(owners, float(bounds["min"]))
    if bounds["max"] is not None:
        keep &= numbers[codes] <= np.quantile(owners, float(bounds["max"]))
    return keep
