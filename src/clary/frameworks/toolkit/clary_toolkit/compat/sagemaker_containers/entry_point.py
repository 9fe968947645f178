"""What scripts call before their hosts meet."""

from __future__ import annotations

import json
import os
import socket
import time

_LIMIT_SECONDS = 120


def _wait_hostname_resolution() -> None:
    """Returns when the names of all hosts of the job resolve, which AWS's samples wait for under this name.

    Raises:
        OSError: one still does not after two minutes.
    """
    deadline = time.monotonic() + _LIMIT_SECONDS
    for host in json.loads(os.environ.get("SM_HOSTS", "[]")):
        while True:
            try:
                socket.gethostbyname(host)
                break
            except OSError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.2)
