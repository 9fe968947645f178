"""What the environment says about serving: the variables of AWS's inference containers."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

DEFAULT_PROGRAM = "inference.py"
DEFAULT_TIMEOUT_SECONDS = 60.0


class BadSetting(Exception):
    """A variable has a value that cannot be used; the message names it."""


@dataclass(frozen=True, slots=True)
class Settings:
    """How to serve.

    Attributes:
        model_folder: the unpacked model.
        code: where the user's handlers are looked for.
        program: the handlers' file, relative to `code`.
        is_program_required: whether the user named it, so that its absence is an error.
        workers: processes that hold the model, each answers one request at a time.
        timeout_seconds: for one request; then its worker is ended.
        default_accept: the content type of answers to requests that want any.
    """

    model_folder: Path
    code: Path
    program: str = DEFAULT_PROGRAM
    is_program_required: bool = False
    workers: int = 1
    timeout_seconds: float = DEFAULT_TIMEOUT_SECONDS
    default_accept: str = "application/json"

    @property
    def program_path(self) -> Path:
        """The file with the handlers; it need not exist."""
        return self.code / self.program

    @classmethod
    def from_environment(cls, root: Path, environment: Mapping[str, str] | None = None) -> Settings:
        """Reads the variables.

        Args:
            root: what the program calls `/opt/ml`.
            environment: `os.environ` by default.

        Raises:
            BadSetting: a value that cannot be used.
        """
        variables = os.environ if environment is None else environment
        model_folder = root / "model"
        program = variables.get("SAGEMAKER_PROGRAM", "")
        return cls(
            model_folder=model_folder,
            code=_code_folder(root, variables.get("SAGEMAKER_SUBMIT_DIRECTORY", "")),
            program=_with_suffix(program or DEFAULT_PROGRAM),
            is_program_required=bool(program),
            workers=_number(variables, "SAGEMAKER_MODEL_SERVER_WORKERS", 1),
            timeout_seconds=_number(variables, "SAGEMAKER_MODEL_SERVER_TIMEOUT", int(DEFAULT_TIMEOUT_SECONDS)),
            default_accept=variables.get("SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT") or "application/json",
        )


def _code_folder(root: Path, submitted: str) -> Path:
    """The folder of the user's code: what Clary unpacked from S3, the folder that is named, or the model's own."""
    if submitted.startswith("s3://"):
        return root / "code"
    of_model = root / "model" / "code"
    if submitted and not submitted.startswith("/opt/ml/"):
        return Path(submitted)
    if submitted:
        return root / Path(submitted).relative_to("/opt/ml")
    return of_model if of_model.is_dir() or not (root / "code").is_dir() else root / "code"


def _with_suffix(program: str) -> str:
    return program if program.endswith(".py") else f"{program}.py"


def _number(variables: Mapping[str, str], name: str, default: int) -> int:
    text = variables.get(name) or str(default)
    try:
        number = int(text)
    except ValueError:
        raise BadSetting(f"{name} must be a whole number, not {text!r}") from None
    if number < 1:
        raise BadSetting(f"{name} must be at least 1, not {number}")
    return number
