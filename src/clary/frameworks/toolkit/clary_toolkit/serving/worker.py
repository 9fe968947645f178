"""A worker: a process that holds the model and answers one request at a time.

It runs as `python3 serve_worker.py DESCRIPTOR FRAMEWORK ROOT`; the descriptor is its end of a socket
pair to the server. User code, and whatever a pickle does, runs here and nowhere else, in the main thread.
"""

from __future__ import annotations

import faulthandler
import importlib
import os
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from . import frames
from .handlers import BadHandlers
from .inference import Inference, Model
from .results import Result, to_bytes, trace_of
from .settings import Settings

DUMP_SIGNAL = signal.SIGUSR2
"""Makes a worker write to the log where it is."""
_READ_BYTES = 1 << 20
_JOINED_BYTES = 64 << 10

# framework -> "module:class" of its default handlers.
_DEFAULTS = {
    "python": "plain:Defaults",
    "scikit-learn": "scikit_learn:ScikitLearnDefaults",
    "xgboost": "xgboost:XGBoostDefaults",
    "pytorch": "pytorch:PyTorchDefaults",
    "huggingface": "hugging_face:HuggingFaceDefaults",
}


def load(framework: str, settings: Settings) -> Model:
    """The model of a framework, loaded.

    Raises:
        BadHandlers: the user's code does not keep the contract, or there is no such framework.
    """
    if framework == "tensorflow":
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "1")  # else every start tells which instructions the CPU has
        module = importlib.import_module(".defaults.tensorflow_handlers", __package__)
        return module.TensorFlowInference(settings)  # type: ignore[no-any-return]
    if framework not in _DEFAULTS:
        raise BadHandlers(f"there is no framework {framework!r}")
    place, _, name = _DEFAULTS[framework].partition(":")
    defaults = getattr(importlib.import_module(f".defaults.{place}", __package__), name)()
    gpu = os.environ.get("CUDA_VISIBLE_DEVICES", "").split(",")[0]
    return Inference(settings, defaults, int(gpu) if gpu.isdecimal() else None)


class Channel:
    """The worker's end of the socket pair."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._reader = frames.FrameReader()

    def requests(self) -> Iterator[tuple[dict[str, Any], bytes]]:
        """The heads and bodies of the requests, until the server closes its end."""
        while True:
            while (found := self._reader.take()) is not None:
                yield found[1], found[2]
            data = self._connection.recv(_READ_BYTES)
            if not data:
                return
            self._reader.feed(data)

    def send(self, kind: int, head: dict[str, Any] | None = None, body: bytes = b"") -> None:
        """Tells the server something."""
        if len(body) <= _JOINED_BYTES:
            self._connection.sendall(frames.frame(kind, head, body))
            return
        self._connection.sendall(frames.prefix(kind, head, len(body)))
        self._connection.sendall(body)


def answer(channel: Channel, result: Result, refusal: Callable[[Exception], Result]) -> None:
    """Sends a result, in pieces where it comes in pieces.

    Args:
        refusal: makes the answer for an error before the first piece.
    """
    head = {"status": result.status, "content_type": result.content_type, "headers": list(result.headers.items())}
    if result.pieces is None:
        channel.send(frames.ANSWER, head, result.body)
        return
    begun = False
    try:
        for piece in result.pieces:
            if not begun:
                channel.send(frames.BEGIN, head)
                begun = True
            channel.send(frames.PIECE, None, to_bytes(piece))
    except OSError:
        raise
    except Exception as error:
        if not begun:
            answer(channel, refusal(error), refusal)
            return
        print(trace_of(error), end="", flush=True)  # noqa: T201
        channel.send(frames.BROKEN)
        return
    channel.send(frames.END if begun else frames.ANSWER, None if begun else head)


def serve(channel: Channel, model: Model) -> None:
    """Answers requests until the server goes away."""
    for head, body in channel.requests():
        answer(channel, model.answer(body, head), model.refusal)


def main(arguments: list[str]) -> int:
    """Loads the model and serves; the exit code is 1 when it cannot be loaded, and the reason is on stderr."""
    descriptor, framework, root = arguments
    faulthandler.enable()
    faulthandler.register(DUMP_SIGNAL)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    sys.path.append(str(Path(__file__).parents[1] / "compat"))
    channel = Channel(socket.socket(fileno=int(descriptor)))
    try:
        model = load(framework, Settings.from_environment(Path(root)))
    except BadHandlers as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr, flush=True)  # noqa: T201 - the replica's log
        return 1
    except Exception as error:
        print(trace_of(error), end="", file=sys.stderr, flush=True)  # noqa: T201
        return 1
    try:
        channel.send(frames.READY)
        serve(channel, model)
    except (BrokenPipeError, ConnectionResetError):
        pass
    return 0
