"""Handlers of a model that does whatever it is asked to: well and badly behaved."""

import os
import socket
import subprocess
import sys
import time
from pathlib import Path

_held = []


def model_fn(model_dir):
    told = Path(model_dir) / "at_start"
    if told.exists():
        exec(told.read_text(), {"__name__": "at_start"})
    return model_dir


def predict_fn(data, model):
    return globals()[data["do"]](*data.get("with", ()))


def hello():
    return f"hello from {os.getpid()}"


def listing(folder):
    try:
        return sorted(entry.name for entry in Path(folder).iterdir())
    except OSError as error:
        return type(error).__name__


def write(path):
    try:
        Path(path).write_text("written")
    except OSError as error:
        return type(error).__name__
    return Path(path).read_text()


def reach(port):
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=2):
            return "reached"
    except OSError as error:
        return type(error).__name__


def end_everything():
    os.kill(os.getppid(), 9)
    time.sleep(60)


def hide_a_child(seconds):
    """A grandchild in a session of its own, with nothing that ties it to this process."""
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            null = os.open(os.devnull, os.O_RDWR)
            for descriptor in range(3):
                os.dup2(null, descriptor)
            os.closerange(3, 64)
            os.execvp("sleep", ["sleep", str(seconds)])
        os._exit(0)
    os.wait()
    return "hidden"


def take_memory(megabytes):
    _held.append(bytearray(os.urandom(1 << 20) * megabytes))
    return "taken"


def take_memory_in_children(megabytes, count):
    source = f"import os, time; held = bytearray(os.urandom(1 << 20) * {megabytes}); time.sleep(600)"
    _held.extend(subprocess.Popen([sys.executable, "-c", source]) for _ in range(count))
    return "taken"


def variable(name):
    return os.environ.get(name)
