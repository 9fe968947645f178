"""The files of a channel as a DMatrix, as scripts of the XGBoost container read them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from clary_toolkit.serving.content_types import CSV, media_type
from clary_toolkit.serving.errors import UnsupportedFormat

_PARQUET = ("application/x-parquet", "parquet")
_LIBSVM = ("text/libsvm", "text/x-libsvm", "libsvm")


def get_dmatrix(data_path: str | Path, content_type: str, csv_weights: int = 0, is_pipe: bool = False) -> Any:
    """The data of a folder and its subfolders, or of one file.

    Args:
        data_path: where it is; hidden files do not count.
        content_type: "csv", "libsvm", "parquet", or the media type; the label is the first column.
        csv_weights: 1 where the second column of CSV holds the rows' weights.
        is_pipe: refused where true.

    Returns:
        The DMatrix; None where there is no file.

    Raises:
        UnsupportedFormat: another content type.
        NotImplementedError: `is_pipe`.
    """
    import numpy  # noqa: PLC0415 - only the environments of frameworks have these
    import xgboost  # noqa: PLC0415

    if is_pipe:
        raise NotImplementedError("Clary's get_dmatrix reads channels in File mode only; say is_pipe=False")
    paths = _files(Path(data_path))
    if not paths:
        return None
    kind = media_type(content_type)
    if kind in _LIBSVM:
        from scipy import sparse  # noqa: PLC0415
        from sklearn.datasets import load_svmlight_files  # noqa: PLC0415

        # Indices are columns as they are: files that begin at 1 have an empty column 0, in training and serving alike.
        loaded = load_svmlight_files([str(path) for path in paths], zero_based=True)
        return xgboost.DMatrix(sparse.vstack(loaded[::2]).tocsr(), label=numpy.concatenate(loaded[1::2]))
    if kind not in (CSV, "csv", *_PARQUET):
        raise UnsupportedFormat(content_type)
    table = numpy.concatenate([_table(path, kind) for path in paths])
    if csv_weights and kind not in _PARQUET:
        return xgboost.DMatrix(table[:, 2:], label=table[:, 0], weight=table[:, 1])
    return xgboost.DMatrix(table[:, 1:], label=table[:, 0])


def _table(path: Path, kind: str) -> Any:
    """The columns of a file as a table of float32; what is empty is missing."""
    import numpy  # noqa: PLC0415
    from pyarrow import csv, parquet  # noqa: PLC0415

    if kind in _PARQUET:
        columns = parquet.read_table(path).columns
    else:
        with path.open(encoding="utf-8") as text:
            first = text.readline()
        delimiter = next((mark for mark in (",", "\t", ";", " ") if mark in first), ",")
        columns = csv.read_csv(
            path,
            read_options=csv.ReadOptions(autogenerate_column_names=True),
            parse_options=csv.ParseOptions(delimiter=delimiter),
        ).columns
    return numpy.column_stack([column.to_numpy().astype(numpy.float32) for column in columns])


def _files(path: Path) -> list[Path]:
    if path.is_file():
        return [path]
    return sorted(
        found
        for found in path.rglob("*")
        if found.is_file() and not any(part.startswith(".") for part in found.relative_to(path).parts)
    )
