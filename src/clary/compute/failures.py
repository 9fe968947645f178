"""Why a program failed, said so that its owner can mend it: the error, file and line, last log lines and a hint."""

from __future__ import annotations

import re
import signal
from collections.abc import Sequence
from pathlib import Path

from clary.compute.contract import JobSpec
from clary.compute.folder import is_inside
from clary.compute.jobs.states import MOST_REASON_CHARACTERS
from clary.compute.machine import gibibytes

_PLACE = re.compile(r'^\s*File "(?P<file>[^"]+)", line (?P<line>\d+)(?:, in (?P<function>\S+))?')
_ERROR = re.compile(
    r"^(?P<name>[A-Za-z_][\w.]*(?:Error|Exception|Interrupt|Exit|Warning|Failure|Fault))\b:? ?(?P<text>.*)"
)
# What the training toolkit writes, in the form of SageMaker's own.
_TOOLKIT = re.compile(
    r'(?P<kind>\w+):\nExitCode (?P<code>\d+)\nErrorMessage "(?P<message>.*?)\s*"(?:\nCommand ".*")?', re.DOTALL
)
_MEMORY = ("MemoryError", "std::bad_alloc", "Cannot allocate memory", "Unable to allocate", "out of memory")
_HINTS = (
    ("exec train failed", "the image needs a program `train` in its PATH, or an entry point of its own"),
    ("failed to exec pid1", "the image needs a program `train` or `serve` in its PATH, or an entry point of its own"),
    ("exec serve failed", "the image needs a program `serve` in its PATH, or an entry point of its own"),
    ("ModuleNotFoundError", "install the module with a requirements.txt beside the script"),
    ("No such file or directory", "inputs lie below {inputs}"),
    ("Permission denied", "only /opt/ml and /tmp can be written"),
    ("Read-only file system", "only /opt/ml and /tmp can be written"),
    ("Name or service not known", "is EnableNetworkIsolation set? The program then has no network"),
    ("Temporary failure in name resolution", "is EnableNetworkIsolation set? The program then has no network"),
)
_OWN_CODE = ("/opt/ml/code/", "/opt/ml/input/", "/opt/ml/processing/")
_BLAMES = ("AlgorithmError", "ClientError", "InternalServerError")
_SHORTEST_TAIL_CHARACTERS = 60
_MOST_MESSAGE_LINES = 5
_MOST_MESSAGE_CHARACTERS = 600
_MOST_FAILURE_FILE_BYTES = 4096


def failure_reason(spec: JobSpec, root: Path, code: int, last_lines: Sequence[str]) -> str:
    """The FailureReason of a program that ended with a non-zero code.

    Args:
        root: its `/opt/ml`; what it wrote to `output/failure` comes first.
        code: its exit code; negative: the signal that ended it.
        last_lines: the end of its log.

    Returns:
        At most 1,024 characters.
    """
    blame, told = _blame(_failure_file(root))
    what = _what(told, last_lines)
    parts = [f"{blame}: {what.rstrip('.')}, exit code: {code if code >= 0 else 128 - code}"]
    if code < 0:
        parts.append(f"The program was ended by {signal.Signals(-code).name}.")
    hint = _hint(spec, code, [told, *last_lines])
    if hint:
        parts.append(f"Hint: {hint}.")
    reason = "\n".join(parts)[:MOST_REASON_CHARACTERS]
    room = MOST_REASON_CHARACTERS - len(reason) - len("\nLast log lines:\n")
    if room >= _SHORTEST_TAIL_CHARACTERS:
        tail = _tail([line for line in last_lines if what not in line], room)
        if tail:
            reason += "\nLast log lines:\n" + tail
    return reason


def _failure_file(root: Path) -> str:
    path = root / "output" / "failure"
    if not is_inside(path, root) or not path.is_file():
        return ""
    with path.open("rb") as file:
        return file.read(_MOST_FAILURE_FILE_BYTES).decode("utf-8", "replace").strip()


def _blame(told: str) -> tuple[str, str]:
    """Whom the program itself blames: a built-in algorithm says "ClientError: " of what the user can put right."""
    blame, colon, rest = told.partition(": ")
    return (blame, rest) if colon and blame in _BLAMES else (_BLAMES[0], told)


def _what(told: str, last_lines: Sequence[str]) -> str:
    """The program's own words, else the exception of the last traceback with its file and line."""
    if toolkit := _TOOLKIT.fullmatch(told):
        error, place = _traceback(toolkit["message"].splitlines())
        message = f"{error} ({place})" if error and place else _last_part(toolkit["message"])
        return f'{toolkit["kind"]}: ExitCode {toolkit["code"]} ErrorMessage "{message}"'
    error, place = _traceback(told.splitlines() or last_lines)
    if told and not error:
        return told
    if not error:
        return "the program failed"
    return f"{error} ({place})" if place else error


def _last_part(message: str) -> str:
    """What of a long message is worth its room: its last lines."""
    return "\n".join(message.splitlines()[-_MOST_MESSAGE_LINES:])[-_MOST_MESSAGE_CHARACTERS:]


def _traceback(lines: Sequence[str]) -> tuple[str, str]:
    """The last exception in the lines, and where it was raised."""
    for index in range(len(lines) - 1, -1, -1):
        match = _ERROR.match(lines[index])
        if match is None:
            continue
        error = f"{match['name']}: {match['text']}" if match["text"] else match["name"]
        return error, _place(lines[:index])
    return "", ""


def _place(lines: Sequence[str]) -> str:
    """Where the traceback that these lines end with points to: the user's own line before a library's."""
    innermost = ""
    for line in reversed(lines):
        if line.startswith("Traceback "):
            break
        place = _PLACE.match(line)
        if place is None:
            continue
        where = f"{Path(place['file']).name}, line {place['line']}"
        if place["file"].startswith(_OWN_CODE):
            return where
        innermost = innermost or where
    return innermost


def _hint(spec: JobSpec, code: int, texts: Sequence[str]) -> str:
    memory = f"{spec.instance_type} ({gibibytes(spec.limits.memory_bytes)})"
    if any(word in text for word in _MEMORY for text in texts) or any(
        "Killed: the program's processes" in text for text in texts
    ):
        return f"the job exceeded the memory of {memory}; choose a larger instance type or read the data in parts"
    if any("that VolumeSizeInGB asks for" in text for text in texts):
        return "ask for a larger VolumeSizeInGB, or write less below /opt/ml"
    if code == -signal.SIGKILL:
        return f"it was killed from outside, most often because it exceeded the memory of {memory} or of the machine"
    inputs = "/opt/ml/processing, each at its LocalPath" if spec.processing else "/opt/ml/input/data/CHANNEL"
    hint = next((hint for word, hint in _HINTS if any(word in text for text in texts)), "")
    return hint.replace("{inputs}", inputs)


def _tail(lines: Sequence[str], room: int) -> str:
    """The last lines that fit."""
    chosen: list[str] = []
    for line in reversed([line for line in lines if line.strip()]):
        room -= len(line) + 1
        if room < 0:
            break
        chosen.append(line)
    return "\n".join(reversed(chosen))
