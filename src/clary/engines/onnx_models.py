"""Opens the ONNX models of all engines: they run beside one another on processors that they share with other calls."""

from __future__ import annotations

from pathlib import Path

import onnxruntime


def open_model(path: Path, threads: int, *, keeps_arena: bool = False) -> onnxruntime.InferenceSession:
    """A model that several threads may run at once.

    Args:
        path: an ONNX file.
        threads: processors that one run may use; they do not spin while they wait.
        keeps_arena: whether memory is kept from run to run; as much as the largest input took, so for inputs of one
            size only.
    """
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    options.enable_cpu_mem_arena = keeps_arena
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def giving_memory_back() -> onnxruntime.RunOptions:
    """Options of a run of a model that keeps its arena: afterwards what is free of the arena goes back."""
    options = onnxruntime.RunOptions()
    options.add_run_config_entry("memory.enable_memory_arena_shrinkage", "cpu:0")
    return options
