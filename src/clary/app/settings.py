"""The one table of settings: name, default, unit, meaning. Frozen once read.

A setting comes from the command line, else from the environment variable `CLARY_NAME`, else from its default.
`docs/settings.md` is compared with this table by a test.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from clary.core.errors import ClaryError


class InvalidSetting(ClaryError):
    """A setting has a value that it cannot take; the message names the variable, the value and the rule."""


def _setting(default: Any, help_text: str, unit: str = "") -> Any:
    return field(default=default, metadata={"help": help_text, "unit": unit})


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything about a Clary that its owner may choose."""

    data: Path = _setting(Path("~/.clary"), "the folder that holds all state")
    host: str = _setting(
        "127.0.0.1", "the address to listen on; anything else than loopback opens Clary to the network"
    )
    port: int = _setting(4566, "the TCP port to listen on; 0 takes a free one, the last one where it is free")
    account: str = _setting("123456789012", "the account that the first key belongs to", "12 digits")
    region: str = _setting("us-east-1", "the region of requests that name none, and of `clary env`; a real AWS region")
    verify_signatures: bool = _setting(True, "whether request signatures are verified and policies evaluated")
    fork_server: bool = _setting(True, "whether a preloaded fork server makes jobs and endpoints start fast")
    body_limit_bytes: int = _setting(64 << 20, "the largest request body that is not an object upload", "bytes")
    worker_threads: int = _setting(32, "threads that carry out operations which may block", "threads")
    engine_idle_minutes: int = _setting(
        30,
        "without a call for so long, an engine's process (text, documents, vision) ends and frees its memory",
        "minutes",
    )
    textract_rotation_angle: bool = _setting(
        False, "whether Textract's blocks tell their RotationAngle, which AWS's own parser (trp2) does not understand"
    )
    job_stop_seconds: int = _setting(120, "how long a stopped job may take between SIGTERM and SIGKILL", "seconds")
    job_cpus: int = _setting(0, "CPUs that jobs share; 0 takes those of the machine", "CPUs")
    keep_job_folders: bool = _setting(False, "whether a job's folder is kept when the job has ended")
    unpacked_model_limit_bytes: int = _setting(20 << 30, "the largest unpacked `model.tar.gz`", "bytes")
    frameworks_folder: Path = _setting(
        Path("~/.cache/clary/frameworks"), "where the environments of frameworks are kept once they are built"
    )
    weights: Path = _setting(
        Path("~/.cache/clary/weights"), "where the weights of models that come from packages are kept"
    )
    objects_model: str = _setting(
        "", "an ONNX file, as RT-DETR and D-FINE are exported, that finds objects in the place of Clary's own net"
    )
    container_socket: str = _setting(
        "", "the socket of the Docker API that runs images; empty takes DOCKER_HOST or looks in the usual places"
    )
    prices_file: str = _setting(
        "", "a price table (JSON) in the place of Clary's own, for what the work would have cost at AWS"
    )
    log_level: str = _setting("INFO", "the least severe log lines that are written: DEBUG, INFO, WARNING or ERROR")

    @classmethod
    def load(cls, environment: Mapping[str, str] = os.environ, **given: Any) -> Settings:
        """Reads the settings; `given` values that are not None win over the environment.

        Raises:
            InvalidSetting: a value cannot be read, or breaks its rule.
        """
        values: dict[str, Any] = {}
        for entry in fields(cls):
            if given.get(entry.name) is not None:
                values[entry.name] = given[entry.name]
            elif (text := environment.get(variable(entry.name))) is not None:
                values[entry.name] = _read(entry.name, text, type(entry.default))
        for name in ("data", "frameworks_folder", "weights"):
            values[name] = Path(values.get(name, cls.default(name))).expanduser().absolute()
        settings = cls(**values)
        settings._check()
        return settings

    @classmethod
    def default(cls, name: str) -> Any:
        """The default of a setting."""
        return next(entry.default for entry in fields(cls) if entry.name == name)

    def _check(self) -> None:
        if not 0 <= self.port <= 65535:
            raise InvalidSetting(f"port is {self.port}; it must lie between 0 and 65535")
        if len(self.account) != 12 or not self.account.isdigit():
            raise InvalidSetting(f"account is {self.account!r}; it must have twelve digits")
        if self.objects_model and not Path(self.objects_model).expanduser().is_file():
            raise InvalidSetting(f"objects_model is {self.objects_model!r}; there must be a file of that name")
        if self.log_level not in ("DEBUG", "INFO", "WARNING", "ERROR"):
            raise InvalidSetting(f"log_level is {self.log_level!r}; it must be DEBUG, INFO, WARNING or ERROR")


def variable(name: str) -> str:
    """The environment variable of a setting."""
    return f"CLARY_{name.upper()}"


def _read(name: str, text: str, kind: type) -> Any:
    if kind is bool:
        if text.lower() in ("1", "true", "yes", "on"):
            return True
        if text.lower() in ("0", "false", "no", "off"):
            return False
        raise InvalidSetting(f"{variable(name)} is {text!r}; it must be true or false")
    if kind is int:
        try:
            return int(text)
        except ValueError:
            raise InvalidSetting(f"{variable(name)} is {text!r}; it must be a whole number") from None
    return text
