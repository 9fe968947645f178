"""One host's program of a training job, from the files of `/opt/ml` to the exit code.

The usual script runs in this very interpreter: between its start and the script's first line lie a few standard modules
and nothing else. Shell scripts, packages and distributed runs are programs of their own.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from . import distribution
from .commands import run_command
from .failure import ExecuteUserScriptError, ToolkitError, write_failure
from .job import Job
from .packages import install_package, install_requirements
from .script import run_script
from .source import is_package, require_entry_point, unpack_source


def main() -> int:
    """Runs the job of `/opt/ml`; the exit code."""
    root = Path(os.environ.get("SAGEMAKER_BASE_DIR") or "/opt/ml")
    try:
        run = _prepared(Job(root))
    except ToolkitError as error:
        return _failed(root, error)
    try:
        return run()
    except ToolkitError as error:
        return _failed(root, error)


def _failed(root: Path, error: ToolkitError) -> int:
    write_failure(root, error)
    if not isinstance(error, ExecuteUserScriptError):  # what that says is in the log already
        print(f"{error.kind}: {error.message}", file=sys.stderr, flush=True)  # noqa: T201 - this goes into the log
    return error.code if 0 < error.code < 256 else 1


def _prepared(job: Job) -> Callable[[], int]:
    """Everything up to the user's own code; what runs that."""
    unpack_source(job)
    entry_point = require_entry_point(job)
    os.environ.update(_variables(job))
    os.chdir(job.code)
    install_requirements(job)
    arguments = [*job.arguments()]
    if is_package(job):
        install_package(job)
        return lambda: run_command(job, [sys.executable, "-m", job.program.removesuffix(".py"), *arguments])
    several = distribution.commands(job, arguments)
    if several is not None:
        return lambda: distribution.run_ranks(job, several)
    if not job.program.endswith(".py"):
        entry_point.chmod(0o755)
        return lambda: run_command(job, ["/bin/sh", "-c", 'exec "./$0" "$@"', job.program, *arguments])
    command = [sys.executable, job.program, *arguments]
    announce(command)
    if os.environ.get("CLARY_TENSORFLOW_1"):
        from . import tensorflow_1  # noqa: PLC0415 - it changes what `import tensorflow` means

        tensorflow_1.install()
    return lambda: run_script(job, entry_point, arguments, command)


def announce(command: Sequence[str]) -> None:
    """Says in the log what is run, as SageMaker's toolkit does."""
    print("Invoking script with the following command:\n\n" + " ".join(command) + "\n", flush=True)  # noqa: T201


def _variables(job: Job) -> dict[str, str]:
    variables = job.variables()
    variables["CURRENT_HOST"] = job.host
    variables["SAGEMAKER_JOB_NAME"] = job.name
    variables["SAGEMAKER_REGION"] = str(job.platform.get("sagemaker_region") or os.environ.get("AWS_REGION", ""))
    path = os.environ.get("PYTHONPATH")
    variables["PYTHONPATH"] = os.pathsep.join([str(job.code), *([path] if path else [])])
    return {**variables, **distribution.variables(job)}
