"""Runs a Python script in this interpreter as if it had been started with it."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from .failure import ExecuteUserScriptError, ToolkitError, script_failure, write_failure
from .job import Job

_COMPAT = str(Path(__file__).parents[1] / "compat")  # the last on the path: a package that is installed goes first


def run_script(job: Job, path: Path, arguments: Sequence[str], command: Sequence[str]) -> int:
    """Runs the script as `__main__`.

    Args:
        path: the script.
        command: what is said to have been run.

    Returns:
        The exit code: that of `sys.exit`, 1 after an exception.
    """
    process = os.getpid()
    main = sys.modules["__main__"]
    sys.argv = [str(path.relative_to(job.code)), *arguments]
    sys.path[0] = str(path.parent)
    sys.path.append(_COMPAT)
    main.__dict__.clear()
    main.__dict__.update(
        __name__="__main__", __file__=str(path), __builtins__=__builtins__, __doc__=None, __spec__=None,
        __package__=None, __loader__=None,
    )  # fmt: skip
    try:
        exec(compile(path.read_bytes(), str(path), "exec"), main.__dict__)  # noqa: S102 - the user's script is the task
    except SystemExit as leaving:
        return _left(job, leaving, command, in_job=os.getpid() == process)
    except BaseException as error:
        # The first frame is this one; a process that the script forked tells of its end to its parent alone.
        trace = error.__traceback__.tb_next if error.__traceback__ else None
        if os.getpid() == process:
            write_failure(job.root, script_failure(error, trace, command))
        sys.excepthook(type(error), error.with_traceback(trace), trace)
        return 130 if isinstance(error, KeyboardInterrupt) else 1
    return 0


def _left(job: Job, leaving: SystemExit, command: Sequence[str], *, in_job: bool) -> int:
    """The exit code of a script that called `sys.exit`, with a failure file where that is not 0."""
    if leaving.code is None or leaving.code == 0:
        return 0
    code = leaving.code if isinstance(leaving.code, int) else 1
    said = "" if isinstance(leaving.code, int) else str(leaving.code)
    if said:
        print(said, file=sys.stderr, flush=True)  # noqa: T201 - what the interpreter does with such a code
    if in_job and not _has_failure(job):
        told: ToolkitError = ExecuteUserScriptError(
            said or f"the script left with sys.exit({code})", code, _line(command)
        )
        write_failure(job.root, told)
    return code & 0xFF or 1


def _has_failure(job: Job) -> bool:
    """Whether the script has written a failure file of its own."""
    try:
        return (job.root / "output" / "failure").stat().st_size > 0
    except OSError:
        return False


def _line(command: Sequence[str]) -> str:
    return " ".join(command)
