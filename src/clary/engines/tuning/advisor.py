"""The process that answers "what next?": it has the numeric libraries, so that who asks does not need them.

It knows nothing between two questions: each carries its search and all trials, and the answer depends on nothing else.
Questions and answers are lines of JSON on a socket; it ends when the other side does.
"""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from clary.engines.tuning.question import Question
from clary.engines.tuning.spaces import Values
from clary.engines.tuning.strategies import BayesianSearch, GridSearch, RandomSearch, Strategy


def main(log: Path) -> int:
    """Answers until the socket closes.

    The socket is this process's standard output; whatever libraries print goes to `log` instead.
    """
    with socket.socket(fileno=os.dup(1)) as channel:
        output = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        os.dup2(output, 1)
        os.dup2(output, 2)
        os.close(output)
        with channel.makefile("rb") as questions:
            for line in questions:
                channel.sendall(json.dumps(answer(json.loads(line))).encode() + b"\n")
    return 0


def answer(question: Mapping[str, Any]) -> dict[str, Any]:
    """{"values": a point, or None where none is left}, or {"error": what went wrong}."""
    try:
        return {"values": advise(Question.from_json(question))}
    except Exception as error:  # whoever asked must hear of it, and the next question is another one
        return {"error": f"{type(error).__name__}: {error}"}


def advise(question: Question) -> Values | None:
    """The next point of a search."""
    hint = len(question.trials)
    if hint < len(question.hints):
        return question.hints[hint]
    return _strategy(question).suggest(question.trials, question.transferred)


def _strategy(question: Question) -> Strategy:
    match question.strategy:
        case "random":
            return RandomSearch(question.space, question.seed)
        case "grid":
            return GridSearch(question.space, question.seed)
        case "bayesian":
            return BayesianSearch(question.space, question.seed, maximize=question.maximize)
        case other:
            raise ValueError(f"there is no strategy {other!r}")
