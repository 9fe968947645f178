from __future__ import annotations

import json
from pathlib import Path

import pytest

from clary.compute.forking.server import ForkServer
from clary.engines.tuning.advisor import answer
from clary.engines.tuning.question import Question
from clary.engines.tuning.spaces import Categorical, Continuous, Space
from clary.engines.tuning.trials import Trial

SPACE = Space((Continuous("x", 0.0, 1.0), Categorical("y", ("a", "b"))))


def question(strategy: str = "bayesian", **more) -> Question:
    return Question(strategy, SPACE, 4, True, **more)


def test_a_question_is_read_back_as_it_was_written() -> None:
    trials = (Trial({"x": 0.1, "y": "a"}, objective=1.5), Trial({"x": 0.2, "y": "b"}, running=True))
    asked = question(trials=trials, transferred=trials[:1], hints=({"x": 0.3, "y": "a"},))
    assert Question.from_json(json.loads(json.dumps(asked.to_json()))) == asked


def test_hints_are_tried_before_the_strategy_is_asked() -> None:
    hints = ({"x": 0.25, "y": "b"}, {"x": 0.75, "y": "a"})
    tried = (Trial({"x": 0.25, "y": "b"}, running=True),)
    assert answer(question(hints=hints).to_json()) == {"values": hints[0]}
    assert answer(question(hints=hints, trials=tried).to_json()) == {"values": hints[1]}


def test_a_question_that_cannot_be_answered_gets_the_reason() -> None:
    assert answer(question("tarot").to_json()) == {"error": "ValueError: there is no strategy 'tarot'"}


@pytest.mark.parametrize("fork", [None, False])
def test_the_process_answers_and_is_replaced_when_it_dies(tmp_path: Path, fork: bool | None) -> None:
    from clary.services.sagemaker.tuning.advice import Advice, NoAdvice

    server = ForkServer((), fork=fork, log=tmp_path / "log")
    server.start()
    advice = Advice(server, tmp_path / "log")
    try:
        values = advice.ask(question("random"))
        assert values is not None
        assert SPACE.contains(values)
        assert advice._program is not None
        advice._program.kill()
        advice._program.wait(20)
        assert advice.ask(question("random")) == values
        with pytest.raises(NoAdvice, match="no strategy"):
            advice.ask(question("tarot"))
    finally:
        advice.close()
        server.close()
