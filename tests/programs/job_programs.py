"""Tiny programs that the tests of `compute` run as entries."""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import random
import resource
import signal
import socket
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
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


def tell_library_of_a_branch(folder: Path) -> None:
    print(sys.modules["library_of_a_branch"].found, os.environ.get("HOW_TO_WAIT"))


def many_lines(folder: Path, count: str) -> None:
    for number in range(int(count)):
        print("line", number)
    os.write(1, b"an end without a newline")


def take_memory(folder: Path, megabytes: str) -> None:
    held = bytearray(int(megabytes) << 20)
    print("held", len(held))


def fill(folder: Path, path: str, megabytes: str) -> None:
    with Path(path).open("wb", buffering=0) as file:
        for _ in range(int(megabytes)):
            file.write(bytes(1 << 20))


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


def fail_as_an_algorithm(folder: Path) -> None:
    """Fails as the built-in algorithms do: writes output/failure."""
    print("reading the data")
    (folder / "output/failure").write_text("ValueError: row 3, column 2 of train/a.csv is not a number: 'x'")
    sys.exit(1)


def stop_with_model(folder: Path) -> None:
    """Trains until SIGTERM, then leaves a model."""

    def leave(*_: object) -> None:
        (folder / "model/model.txt").write_text("early")
        sys.exit(0)

    signal.signal(signal.SIGTERM, leave)
    print("training", flush=True)
    while True:
        time.sleep(600)


def ignore_the_stop(folder: Path) -> None:
    (folder / "model/model.txt").write_text("half")
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    print("training", flush=True)
    time.sleep(600)


def wait_for_file(folder: Path, path: str) -> None:
    """Trains until a file appears, in its folder: it sees no other."""
    print("training", flush=True)
    while not (folder / path).exists():
        time.sleep(0.01)
    (folder / "model/model.txt").write_text("learned")


def count_up(folder: Path, end: str) -> None:
    """Counts with a checkpoint after each step, going on from the last one."""
    checkpoint = folder / "checkpoints/step"
    step = int(checkpoint.read_text()) if checkpoint.exists() else 0
    print(f"beginning at {step}", flush=True)
    while step < int(end):
        step += 1
        time.sleep(0.02)
        (folder / "checkpoints/new").write_text(str(step))
        (folder / "checkpoints/new").rename(checkpoint)
    (folder / "model/model.txt").write_text(str(step))


def show_inputs(folder: Path) -> None:
    """Prints the files of the input and the configuration."""
    for path in sorted((folder / "input/data").rglob("*")):
        if path.is_file():
            print(path.relative_to(folder / "input/data"), path.read_text().strip())
    resources = json.loads((folder / "input/config/resourceconfig.json").read_text())
    (folder / "output/data" / f"{resources['current_host']}.txt").write_text("done")
    print(resources["current_host"], resources["hosts"])


def fail_on_the_second_host(folder: Path) -> None:
    resources = json.loads((folder / "input/config/resourceconfig.json").read_text())
    if resources["current_host"] == "algo-2":
        sys.exit("no")
    print("waiting for algo-2", flush=True)
    time.sleep(600)


def read_pipe(folder: Path, epochs: str) -> None:
    """Reads a Pipe channel epoch by epoch."""
    for epoch in range(int(epochs)):
        with (folder / f"input/data/train_{epoch}").open("rb") as pipe:
            print(epoch, pipe.read().hex())


def leave_threads(folder: Path) -> None:
    """Ends while a thread works and a pool waits for work."""
    pool = ThreadPoolExecutor(2)
    pool.submit(print, "work done").result()
    threading.Thread(target=lambda: (time.sleep(0.1), print("slow thread done"))).start()


def try_files(folder: Path, to_write: str, to_see: str) -> None:
    for path in json.loads(to_write):
        with contextlib.suppress(OSError):
            Path(path).write_text("written")
    print(json.dumps({"seen": [path for path in json.loads(to_see) if _exists(path)]}))


def _exists(path: str) -> bool:
    try:
        return Path(path).exists()
    except PermissionError:
        return False


def try_to_uncover(folder: Path, hidden: str) -> None:
    """What somebody would try: unmount the cover, in these namespaces and in ones of its own."""
    libc = ctypes.CDLL(None)
    status = Path("/proc/self/status").read_text()
    capabilities = int(status.partition("CapPrm:")[2].split()[0], 16)
    libc.umount2(os.fsencode(hidden), 2)
    libc.unshare(0x1000_0000 | 0x0002_0000)
    libc.umount2(os.fsencode(hidden), 2)
    print(json.dumps({"uncovered": _exists(f"{hidden}/secret"), "capabilities": capabilities}))


def connect(folder: Path, port: str) -> None:
    socket.create_connection(("127.0.0.1", int(port)), 5).close()


def use_the_cache(folder: Path) -> None:
    """Prints what lies in the folder that warm pools keep, and leaves something there."""
    cache = folder / "sagemaker/warmpoolcache"
    cache.mkdir(parents=True, exist_ok=True)
    print("found", *sorted(path.name for path in cache.iterdir()))
    (cache / f"from-{os.environ['TRAINING_JOB_NAME']}").write_text("cached")
