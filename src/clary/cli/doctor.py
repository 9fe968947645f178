"""`clary doctor`: what works on this machine, and why not."""

from __future__ import annotations

import argparse
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from rich.table import Table

from clary.app.settings import Settings
from clary.cli.tables import console
from clary.compute.containers import probe as containers
from clary.compute.executors import isolation
from clary.compute.forking import confinement
from clary.compute.machine import gibibytes, this_machine
from clary.frameworks.catalog import FRAMEWORKS
from clary.frameworks.environments import Environments

_LEAST_FREE_BYTES = 2 << 30
_ANSWER_SECONDS = 5


@dataclass(frozen=True, slots=True)
class Finding:
    """The outcome of a check.

    Attributes:
        works: None for what is merely absent: Clary goes on without it.
    """

    works: bool | None
    detail: str


def run(arguments: argparse.Namespace) -> int:
    """Prints a table of findings; exit code 1 when something that Clary needs does not work."""
    settings = Settings.load(data=arguments.data)
    checks: dict[str, Callable[[], Finding]] = {
        "Python": _python,
        "machine": _machine,
        "data folder": lambda: _data_folder(settings.data),
        "port": lambda: _port(settings),
        "isolation": _isolation,
        "confinement": _confinement,
        "frameworks": lambda: _frameworks(settings.frameworks_folder),
        "containers": lambda: _containers(settings),
        "GPU": _gpu,
    }
    table = Table("", "what", "finding", box=None)
    failed = False
    for name, check in checks.items():
        finding = check()
        failed |= finding.works is False
        mark = {True: "[green]ok[/green]", None: "[yellow]--[/yellow]", False: "[red]no[/red]"}[finding.works]
        table.add_row(mark, name, finding.detail)
    console().print(table)
    return int(failed)


def _python() -> Finding:
    return Finding(
        sys.version_info >= (3, 11), f"{sys.version.split()[0]} ({sys.executable}); Clary needs 3.11 or newer"
    )


def _machine() -> Finding:
    machine = this_machine()
    return Finding(True, f"{len(machine.cpus)} CPUs and {gibibytes(machine.memory_bytes)} for jobs")


def _data_folder(path: Path) -> Finding:
    existing = next(folder for folder in (path, *path.parents) if folder.is_dir())
    if not os.access(existing, os.W_OK):
        return Finding(False, f"{existing} is not writable; choose another folder with --data")
    free = shutil.disk_usage(existing).free
    with tempfile.TemporaryFile(dir=existing) as file:
        started = time.perf_counter()
        for _ in range(20):
            file.write(b"x" * 4096)
            file.flush()
            os.fsync(file.fileno())
        commit_ms = (time.perf_counter() - started) / 20 * 1000
    detail = f"{path}: {gibibytes(free)} free, {commit_ms:.1f} ms for a durable write"
    return Finding(free > _LEAST_FREE_BYTES, detail)


def _port(settings: Settings) -> Finding:
    with socket.socket(socket.AF_INET6 if ":" in settings.host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError as error:
            why = (
                f"{settings.host}:{settings.port} is taken ({error.strerror}); a Clary there is seen by `clary status`"
            )
            return Finding(None, why)
    return Finding(True, f"{settings.host}:{settings.port} is free")


def _isolation() -> Finding:
    try:
        probe = isolation.probe()
    except isolation.IsolationUnknown as error:
        return Finding(False, f"whether programs can be isolated could not be found out: {error}")
    return Finding(True if probe.bubblewrap else None, probe.description)


def _confinement() -> Finding:
    found = confinement.probe()
    return Finding(None if "NOT" in found else True, found)


def _frameworks(folder: Path) -> Finding:
    """Which environments of frameworks are there; the others are built when they are needed."""
    installed = [one.name for one in Environments(folder).installed() if one.is_current]
    missing = sorted({one.environment_name for one in FRAMEWORKS} - set(installed))
    told = f"{', '.join(installed) or 'none'} installed in {folder}"
    if missing:
        told += f"; {', '.join(missing)}: built when the first job needs them (clary frameworks install)"
    return Finding(bool(installed) or None, told)


def _containers(settings: Settings) -> Finding:
    """Really runs a container; built-in algorithms and frameworks do without."""
    found = containers.probe(settings.container_socket)
    return Finding(True if found.works else None, found.description)


def _gpu() -> Finding:
    command = shutil.which("nvidia-smi")
    if command is None:
        return Finding(None, "none (no nvidia-smi); XGBoost trains on the CPU")
    try:
        listed = subprocess.run([command, "-L"], capture_output=True, text=True, timeout=_ANSWER_SECONDS)
    except subprocess.TimeoutExpired:
        return Finding(None, f"nvidia-smi did not answer within {_ANSWER_SECONDS} s")
    if listed.returncode != 0:
        return Finding(None, f"nvidia-smi fails: {listed.stderr.strip() or listed.stdout.strip()}")
    return Finding(True, listed.stdout.strip().replace("\n", "; "))
