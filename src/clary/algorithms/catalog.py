"""Finds a built-in algorithm by the repository name of its image."""

from __future__ import annotations

import importlib
from functools import cache

from clary.algorithms import ALGORITHMS
from clary.algorithms.contract import Algorithm


@cache
def algorithm(name: str) -> Algorithm | None:
    """The light half of an algorithm.

    Args:
        name: a repository name ("sagemaker-xgboost"), as it stands in an image URI between the last "/" and ":".

    Returns:
        None when there is no built-in algorithm of that name.
    """
    entry = ALGORITHMS.get(name)
    if entry is None:
        return None
    module, _, attribute = entry.partition(":")
    found: Algorithm = getattr(importlib.import_module(module), attribute)
    return found
