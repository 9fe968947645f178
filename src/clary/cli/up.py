"""`clary up`: starts Clary, in the foreground or detached."""

from __future__ import annotations

import argparse
import logging
import subprocess
import sys
import time
from pathlib import Path

from clary.app.data_folder import DataFolder, DataFolderInUse, Running
from clary.app.lifecycle import serve
from clary.app.settings import Settings
from clary.core.errors import ClaryError

_START_SECONDS = 60
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


class DidNotStart(ClaryError):
    """The detached server ended, or did not answer, before its time."""


def run(arguments: argparse.Namespace) -> int:
    """Starts Clary; returns when it has stopped, or answers (`--detach`)."""
    settings = Settings.load(data=arguments.data, host=arguments.host, port=arguments.port)
    if arguments.detach:
        return _detach(settings)
    logging.basicConfig(level=settings.log_level, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    serve(settings, lambda running: print(_welcome(settings, running), flush=True))
    return 0


def _detach(settings: Settings) -> int:
    folder = DataFolder(settings.data)
    folder.create()
    if (other := folder.running()) is not None:
        raise DataFolderInUse(f"The data folder {folder.root} is in use by another Clary, at {other.url}.")
    command = [sys.executable, "-m", "clary.cli.main", "up", "--data", str(settings.data)]
    command += ["--host", settings.host, "--port", str(settings.port)]
    folder.server_log.touch(mode=0o600)
    with folder.server_log.open("ab") as log:
        server = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True, cwd="/"
        )
    deadline = time.monotonic() + _START_SECONDS
    while (running := folder.running()) is None or running.pid != server.pid:
        if server.poll() is not None or time.monotonic() > deadline:
            raise DidNotStart(f"Clary did not start. The end of {folder.server_log}:\n{_tail(folder.server_log)}")
        time.sleep(0.01)
    print(_welcome(settings, running))
    return 0


def _welcome(settings: Settings, running: Running) -> str:
    data = "" if settings.data == Path(Settings.default("data")).expanduser() else f" --data {settings.data}"
    lines = [
        f"Clary answers at {running.url}",
        f"  data     {settings.data}",
        f'  shell    eval "$(clary env{data})"',
        f"  program  clary exec{data} -- python train.py",
        f"  stop     clary down{data}",
    ]
    if running.host not in _LOOPBACK:
        lines.append(f"  WARNING  it listens on {running.host}, without TLS: whoever reaches it can read its traffic")
    if not settings.verify_signatures:
        lines.append("  WARNING  signatures and policies are not checked (CLARY_VERIFY_SIGNATURES)")
    return "\n".join(lines)


def _tail(path: Path, lines: int = 20) -> str:
    return "\n".join(path.read_text(errors="replace").splitlines()[-lines:])
