"""What went wrong, as SageMaker's toolkit writes it into `output/failure`."""

from __future__ import annotations

import traceback
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

_MOST_CHARACTERS = 3500


class ToolkitError(Exception):
    """The program cannot go on, or has failed.

    Args:
        message: for the user.
        code: the exit code.
        command: what was run, "" for nothing.
    """

    kind = "ClientError"

    def __init__(self, message: str, code: int = 1, command: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.command = command

    def text(self) -> str:
        """What the failure file says."""
        message = self.message[-_MOST_CHARACTERS:]
        told = f'{self.kind}:\nExitCode {self.code}\nErrorMessage "{message}\n"'
        return f'{told}\nCommand "{self.command}"' if self.command else told


class ExecuteUserScriptError(ToolkitError):
    """The user's script failed."""

    kind = "ExecuteUserScriptError"


class InstallRequirementsError(ToolkitError):
    """The packages of requirements.txt could not be installed."""

    kind = "InstallRequirementsError"


class InstallModuleError(ToolkitError):
    """The user's package could not be installed."""

    kind = "InstallModuleError"


def write_failure(root: Path, error: ToolkitError) -> None:
    """Writes the failure file; a disk that takes nothing more is no reason to hide the error itself.

    Args:
        root: `/opt/ml`.
    """
    try:
        (root / "output").mkdir(exist_ok=True)
        (root / "output" / "failure").write_text(error.text(), encoding="utf-8", errors="backslashreplace")
    except OSError as failed:
        print(f"The failure file cannot be written: {failed}")  # noqa: T201 - this goes into the job's log


def script_failure(error: BaseException, trace: TracebackType | None, command: Sequence[str]) -> ExecuteUserScriptError:
    """The error of a script that ended with an exception."""
    text = "".join(traceback.format_exception(type(error), error, trace)).rstrip()
    return ExecuteUserScriptError(text, 1, " ".join(command))
