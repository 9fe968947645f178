"""Writes a fine-tuned encoder with its heads as a small ONNX file: fused for ONNX Runtime, weights in eight bits."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import onnx
import torch
from onnxruntime.quantization import QuantType, quantize_dynamic
from onnxruntime.transformers import optimizer
from onnxruntime.transformers.fusion_options import FusionOptions
from torch import Tensor, nn

HEADS, WIDTH = 12, 384
"""Of the all-MiniLM-L6-v2 encoder."""


def export(
    module: nn.Module,
    inputs: Mapping[str, Tensor],
    outputs: Mapping[str, Sequence[str]],
    path: Path,
    *,
    keep: Sequence[str] = (),
) -> None:
    """Writes `module` in evaluation mode to `path`.

    Args:
        module: takes the inputs in their order; its encoder must use eager attention.
        inputs: examples of what it takes, each [texts, length]; both axes become free.
        outputs: names of what it returns, each with the names of its free axes ("texts", "length") from the first.
        path: the file.
        keep: parts of names of matrices that stay in 32 bits: small heads whose last digits count.
    """
    module.eval()
    with tempfile.TemporaryDirectory() as folder:
        whole, fused = Path(folder) / "whole.onnx", Path(folder) / "fused.onnx"
        axes = {name: {0: "texts", 1: "length"} for name in inputs}
        axes |= {name: dict(enumerate(free)) for name, free in outputs.items()}
        torch.onnx.export(
            module,
            tuple(inputs.values()),
            str(whole),
            input_names=list(inputs),
            output_names=list(outputs),
            dynamic_axes=axes,
            opset_version=17,
            dynamo=False,
        )
        options = FusionOptions("bert")
        options.enable_embed_layer_norm = False
        model = optimizer.optimize_model(
            str(whole), model_type="bert", num_heads=HEADS, hidden_size=WIDTH, optimization_options=options
        )
        model.save_model_to_file(str(fused))
        quantize_dynamic(
            fused,
            path,
            op_types_to_quantize=["MatMul", "Attention", "Gather"],
            weight_type=QuantType.QInt8,
            per_channel=True,
            nodes_to_exclude=_nodes_with(onnx.load(str(fused)), keep),
            extra_options={"MatMulConstBOnly": True, "DefaultTensorType": onnx.TensorProto.FLOAT},
        )


def _nodes_with(model: onnx.ModelProto, parts: Sequence[str]) -> list[str]:
    return [
        node.name
        for node in model.graph.node
        if any(part in name for part in parts for name in [node.name, *node.input])
    ]
