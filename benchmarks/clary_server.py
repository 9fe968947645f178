"""A Clary of the benchmark's own."""

from __future__ import annotations

import contextlib
import json
import shlex
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3

CLARY = Path(sys.executable).with_name("clary")


@dataclass(frozen=True)
class Server:
    """A running Clary.

    Attributes:
        keys: the variables of `clary env`.
    """

    url: str
    port: int
    pid: int
    data: Path
    keys: dict[str, str]

    def client(self, api: str) -> Any:
        """A boto3 client."""
        return boto3.client(
            api,
            endpoint_url=self.url,
            region_name=self.keys["AWS_DEFAULT_REGION"],
            aws_access_key_id=self.keys["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=self.keys["AWS_SECRET_ACCESS_KEY"],
        )


def free_port() -> int:
    """A TCP port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def clary(*arguments: str) -> str:
    """Runs the `clary` command and returns what it printed."""
    return subprocess.run([str(CLARY), *arguments], check=True, stdout=subprocess.PIPE, text=True).stdout


@contextlib.contextmanager
def running_clary() -> Iterator[Server]:
    """Starts Clary on a free port and a new data folder; stops it and removes the folder."""
    with tempfile.TemporaryDirectory(prefix="clary-benchmark-") as folder:
        data = Path(folder) / "data"
        url = clary("up", "--data", str(data), "--port", "0", "--detach").split("answers at ")[1].split()[0]
        words = [shlex.split(line)[1] for line in clary("env", "--data", str(data)).splitlines()]
        keys = dict(word.split("=", 1) for word in words)
        running = json.loads((data / "running.json").read_text())
        try:
            yield Server(url, int(url.rsplit(":", 1)[1]), running["pid"], data, keys)
        finally:
            clary("down", "--data", str(data))
