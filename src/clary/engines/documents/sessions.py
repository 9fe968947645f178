"""Models of the rapidocr wheel, opened with a bounded number of threads."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path

import onnxruntime

DETECTOR = "PP-OCRv6_det_small.onnx"
RECOGNIZER = "PP-OCRv6_rec_small.onnx"


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


def cores() -> int:
    """The processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def session(name: str, threads: int) -> onnxruntime.InferenceSession:
    """A model of the wheel, ready to run from several threads at once.

    Args:
        name: its file name.
        threads: processors that one run may use.
    """
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    options.enable_cpu_mem_arena = False  # the arena keeps the largest page it ever saw
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return onnxruntime.InferenceSession(str(bundled(name)), options, providers=["CPUExecutionProvider"])
