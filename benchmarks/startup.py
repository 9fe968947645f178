"""From `clary up` to the first answered call, and what an idle Clary keeps in memory.

    .venv/bin/python -m benchmarks.startup [--write]

Memory is the proportional set size (PSS): pages that processes share are counted once.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

import psutil

from benchmarks.clary_server import CLARY, free_port
from benchmarks.load import signed_request
from benchmarks.report import machine, report, table

ROUNDS = 5
SETTLE_SECONDS = 6


def first_answer(port: int, data: Path) -> None:
    """Asks GetCallerIdentity again and again until it is answered."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            key = json.loads((data / "first-key.json").read_text())
            with socket.create_connection(("127.0.0.1", port), 1) as connection:
                connection.settimeout(10)
                connection.sendall(identity_request(port, key))
                if connection.recv(4096)[9:12] == b"200":
                    return
        except (OSError, ValueError):
            time.sleep(0.005)
    raise TimeoutError("Clary did not answer")


def identity_request(port: int, key: dict[str, str]) -> bytes:
    """A signed GetCallerIdentity."""
    keys = {
        "AWS_ACCESS_KEY_ID": key["access_key_id"],
        "AWS_SECRET_ACCESS_KEY": key["secret_access_key"],
        "AWS_DEFAULT_REGION": key["region"],
    }
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    body = b"Action=GetCallerIdentity&Version=2011-06-15"
    return signed_request("POST", f"http://127.0.0.1:{port}/", body, headers, "sts", keys)


def one_start(data: Path, fork_server: bool) -> tuple[float, float]:
    """Seconds to the first answer, and MiB of all processes once everything has settled."""
    port = free_port()
    environment = {**os.environ, "CLARY_FORK_SERVER": "true" if fork_server else "false"}
    started = time.perf_counter()
    process = subprocess.Popen(
        [str(CLARY), "up", "--data", str(data), "--port", str(port)],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        first_answer(port, data)
        seconds = time.perf_counter() - started
        time.sleep(SETTLE_SECONDS)
        server = psutil.Process(process.pid)
        memory = sum(each.memory_full_info().pss for each in [server, *server.children(recursive=True)])
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)
    return seconds, memory / (1 << 20)


def main() -> None:
    """Starts Clary several times with and without the fork server and reports medians."""
    rows = []
    for fork_server in (True, False):
        with tempfile.TemporaryDirectory(prefix="clary-benchmark-") as folder:
            starts = [one_start(Path(folder) / f"{number}", fork_server) for number in range(ROUNDS)]
        seconds = statistics.median(start[0] for start in starts)
        memory = statistics.median(start[1] for start in starts)
        rows.append(["yes" if fork_server else "no", f"{seconds:.2f}", f"{memory:.0f}"])
    head = ["fork server", "seconds to the first answered call", "idle memory, MiB"]
    report("startup", f"{table(head, rows)}\n\n{machine()}; medians of {ROUNDS}, each on a new data folder.")


if __name__ == "__main__":
    main()
