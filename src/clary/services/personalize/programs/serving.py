"""The program of a campaign or a recommender: one model, answering on a socket."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import threading
from pathlib import Path

import orjson

from clary.algorithms.contract import InputError
from clary.algorithms.serve import Worker, run, serve
from clary.services.personalize.programs.answers import Answers, BadRequest


class JsonAnswers:
    """Requests and answers as JSON.

    Args:
        answers: the loaded model.
    """

    def __init__(self, answers: Answers) -> None:
        self._answers = answers
        self._one_at_a_time = threading.Lock()

    def predict(self, body: bytes, content_type: str, accept: str) -> tuple[bytes, str]:
        """Answers one request; large ones arrive in threads, and a model answers one request after the other.

        Raises:
            InputError: the request asks for what cannot be answered.
        """
        try:
            with self._one_at_a_time:
                return orjson.dumps(self._answers.answer(orjson.loads(body))), "application/json"
        except BadRequest as error:
            raise InputError(str(error)) from error


def main(root: Path, socket_path: str, data: str, config: str) -> None:
    """Serves a model: the entry of a replica.

    Args:
        root: the replica's folder, which is not needed.
        data: Personalize's folder.
        config: of `Answers`, as JSON.

    Raises:
        SystemExit: the model cannot be loaded; the reason is on stderr.
    """
    del root
    try:
        answers = Answers(Path(data), json.loads(config))
    except (OSError, ValueError) as error:
        sys.exit(f"the model cannot be loaded: {type(error).__name__}: {error}")
    worker = Worker(JsonAnswers(answers), os.cpu_count() or 1)
    print("The model is loaded; requests are answered.", flush=True)  # noqa: T201 - this is the replica's log

    async def until_stopped() -> None:
        stopping = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stopping.set)
        await serve(worker, socket_path, stopping)

    run(until_stopped)
