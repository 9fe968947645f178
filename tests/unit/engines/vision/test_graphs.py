"""Nets are rewritten into what is computed fast, and answer the same."""

from __future__ import annotations

import numpy as np
import onnx
import onnxruntime as ort
import pytest
from onnx import TensorProto, helper, numpy_helper

from clary.engines.vision.graphs import blockwise

DICE = np.random.default_rng(3)


def net(nodes: list[onnx.NodeProto], **constants: np.ndarray) -> onnx.ModelProto:
    """A net from "in" [2, 3, 5, 4] to "out"."""
    start = helper.make_tensor_value_info("in", TensorProto.FLOAT, [2, 3, 5, 4])
    end = helper.make_tensor_value_info("out", TensorProto.FLOAT, None)
    held = [numpy_helper.from_array(array, name) for name, array in constants.items()]
    graph = helper.make_graph(nodes, "graph", [start], [end], held)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def answer(model: onnx.ModelProto) -> np.ndarray:
    session = ort.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    picture = np.random.default_rng(1).standard_normal((2, 3, 5, 4)).astype(np.float32) * 5
    return np.asarray(session.run(None, {"in": picture})[0])


def kinds(model: onnx.ModelProto) -> set[str]:
    return {node.op_type for node in model.graph.node}


SLOPES = np.array([0.3, -1.1, 1.5], np.float32).reshape(3, 1, 1)
SIX, ZERO = np.array(6, np.float32), np.array(0, np.float32)
CHANNELS = np.array([0, 0, 0, 0, 0, 2, 0, 0])


@pytest.mark.parametrize(
    ("before", "gone"),
    [
        (net([helper.make_node("PRelu", ["in", "s"], ["out"])], s=SLOPES), "PRelu"),
        (net([helper.make_node("Pad", ["in", "m"], ["out"])], m=CHANNELS), "Pad"),
        (
            net(
                [
                    helper.make_node("Relu", ["in"], ["a"]),
                    helper.make_node("Min", ["a", "six"], ["b"]),
                    helper.make_node("Max", ["b", "zero"], ["out"]),
                ],
                six=SIX,
                zero=ZERO,
            ),
            "Relu",
        ),
    ],
)
def test_what_is_slow_goes_and_the_answer_stays(before: onnx.ModelProto, gone: str) -> None:
    after = blockwise(before)
    assert gone in kinds(before) and gone not in kinds(after)
    assert np.allclose(answer(after), answer(before), atol=1e-5)


@pytest.mark.parametrize(
    "kept",
    [
        net([helper.make_node("PRelu", ["in", "s"], ["out"])], s=DICE.random((3, 5, 4)).astype(np.float32)),
        net([helper.make_node("Pad", ["in", "m"], ["out"])], m=np.array([0, 0, 1, 0, 0, 2, 1, 0])),
        net([helper.make_node("Pad", ["in", "m", "v"], ["out"])], m=CHANNELS, v=np.array(3, np.float32)),
        net([helper.make_node("Max", ["in", "one"], ["out"])], one=np.array(1, np.float32)),
    ],
)
def test_other_varieties_stay_as_they_are(kept: onnx.ModelProto) -> None:
    assert kinds(blockwise(kept)) == kinds(kept)
    assert np.array_equal(answer(blockwise(kept)), answer(kept))
