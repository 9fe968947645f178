"""The message `aialgs.data.Record` of AWS's record format, built in code: no generated file, no name clash.

Field numbers and types are those of the public wire format. The descriptor lives in a pool of its own, so that a
program which also loads an SDK's copy of the message does not register it twice.
"""

from __future__ import annotations

from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

_FIELD = descriptor_pb2.FieldDescriptorProto


def _add(message: Any, name: str, number: int, kind: int, repeated: bool = False, type_name: str = "") -> Any:
    """Adds a field to a message description."""
    field = message.field.add(name=name, number=number, type=kind)
    field.label = _FIELD.LABEL_REPEATED if repeated else _FIELD.LABEL_OPTIONAL
    if type_name:
        field.type_name = f".aialgs.data.{type_name}"
    elif repeated and kind != _FIELD.TYPE_BYTES:
        field.options.packed = True
    return field


def _file() -> descriptor_pb2.FileDescriptorProto:
    """The description of the file that holds the messages."""
    file = descriptor_pb2.FileDescriptorProto(name="clary/record.proto", package="aialgs.data")
    tensors = {
        "Float32Tensor": _FIELD.TYPE_FLOAT,
        "Float64Tensor": _FIELD.TYPE_DOUBLE,
        "Int32Tensor": _FIELD.TYPE_INT32,
    }
    for name, kind in tensors.items():
        tensor = file.message_type.add(name=name)
        _add(tensor, "values", 1, kind, repeated=True)
        _add(tensor, "keys", 2, _FIELD.TYPE_UINT64, repeated=True)
        _add(tensor, "shape", 3, _FIELD.TYPE_UINT64, repeated=True)
    blob = file.message_type.add(name="Bytes")
    _add(blob, "value", 1, _FIELD.TYPE_BYTES, repeated=True)
    _add(blob, "content_type", 2, _FIELD.TYPE_STRING)
    value = file.message_type.add(name="Value")
    value.oneof_decl.add(name="value")
    members = (
        ("float32_tensor", 2, "Float32Tensor"),
        ("float64_tensor", 3, "Float64Tensor"),
        ("int32_tensor", 7, "Int32Tensor"),
        ("bytes", 9, "Bytes"),
    )
    for name, number, type_name in members:
        _add(value, name, number, _FIELD.TYPE_MESSAGE, type_name=type_name).oneof_index = 0
    record = file.message_type.add(name="Record")
    for number, (name, entry_name) in enumerate((("features", "FeaturesEntry"), ("label", "LabelEntry")), 1):
        entry = record.nested_type.add(name=entry_name)
        entry.options.map_entry = True
        _add(entry, "key", 1, _FIELD.TYPE_STRING)
        _add(entry, "value", 2, _FIELD.TYPE_MESSAGE, type_name="Value")
        _add(record, name, number, _FIELD.TYPE_MESSAGE, repeated=True, type_name=f"Record.{entry_name}")
    for number, name in enumerate(("uid", "metadata", "configuration"), 3):
        _add(record, name, number, _FIELD.TYPE_STRING)
    return file


_POOL = descriptor_pool.DescriptorPool()
_POOL.Add(_file())
Record: Any = message_factory.GetMessageClass(_POOL.FindMessageTypeByName("aialgs.data.Record"))
"""The message class; see the fields above."""
