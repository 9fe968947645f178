"""The program of a running model of Custom Labels: pictures in, labels out, on a socket."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path

import orjson

from clary.algorithms.contract import InputError
from clary.algorithms.serve import Worker, run, serve
from clary.engines.refusals import Refused
from clary.engines.vision.custom_labels import CustomModel
from clary.engines.vision.models import Models
from clary.engines.vision.pictures import decode


class LabelAnswers:
    """Pictures as they were sent become lists of labels as JSON.

    Args:
        model: the loaded model.
        models: what it stands on.
    """

    def __init__(self, model: CustomModel, models: Models) -> None:
        self._model = model
        self._models = models

    def predict(self, body: bytes, content_type: str, accept: str) -> tuple[bytes, str]:
        """Answers one request.

        Raises:
            InputError: the picture is refused; the message is JSON with "reason" and "message".
        """
        try:
            return orjson.dumps(self._model.look(self._models, decode(body))), "application/json"
        except Refused as error:
            raise InputError(orjson.dumps({"reason": error.reason, "message": error.message}).decode()) from error


def main(root: Path, socket_path: str, model: str) -> None:
    """Serves a model: the entry of a replica.

    Args:
        root: the replica's folder, which is not needed.
        model: the model's folder.

    Raises:
        SystemExit: the model cannot be loaded; the reason is on stderr.
    """
    del root
    try:
        loaded, models = CustomModel.load(Path(model)), Models(threads=1)
        models["features"]  # loaded before the first request waits for it
    except Refused as error:
        sys.exit(error.message)
    except (OSError, ValueError, KeyError) as error:
        sys.exit(f"the model cannot be loaded: {type(error).__name__}: {error}")
    worker = Worker(LabelAnswers(loaded, models), os.cpu_count() or 1)
    print("The model is loaded; requests are answered.", flush=True)  # noqa: T201 - this is the replica's log

    async def until_stopped() -> None:
        stopping = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stopping.set)
        await serve(worker, socket_path, stopping)

    run(until_stopped)
