"""What a member of the blend promises."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from clary.engines.recommendation.contract import Codes
from clary.engines.recommendation.sequences import Sequences


@dataclass(frozen=True, slots=True)
class Query:
    """The user a member scores items for.

    Attributes:
        recent: [r] different items, the latest first; at most `RECENT` of them.
        time: seconds, when it is asked; None where time is of no matter.
    """

    recent: Codes
    time: int | None = None


RECENT = 50
"""How many of a user's latest different items the members look at."""


class Member(Protocol):
    """Scores items by what they have to do with a user's recent items.

    Promises: scores are finite; items of which the member knows nothing score zero; no state changes in `scores`.
    """

    name: ClassVar[str]

    def fit(self, events: Sequences) -> Self:
        """Learns from sequences in which no user has an item twice."""
        ...

    def update(self, events: Sequences) -> Self:
        """Takes in a longer log of the same users and items, and new ones, at little cost.

        What is counted is counted anew; what takes a regression stays as it was learned.
        """
        ...

    def scores(self, query: Query) -> NDArray[np.float64]:
        """[item_count] a score for every item, higher is better."""
        ...

    def contributions(self, query: Query, item: int) -> NDArray[np.float64]:
        """[r] how much each of the query's items adds to the score of `item`."""
        ...

    def arrays(self) -> Mapping[str, NDArray[Any]]:
        """The arrays that make up the fitted member."""
        ...

    def restore(self, arrays: Mapping[str, NDArray[Any]]) -> Self:
        """Becomes the member that gave these arrays."""
        ...
