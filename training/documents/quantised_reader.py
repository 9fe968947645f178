"""The recogniser of lines in eight bits: `python -m training.documents.quantised_reader DOCUMENTS TARGET`.

Makes `line_reader.onnx` and `line_reader_head.npz` in the folder TARGET from the PP-OCRv6 recogniser that the rapidocr
wheel brings. Convolutions compute in eight bits; how far their values reach is measured on lines cut from the documents
in the folder DOCUMENTS (sample documents that AWS published, MIT-0). The last layer, which tells 18,710 characters
apart, is taken off: most lines need its rows of Latin letters alone, which stay. The same documents give the same
files.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from numpy.typing import NDArray
from onnx import helper, numpy_helper, version_converter
from onnxruntime.quantization import CalibrationDataReader, CalibrationMethod, QuantFormat, QuantType, quantize_static

from clary.engines.documents.crops import cut, page_slant_degrees
from clary.engines.documents.detector import Detector, DetectorSettings
from clary.engines.documents.pages import open_document
from clary.engines.documents.recognizer import latin_codes, network_input
from clary.engines.documents.sessions import RECOGNIZER, bundled
from clary.engines.refusals import Refused

OPSET = 17
FEATURES, WEIGHTS, BIAS = "p2o.pd_op.transpose.8.0", "linear_8.w_0", "linear_8.b_0"
LINES_OF_A_PAGE = 4
EXACT_CONVOLUTIONS = 5
"""The first ones see the picture itself at full size: they stay as they are, which is also faster than to convert."""


class Lines(CalibrationDataReader):
    """Lines as the network sees them."""

    def __init__(self, name: str, documents: Path) -> None:
        self._lines = ({name: values} for values in _lines(documents))

    def get_next(self) -> dict[str, NDArray[np.float32]] | None:
        """The next line."""
        return next(self._lines, None)


def main(documents: Path, target: Path) -> None:
    """Writes both files."""
    model = version_converter.convert_version(onnx.load(bundled(RECOGNIZER)), OPSET)
    stored = {one.name: numpy_helper.to_array(one) for one in model.graph.initializer if one.name in (WEIGHTS, BIAS)}
    (characters,) = (one.value for one in model.metadata_props if one.key == "character")
    _behead(model)
    _append_latin(model, stored[WEIGHTS], stored[BIAS], characters.splitlines())
    with tempfile.TemporaryDirectory() as folder:
        whole, prepared = Path(folder) / "whole.onnx", Path(folder) / "prepared.onnx"
        onnx.save(model, whole)
        _simplify(whole, prepared)
        convolutions = [node.name for node in onnx.load(prepared).graph.node if node.op_type == "Conv"]
        quantize_static(
            str(prepared),
            str(target / "line_reader.onnx"),
            Lines(model.graph.input[0].name, documents),
            quant_format=QuantFormat.QDQ,
            op_types_to_quantize=["Conv"],
            per_channel=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            calibrate_method=CalibrationMethod.MinMax,
            nodes_to_exclude=convolutions[:EXACT_CONVOLUTIONS],
        )
    np.savez_compressed(
        target / "line_reader_head.npz",
        weights=stored[WEIGHTS].astype(np.float16),
        bias=stored[BIAS].astype(np.float32),
        characters=np.frombuffer(characters.encode(), np.uint8),
    )


def _simplify(model: Path, target: Path) -> None:
    """Joins what runs faster as one operation, convolutions aside, which are quantised one by one."""
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_EXTENDED
    options.optimized_model_filepath = str(target)
    options.log_severity_level = 3
    apart = ["ConvActivationFusion", "ConvAddActivationFusion", "MatmulTransposeFusion", "NhwcTransformer"]
    onnxruntime.InferenceSession(str(model), options, ["CPUExecutionProvider"], disabled_optimizers=apart)


def _behead(model: onnx.ModelProto) -> None:
    """Takes off what comes after the features."""
    nodes = list(model.graph.node)
    last = next(at for at, node in enumerate(nodes) if FEATURES in node.output)
    del model.graph.node[last + 1 :]
    for name in (WEIGHTS, BIAS):
        model.graph.initializer.remove(next(one for one in model.graph.initializer if one.name == name))
    del model.graph.output[:]
    model.graph.output.append(helper.make_tensor_value_info(FEATURES, onnx.TensorProto.FLOAT, [1, "steps", "values"]))


def _append_latin(
    model: onnx.ModelProto, weights: NDArray[np.float32], bias: NDArray[np.float32], characters: list[str]
) -> None:
    """A second answer: the probabilities of the characters that Latin scripts write with."""
    codes = latin_codes(["", *characters, " "])
    for name, values in (("latin_weights", weights[:, codes]), ("latin_bias", bias[codes])):
        model.graph.initializer.append(numpy_helper.from_array(np.ascontiguousarray(values), name))
    model.graph.node.extend(
        [
            helper.make_node("MatMul", [FEATURES, "latin_weights"], ["latin_products"]),
            helper.make_node("Add", ["latin_products", "latin_bias"], ["latin_sums"]),
            helper.make_node("Softmax", ["latin_sums"], ["latin"], axis=2),
        ]
    )
    shape = [1, "steps", len(codes)]
    model.graph.output.append(helper.make_tensor_value_info("latin", onnx.TensorProto.FLOAT, shape))


def _lines(documents: Path) -> list[NDArray[np.float32]]:
    """Some lines of the first page of every document."""
    detector = Detector()
    found = []
    for file in sorted(file for file in documents.rglob("*") if file.is_file()):
        try:
            with open_document(file.read_bytes()) as document:
                page = document.pixels(1, 150)
        except Refused:
            continue  # tables and notes that lie beside the documents
        boxes = detector.find(page, (1_700_000 / (page.shape[0] * page.shape[1])) ** 0.5, DetectorSettings())
        rules = np.zeros(page.shape[:2], bool)
        for box in boxes[:: max(1, len(boxes) // LINES_OF_A_PAGE)]:
            line = cut(page, rules, box, page_slant_degrees(boxes), (0.1, 0.08))
            if line is not None:
                found.append(network_input(line.pixels)[0])
    return found


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
