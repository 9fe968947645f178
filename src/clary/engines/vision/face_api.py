"""The nets of face-api.js, whose package holds weights without a graph, built as ONNX graphs.

The recognition net is dlib's residual net: 150 x 150 pixels become 128 numbers; two pictures of one person lie within
0.6 of each other (Euclidean). The expression net has four dense blocks of separable convolutions; 112 x 112 pixels
become seven probabilities (`EXPRESSIONS`). Both take pictures [batch, height, width, 3], float32, 0..255, red first.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

RECOGNITION_PIXELS = 150
EXPRESSION_PIXELS = 112
EXPRESSIONS = ("neutral", "happy", "sad", "angry", "fear", "disgusted", "surprised")
_MEAN_RGB = np.array([122.782, 117.001, 104.298], np.float32)
_OPSET = 17
_IR_VERSION = 8

Arrays = Mapping[str, NDArray[Any]]


def recognition(arrays: Arrays) -> onnx.ModelProto:
    """The net that tells faces apart; output "embedding" [batch, 128]."""
    net = _Net(arrays, RECOGNITION_PIXELS)
    value = net.scaled("conv32_down", net.start, stride=2, same=False, relu=True)
    value = net.add("MaxPool", [value], kernel_shape=[3, 3], strides=[2, 2])
    for block in ("conv32_1", "conv32_2", "conv32_3"):
        value = net.residual(block, value)
    sizes = {"conv64": 3, "conv128": 2, "conv256": 2}
    side = 35  # 150 pixels, after a 7 x 7 convolution and a 3 x 3 maximum, both of stride two
    for stage, blocks in sizes.items():
        value, side = net.residual_down(f"{stage}_down", value, side, widen=True)
        for number in range(1, blocks + 1):
            value = net.residual(f"{stage}_{number}", value)
    value, _ = net.residual_down("conv256_down_out", value, side, widen=False)
    value = net.add("ReduceMean", [value], axes=[2, 3], keepdims=0)
    net.add("MatMul", [value, net.constant(arrays["fc"])], "embedding")
    return net.model("embedding", 128)


def expression(arrays: Arrays) -> onnx.ModelProto:
    """The net that reads expressions; output "probabilities" [batch, 7]."""
    net = _Net(arrays, EXPRESSION_PIXELS)
    value = net.start
    for number in range(4):
        value = net.dense(f"dense{number}", value, first=number == 0)
    value = net.add("AveragePool", [value], kernel_shape=[7, 7], strides=[2, 2])
    value = net.add("Flatten", [net.add("Transpose", [value], perm=[0, 2, 3, 1])])
    value = net.add("MatMul", [value, net.constant(arrays["fc/weights"])])
    value = net.add("Add", [value, net.constant(arrays["fc/bias"])])
    net.add("Softmax", [value], "probabilities", axis=-1)
    return net.model("probabilities", len(EXPRESSIONS))


class _Net:
    """A graph that grows layer by layer, [batch, channel, height, width] behind its start."""

    def __init__(self, arrays: Arrays, pixels: int) -> None:
        self._arrays = arrays
        self._pixels = pixels
        self._nodes: list[onnx.NodeProto] = []
        self._constants: list[onnx.TensorProto] = []
        centred = self.add("Sub", ["picture", self.constant(_MEAN_RGB)])
        scaled = self.add("Mul", [centred, self.constant(np.array(1 / 255, np.float32))])
        self.start = self.add("Transpose", [scaled], perm=[0, 3, 1, 2])

    def add(self, kind: str, inputs: list[str], output: str = "", **attributes: Any) -> str:
        output = output or f"v{len(self._nodes)}"
        self._nodes.append(helper.make_node(kind, inputs, [output], **attributes))
        return output

    def constant(self, array: NDArray[Any]) -> str:
        name = f"c{len(self._constants)}"
        self._constants.append(numpy_helper.from_array(np.ascontiguousarray(array), name))
        return name

    def convolution(
        self, value: str, filters: NDArray[Any], bias: NDArray[Any] | None, stride: int, same: bool, group: int = 1
    ) -> str:
        """Filters come as [height, width, in, out]; with a group for each channel as [height, width, in, 1]."""
        kernel = filters.transpose(2, 3, 0, 1) if group > 1 else filters.transpose(3, 2, 0, 1)
        inputs = [value, self.constant(kernel)]
        if bias is not None:
            inputs.append(self.constant(bias))
        padding = "SAME_UPPER" if same else "VALID"
        return self.add("Conv", inputs, strides=[stride, stride], auto_pad=padding, group=group)

    def scaled(self, name: str, value: str, stride: int, same: bool, relu: bool) -> str:
        """A convolution with the scale behind it folded into its weights."""
        factor, offset = self._arrays[f"{name}/scale/weights"], self._arrays[f"{name}/scale/biases"]
        filters = self._arrays[f"{name}/conv/filters"] * factor
        bias = self._arrays[f"{name}/conv/bias"] * factor + offset
        value = self.convolution(value, filters, bias, stride, same)
        return self.add("Relu", [value]) if relu else value

    def residual(self, name: str, value: str) -> str:
        inner = self.scaled(f"{name}/conv1", value, stride=1, same=True, relu=True)
        inner = self.scaled(f"{name}/conv2", inner, stride=1, same=True, relu=False)
        return self.add("Relu", [self.add("Add", [inner, value])])

    def residual_down(self, name: str, value: str, side: int, widen: bool) -> tuple[str, int]:
        """A block that halves height and width; the shorter of its two ways is filled up with zeros."""
        inner = self.scaled(f"{name}/conv1", value, stride=2, same=False, relu=True)
        inner = self.scaled(f"{name}/conv2", inner, stride=1, same=True, relu=False)
        convolved, pooled_side = (side - 3) // 2 + 1, side // 2
        if convolved != pooled_side:
            inner = self._padded(inner, [0, 0, 0, 0, 0, 0, 1, 1])
        pooled = self.add("AveragePool", [value], kernel_shape=[2, 2], strides=[2, 2])
        if widen:
            channels = int(self._arrays[f"{name}/conv2/conv/bias"].shape[0]) // 2
            pooled = self._padded(pooled, [0, 0, 0, 0, 0, channels, 0, 0])
        return self.add("Relu", [self.add("Add", [pooled, inner])]), max(convolved, pooled_side)

    def dense(self, name: str, value: str, first: bool) -> str:
        """Four convolutions, each of which sees the sum of all before it."""
        if first:
            filters, bias = self._arrays[f"{name}/conv0/filters"], self._arrays[f"{name}/conv0/bias"]
            total = self.convolution(value, filters, bias, stride=2, same=True)
        else:
            total = self._separable(f"{name}/conv0", value, stride=2)
        total = seen = self.add("Relu", [total])
        for number in range(1, 4):
            total = self.add("Add", [total, self._separable(f"{name}/conv{number}", seen, stride=1)])
            seen = self.add("Relu", [total])
        return seen

    def model(self, output: str, width: int) -> onnx.ModelProto:
        side = self._pixels
        start = helper.make_tensor_value_info("picture", TensorProto.FLOAT, ["batch", side, side, 3])
        end = helper.make_tensor_value_info(output, TensorProto.FLOAT, ["batch", width])
        graph = helper.make_graph(self._nodes, "graph", [start], [end], self._constants)
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", _OPSET)], ir_version=_IR_VERSION)

    def _separable(self, name: str, value: str, stride: int) -> str:
        by_channel = self._arrays[f"{name}/depthwise_filter"]
        value = self.convolution(value, by_channel, None, stride, same=True, group=by_channel.shape[2])
        across, bias = self._arrays[f"{name}/pointwise_filter"], self._arrays[f"{name}/bias"]
        return self.convolution(value, across, bias, stride=1, same=True)

    def _padded(self, value: str, margins: list[int]) -> str:
        return self.add("Pad", [value, self.constant(np.array(margins, np.int64))])
