"""The folder of a training job, laid out as SageMaker's `/opt/ml`."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from clary.algorithms.contract import AlgorithmError
from clary.algorithms.readers.channels import InputChannel

_ML_FOLDER = "/opt/ml/"
_CHECKPOINTS = "/opt/ml/checkpoints"


@dataclass(frozen=True)
class JobFolder:
    """What a training program reads and where it writes.

    Args:
        root: what SageMaker calls `/opt/ml`.
    """

    root: Path

    def _config(self, name: str) -> dict[str, Any]:
        """One file of `input/config`; a missing one is empty."""
        path = self.root / "input" / "config" / f"{name}.json"
        try:
            value = json.loads(path.read_bytes())
        except FileNotFoundError:
            return {}
        except ValueError as error:
            raise AlgorithmError(f"input/config/{name}.json is not JSON: {error}") from None
        if not isinstance(value, dict):
            raise AlgorithmError(f"input/config/{name}.json is not a JSON object.")
        return value

    @cached_property
    def hyperparameters(self) -> dict[str, str]:
        """The hyperparameters as they were sent."""
        return {
            name: value if isinstance(value, str) else str(value)
            for name, value in self._config("hyperparameters").items()
        }

    @cached_property
    def channels(self) -> dict[str, InputChannel]:
        """The input channels by name."""
        folder = self.root / "input" / "data"
        config = self._config("inputdataconfig")
        return {name: InputChannel.from_config(name, folder, entry) for name, entry in config.items()}

    @cached_property
    def hosts(self) -> list[str]:
        """All hosts of the job, in order."""
        return sorted(self._config("resourceconfig").get("hosts") or ["algo-1"], key=_host_order)

    @cached_property
    def current_host(self) -> str:
        """This host."""
        return str(self._config("resourceconfig").get("current_host") or self.hosts[0])

    @property
    def model(self) -> Path:
        """Where the model is left; made when missing."""
        return _made(self.root / "model")

    @property
    def output_data(self) -> Path:
        """Where further results are left; made when missing."""
        return _made(self.root / "output" / "data")

    @cached_property
    def wants_checkpoints(self) -> bool:
        """Whether its user asked for checkpoints (`CheckpointConfig`).

        Where not, checkpoints serve to go on after a crash of the machine alone.
        """
        return bool(self._config("checkpointconfig"))

    @property
    def checkpoints(self) -> Path | None:
        """Where checkpoints are kept; None when the job keeps none."""
        place = str(self._config("checkpointconfig").get("LocalPath") or _CHECKPOINTS)
        path = self.root / place.removeprefix(_ML_FOLDER)
        return path if path.is_dir() else None

    @property
    def failure(self) -> Path:
        """The file that says why the job failed."""
        return _made(self.root / "output") / "failure"


def _host_order(host: str) -> tuple[int, str]:
    """Sorts "algo-10" after "algo-2"."""
    digits = host.rpartition("-")[2]
    return (int(digits) if digits.isdigit() else 0, host)


def _made(path: Path) -> Path:
    """A folder that exists."""
    path.mkdir(parents=True, exist_ok=True)
    return path
