"""The models that read, opened with a bounded number of threads: the rapidocr wheel's detector, Clary's line reader."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from clary.engines.onnx_models import open_model

DETECTOR = "PP-OCRv6_det_small.onnx"
RECOGNIZER = "PP-OCRv6_rec_small.onnx"
LINE_READER = "line_reader.onnx"
"""The recogniser in eight bits, without its last layer; see `training/documents/quantised_reader.py`."""
_WEIGHTS = Path(__file__).with_name("weights")


def bundled(name: str) -> Path:
    """The path of a model file inside the rapidocr wheel.

    Raises:
        FileNotFoundError: the wheel is missing, or holds other models.
    """
    spec = importlib.util.find_spec("rapidocr")
    if spec is None or spec.origin is None:
        raise FileNotFoundError("the package rapidocr, which brings the models that read text, is not installed")
    path = Path(spec.origin).with_name("models") / name
    if not path.is_file():
        raise FileNotFoundError(f"the installed package rapidocr brings no model {name}")
    return path


def session(name: str, threads: int) -> onnxruntime.InferenceSession:
    """A model, ready to run from several threads at once.

    Args:
        name: its file name.
        threads: processors that one run may use.
    """
    own = _WEIGHTS / name
    return open_model(own if own.is_file() else bundled(name), threads)


def recognizer_head() -> tuple[NDArray[np.float32], NDArray[np.float32], list[str]]:
    """The last layer of `LINE_READER`.

    Returns:
        [value, code] weights, [code] bias, and the characters of the codes from 1 on, the last one (a space) left out.
    """
    with np.load(_WEIGHTS / "line_reader_head.npz") as stored:
        characters = stored["characters"].tobytes().decode().splitlines()
        return stored["weights"].astype(np.float32), stored["bias"], characters
