"""The PyTorch container: a TorchScript model is loaded, tensors go in and come out; handlers do the rest."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy
import torch

from ..codecs import decode, encode_accepted
from ..content_types import TEXT_TYPES, media_type
from .plain import Defaults

_USUAL_NAME = "model.pt"


class PyTorchDefaults(Defaults):
    """Where the user gives no handler."""

    def __init__(self) -> None:
        self._device = torch.device("cuda" if torch.cuda.is_available() else "cpu")

    def model_fn(self, model_dir: str) -> Any:
        """Loads the one TorchScript model of the folder.

        Raises:
            ValueError: there is none, or more than one.
            RuntimeError: the file is not TorchScript.
        """
        path = Path(model_dir) / _USUAL_NAME
        if not path.is_file():
            found = sorted(entry.name for entry in Path(model_dir).iterdir() if entry.suffix in (".pt", ".pth"))
            if len(found) != 1:
                raise ValueError(f"Exactly one .pth or .pt file is required for PyTorch models: {found}")
            path = Path(model_dir) / found[0]
        try:
            model = torch.jit.load(str(path), map_location=self._device)
        except RuntimeError as error:
            raise RuntimeError(
                f"Failed to load {path}. Please ensure model is saved using torchscript, or provide a model_fn "
                "implementation that builds the model and loads its state_dict."
            ) from error
        return model.to(self._device).eval()

    def input_fn(self, body: str | bytes, content_type: str) -> Any:
        """A request as a tensor: json, csv, npy, npz; numbers in text become 32-bit ones."""
        value = decode(body, content_type)
        if isinstance(value, dict):
            return {name: self._tensor(array) for name, array in value.items()}
        tensor = self._tensor(value)
        return tensor.float() if media_type(content_type) in TEXT_TYPES else tensor

    def _tensor(self, array: Any) -> Any:
        return torch.from_numpy(numpy.ascontiguousarray(array)).to(self._device)

    def predict_fn(self, data: Any, model: Any) -> Any:
        """`model(data)`, without gradients; a dictionary's tensors go as named arguments."""
        with torch.no_grad():
            return model(**data) if isinstance(data, dict) else model(data)

    def output_fn(self, prediction: Any, accept: str) -> Any:
        """The tensor as json, csv or npy."""
        return encode_accepted(_plain(prediction), accept)


def _plain(prediction: Any) -> Any:
    """Tensors as arrays, wherever they are."""
    if isinstance(prediction, torch.Tensor):
        return prediction.detach().cpu().numpy()
    if isinstance(prediction, dict):
        return {name: _plain(value) for name, value in prediction.items()}
    if isinstance(prediction, list | tuple):
        return [_plain(value) for value in prediction]
    return prediction
