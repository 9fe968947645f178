"""LIBSVM text: `label[:weight] [qid:N] index:value ...`; indices are taken as they are (the first column is 0)."""

from __future__ import annotations

import io
from collections.abc import Sequence

import numpy as np
from scipy import sparse

from clary.algorithms.contract import AlgorithmError
from clary.algorithms.readers.table import MOST_COLUMNS, Source, Table, check_labels, joined


def read(sources: Sequence[Source]) -> Table:
    """Reads LIBSVM files into one table with a CSR matrix; blank files are left out.

    Raises:
        AlgorithmError: names file, line and the token that is wrong.
    """
    tables, names = [], []
    for source in sources:
        if first := source.first_line():
            tables.append(_read_fast(source, first) or parse(source.read(), source.title))
            names.append(source.title)
    if not tables:
        return Table(sparse.csr_matrix((0, 0), dtype=np.float32), np.empty(0, np.float32))
    return joined(tables, names)


def _read_fast(source: Source, first: bytes) -> Table | None:
    """Reads with scikit-learn's compiled parser; None for what it does not take (weights, mistakes)."""
    from sklearn.datasets import load_svmlight_file  # noqa: PLC0415  (heavy, and only LIBSVM data needs it)

    tokens = first.split()
    if b":" in tokens[0]:
        return None
    queries = len(tokens) > 1 and tokens[1].startswith(b"qid:")
    try:
        file = io.BytesIO(source.data) if source.path is None else source.path.open("rb")
        with file:
            loaded = load_svmlight_file(file, dtype=np.float32, zero_based=True, query_id=queries)
    except (ValueError, OverflowError):
        return None
    features, labels = loaded[0], loaded[1].astype(np.float32)
    if features.shape[1] > MOST_COLUMNS:
        return None
    check_labels(labels, source.title)
    return Table(features, labels, None, loaded[2].astype(np.int64) if queries else None)


def parse(data: bytes, name: str, labelled: bool = True) -> Table:
    """Parses LIBSVM text.

    Args:
        labelled: False for requests, where a line may also start with its first feature.

    Raises:
        AlgorithmError: names file, line and token.
    """
    labels: list[float] = []
    weights: list[float] = []
    queries: list[int] = []
    values: list[float] = []
    indices: list[int] = []
    starts = [0]
    for number, line in enumerate(data.split(b"\n"), 1):
        tokens = line.partition(b"#")[0].split()
        if not tokens:
            continue
        token = tokens[0]
        try:
            if labelled or b":" not in token:
                label, colon, weight = token.partition(b":")
                labels.append(float(label))
                if colon:
                    weights.append(float(weight))
                tokens = tokens[1:]
            for token in tokens:
                index, _, value = token.partition(b":")
                if index == b"qid":
                    queries.append(int(value))
                    continue
                position = int(index)
                if not 0 <= position < MOST_COLUMNS:
                    raise ValueError
                indices.append(position)
                values.append(float(value))
        except ValueError:
            raise _wrong(name, number, token, line) from None
        starts.append(len(values))
    rows = len(starts) - 1
    for kind, items in (("weight", weights), ("qid", queries)):
        if items and len(items) != rows:
            raise AlgorithmError(f"{name}: only {len(items)} of {rows} lines have a {kind}.")
    matrix = sparse.csr_matrix(
        (np.array(values, np.float32), np.array(indices, np.int64), np.array(starts, np.int64)),
        shape=(rows, max(indices, default=-1) + 1),
    )
    array = np.array(labels, np.float32) if labelled else None
    if array is not None:
        check_labels(array, name)
    return Table(
        matrix,
        array,
        np.array(weights, np.float32) if weights else None,
        np.array(queries, np.int64) if queries else None,
    )


def _wrong(name: str, number: int, token: bytes, line: bytes) -> AlgorithmError:
    """The error for a token that is not LIBSVM."""
    shown = token[:60].decode("utf-8", "replace")
    hint = ""
    if line.count(b",") > line.count(b":"):
        hint = " The file looks like CSV: set the channel's content_type to text/csv (without one, LIBSVM is expected)."
    return AlgorithmError(
        f"{name}, line {number}: '{shown}' is not LIBSVM ('label[:weight] [qid:N] index:value ...').{hint}"
    )
