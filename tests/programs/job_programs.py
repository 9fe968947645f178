"""Tiny programs that the tests of `compute` run as entries."""

from __future__ import annotations

import json
import os
import random
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path


def hello(folder: Path, *args: str) -> int:
    print("hello", folder, *args)
    print("to stderr", file=sys.stderr)
    return 0


def leave_with(folder: Path, code: str) -> None:
    sys.exit(int(code))


def fail(folder: Path) -> None:
    raise RuntimeError("the data is bad")


def sleep(folder: Path) -> None:
    (folder / "pid").write_text(str(os.getpid()))
    print("sleeping", flush=True)
    time.sleep(600)


def report(folder: Path) -> None:
    facts = {
        "environment": dict(os.environ),
        "cwd": str(Path.cwd()),
        "session": os.getsid(0),
        "pid": os.getpid(),
        "random": random.random(),
        "core": resource.getrlimit(resource.RLIMIT_CORE),
        "modules": sorted(sys.modules),
        "argument": type(folder).__name__,
        "no_new_privileges": "NoNewPrivs:\t1" in Path("/proc/self/status").read_text(),
    }
    print(json.dumps(facts))


def many_lines(folder: Path, count: str) -> None:
    for number in range(int(count)):
        print("line", number)
    os.write(1, b"an end without a newline")


def take_memory(folder: Path, megabytes: str) -> None:
    held = bytearray(int(megabytes) << 20)
    print("held", len(held))


def leave_orphan(folder: Path) -> None:
    """Starts a process that hides: forked twice, in a session of its own; then ends."""
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            (folder / "orphan").write_text(str(os.getpid()))
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            time.sleep(600)
        os._exit(0)
    while not (folder / "orphan").exists() or not (folder / "orphan").read_text():
        time.sleep(0.005)


def stubborn(folder: Path) -> None:
    """Ignores SIGTERM and has a child that does too."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    child = subprocess.Popen(["/bin/sh", "-c", "trap '' TERM; sleep 600 & wait"], start_new_session=True)
    (folder / "pids").write_text(f"{os.getpid()} {child.pid}")
    print("ready", flush=True)
    time.sleep(600)


def polite(folder: Path) -> int:
    """Leaves with 7 on SIGTERM."""

    def leave(*_: object) -> None:
        print("stopping", flush=True)
        os._exit(7)

    signal.signal(signal.SIGTERM, leave)
    print("ready", flush=True)
    while True:
        time.sleep(600)


def train_xgboost(folder: Path) -> None:
    import numpy
    import xgboost

    rows = numpy.random.default_rng(1).random((20_000, 20))
    matrix = xgboost.DMatrix(rows, label=(rows[:, 0] > 0.5).astype(int))
    booster = xgboost.train({"objective": "binary:logistic", "nthread": 2}, matrix, 10)
    threads = len(list(Path("/proc/self/task").iterdir()))
    product = float((rows.T @ rows).sum())
    print(json.dumps({"rounds": booster.num_boosted_rounds(), "threads": threads, "finite": product > 0}))


def train_sum(folder: Path) -> None:
    """Sums the numbers of the CSV files of the channel "train", scaled; twice, as two epochs."""
    scale = float(json.loads((folder / "input/config/hyperparameters.json").read_text()).get("scale", "1"))
    files = sorted(path for path in (folder / "input/data/train").rglob("*") if path.is_file())
    total = sum(float(cell) for file in files for line in file.read_text().split() for cell in line.split(","))
    print(f"epoch 1 sum={total}")
    print(f"epoch 2 sum={total * scale}")
    (folder / "model/model.txt").write_text(str(total * scale))
