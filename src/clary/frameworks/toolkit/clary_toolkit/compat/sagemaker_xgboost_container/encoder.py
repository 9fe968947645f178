"""Requests as DMatrix objects."""

from __future__ import annotations

from typing import Any

from clary_toolkit.serving.defaults.xgboost import XGBoostDefaults


def decode(obj: str | bytes, content_type: str) -> Any:
    """A request as a DMatrix.

    Raises:
        InferenceError: the content type is unknown, or the body is not of it.
    """
    return XGBoostDefaults().input_fn(obj, content_type)


def csv_to_dmatrix(input: str | bytes, dtype: Any = None) -> Any:  # noqa: A002 - the container's own name
    """Rows of CSV as a DMatrix."""
    return decode(input, "text/csv")


def libsvm_to_dmatrix(string_like: str | bytes) -> Any:
    """Rows of libsvm as a DMatrix."""
    return decode(string_like, "text/libsvm")
