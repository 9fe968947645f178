"""The models that Clary ships for texts, opened with a bounded number of threads."""

from __future__ import annotations

import os
from pathlib import Path

import onnxruntime

WEIGHTS = Path(__file__).with_name("weights")
"""The folder of the models that are part of Clary."""


def cores() -> int:
    """The processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def session(path: Path, threads: int | None = None) -> onnxruntime.InferenceSession:
    """A model that several threads may run at once.

    Args:
        path: an ONNX file.
        threads: processors that one run may use; all by default.
    """
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads or cores()
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    options.enable_cpu_mem_arena = False  # the arena keeps the largest batch it ever saw
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
