"""What a training job's program is told: the files below `/opt/ml/input/config`, and what follows from them."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

_PREFIX = "sagemaker_"
# Hyperparameters of the SDK and the platform that no script gets, beside those with the prefix.
_PLATFORM = ("_tuning_objective_metric", "default_user_module_name")
_INFO = 20


class Job:
    """One host's view of its training job.

    Attributes:
        root: `/opt/ml`.
        hyperparameters: name -> value for the script; values that are JSON are decoded.
        platform: the same for those that speak to the platform ("sagemaker_program").
        resources, channels: `resourceconfig.json` and `inputdataconfig.json`.

    Args:
        root: the folder that stands for `/opt/ml`.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        config = root / "input" / "config"
        written = {name: _decoded(value) for name, value in _read(config / "hyperparameters.json").items()}
        self.platform = {name: value for name, value in written.items() if _is_platform(name)}
        self.hyperparameters = {name: value for name, value in written.items() if name not in self.platform}
        self.resources: dict[str, Any] = _read(config / "resourceconfig.json")
        self.channels: dict[str, Any] = _read(config / "inputdataconfig.json")
        self.name = str(self.platform.get("sagemaker_job_name") or os.environ.get("TRAINING_JOB_NAME", ""))

    @property
    def program(self) -> str:
        """The entry point's path within the source, "" for none."""
        return str(self.platform.get("sagemaker_program") or os.environ.get("SAGEMAKER_PROGRAM", ""))

    @property
    def source(self) -> str:
        """Where the source is: the address or path of an archive, or a folder."""
        given = self.platform.get("sagemaker_submit_directory") or os.environ.get("SAGEMAKER_SUBMIT_DIRECTORY", "")
        return str(given or self.code)

    @property
    def code(self) -> Path:
        """The folder that the source is unpacked into, and that the script runs in."""
        return self.root / "code"

    @property
    def hosts(self) -> list[str]:
        """All hosts, "algo-1" first."""
        return list(self.resources["hosts"])

    @property
    def host(self) -> str:
        """This host."""
        return str(self.resources["current_host"])

    @property
    def cpus(self) -> int:
        """CPUs that this job may use."""
        try:
            return len(os.sched_getaffinity(0))
        except AttributeError:  # not on macOS
            return os.cpu_count() or 1

    @property
    def gpus(self) -> int:
        """NVIDIA GPUs of this machine."""
        try:
            listed = subprocess.run(["nvidia-smi", "--list-gpus"], capture_output=True, text=True, timeout=20)
        except (OSError, subprocess.TimeoutExpired):
            return 0
        return sum(line.startswith("GPU ") for line in listed.stdout.splitlines())

    def arguments(self) -> list[str]:
        """The hyperparameters as a script gets them: `--name value`, single letters `-n value`, by name."""
        return [
            part
            for name, value in sorted(self.hyperparameters.items())
            for part in (f"--{name}" if len(name) > 1 else f"-{name}", _argument(value))
        ]

    def variables(self) -> dict[str, str]:
        """The SM_* variables."""
        described = self._described()
        variables = {f"SM_{name.upper()}": _text(value) for name, value in described.items()}
        variables["SM_TRAINING_ENV"] = _text(self._training_environment(described))
        for channel in self.channels:
            variables[f"SM_CHANNEL_{channel.upper()}"] = str(self._input / "data" / channel)
        for name, value in self.hyperparameters.items():
            variables[f"SM_HP_{name.upper()}"] = _text(value)
        return variables

    @property
    def _input(self) -> Path:
        return self.root / "input"

    def _described(self) -> dict[str, Any]:
        output = self.root / "output"
        name = self.program
        return {
            "hosts": self.hosts,
            "current_host": self.host,
            "network_interface_name": self.resources.get("network_interface_name", "eth0"),
            "current_instance_type": self.resources.get("current_instance_type", "local"),
            "current_instance_group": self.resources.get("current_group_name", "homogeneousCluster"),
            "current_instance_group_hosts": self.hosts,
            "instance_groups": [group["instance_group_name"] for group in self.resources.get("instance_groups", [])],
            "is_hetero": len(self.resources.get("instance_groups", [])) > 1,
            "hps": self.hyperparameters,
            "user_entry_point": name,
            "framework_params": {key: self.platform[key] for key in sorted(self.platform)},
            "resource_config": self.resources,
            "input_data_config": self.channels,
            "output_data_dir": str(output / "data"),
            "output_intermediate_dir": str(output / "intermediate"),
            "output_dir": str(output),
            "channels": sorted(self.channels),
            "module_name": name.removesuffix(".py"),
            "module_dir": self.source,
            "log_level": self.platform.get("sagemaker_container_log_level", _INFO),
            "input_dir": str(self._input),
            "input_config_dir": str(self._input / "config"),
            "num_cpus": self.cpus,
            "num_gpus": self.gpus,
            "num_neurons": 0,
            "model_dir": str(self.root / "model"),
            "user_args": self.arguments(),
        }

    def _training_environment(self, described: dict[str, Any]) -> dict[str, Any]:
        """What SM_TRAINING_ENV holds as JSON: the same under the names of the toolkit's attributes."""
        kept = {name: value for name, value in described.items() if name not in ("hps", "framework_params", "channels")}
        del kept["user_args"]
        return {
            **kept,
            "additional_framework_parameters": {
                name: value for name, value in self.platform.items() if name not in _STANDARD
            },
            "channel_input_dirs": {name: str(self._input / "data" / name) for name in self.channels},
            "hyperparameters": self.hyperparameters,
            "is_master": self.host == self.hosts[0],
            "master_hostname": self.hosts[0],
            "job_name": self.name,
        }


_STANDARD = (
    "sagemaker_program",
    "sagemaker_submit_directory",
    "sagemaker_enable_cloudwatch_metrics",
    "sagemaker_region",
    "sagemaker_container_log_level",
    "sagemaker_job_name",
    "sagemaker_s3_output",
    *_PLATFORM,
)


def _is_platform(name: str) -> bool:
    return name.startswith(_PREFIX) or name in _PLATFORM


def _read(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


def _decoded(value: str) -> Any:
    """A hyperparameter's value: the SDK writes JSON, other clients plain text."""
    try:
        return json.loads(value)
    except (TypeError, ValueError):
        return value


def _argument(value: Any) -> str:
    """A value as an argument: Python's own text of it; a dict is "key=value,key=value"."""
    if value is None:
        return ""
    if isinstance(value, dict):
        return ",".join(f"{key}={value[key]}" for key in sorted(value))
    return str(value)


def _text(value: Any) -> str:
    """A value as a variable: text as it is, else JSON."""
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True, separators=(",", ":"))
