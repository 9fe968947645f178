"""TF.js graphs become ONNX models of the same meaning."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort
import pytest

from clary.engines.vision.prepare import read_object
from clary.engines.vision.tfjs import NotConvertible, convert, optimised, weights


def text(value: str) -> dict[str, str]:
    return {"s": base64.b64encode(value.encode()).decode()}


def numbers(*values: int) -> dict[str, Any]:
    return {"list": {"i": [str(value) for value in values]}}


def graph(*nodes: dict[str, Any], size: int = 6) -> dict[str, Any]:
    dimensions = [{"size": "1"}, {"size": str(size)}, {"size": str(size)}, {"size": "2"}]
    start = {
        "name": "in",
        "op": "Placeholder",
        "attr": {"dtype": {"type": "DT_FLOAT"}, "shape": {"shape": {"dim": dimensions}}},
    }
    return {"modelTopology": {"node": [start, *nodes]}, "weightsManifest": []}


def const(name: str, array: np.ndarray, document: dict[str, Any], files: dict[str, bytes], packed: str = "") -> None:
    document["modelTopology"]["node"].append({"name": name, "op": "Const"})
    entry: dict[str, Any] = {"name": name, "shape": list(array.shape), "dtype": str(array.dtype)}
    if packed == "float16":
        entry["quantization"] = {"dtype": "float16"}
        data = array.astype(np.float16).tobytes()
    else:
        data = array.tobytes()
    document["weightsManifest"].append({"paths": [f"{name}.bin"], "weights": [entry]})
    files[f"{name}.bin"] = data


def run(document: dict[str, Any], files: dict[str, bytes], picture: np.ndarray, tmp_path: Path, **options: Any) -> Any:
    optimised(convert(document, files.__getitem__, **options), tmp_path / "m.onnx")
    session = ort.InferenceSession(str(tmp_path / "m.onnx"))
    return session.run(None, {session.get_inputs()[0].name: picture})


def test_a_convolution_pads_at_the_end_as_tensorflow_does(tmp_path: Path) -> None:
    files: dict[str, bytes] = {}
    attributes = {"strides": numbers(1, 2, 2, 1), "padding": text("SAME"), "dilations": numbers(1, 1, 1, 1),
                  "fused_ops": {"list": {"s": [text("BiasAdd")["s"], text("Relu")["s"]]}}}  # fmt: skip
    document = graph({"name": "c", "op": "_FusedConv2D", "input": ["in", "w", "b"], "attr": attributes})
    kernel = np.random.default_rng(0).standard_normal((3, 3, 2, 4)).astype(np.float32)
    const("w", kernel, document, files)
    const("b", np.array([0.1, -0.2, 0.3, 0], np.float32), document, files)
    picture = np.random.default_rng(1).standard_normal((1, 6, 6, 2)).astype(np.float32)
    (found,) = run(document, files, picture, tmp_path)
    padded = np.pad(picture[0], ((0, 1), (0, 1), (0, 0)))  # stride two over six: nothing before, one behind
    wanted = np.array(
        [[(padded[2 * y : 2 * y + 3, 2 * x : 2 * x + 3, :, None] * kernel).sum((0, 1, 2)) for x in range(3)]
         for y in range(3)]
    ) + np.array([0.1, -0.2, 0.3, 0])  # fmt: skip
    assert np.allclose(found[0], np.maximum(wanted, 0), atol=1e-4)


def test_each_channel_may_have_a_filter_of_its_own(tmp_path: Path) -> None:
    files: dict[str, bytes] = {}
    attributes = {"strides": numbers(1, 1, 1, 1), "padding": text("VALID"), "dilations": numbers(1, 1, 1, 1)}
    document = graph({"name": "d", "op": "DepthwiseConv2dNative", "input": ["in", "w"], "attr": attributes})
    kernel = np.random.default_rng(0).standard_normal((3, 3, 2, 1)).astype(np.float32)
    const("w", kernel, document, files, packed="float16")
    picture = np.ones((1, 6, 6, 2), np.float32)
    (found,) = run(document, files, picture, tmp_path)
    assert found.shape == (1, 4, 4, 2)
    assert np.allclose(found[0, 0, 0], kernel[..., 0].sum((0, 1)), atol=1e-2)


def test_a_scalar_stays_a_scalar(tmp_path: Path) -> None:
    files: dict[str, bytes] = {}
    unpack = {"name": "u", "op": "Unpack", "input": ["in"], "attr": {"num": {"i": "1"}, "axis": {"i": "0"}}}
    (found,) = run(graph(unpack), files, np.ones((1, 6, 6, 2), np.float32), tmp_path)
    assert found.shape == (6, 6, 2)


def test_a_graph_may_end_early_and_take_pictures_of_any_size(tmp_path: Path) -> None:
    files: dict[str, bytes] = {}
    resize = {"name": "r", "op": "ResizeBilinear", "input": ["in", "size"], "attr": {"half_pixel_centers": {"b": True}}}
    end = {"name": "end", "op": "Relu", "input": ["r"], "attr": {}}
    document = graph(resize, end)
    const("size", np.array([12, 12], np.int32), document, files)
    (found,) = run(document, files, np.ones((1, 10, 4, 2), np.float32), tmp_path, outputs=["r"], upsampling=2)
    assert found.shape == (1, 20, 8, 2)


def test_what_is_not_known_is_named() -> None:
    with pytest.raises(NotConvertible, match="the operation Nonsense of x is not known"):
        convert(graph({"name": "x", "op": "Nonsense", "input": ["in"]}), {}.__getitem__)


def test_bytes_with_a_scale_become_numbers() -> None:
    manifest = [{"paths": ["a"], "weights": [{"name": "w", "shape": [3], "dtype": "float32",
                 "quantization": {"dtype": "uint8", "scale": 0.5, "min": -1.0}}]}]  # fmt: skip
    assert weights(manifest, lambda path: bytes([0, 2, 255]))["w"].tolist() == [-1.0, 0.0, 126.5]


def test_a_minified_module_is_read_as_data() -> None:
    script = "!function(){}({1:[function(t,e,a){e.exports={format:\"g\",flag:!0,off:!1,n:[1,-.5,2e3],'k':{}}},{}]})"
    wanted = {"format": "g", "flag": True, "off": False, "n": [1, -0.5, 2000.0], "k": {}}
    assert read_object(script) == wanted


@pytest.mark.parametrize("script", ["", "exports=1", "exports={a:run()}", "exports={a:1"])
def test_a_module_that_is_no_literal_is_refused(script: str) -> None:
    with pytest.raises(ValueError, match=r"exports no object|belongs to no literal"):
        read_object(script)
