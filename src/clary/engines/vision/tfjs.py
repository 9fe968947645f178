"""TF.js graph models to ONNX by a walk over their operations; neither TensorFlow nor TF.js is needed.

A TF.js graph model is a JSON file with the nodes of a TensorFlow graph, its pictures [batch, height, width, channel],
and files with the weights one behind the other, possibly as float16 or as bytes with a scale. Every node becomes the
ONNX operation of the same meaning on the same axes. ONNX convolves and pools [batch, channel, height, width] only, so
those stand between two transpositions, which ONNX Runtime's optimiser then pushes to the ends of the graph: the model
that it saves (`optimised`) has only a few.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime as ort
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from clary.engines.vision.graphs import blockwise

_OPSET = 17
_IR_VERSION = 8
_TYPES: dict[str, Any] = {
    "DT_FLOAT": (np.float32, TensorProto.FLOAT),
    "DT_INT32": (np.int32, TensorProto.INT32),
    "DT_INT64": (np.int64, TensorProto.INT64),
    "DT_BOOL": (np.bool_, TensorProto.BOOL),
    "DT_UINT8": (np.uint8, TensorProto.UINT8),
}
_SAME_MEANING = {
    "Add": "Add", "AddV2": "Add", "BiasAdd": "Add", "Sub": "Sub", "Mul": "Mul", "RealDiv": "Div", "Minimum": "Min",
    "Maximum": "Max", "Relu": "Relu", "Sigmoid": "Sigmoid", "Softmax": "Softmax", "Sqrt": "Sqrt", "Exp": "Exp",
    "Prelu": "PRelu", "Equal": "Equal", "Identity": "Identity",
}  # fmt: skip
_TO_CHANNELS_FIRST = [0, 3, 1, 2]
_TO_CHANNELS_LAST = [0, 2, 3, 1]


class NotConvertible(Exception):
    """The model has an operation, or a variety of one, that the walk does not know."""


def weights(manifest: Sequence[Mapping[str, Any]], read: Callable[[str], bytes]) -> dict[str, NDArray[Any]]:
    """The weights of a TF.js manifest.

    Args:
        manifest: groups of `paths` and `weights`.
        read: the bytes of a path.

    Returns:
        Arrays by name, in their original type.
    """
    found: dict[str, NDArray[Any]] = {}
    for group in manifest:
        data = b"".join(read(path) for path in group["paths"])
        position = 0
        for one in group["weights"]:
            packing = one.get("quantization")
            stored = np.dtype(packing["dtype"] if packing else one["dtype"]).newbyteorder("<")
            count = int(np.prod(one["shape"], dtype=np.int64))
            array = np.frombuffer(data, stored, count, position)
            position += count * stored.itemsize
            if packing and "scale" in packing:
                array = array.astype(np.float32) * np.float32(packing["scale"]) + np.float32(packing["min"])
            found[one["name"]] = array.astype(one["dtype"]).reshape(one["shape"])
    return found


def convert(
    document: Mapping[str, Any],
    read: Callable[[str], bytes],
    outputs: Sequence[str] = (),
    upsampling: int | None = None,
) -> onnx.ModelProto:
    """A TF.js graph model as an ONNX model with the same inputs and outputs, pictures [batch, height, width, channel].

    Args:
        document: the parsed `model.json`.
        read: the bytes of a file that its manifest names.
        outputs: the nodes to end at, in this order; the graph's last ones where none is named.
        upsampling: the factor of every bilinear resize of a model whose pictures may have any size; such a model's
            input loses its fixed height and width.

    Raises:
        NotConvertible: an operation is not known.
    """
    walk = _Walk(document, weights(document["weightsManifest"], read), upsampling)
    return walk.model(outputs)


def optimised(model: onnx.ModelProto, target: Path) -> None:
    """Writes the model with its transpositions folded away, which ONNX Runtime does, and fit for CPUs (`graphs`)."""
    options = ort.SessionOptions()
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_ENABLE_BASIC
    options.optimized_model_filepath = str(target)
    options.log_severity_level = 3
    ort.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    onnx.save(blockwise(onnx.load(str(target))), str(target))


class _Walk:
    """The nodes of one graph on their way to ONNX."""

    def __init__(self, document: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]], upsampling: int | None) -> None:
        self._nodes: dict[str, Any] = {node["name"]: node for node in document["modelTopology"]["node"]}
        self._arrays = dict(arrays)
        self._upsampling = upsampling
        self._made: list[onnx.NodeProto] = []
        self._constants: dict[str, onnx.TensorProto] = {}
        self._inputs: list[onnx.ValueInfoProto] = []
        self._done: set[str] = set()
        self._kinds: dict[str, Callable[[dict[str, Any], list[str]], str]] = {
            "Conv2D": self._convolution,
            "_FusedConv2D": self._convolution,
            "DepthwiseConv2dNative": self._convolution,
            "FusedDepthwiseConv2dNative": self._convolution,
            "_FusedMatMul": self._product,
            "MatMul": self._product,
            "MaxPool": self._pool,
            "AvgPool": self._pool,
            "Mean": self._mean,
            "Pad": self._pad,
            "PadV2": self._pad,
            "Relu6": self._relu6,
            "Reshape": self._reshape,
            "Squeeze": self._squeeze,
            "ExpandDims": self._expand,
            "ConcatV2": self._concatenate,
            "Pack": self._pack,
            "Unpack": self._unpack,
            "Cast": self._cast,
            "ArgMax": self._greatest,
            "FloorDiv": self._floor_division,
            "SquaredDifference": self._squared_difference,
            "GatherNd": self._gather,
            "ResizeBilinear": self._resize,
            "FusedBatchNormV3": self._normalisation,
        }

    def model(self, outputs: Sequence[str]) -> onnx.ModelProto:
        read = {_source(name)[0] for node in self._nodes.values() for name in node.get("input", [])}
        ends = list(outputs) or [name for name in self._nodes if name not in read]
        for name in ends:
            self._visit(name)
        values = [helper.make_empty_tensor_value_info(name) for name in ends]
        graph = helper.make_graph(self._made, "graph", self._inputs, values, list(self._constants.values()))
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", _OPSET)], ir_version=_IR_VERSION)
        return onnx.shape_inference.infer_shapes(model)

    def _visit(self, end: str) -> None:
        """Emits a node behind what it reads; without recursion, since graphs are deep."""
        waiting = [end]
        while waiting:
            name = waiting[-1]
            if name in self._done:
                waiting.pop()
                continue
            node = self._nodes[name]
            sources = [_source(text)[0] for text in node.get("input", []) if not text.startswith("^")]
            missing = [source for source in sources if source not in self._done]
            if missing:
                waiting.extend(missing)
                continue
            self._emit(node)
            self._done.add(name)
            waiting.pop()

    def _emit(self, node: dict[str, Any]) -> None:
        kind, name = node["op"], node["name"]
        inputs = [_value(text) for text in node.get("input", []) if not text.startswith("^")]
        if kind == "Placeholder":
            self._inputs.append(self._placeholder(node))
        elif kind == "Const":
            self._constant(self._arrays[name], name)
        elif kind in _SAME_MEANING:
            attributes = {"axis": -1} if kind == "Softmax" else {}
            self._add(_SAME_MEANING[kind], inputs, name, **attributes)
        elif kind in self._kinds:
            made = self._kinds[kind](node, inputs)
            if made != name:
                self._add("Identity", [made], name)
        else:
            raise NotConvertible(f"the operation {kind} of {name} is not known")

    def _placeholder(self, node: dict[str, Any]) -> onnx.ValueInfoProto:
        sizes = [int(dimension["size"]) for dimension in node["attr"]["shape"]["shape"]["dim"]]
        shape: list[Any] = [size if size > 0 else f"d{axis}" for axis, size in enumerate(sizes)]
        if self._upsampling is not None:
            shape = ["batch", "height", "width", shape[3]]
        element = _TYPES[node["attr"]["dtype"]["type"]][1]
        return helper.make_tensor_value_info(node["name"], element, shape)

    def _add(self, kind: str, inputs: Sequence[str], output: str = "", **attributes: Any) -> str:
        output = output or f"made/{len(self._made)}"
        self._made.append(helper.make_node(kind, list(inputs), [output], **attributes))
        return output

    def _constant(self, array: NDArray[Any], name: str = "") -> str:
        name = name or f"constant/{len(self._constants)}"
        self._arrays[name] = array
        self._constants[name] = numpy_helper.from_array(np.asarray(array, order="C"), name)
        return name

    def _known(self, name: str) -> NDArray[Any]:
        if name not in self._arrays:
            raise NotConvertible(f"{name} is computed where a constant is needed")
        return self._arrays[name]

    def _integers(self, name: str) -> str:
        """A constant of sizes or axes in the type that ONNX wants."""
        return self._constant(self._known(name).astype(np.int64).reshape(-1))

    def _fused(self, node: dict[str, Any], value: str, arguments: list[str]) -> str:
        """What a fused node does to its result, one after the other."""
        waiting = list(arguments)
        for kind in _texts(node, "fused_ops"):
            if kind == "BiasAdd":
                value = self._add("Add", [value, waiting.pop(0)])
            elif kind == "Prelu":
                value = self._add("PRelu", [value, waiting.pop(0)])
            elif kind == "Relu6":
                value = self._relu6(node, [value])
            elif kind in ("Relu", "Elu", "Sigmoid"):
                value = self._add(kind, [value])
            else:
                raise NotConvertible(f"the fused operation {kind} of {node['name']} is not known")
        return value

    def _convolution(self, node: dict[str, Any], inputs: list[str]) -> str:
        filters = self._known(inputs[1])  # [height, width, in, out], or [height, width, in, multiplier] by channel
        attributes: dict[str, Any] = {}
        if "Depthwise" in node["op"]:
            height, width, channels, multiplier = filters.shape
            filters = filters.reshape(height, width, 1, channels * multiplier)
            attributes["group"] = channels
        kernel = self._constant(filters.transpose(3, 2, 0, 1))
        first = self._add("Transpose", inputs[:1], perm=_TO_CHANNELS_FIRST)
        done = self._add(
            "Conv",
            [first, kernel],
            strides=_numbers(node, "strides")[1:3],
            dilations=(_numbers(node, "dilations") or [1, 1, 1, 1])[1:3],
            **_padding(node),
            **attributes,
        )
        return self._fused(node, self._add("Transpose", [done], perm=_TO_CHANNELS_LAST), inputs[2:])

    def _product(self, node: dict[str, Any], inputs: list[str]) -> str:
        left, right = inputs[:2]
        if node["attr"].get("transpose_a", {}).get("b"):
            left = self._add("Transpose", [left], perm=[1, 0])
        if node["attr"].get("transpose_b", {}).get("b"):
            right = self._add("Transpose", [right], perm=[1, 0])
        return self._fused(node, self._add("MatMul", [left, right]), inputs[2:])

    def _pool(self, node: dict[str, Any], inputs: list[str]) -> str:
        first = self._add("Transpose", inputs, perm=_TO_CHANNELS_FIRST)
        done = self._add(
            "MaxPool" if node["op"] == "MaxPool" else "AveragePool",
            [first],
            kernel_shape=_numbers(node, "ksize")[1:3],
            strides=_numbers(node, "strides")[1:3],
            **_padding(node),
        )
        return self._add("Transpose", [done], perm=_TO_CHANNELS_LAST)

    def _mean(self, node: dict[str, Any], inputs: list[str]) -> str:
        axes = [int(axis) for axis in self._known(inputs[1]).reshape(-1)]
        keep = int(bool(node["attr"].get("keep_dims", {}).get("b")))
        return self._add("ReduceMean", inputs[:1], node["name"], axes=axes, keepdims=keep)

    def _pad(self, node: dict[str, Any], inputs: list[str]) -> str:
        margins = self._known(inputs[1]).astype(np.int64)  # [axis, before and after]
        return self._add("Pad", [inputs[0], self._constant(margins.T.reshape(-1)), *inputs[2:]], node["name"])

    def _relu6(self, node: dict[str, Any], inputs: list[str]) -> str:
        return self._add("Clip", [inputs[0], *(self._constant(np.array(x, np.float32)) for x in (0, 6))])

    def _reshape(self, node: dict[str, Any], inputs: list[str]) -> str:
        return self._add("Reshape", [inputs[0], self._integers(inputs[1])], node["name"])

    def _squeeze(self, node: dict[str, Any], inputs: list[str]) -> str:
        axes = self._constant(np.array(_numbers(node, "squeeze_dims"), np.int64))
        return self._add("Squeeze", [inputs[0], axes], node["name"])

    def _expand(self, node: dict[str, Any], inputs: list[str]) -> str:
        return self._add("Unsqueeze", [inputs[0], self._integers(inputs[1])], node["name"])

    def _concatenate(self, node: dict[str, Any], inputs: list[str]) -> str:
        return self._add("Concat", inputs[:-1], node["name"], axis=int(self._known(inputs[-1]).reshape(())))

    def _pack(self, node: dict[str, Any], inputs: list[str]) -> str:
        axis = int(node["attr"].get("axis", {}).get("i", 0))
        axes = self._constant(np.array([axis], np.int64))
        return self._add("Concat", [self._add("Unsqueeze", [one, axes]) for one in inputs], node["name"], axis=axis)

    def _unpack(self, node: dict[str, Any], inputs: list[str]) -> str:
        axis = int(node["attr"].get("axis", {}).get("i", 0))
        for number in range(int(node["attr"]["num"]["i"])):
            index = self._constant(np.array(number, np.int64))
            self._add("Gather", [inputs[0], index], _value(f"{node['name']}:{number}"), axis=axis)
        return str(node["name"])

    def _cast(self, node: dict[str, Any], inputs: list[str]) -> str:
        return self._add("Cast", inputs, node["name"], to=_TYPES[node["attr"]["DstT"]["type"]][1])

    def _greatest(self, node: dict[str, Any], inputs: list[str]) -> str:
        axis = int(self._known(inputs[1]).reshape(()))
        found = self._add("ArgMax", inputs[:1], axis=axis, keepdims=0)
        kind = node["attr"].get("output_type", {}).get("type", "DT_INT64")
        return self._add("Cast", [found], node["name"], to=_TYPES[kind][1])

    def _gather(self, node: dict[str, Any], inputs: list[str]) -> str:
        places = self._add("Cast", inputs[1:], to=TensorProto.INT64)
        return self._add("GatherND", [inputs[0], places], node["name"])

    def _floor_division(self, node: dict[str, Any], inputs: list[str]) -> str:
        if node["attr"]["T"]["type"] == "DT_FLOAT":
            return self._add("Floor", [self._add("Div", inputs)], node["name"])
        return self._add("Div", inputs, node["name"])  # of whole numbers that are never negative: both round down

    def _squared_difference(self, node: dict[str, Any], inputs: list[str]) -> str:
        difference = self._add("Sub", inputs)
        return self._add("Mul", [difference, difference], node["name"])

    def _resize(self, node: dict[str, Any], inputs: list[str]) -> str:
        aligned = node["attr"].get("align_corners", {}).get("b")
        halves = node["attr"].get("half_pixel_centers", {}).get("b")
        mode = "align_corners" if aligned else "half_pixel" if halves else "asymmetric"
        first = self._add("Transpose", inputs[:1], perm=_TO_CHANNELS_FIRST)
        if self._upsampling is not None:
            factor = float(self._upsampling)
            arguments = [first, "", self._constant(np.array([1, 1, factor, factor], np.float32))]
        else:
            size = self._known(inputs[1]).astype(np.int64)
            start, channels = (self._constant(np.array([x], np.int64)) for x in (0, 2))
            kept = self._add("Slice", [self._add("Shape", [first]), start, channels])
            arguments = [first, "", "", self._add("Concat", [kept, self._constant(size)], axis=0)]
        done = self._add("Resize", arguments, mode="linear", coordinate_transformation_mode=mode)
        return self._add("Transpose", [done], perm=_TO_CHANNELS_LAST)

    def _normalisation(self, node: dict[str, Any], inputs: list[str]) -> str:
        scale, offset, mean, variance = (self._known(name) for name in inputs[1:5])
        factor = scale / np.sqrt(variance + float(node["attr"]["epsilon"]["f"]))
        scaled = self._add("Mul", [inputs[0], self._constant(factor.astype(np.float32))])
        return self._add("Add", [scaled, self._constant((offset - mean * factor).astype(np.float32))])


def _source(text: str) -> tuple[str, int]:
    """The node and the output number of an input: "name", "name:1", or "^name" for mere order."""
    name, _, number = text.removeprefix("^").partition(":")
    return name, int(number or 0)


def _value(text: str) -> str:
    name, number = _source(text)
    return name if number == 0 else f"{name}:{number}"


def _numbers(node: dict[str, Any], name: str) -> list[int]:
    return [int(number) for number in node["attr"].get(name, {}).get("list", {}).get("i", [])]


def _texts(node: dict[str, Any], name: str) -> list[str]:
    return [_text(one) for one in node["attr"].get(name, {}).get("list", {}).get("s", [])]


def _text(encoded: Any) -> str:
    return base64.b64decode(encoded).decode() if isinstance(encoded, str) else bytes(encoded).decode()


def _padding(node: dict[str, Any]) -> dict[str, Any]:
    rule = _text(node["attr"]["padding"]["s"])
    if rule not in ("SAME", "VALID"):
        raise NotConvertible(f"the padding {rule} of {node['name']} is not known")
    return {"auto_pad": "SAME_UPPER" if rule == "SAME" else "VALID"}
