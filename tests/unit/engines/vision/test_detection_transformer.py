"""A user's own net of objects: a tiny ONNX file with the inputs and outputs of RT-DETR."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from clary.engines.refusals import Refused
from clary.engines.vision import detection_transformer, objects
from clary.engines.vision.labels import labels_of
from clary.engines.vision.models import Models
from clary.engines.vision.pictures import Picture, from_pixels

SIDE = 64


def net(folder: Path, image_input: str = "images") -> Path:
    """A file whose net finds a dog in the right half with the picture's mean redness as score, and a kind too many."""
    constants = [
        numpy_helper.from_array(np.array([[16, 99]], np.int64), "kinds"),
        numpy_helper.from_array(np.array([[[0.5, 0.0, 1.0, 1.0], [0.0, 0.0, 1.0, 1.0]]], np.float32), "places"),
        numpy_helper.from_array(np.array([0], np.int64), "first"),
        numpy_helper.from_array(np.array([[1.0, 1.0]], np.float32), "ones"),
        numpy_helper.from_array(np.array([1, 1, 4], np.int64), "shape"),
        numpy_helper.from_array(np.array([1, 1], np.int64), "single"),
        numpy_helper.from_array(np.array([2, 3], np.int64), "sides"),
    ]
    nodes = [
        helper.make_node("Identity", ["kinds"], ["labels"]),
        helper.make_node("Cast", ["orig_target_sizes"], ["size"], to=TensorProto.FLOAT),
        helper.make_node("Concat", ["size", "size"], ["twice"], axis=1),
        helper.make_node("Reshape", ["twice", "shape"], ["scale"]),
        helper.make_node("Mul", ["places", "scale"], ["boxes"]),
        helper.make_node("ReduceMean", [image_input, "sides"], ["means"], keepdims=0),
        helper.make_node("Gather", ["means", "first"], ["red"], axis=1),
        helper.make_node("Reshape", ["red", "single"], ["redness"]),
        helper.make_node("Mul", ["redness", "ones"], ["scores"]),
    ]
    inputs = [
        helper.make_tensor_value_info(image_input, TensorProto.FLOAT, [1, 3, SIDE, SIDE]),
        helper.make_tensor_value_info("orig_target_sizes", TensorProto.INT64, [1, 2]),
    ]
    outputs = [
        helper.make_tensor_value_info("labels", TensorProto.INT64, [1, 2]),
        helper.make_tensor_value_info("boxes", TensorProto.FLOAT, [1, 2, 4]),
        helper.make_tensor_value_info("scores", TensorProto.FLOAT, [1, 2]),
    ]
    graph = helper.make_graph(nodes, "tiny", inputs, outputs, constants)
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8)
    path = folder / "tiny.onnx"
    onnx.save(made, path)
    return path


@pytest.fixture
def picture() -> Picture:
    pixels = np.zeros((90, 120, 3), np.uint8)
    pixels[..., 0] = 204
    return from_pixels(pixels)


def test_a_net_that_the_user_names_finds_the_objects(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, picture: Picture
) -> None:
    monkeypatch.setenv(detection_transformer.FILE, str(net(tmp_path)))
    found = objects.detect(Models(tmp_path, threads=1), picture)
    assert [objects.NAMES[kind] for kind in found.kinds] == ["dog"]
    assert np.allclose(found.boxes, [[0.5, 0, 1, 1]])
    assert objects.confidences(found.scores) == pytest.approx([0.8], abs=0.01)
    assert "Dog" in [label["name"] for label in labels_of(found, picture)]


@pytest.mark.parametrize(
    ("content", "words"), [(None, "cannot be read"), (b"nothing", "cannot be read"), ("pictures", "its inputs are")]
)
def test_a_file_that_is_no_such_net_is_refused_by_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, picture: Picture, content: bytes | str | None, words: str
) -> None:
    path = tmp_path / "own.onnx"
    if isinstance(content, bytes):
        path.write_bytes(content)
    elif content is not None:
        path = net(tmp_path, image_input=content)
    monkeypatch.setenv(detection_transformer.FILE, str(path))
    with pytest.raises(Refused, match=words) as refusal:
        objects.detect(Models(tmp_path, threads=1), picture)
    assert refusal.value.reason == "weights-missing"
    assert str(path) in refusal.value.message
