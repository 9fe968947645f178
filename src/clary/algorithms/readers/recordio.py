"""RecordIO-protobuf: frames (magic number, length, payload, padding to four bytes) around `Record` messages.

A length word holds, in its upper three bits, whether a frame is a whole record (0) or the first (1), a middle (2) or
the last (3) part of one; a record is split where its bytes contain the magic number, which is then left out.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from google.protobuf.message import DecodeError
from scipy import sparse

from clary.algorithms.contract import AlgorithmError
from clary.algorithms.readers.record_message import Record
from clary.algorithms.readers.table import MOST_COLUMNS, Source, Table, check_labels, joined

_MAGIC = 0xCED7230A
_MAGIC_BYTES = struct.pack("<I", _MAGIC)
_HEAD = struct.Struct("<II")
_MOST_PAYLOAD_BYTES = (1 << 29) - 1
_DTYPES = {"float32_tensor": np.float32, "float64_tensor": np.float64, "int32_tensor": np.int32}


def payloads(data: bytes, name: str) -> Iterator[bytes]:
    """The records of a RecordIO stream.

    Raises:
        AlgorithmError: the bytes are no RecordIO; names the file and the place.
    """
    position = 0
    parts: list[bytes] = []
    while position < len(data):
        if len(data) - position < _HEAD.size:
            raise AlgorithmError(f"{name}, byte {position}: the RecordIO stream ends inside a record.")
        magic, word = _HEAD.unpack_from(data, position)
        if magic != _MAGIC:
            raise AlgorithmError(f"{name}, byte {position}: this is not RecordIO (no magic number).")
        part, length = word >> 29, word & _MOST_PAYLOAD_BYTES
        start = position + _HEAD.size
        if start + length > len(data):
            raise AlgorithmError(f"{name}, byte {position}: the RecordIO stream ends inside a record.")
        payload = data[start : start + length]
        position = start + (length + 3) // 4 * 4
        if part > 3 or (part in (2, 3)) != bool(parts):
            raise AlgorithmError(f"{name}, byte {start - _HEAD.size}: the parts of a record are out of order.")
        if part == 0:
            yield payload
            continue
        parts.append(payload)
        if part == 3:
            yield _MAGIC_BYTES.join(parts)
            parts = []
    if parts:
        raise AlgorithmError(f"{name}: the last record is incomplete.")


def framed(payload: bytes) -> bytes:
    """A payload as one RecordIO record."""
    if len(payload) > _MOST_PAYLOAD_BYTES:
        raise ValueError("a RecordIO record holds less than 512 MiB")
    return _HEAD.pack(_MAGIC, len(payload)) + payload + bytes(-len(payload) % 4)


def encoded(records: Iterable[Mapping[str, Sequence[float]]]) -> bytes:
    """Answers as RecordIO: for each record its label entries, as float32 tensors."""
    frames = []
    for labels in records:
        record = Record()
        for key, values in labels.items():
            record.label[key].float32_tensor.values.extend(values)
        frames.append(framed(record.SerializeToString()))
    return b"".join(frames)


def read(sources: Sequence[Source], labelled: bool = True) -> Table:
    """Reads RecordIO-protobuf files; blank files are left out.

    Raises:
        AlgorithmError: names file and record.
    """
    tables, names = [], []
    for source in sources:
        if data := source.read():
            tables.append(decode(data, source.title, labelled))
            names.append(source.title)
    if not tables:
        return Table(np.empty((0, 0), np.float32), np.empty(0, np.float32))
    return joined(tables, names)


def decode(data: bytes, name: str, labelled: bool = True) -> Table:
    """The rows of a RecordIO-protobuf stream: dense when all records are, else a CSR matrix.

    Raises:
        AlgorithmError: names the record.
    """
    rows: list[tuple[Any, Any, int]] = []
    labels: list[Any] = []
    record = Record()
    for number, payload in enumerate(payloads(data, name), 1):
        where = f"{name}, record {number}"
        try:
            record.ParseFromString(payload)
        except DecodeError:
            raise AlgorithmError(f"{where}: this is not a protobuf Record.") from None
        rows.append(_features(record, where))
        if labelled:
            values, _ = _tensor(record.label, where, "label")
            if not len(values):
                raise AlgorithmError(f"{where}: there is no label.")
            labels.append(values)
    return Table(_matrix(rows, name), _label_array(labels, name) if labelled and rows else None)


def _features(record: Any, where: str) -> tuple[Any, Any, int]:
    """Values, keys (None: dense) and width of a record's features."""
    values, tensor = _tensor(record.features, where, "features")
    if not len(tensor.keys):
        return values, None, len(values)
    keys = np.fromiter(tensor.keys, np.uint64, len(tensor.keys))
    width = int(tensor.shape[0]) if len(tensor.shape) else int(keys.max()) + 1
    if len(keys) != len(values) or width > MOST_COLUMNS or int(keys.max()) >= width:
        raise AlgorithmError(f"{where}: the sparse tensor's keys, values and shape do not agree.")
    return values, keys.astype(np.int64), width


def _tensor(entries: Any, where: str, what: str) -> tuple[Any, Any]:
    """The values of a map's entry "values", as an array, and the tensor itself."""
    if "values" not in entries:
        raise AlgorithmError(f"{where}: the {what} have no entry 'values'.")
    value = entries["values"]
    kind = value.WhichOneof("value")
    if kind not in _DTYPES:
        raise AlgorithmError(f"{where}: the {what} are no float32, float64 or int32 tensor.")
    tensor = getattr(value, kind)
    return np.fromiter(tensor.values, _DTYPES[kind], len(tensor.values)).astype(np.float32), tensor


def _matrix(rows: list[tuple[Any, Any, int]], name: str) -> Any:
    """The features of all records as one matrix, shape (rows, columns)."""
    if not rows:
        return np.empty((0, 0), np.float32)
    width = max(row[2] for row in rows)
    if all(keys is None for _, keys, _ in rows):
        for number, (values, _, _) in enumerate(rows, 1):
            if len(values) != width:
                raise AlgorithmError(f"{name}, record {number}: {len(values)} features, but others have {width}.")
        return np.stack([values for values, _, _ in rows])
    keys = [np.arange(len(values)) if keys is None else keys for values, keys, _ in rows]
    starts = np.concatenate([[0], np.cumsum([len(values) for values, _, _ in rows])])
    data = np.concatenate([values for values, _, _ in rows])
    return sparse.csr_matrix((data, np.concatenate(keys), starts), shape=(len(rows), width), dtype=np.float32)


def _label_array(labels: list[Any], name: str) -> Any:
    """The labels of all records: shape (rows,), or (rows, size) when each record has several."""
    size = len(labels[0])
    for number, values in enumerate(labels, 1):
        if len(values) != size:
            raise AlgorithmError(f"{name}, record {number}: {len(values)} labels, but others have {size}.")
    array = np.stack(labels)
    array = array[:, 0] if size == 1 else array
    check_labels(array, name)
    return array
