"""Features of items, users or actions as matrices, and which rows are alike."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from clary.engines.recommendation.contract import Categories, Features
from clary.engines.recommendation.neighbour_table import NeighbourTable, strongest

BINS = 10
"""Into how many bins of equal frequency a numeric column is cut."""
WORD = re.compile(r"\w\w+", re.UNICODE)


def categories(rows: Sequence[Sequence[int]], count: int | None = None) -> Categories:
    """A column from the category codes of each row."""
    starts = np.concatenate([[0], np.cumsum([len(row) for row in rows])]).astype(np.int64)
    codes = np.fromiter((code for row in rows for code in row), np.int32, int(starts[-1]))
    return Categories(starts, codes, int(codes.max(initial=-1)) + 1 if count is None else count)


def words(texts: Sequence[str], least_rows: int = 2, most_words: int = 5_000) -> Categories:
    """A column of text as one of categories: its lower-case words of two letters or more.

    Args:
        texts: one per row; "" for none.
        least_rows: words in fewer rows are left out: they connect nothing.
        most_words: the most frequent words are kept.
    """
    split = [sorted(set(WORD.findall(text.lower()))) for text in texts]
    rows_with: dict[str, int] = {}
    for row in split:
        for word in row:
            rows_with[word] = rows_with.get(word, 0) + 1
    frequent = sorted(
        (word for word, rows in rows_with.items() if rows >= least_rows), key=lambda w: (-rows_with[w], w)
    )
    code = {word: at for at, word in enumerate(frequent[:most_words])}
    return categories([[code[word] for word in row if word in code] for row in split], len(code))


def of_row(features: Features | None, row: int) -> dict[str, list[int]]:
    """One row's categories by column; nothing for a row out of range."""
    if features is None or not 0 <= row < features.count:
        return {}
    return {
        name: [int(code) for code in column.codes[column.starts[row] : column.starts[row + 1]]]
        for name, column in features.categorical.items()
    }


def quantile_edges(values: NDArray[np.floating]) -> NDArray[np.float64]:
    """The inner edges of bins of equal frequency; nan is left out."""
    known = values[np.isfinite(values)]
    if not len(known):
        return np.zeros(0)
    return np.unique(np.quantile(known.astype(np.float64), np.arange(1, BINS) / BINS))


def matrix(features: Features) -> sparse.csr_matrix:
    """[rows, all categories and bins] float32, rows of length one.

    An entry weighs more the rarer it is (inverse document frequency), and each column of the features counts alike,
    however many categories a row has in it.
    """
    blocks = []
    for _, column in sorted(features.categorical.items()):
        ones = np.ones(len(column.codes), np.float32)
        shape = (features.count, max(column.count, 1))
        blocks.append(_weighted(sparse.csr_matrix((ones, column.codes, column.starts), shape=shape)))
    for _, values in sorted(features.numeric.items()):
        edges = quantile_edges(np.asarray(values))
        known = np.flatnonzero(np.isfinite(values))
        bins = np.searchsorted(edges, np.asarray(values)[known], side="right")
        ones = np.ones(len(known), np.float32)
        blocks.append(_weighted(sparse.csr_matrix((ones, (known, bins)), shape=(features.count, len(edges) + 1))))
    if not blocks:
        return sparse.csr_matrix((features.count, 1), dtype=np.float32)
    return _unit_rows(sparse.hstack(blocks).tocsr())


def _weighted(block: sparse.csr_matrix) -> sparse.csr_matrix:
    block.sum_duplicates()
    counts = np.bincount(block.indices, minlength=block.shape[1])
    rarity = np.log1p(block.shape[0] / np.maximum(counts, 1))
    block.data = rarity[block.indices].astype(np.float32)
    return _unit_rows(block)


def _unit_rows(block: sparse.csr_matrix) -> sparse.csr_matrix:
    norms = np.sqrt(np.asarray(block.multiply(block).sum(axis=1)).ravel())
    block.data = (block.data / np.repeat(np.maximum(norms, 1e-12), np.diff(block.indptr))).astype(np.float32)
    return block


def neighbours(
    rows: sparse.csr_matrix, among: sparse.csr_matrix, names: NDArray[np.int32], width: int, count: int
) -> NeighbourTable:
    """The most alike rows.

    Args:
        rows: [r, d] rows of length one.
        among: [m, d] rows of length one to find the neighbours in.
        names: [m] the codes of these.
        width: neighbours per row.
        count: columns of the table.

    Returns:
        [r, width] cosines. A row is never its own neighbour only if it is not in `among`.
    """
    columns = np.zeros((rows.shape[0], max(1, min(width, len(names)))), np.int32)
    weights = np.zeros(columns.shape, np.float32)
    transposed = among.T.tocsr()
    for begin in range(0, rows.shape[0], 1024):  # blocks bound the memory of the product
        table = strongest((rows[begin : begin + 1024] @ transposed).tocsr(), width)
        used = table.weights.shape[1]
        columns[begin : begin + 1024, :used] = np.where(table.weights > 0, names[table.columns] if len(names) else 0, 0)
        weights[begin : begin + 1024, :used] = table.weights
    return NeighbourTable(columns, weights, count)


def save(features: Features | None, prefix: str) -> dict[str, NDArray[Any]]:
    """The arrays of some features under names that begin with a prefix."""
    if features is None:
        return {}
    found: dict[str, NDArray[Any]] = {f"{prefix}.count": np.array([features.count])}
    for name, column in features.categorical.items():
        found[f"{prefix}.categorical.{name}.starts"] = column.starts
        found[f"{prefix}.categorical.{name}.codes"] = column.codes
        found[f"{prefix}.categorical.{name}.count"] = np.array([column.count])
    for name, values in features.numeric.items():
        found[f"{prefix}.numeric.{name}.values"] = values
    if features.created is not None:
        found[f"{prefix}.created"] = features.created
    return found


def load(arrays: Mapping[str, NDArray[Any]], prefix: str) -> Features | None:
    """What `save` gave."""
    if f"{prefix}.count" not in arrays:
        return None
    categorical, numeric = {}, {}
    for key in arrays:
        if key.startswith(f"{prefix}.categorical.") and key.endswith(".starts"):
            name = key[len(prefix) + 13 : -7]
            stem = f"{prefix}.categorical.{name}"
            categorical[name] = Categories(arrays[key], arrays[f"{stem}.codes"], int(arrays[f"{stem}.count"][0]))
        if key.startswith(f"{prefix}.numeric."):
            numeric[key[len(prefix) + 9 : -7]] = arrays[key]
    return Features(int(arrays[f"{prefix}.count"][0]), categorical, numeric, arrays.get(f"{prefix}.created"))
