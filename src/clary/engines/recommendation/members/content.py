"""Items with features like those of the user's recent items."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from clary.engines.recommendation.members.contract import Query
from clary.engines.recommendation.neighbour_table import recency
from clary.engines.recommendation.sequences import Sequences


class Content:
    """The cosine between an item's features and the recency-weighted mean of those of the user's items.

    Args:
        rows: [item_count, d] features, rows of length one (`features.matrix`).
        decay: steps after which an item of the history counts 1/e.
    """

    name: ClassVar[str] = "content"

    def __init__(self, rows: sparse.csr_matrix, decay: float = 10.0) -> None:
        self.decay = decay
        self._rows = rows

    def fit(self, events: Sequences) -> Self:
        """Learns nothing: the features say it all."""
        return self

    def update(self, events: Sequences) -> Self:
        """Learns nothing: the features say it all."""
        return self

    def scores(self, query: Query) -> NDArray[np.float64]:
        """[item_count] a score for every item, higher is better."""
        if not len(query.recent):
            return np.zeros(self._rows.shape[0])
        profile = self._rows[query.recent].T @ recency(len(query.recent), self.decay)
        return np.asarray(self._rows @ profile, np.float64)

    def contributions(self, query: Query, item: int) -> NDArray[np.float64]:
        """[r] how much each of the query's items adds to the score of `item`."""
        cosines = np.asarray((self._rows[query.recent] @ self._rows[item].T).todense(), np.float64).ravel()
        return cosines * recency(len(query.recent), self.decay)

    def arrays(self) -> Mapping[str, NDArray[Any]]:
        """The arrays that make up the fitted member."""
        rows = self._rows
        return {"data": rows.data, "indices": rows.indices, "indptr": rows.indptr, "shape": np.array(rows.shape)}

    def restore(self, arrays: Mapping[str, NDArray[Any]]) -> Self:
        """Becomes the member that gave these arrays."""
        parts = (arrays["data"], arrays["indices"], arrays["indptr"])
        self._rows = sparse.csr_matrix(parts, shape=tuple(int(size) for size in arrays["shape"]), copy=False)
        return self
