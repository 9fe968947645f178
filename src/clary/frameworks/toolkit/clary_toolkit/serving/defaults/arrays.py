"""What the frameworks that work on numpy arrays share."""

from __future__ import annotations

from typing import Any

from ..codecs import decode, encode_accepted
from .plain import Defaults


class ArrayDefaults(Defaults):
    """Requests become numpy arrays, predictions are written from them."""

    def input_fn(self, body: str | bytes, content_type: str) -> Any:
        """A request as a numpy array, for csv, json, npy and npz."""
        return decode(body, content_type)

    def output_fn(self, prediction: Any, accept: str) -> Any:
        """A prediction as json, csv or npy, whatever the client wants most."""
        return encode_accepted(prediction, accept)
