"""The program of an endpoint: one of the users' own models, answering on a socket."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from pathlib import Path
from typing import Protocol

import orjson

from clary.algorithms.contract import InputError
from clary.algorithms.serve import Worker, run, serve
from clary.engines.refusals import Refused
from clary.services.comprehend.names import CLASSIFIER
from clary.services.comprehend.programs.own_model import OwnClassifier, OwnRecognizer


class Answering(Protocol):
    """A loaded model."""

    def answers(self, texts: list[str]) -> list[object]:
        """One answer for each text, of JSON's types."""
        ...


class JsonAnswers:
    """Requests and answers as JSON: {"texts": [...]} becomes a list.

    Args:
        model: the loaded model.
    """

    def __init__(self, model: Answering) -> None:
        self._model = model

    def predict(self, body: bytes, content_type: str, accept: str) -> tuple[bytes, str]:
        """Answers one request.

        Raises:
            InputError: the model refuses a text.
        """
        try:
            return orjson.dumps(self._model.answers(orjson.loads(body)["texts"])), "application/json"
        except Refused as error:
            raise InputError(error.message) from error


def main(root: Path, socket_path: str, config: str) -> None:
    """Serves a model: the entry of a replica.

    Args:
        root: the replica's folder, which is not needed.
        config: "kind" and "model" as JSON.

    Raises:
        SystemExit: the model cannot be loaded; the reason is on stderr.
    """
    del root
    asked = json.loads(config)
    load = OwnClassifier.load if asked["kind"] == CLASSIFIER else OwnRecognizer.load
    try:
        model: Answering = load(Path(asked["model"]))
    except (OSError, ValueError) as error:
        sys.exit(f"the model cannot be loaded: {type(error).__name__}: {error}")
    worker = Worker(JsonAnswers(model), os.cpu_count() or 1)
    print("The model is loaded; requests are answered.", flush=True)  # noqa: T201 - this is the replica's log

    async def until_stopped() -> None:
        stopping = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stopping.set)
        await serve(worker, socket_path, stopping)

    run(until_stopped)
