"""Nets rewritten into what ONNX Runtime computes fast on a CPU; what they answer stays the same.

ONNX Runtime keeps the channels of convolutions in blocks that fit a processor's registers. A node that it cannot
compute in blocks has its input put into the plain order and its output into blocks again, which takes longer than the
node itself. Three kinds of nodes of these nets are such, and all can be said with convolutions:

    PRelu               s * x + (1 - s) * relu(x), with a convolution of one weight for each channel in either place
    Relu, Min, Max      a Clip, which becomes part of the convolution before it
    Pad of channels     a convolution with the identity matrix, which has rows of zeros at its end
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper

_CHANNELS_END = 5  # among the margins [start of each of four axes, end of each]


def blockwise(model: onnx.ModelProto) -> onnx.ModelProto:
    """The same net with such nodes replaced.

    Args:
        model: its pictures [batch, channel, height, width] between the transpositions at its ends.
    """
    graph = model.graph
    rewriting = _Rewriting(onnx.shape_inference.infer_shapes(model).graph)
    made = [new for node in graph.node for new in rewriting.of(node)]
    ends = {output.name for output in graph.output}
    kept: list[onnx.NodeProto] = []
    read = set(ends)
    for node in reversed(made):  # what nobody reads any more goes
        if read.intersection(node.output):
            kept.append(node)
            read.update(node.input)
    constants = [one for one in (*graph.initializer, *rewriting.constants) if one.name in read]
    rewritten = helper.make_graph(kept[::-1], graph.name, list(graph.input), list(graph.output), constants)
    return helper.make_model(rewritten, opset_imports=list(model.opset_import), ir_version=model.ir_version)


class _Rewriting:
    """What becomes of the nodes of one graph."""

    def __init__(self, graph: onnx.GraphProto) -> None:
        self._known: Mapping[str, NDArray[Any]] = {one.name: numpy_helper.to_array(one) for one in graph.initializer}
        self._channels = {
            value.name: value.type.tensor_type.shape.dim[1].dim_value
            for value in (*graph.input, *graph.value_info)
            if len(value.type.tensor_type.shape.dim) == 4
        }
        self._makers = {name: node for node in graph.node for name in node.output}
        self.constants: list[onnx.TensorProto] = []

    def of(self, node: onnx.NodeProto) -> list[onnx.NodeProto]:
        """The nodes that take a node's place; itself where it may stay."""
        if node.op_type == "PRelu":
            return self._prelu(node)
        if node.op_type == "Pad":
            return self._pad(node)
        if node.op_type == "Max":
            return self._clip(node)
        return [node]

    def _prelu(self, node: onnx.NodeProto) -> list[onnx.NodeProto]:
        slopes = self._known.get(node.input[1])
        if slopes is None or slopes.ndim not in (3, 4) or slopes.size != slopes.shape[-3]:
            return [node]
        value, (end,) = node.input[0], node.output
        slopes = slopes.reshape(-1, 1, 1, 1)
        each: dict[str, Any] = {"group": len(slopes), "kernel_shape": [1, 1]}
        return [
            helper.make_node("Relu", [value], [f"{end}/positive"]),
            helper.make_node("Conv", [value, self._constant(f"{end}/slopes", slopes)], [f"{end}/all"], **each),
            helper.make_node(
                "Conv", [f"{end}/positive", self._constant(f"{end}/rest", 1 - slopes)], [f"{end}/more"], **each
            ),
            helper.make_node("Add", [f"{end}/all", f"{end}/more"], [end]),
        ]

    def _pad(self, node: onnx.NodeProto) -> list[onnx.NodeProto]:
        margins, channels = self._known.get(node.input[1]), self._channels.get(node.input[0], 0)
        filling = self._known.get(node.input[2]) if len(node.input) > 2 and node.input[2] else None
        plain = not node.attribute or node.attribute[0].s == b"constant"
        if margins is None or margins.size != 8 or not channels or not plain or (filling is not None and filling.any()):
            return [node]
        wider = int(margins[_CHANNELS_END])
        if wider <= 0 or np.count_nonzero(margins) != 1:
            return [node]
        matrix = np.eye(channels + wider, channels, dtype=np.float32)[..., None, None]
        identity = self._constant(f"{node.output[0]}/identity", matrix)
        return [helper.make_node("Conv", [node.input[0], identity], node.output, kernel_shape=[1, 1])]

    def _clip(self, node: onnx.NodeProto) -> list[onnx.NodeProto]:
        """Of Relu, Min with a number and Max with a number that is not positive."""
        least = self._makers.get(node.input[0])
        first = self._makers.get(least.input[0]) if least is not None and least.op_type == "Min" else None
        numbers = [self._number(one) for one in (node, least)]
        if least is None or first is None or first.op_type != "Relu" or None in numbers or (numbers[0] or 0) > 0:
            return [node]
        zero = self._constant(f"{node.output[0]}/zero", np.zeros((), np.float32))
        return [helper.make_node("Clip", [first.input[0], zero, least.input[1]], node.output)]

    def _number(self, node: onnx.NodeProto | None) -> float | None:
        """The one number that a node compares its input with."""
        known = self._known.get(node.input[1]) if node is not None and len(node.input) == 2 else None
        return float(known.reshape(())) if known is not None and known.size == 1 else None

    def _constant(self, name: str, array: NDArray[Any]) -> str:
        self.constants.append(
            numpy_helper.from_array(np.ascontiguousarray(array, np.float32).reshape(array.shape), name)
        )
        return name
