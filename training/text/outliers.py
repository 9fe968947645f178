"""Sets the few loud neurons of an encoder apart, so that rounding to eight bits serves the others.

Dynamic quantization gives a whole batch one scale. The piece that begins a text drives a few neurons of each layer five
times as far as any word drives any neuron, and what words say is left with a few steps of the 256. Loud neurons keep 32
bits, as in LLM.int8() (Dettmers et al. 2022), and loud values are scaled down before a layer whose
weights make up for it, as in SmoothQuant (Xiao et al. 2023). In 32 bits a layer answers what it did before.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from transformers import BertModel

LOUD = 16
"""Neurons of each layer that keep 32 bits."""
FURTHEST = 6.0
"""What a layer reads is scaled down to this, value by value, and its weights up."""
KEEP = ("loud_",)
"""For `onnx_export.export`."""


class ParcelledLayer(nn.Module):
    """A feed-forward layer in two parts.

    Args:
        inner: makes the neurons.
        outer: reads them.
        loud: which neurons are set apart.
        furthest: how far each of the values goes that `inner` reads.
    """

    def __init__(self, inner: nn.Linear, outer: nn.Linear, loud: Tensor, furthest: Tensor) -> None:
        super().__init__()
        quiet = torch.tensor([number for number in range(inner.out_features) if number not in set(loud.tolist())])
        self.quiet_inner, self.quiet_outer = _part(inner, quiet), _read(outer, quiet, bias=True)
        self.scale = nn.Parameter((FURTHEST / furthest).clamp(max=1))
        self.quiet_inner.weight.data /= self.scale.data
        self.loud_inner, self.loud_outer = _part(inner, loud), _read(outer, loud, bias=False)

    def forward(self, values: Tensor) -> Tensor:
        """Takes and returns [texts, length, width]."""
        quiet: Tensor = self.quiet_outer(nn.functional.gelu(self.quiet_inner(values * self.scale)))
        return quiet + self.loud_outer(nn.functional.gelu(self.loud_inner(values)))


@torch.no_grad()
def set_apart(model: nn.Module, encoder: BertModel, inputs: Sequence[Tensor]) -> None:
    """Splits every feed-forward layer of an encoder; what it answers stays the same.

    Args:
        model: holds the encoder.
        encoder: is changed.
        inputs: what `model` takes, for some texts: they tell which neurons are loud.
    """
    model.eval()
    loudest: dict[int, Tensor] = {}
    furthest: dict[int, Tensor] = {}
    hooks = []
    for number, layer in enumerate(encoder.encoder.layer):

        def note(_: nn.Module, values: Any, neurons: Tensor, number: int = number) -> None:
            loudest[number] = neurons.abs().amax((0, 1))
            furthest[number] = values[0].abs().amax((0, 1))

        hooks.append(layer.intermediate.register_forward_hook(note))
    model(*inputs)
    for hook in hooks:
        hook.remove()
    for number, layer in enumerate(encoder.encoder.layer):
        loud = loudest[number].topk(LOUD).indices.sort().values
        layer.output.dense = ParcelledLayer(layer.intermediate.dense, layer.output.dense, loud, furthest[number])
        layer.intermediate = nn.Identity()


def _part(inner: nn.Linear, rows: Tensor) -> nn.Linear:
    made = nn.Linear(inner.in_features, len(rows))
    made.weight.data, made.bias.data = inner.weight.data[rows].clone(), inner.bias.data[rows].clone()
    return made


def _read(outer: nn.Linear, columns: Tensor, *, bias: bool) -> nn.Linear:
    made = nn.Linear(len(columns), outer.out_features, bias=bias)
    made.weight.data = outer.weight.data[:, columns].clone()
    if bias:
        made.bias.data = outer.bias.data.clone()
    return made
