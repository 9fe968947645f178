"""One model answers one request at a time, wherever the request arrives."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from clary.algorithms.contract import InputError
from clary.services.personalize.programs.answers import BadRequest
from clary.services.personalize.programs.serving import JsonAnswers


class Crowded:
    """Notes whether two requests were inside together."""

    def __init__(self) -> None:
        self.inside = 0
        self.most = 0
        self.moment = threading.Event()

    def answer(self, request: dict[str, Any]) -> list[dict[str, Any]]:
        if request.get("bad"):
            raise BadRequest("no")
        self.inside += 1
        self.most = max(self.most, self.inside)
        self.moment.wait(0.005)
        self.inside -= 1
        return [{"itemId": request["user"]}]


def test_requests_from_several_threads_come_one_after_the_other_and_errors_do_not_block() -> None:
    crowded = Crowded()
    answers = JsonAnswers(crowded)  # type: ignore[arg-type]
    with pytest.raises(InputError, match="no"):
        answers.predict(b'{"bad": true}', "", "")
    bodies = [b'{"user": "u%d"}' % n for n in range(12)]
    with ThreadPoolExecutor(6) as threads:
        found = list(threads.map(lambda body: answers.predict(body, "", "")[0], bodies))
    assert found == [b'[{"itemId":"u%d"}]' % n for n in range(12)]
    assert crowded.most == 1
