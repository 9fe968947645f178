"""Reads the body of an `/invocations` request into features.

A CSV body of a few rows, which is what an endpoint mostly gets, is parsed with Python's own `float` in a few
microseconds; only what that does not take goes the longer ways.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np
import orjson
from scipy import sparse

from clary.algorithms.contract import AlgorithmError, ContentTypeError, InputError
from clary.algorithms.readers import csv as csv_reader
from clary.algorithms.readers import libsvm, recordio
from clary.algorithms.readers.content_types import split_content_type
from clary.algorithms.readers.table import MOST_COLUMNS, Source

MOST_SMALL_BYTES = 64 << 10
_NAME = "The request"


def csv_features(body: bytes) -> Any:
    """The rows of a CSV body without labels, float32, shape (rows, columns)."""
    try:
        if b"\n" not in body:
            return np.array([[*map(float, body.split(b","))]], np.float32)
        if len(body) <= MOST_SMALL_BYTES:
            lines = body.split(b"\n")
            commas = lines[0].count(b",")
            if all(line.count(b",") == commas for line in lines):
                return np.array([*map(float, b",".join(lines).split(b","))], np.float32).reshape(len(lines), -1)
    except ValueError:
        pass  # a blank, a word, another delimiter: the code below knows them
    if len(body) > MOST_SMALL_BYTES:
        return csv_reader.read([Source(_NAME, data=body)], label_size=0).features
    return _small_csv(body)


def _small_csv(body: bytes) -> Any:
    """A small CSV body with blank cells, words or another delimiter."""
    lines = body.removeprefix(b"\xef\xbb\xbf").splitlines()
    delimiter = csv_reader.sniffed_delimiter(next(filter(None, lines), b""))
    rows: list[list[float]] = []
    try:
        for line, cells in enumerate(
            csv.reader([line.decode("utf-8", "replace") for line in lines], delimiter=delimiter), 1
        ):
            if not cells:
                continue
            row = []
            for column, cell in enumerate(cells, 1):
                value = csv_reader.number(cell)
                if value is None:
                    raise InputError(f"{_NAME}, line {line}, column {column}: '{cell[:60]}' is not a number.")
                row.append(value)
            if rows and len(row) != len(rows[0]):
                raise InputError(f"{_NAME}, line {line}: {len(row)} columns, but the first line has {len(rows[0])}.")
            rows.append(row)
    except csv.Error as error:
        raise InputError(f"{_NAME} is not CSV: {error}.") from None
    if not rows:
        raise InputError(f"{_NAME} has no rows.")
    return np.array(rows, np.float32)


def libsvm_features(body: bytes) -> Any:
    """The rows of a LIBSVM body, with labels or without, as a CSR matrix."""
    return libsvm.parse(body, _NAME, labelled=False).features


def recordio_features(body: bytes) -> Any:
    """The rows of a RecordIO-protobuf body."""
    return recordio.decode(body, _NAME, labelled=False).features


def json_features(body: bytes) -> Any:
    """The rows of `{"instances": [{"features": [...]}, ...]}`."""
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise InputError(f"{_NAME} is not JSON: {error}") from None
    instances = document.get("instances") if isinstance(document, dict) else None
    if not isinstance(instances, list) or not instances:
        raise InputError(f"{_NAME} has no list 'instances'.")
    return _instances(instances)


def jsonlines_features(body: bytes) -> Any:
    """The rows of one JSON instance on each line."""
    try:
        instances = [orjson.loads(line) for line in body.splitlines() if line.strip()]
    except orjson.JSONDecodeError as error:
        raise InputError(f"{_NAME} is not JSON Lines: {error}") from None
    if not instances:
        raise InputError(f"{_NAME} has no rows.")
    return _instances(instances)


def _instances(instances: list[Any]) -> Any:
    """Instances as rows: dense, or a CSR matrix when one of them has keys."""
    rows = [_instance(instance, number) for number, instance in enumerate(instances, 1)]
    if all(keys is None for _, keys, _ in rows):
        width = rows[0][2]
        if any(row[2] != width for row in rows):
            raise InputError(f"{_NAME}: the instances differ in their number of features.")
        return np.stack([values for values, _, _ in rows])
    starts = np.concatenate([[0], np.cumsum([len(values) for values, _, _ in rows])])
    keys = np.concatenate([np.arange(len(values)) if keys is None else keys for values, keys, _ in rows])
    shape = (len(rows), max(row[2] for row in rows))
    return sparse.csr_matrix((np.concatenate([row[0] for row in rows]), keys, starts), shape=shape, dtype=np.float32)


def _instance(instance: Any, number: int) -> tuple[Any, Any, int]:
    """Values, keys (None: dense) and width of one instance."""
    features = instance.get("data", instance) if isinstance(instance, dict) else instance
    features = features.get("features") if isinstance(features, dict) else features
    keys, shape = None, None
    if isinstance(features, dict):
        keys, shape, features = features.get("keys"), features.get("shape"), features.get("values")
    try:
        if not isinstance(features, list) or any(isinstance(value, str | list | dict) for value in features):
            raise ValueError
        values = np.array([math.nan if value is None else value for value in features], np.float32)
        if keys is None:
            return values, None, len(values)
        indices = np.array(keys, np.int64)
        width = int(shape[0]) if shape else int(indices.max()) + 1
        if indices.shape != values.shape or indices.min() < 0 or indices.max() >= width or width > MOST_COLUMNS:
            raise ValueError
    except (ValueError, TypeError, IndexError, OverflowError):
        raise InputError(f"{_NAME}, instance {number}: this is not a list of features.") from None
    return values, indices, width


_DECODERS: dict[str, tuple[str, Callable[[bytes], Any]]] = {
    "text/csv": ("csv", csv_features),
    "csv": ("csv", csv_features),
    "text/libsvm": ("libsvm", libsvm_features),
    "text/x-libsvm": ("libsvm", libsvm_features),
    "libsvm": ("libsvm", libsvm_features),
    "application/json": ("json", json_features),
    "application/jsonlines": ("jsonlines", jsonlines_features),
    "application/x-recordio-protobuf": ("recordio-protobuf", recordio_features),
}


@lru_cache(maxsize=64)
def decoder(content_type: str) -> tuple[str, Callable[[bytes], Any]]:
    """The short name of a content type and the function that reads it; without a content type it is CSV.

    Raises:
        ContentTypeError: requests cannot have it.
    """
    head, _ = split_content_type(content_type)
    try:
        return _DECODERS[head or "text/csv"]
    except KeyError:
        raise ContentTypeError(
            f"Content-type {head} not supported. Supported content-types are {', '.join(_DECODERS)}"
        ) from None


def features_of(body: bytes, content_type: str) -> tuple[str, Any]:
    """The short name of the content type, and the features.

    Raises:
        ContentTypeError: 415.
        InputError: the body is not of that type.
    """
    name, decode = decoder(content_type)
    try:
        return name, decode(body.strip() if name in ("csv", "libsvm") else body)
    except AlgorithmError as error:
        raise InputError(str(error)) from None
