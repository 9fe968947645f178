"""`clary down`: stops the Clary of a data folder."""

from __future__ import annotations

import argparse
import os
import signal
import time

from clary.cli.client import folder_of
from clary.core.errors import ClaryError

_PATIENCE_SECONDS = 60


class DidNotStop(ClaryError):
    """The server did not end in time."""


def run(arguments: argparse.Namespace) -> int:
    """Asks the server to end and waits until it has; running jobs go on."""
    folder = folder_of(arguments)
    running = folder.running()
    if running is None:
        print(f"No Clary runs on {folder.root}.")
        return 0
    os.kill(running.pid, signal.SIGTERM)
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while folder.running() is not None:
        if time.monotonic() > deadline:
            raise DidNotStop(
                f"process {running.pid} has not ended after {_PATIENCE_SECONDS} s; see {folder.server_log}"
            )
        time.sleep(0.05)
    print(f"Clary at {running.url} has stopped. Its data stays in {folder.root}.")
    return 0
