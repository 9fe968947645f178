"""The models of pulled weights, each loaded at its first use and kept."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from clary.engines.onnx_models import giving_memory_back, open_model
from clary.engines.refusals import Refused
from clary.engines.vision.detection_transformer import DetectionTransformer, named_file

Answer = TypeVar("Answer")

_MOST_THREADS = 4  # these nets are small: more threads wait for one another longer than they compute
PACKAGES = {
    "objects": "human",
    "faces": "human",
    "face_mesh": "human",
    "face_description": "human",
    "emotion": "human",
    "iris": "human",
    "body_pose": "human",
    "face_recognition": "face-api",
    "face_expression": "face-api",
    "moderation": "nsfwjs",
    "features": "mobilenet",
}
"""Models, and the pulled weights that hold them as `onnx/NAME.onnx`."""
_FOR_EACH_FACE = frozenset({"face_mesh", "iris", "face_description", "face_recognition", "face_expression", "emotion"})
"""Nets that are asked for several faces `side_by_side`: one thread each, which wastes less than sharing a small net."""


_KEEP_NO_ARENA = frozenset({"features"})
"""Nets whose batches differ so much that an arena would keep hundreds of megabytes for the largest."""
_LARGE_BYTES = 8_000_000  # the objects' net takes 7 MB each time; the memory for more is given back after the run


class Model:
    """A net that takes one array and answers with its outputs, in their order; any thread may ask.

    Args:
        file: in ONNX.
        threads: processors for one run.
        keeps_arena: see `open_model`.
    """

    def __init__(self, file: Path, threads: int, keeps_arena: bool = True) -> None:
        self._session = open_model(file, threads, keeps_arena=keeps_arena)
        self._input = self._session.get_inputs()[0].name
        self._giving_back = giving_memory_back() if keeps_arena else None

    def __call__(self, array: NDArray[Any]) -> list[NDArray[np.float32]]:
        """The outputs for one input, [batch, height, width, channel]."""
        options = self._giving_back if array.nbytes > _LARGE_BYTES else None
        outputs: list[NDArray[np.float32]] = self._session.run(
            None, {self._input: np.ascontiguousarray(array)}, options
        )
        return outputs


class Models:
    """The models by name.

    Args:
        folder: where weights are pulled to; the variable `CLARY_WEIGHTS` where it is not given.
        threads: for each large net, and for small ones side by side; 0 takes what suits the machine.
    """

    def __init__(self, folder: Path | None = None, threads: int = 0) -> None:
        self._folder = folder or Path(os.environ.get("CLARY_WEIGHTS", "~/.cache/clary/weights")).expanduser()
        self._threads = threads or max(1, min(_MOST_THREADS, os.cpu_count() or 1))
        self._lock = threading.Lock()
        self._loaded: dict[str, Model] = {}

    def __getitem__(self, name: str) -> Model:
        """A model.

        Raises:
            Refused: `weights-missing`; its weights are not on this machine.
        """
        with self._lock:
            model = self._loaded.get(name)
            if model is None:
                model = self._loaded[name] = self._load(name)
            return model

    def side_by_side(self, jobs: Sequence[Callable[[], Answer]]) -> list[Answer]:
        """The answers of several small jobs, in their order; a job must not call this itself."""
        if self._threads == 1 or len(jobs) < 2:
            return [job() for job in jobs]
        return list(self._pool.map(lambda job: job(), jobs))

    @cached_property
    def _pool(self) -> ThreadPoolExecutor:
        return ThreadPoolExecutor(self._threads, "vision")

    @cached_property
    def own_objects(self) -> DetectionTransformer | None:
        """The user's own net of objects, where one is named.

        Raises:
            Refused: `weights-missing`; what is named cannot be used.
        """
        file = named_file()
        return DetectionTransformer(file, self._threads) if file is not None else None

    def _file(self, name: str) -> Path:
        return self._folder / PACKAGES[name] / "onnx" / f"{name}.onnx"

    def _load(self, name: str) -> Model:
        file, package = self._file(name), PACKAGES[name]
        if not file.is_file():
            raise Refused(
                "weights-missing",
                f"The weights {package!r} are not on this machine: `clary models pull {package}` fetches them.",
                name=package,
                command=f"clary models pull {package}",
            )
        return Model(file, 1 if name in _FOR_EACH_FACE else self._threads, keeps_arena=name not in _KEEP_NO_ARENA)
