"""What the user's source wants installed: requirements.txt, or the source itself as a package."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Protocol

from .failure import InstallModuleError, InstallRequirementsError, ToolkitError

ISOLATED = "CLARY_NETWORK_ISOLATION"
"""The variable that says that the job has no network."""

_OFFLINE = re.compile(
    r"Name or service not known|Temporary failure in name resolution|Network is unreachable|NewConnectionError"
)
_WANTED = re.compile(r"No matching distribution found for (?P<one>.+)|satisfies the requirement (?P<two>.+?)(?: \(|$)")

_VERSIONS = re.compile(r"\(from versions: (?P<list>[^)]+)\)")
_LATEST = 4
_LINE_CHARACTERS = 300


class Source(Protocol):
    """The user's source: a training job's, or the handlers' of a model."""

    @property
    def code(self) -> Path:
        """Its folder."""
        ...


def install_requirements(source: Source) -> None:
    """Installs requirements.txt, if the source has one, on top of what the framework brings.

    Raises:
        InstallRequirementsError: pip failed; the message names the package and pip's reason.
    """
    path = source.code / "requirements.txt"
    if path.is_file() and path.read_text(encoding="utf-8", errors="replace").strip():
        _pip(source, ["-r", "requirements.txt"], InstallRequirementsError)


def install_package(source: Source) -> None:
    """Installs the source itself.

    Raises:
        InstallModuleError: pip failed.
    """
    # With the environment's own setuptools, where it can make wheels, nothing needs to be fetched in order to build.
    own = find_spec("setuptools") is not None and find_spec("setuptools.command.bdist_wheel") is not None
    _pip(source, ["--no-build-isolation", "."] if own else ["."], InstallModuleError)


def _pip(source: Source, what: list[str], kind: type[ToolkitError]) -> None:
    command = [sys.executable, "-m", "pip", "install", "--disable-pip-version-check", "--no-input"]
    command += ["--progress-bar", "off", *what]
    environment = dict(os.environ)
    if os.environ.get(ISOLATED):
        environment["PIP_RETRIES"] = "1"  # nothing will ever answer; without one pip does not say so
    lines = []
    process = subprocess.Popen(
        command, cwd=source.code, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        errors="backslashreplace",
    )  # fmt: skip
    assert process.stdout is not None
    for line in process.stdout:
        sys.stdout.write(line)
        lines.append(line.rstrip())
    if process.wait() != 0:
        raise kind(_reason(lines), process.returncode, " ".join(command))


def _reason(lines: list[str]) -> str:
    """The package that could not be installed and why, in pip's words."""
    errors = [line.removeprefix("ERROR: ") for line in lines if line.startswith("ERROR:")]
    wanted = next((match["one"] or match["two"] for line in errors if (match := _WANTED.search(line))), "")
    text = "; ".join(dict.fromkeys(map(_short, errors))) or (lines[-1] if lines else "pip said nothing")
    if os.environ.get(ISOLATED) or any(_OFFLINE.search(line) for line in lines):
        isolated = "EnableNetworkIsolation is set: the job has no network to install packages from"
        why = isolated if os.environ.get(ISOLATED) else "the package index cannot be reached from this machine"
        return f"{wanted or 'the packages'} cannot be installed: {why}. pip: {text}"
    return f"{wanted} cannot be installed. pip: {text}" if wanted else f"pip: {text}"


def _short(line: str) -> str:
    """A line of pip's with the latest of the versions that there are, not all, so that a FailureReason has room."""
    found = _VERSIONS.search(line)
    versions = found["list"].split(", ") if found else []
    if found and len(versions) > _LATEST:
        latest = ", ".join(versions[-_LATEST:])
        told = f"(from versions: {latest}, and {len(versions) - _LATEST} earlier)"
        line = line[: found.start()] + told + line[found.end() :]
    return line if len(line) <= _LINE_CHARACTERS else line[: _LINE_CHARACTERS - 3] + "..."
