"""The models that Clary ships for texts, opened with a bounded number of threads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import onnxruntime
from numpy.typing import NDArray

from clary.core.cpus import available_cpus
from clary.engines.onnx_models import open_model

WEIGHTS = Path(__file__).with_name("weights")
"""The folder of the models that are part of Clary."""


def session(path: Path, threads: int | None = None) -> onnxruntime.InferenceSession:
    """A model that several threads may run at once.

    Args:
        path: an ONNX file.
        threads: processors that one run may use; all by default.
    """
    return open_model(path, threads or len(available_cpus()))


def run_all(
    model: onnxruntime.InferenceSession, outputs: Sequence[str], inputs: Sequence[Mapping[str, NDArray[Any]]]
) -> list[list[NDArray[Any]]]:
    """Runs a model over several inputs: beside one another, which on two processors is quicker than sharing each.

    Args:
        model: what to run.
        outputs: names of what is asked of it.
        inputs: of each run.

    Returns:
        For each of the inputs, the outputs in the order they were asked for.
    """

    def run(one: Mapping[str, NDArray[Any]]) -> list[NDArray[Any]]:
        found: list[NDArray[Any]] = model.run(list(outputs), dict(one))
        return found

    at_once = min(len(available_cpus()), len(inputs))
    if at_once < 2:
        return [run(one) for one in inputs]
    with ThreadPoolExecutor(at_once) as threads:
        return list(threads.map(run, inputs))
