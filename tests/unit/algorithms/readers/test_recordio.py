import random
import struct

import numpy as np
import pytest

from clary.algorithms.contract import AlgorithmError
from clary.algorithms.readers import recordio
from clary.algorithms.readers.record_message import Record

MAGIC = struct.pack("<I", 0xCED7230A)


def record(values, label=None, kind="float32_tensor", keys=None, shape=None):
    message = Record()
    tensor = getattr(message.features["values"], kind)
    tensor.values.extend(values)
    tensor.keys.extend(keys or [])
    tensor.shape.extend([shape] if shape else [])
    if label is not None:
        message.label["values"].float32_tensor.values.append(label)
    return recordio.framed(message.SerializeToString())


@pytest.mark.parametrize("kind", ["float32_tensor", "float64_tensor", "int32_tensor"])
def test_dense_records_of_every_type_are_read(kind):
    table = recordio.decode(record([1, 2], 1, kind) + record([3, 4], 0, kind), "The pipe")
    assert table.features.tolist() == [[1, 2], [3, 4]]
    assert table.labels.tolist() == [1, 0]


def test_sparse_records_become_a_sparse_matrix():
    data = record([5.0], 1, keys=[2], shape=4) + record([6.0, 7.0], 0, keys=[0, 3], shape=4)
    assert recordio.decode(data, "The pipe").features.toarray().tolist() == [[0, 0, 5, 0], [6, 0, 0, 7]]


def test_a_split_record_is_put_together_with_the_magic_number_between_its_parts():
    def part(flag, payload):
        return MAGIC + struct.pack("<I", flag << 29 | len(payload)) + payload + bytes(-len(payload) % 4)

    data = part(1, b"abcd") + part(2, b"ef") + part(3, b"g") + part(0, b"whole")
    assert list(recordio.payloads(data, "f")) == [b"abcd" + MAGIC + b"ef" + MAGIC + b"g", b"whole"]


def test_the_wire_bytes_are_those_of_the_public_format():
    # field 2 (label) -> entry {1: "values", 2: Value{2: Float32Tensor{1: packed [1.0]}}}
    expected = bytes.fromhex("1212 0a06 76616c756573 1208 1206 0a04 0000803f".replace(" ", ""))
    assert recordio.encoded([{"values": [1.0]}]) == MAGIC + struct.pack("<I", 20) + expected


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"hello world!", "byte 0: this is not RecordIO"),
        (MAGIC, "ends inside a record"),
        (MAGIC + struct.pack("<I", 100) + b"x", "ends inside a record"),
        (MAGIC + struct.pack("<I", 2 << 29), "out of order"),
        (MAGIC + struct.pack("<I", 1 << 29), "incomplete"),
        (recordio.framed(b"\xff\xff\xff"), "record 1: this is not a protobuf Record"),
        (recordio.framed(b""), "record 1: the features have no entry"),
        (record([1.0], 1, keys=[9], shape=4), "keys, values and shape do not agree"),
        (record([1.0], 1, keys=[1, 2], shape=4), "keys, values and shape do not agree"),
        (record([1.0], 1, keys=[2**62], shape=2**63), "keys, values and shape do not agree"),
        (record([1.0]), "record 1: the label have no entry"),
        (record([1.0], 1) + record([1.0, 2.0], 1), "record 1: 1 features, but others have 2"),
    ],
)
def test_bad_bytes_are_refused_with_the_place(data, words):
    with pytest.raises(AlgorithmError) as caught:
        recordio.decode(data, "File x")
    assert words in str(caught.value)


def test_random_damage_gives_an_error_or_a_table_but_never_anything_else():
    source = random.Random(7)
    whole = b"".join(record([1.0, 2.0, float(i)], i % 2) for i in range(5))
    for _ in range(500):
        data = bytearray(whole)
        for _ in range(source.randint(1, 4)):
            data[source.randrange(len(data))] = source.randrange(256)
        try:
            table = recordio.decode(bytes(data[: source.randint(0, len(data))]), "f")
        except AlgorithmError:
            continue
        assert table.features.dtype == np.float32
