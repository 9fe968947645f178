"""Serving programs for the tests of hosting: each is the entry of a replica."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import time
from pathlib import Path

from clary.algorithms.contract import ContentTypeError, InputError
from clary.algorithms.serve import Worker, run, serve


class Oracle:
    """Answers with what is in the model folder, its process and a word from its environment."""

    def __init__(self, root: Path) -> None:
        self._files = {path.name: path.read_text() for path in sorted((root / "model").glob("*"))}

    def predict(self, body: bytes, content_type: str, accept: str) -> tuple[bytes, str]:
        command = body.decode("utf-8", "replace")
        if command.startswith("sleep "):
            time.sleep(float(command.split()[1]))
        elif command == "die":
            os._exit(3)
        elif command == "raise":
            raise RuntimeError("the model broke")
        elif command == "bad":
            raise InputError("line 1, column 2 is not a number")
        elif command == "type":
            raise ContentTypeError("text/plain is not accepted", 415)
        elif command.startswith("look at "):
            return json.dumps({"exists": Path(command[8:]).exists()}).encode(), "application/json"
        elif command.startswith("print "):
            print(command[6:], flush=True)
        answer = {
            "files": self._files,
            "pid": os.getpid(),
            "word": os.environ.get("WORD", ""),
            "body": command[:100],
            "content_type": content_type,
            "accept": accept,
        }
        return json.dumps(answer).encode(), "application/json"


def serving(root: Path, socket_path: str, *args: str) -> None:
    """A model server that works."""
    print("serving starts", flush=True)
    worker = Worker(Oracle(root), 1)

    async def until_stopped() -> None:
        stopping = asyncio.Event()
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopping.set)
        await serve(worker, socket_path, stopping)

    run(until_stopped)


def broken(root: Path, socket_path: str, *args: str) -> None:
    """A model server that cannot load its model."""
    print("loading the model", flush=True)
    sys.exit("the model file is not a model")


def never_healthy(root: Path, socket_path: str, *args: str) -> None:
    """A model server that does not answer."""
    time.sleep(60)


def fails_where_told(root: Path, socket_path: str, *args: str) -> None:
    """Works unless the file FAIL lies beside the model folder."""
    if (root / "model" / "FAIL").exists():
        broken(root, socket_path)
    serving(root, socket_path)


def stubborn(root: Path, socket_path: str, *args: str) -> None:
    """A model server that ignores SIGTERM."""

    async def until_killed() -> None:
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, lambda: None)
        await serve(Worker(Oracle(root), 1), socket_path, asyncio.Event())

    run(until_killed)
