"""The boosting loop: a round, its metrics in the log, early stopping, a checkpoint, a look at the signal.

The loop is our own rather than `xgboost.train`, which counts the rounds of a continued model from zero again: here the
number of a round is that of the whole model, so that seeds, log lines and early stopping go on where they were.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import xgboost

from clary.algorithms import log_lines
from clary.algorithms.contract import AlgorithmError
from clary.algorithms.xgboost import metrics, model_files
from clary.algorithms.xgboost.settings import Settings, maximizes

START_ROUND = "clary_start_round"
"""The attribute of a checkpoint that says how many rounds the job started from."""

_SAMPLING = ("subsample", "colsample_bytree", "colsample_bylevel", "colsample_bynode")
_OTHER_METHOD = {"auto": "approx", "hist": "approx", "approx": "hist"}


@dataclass(slots=True)
class Outcome:
    """What the loop gives.

    Attributes:
        rounds: how many the model has had, those before this job included.
        scores: the last round's metrics: ("validation", "auc") -> value.
        stopped: whether a signal ended it.
    """

    booster: xgboost.Booster
    rounds: int = 0
    scores: dict[tuple[str, str], float] = field(default_factory=dict)
    stopped: bool = False


class ResumableRounds:
    """Makes the random numbers of a round depend on its number alone, so that a resumed job draws the same ones.

    xgboost can seed each round anew, but a tree updater draws a seed for its columns when it is made and keeps it. So
    a new one is made before each round, which xgboost does when the tree method has changed in between. Without
    sampling, with `exact` and for linear models nothing has to be done.
    """

    def __init__(self, parameters: dict[str, Any]) -> None:
        method = parameters.get("tree_method", "auto")
        samples = any(parameters.get(name, 1.0) < 1.0 for name in _SAMPLING)
        is_plain = "updater" not in parameters and "device" not in parameters
        trees = parameters.get("booster", "gbtree") != "gblinear" and method in _OTHER_METHOD
        self._method = method if samples and is_plain and trees else ""

    def prepare(self, booster: xgboost.Booster) -> None:
        """To be called before each round."""
        if self._method:
            booster.set_param({"tree_method": _OTHER_METHOD[self._method]})
            booster.num_features()  # makes xgboost take the parameter in
            booster.set_param({"tree_method": self._method})

    @contextlib.contextmanager
    def quiet(self, is_first: bool) -> Iterator[None]:
        """Keeps xgboost from warning in each round of what it has said in the first."""
        with xgboost.config_context(verbosity=0) if self._method and not is_first else contextlib.nullcontext():
            yield


class EarlyStopping:
    """Watches one metric of the last data set; the best score and round are kept as attributes of the model.

    Args:
        patience_rounds: rounds without a better score before it says stop.
    """

    def __init__(self, metric: str, patience_rounds: int) -> None:
        self._metric = metric
        self._patience = patience_rounds

    def was_over(self, booster: xgboost.Booster, number: int) -> bool:
        """Whether the job that left this checkpoint had stopped early before round `number`."""
        best = booster.attr("best_iteration")
        return best is not None and number - 1 - int(best) >= self._patience

    def is_over(self, booster: xgboost.Booster, number: int, scores: dict[tuple[str, str], float]) -> bool:
        """Takes the scores of round `number`; True when training should end."""
        data = next(reversed(scores))[0]
        name = self._metric or next(reversed(scores))[1]
        if (data, name) not in scores:
            raise AlgorithmError(f"Early stopping: the metric {name} is not among those of the {data} channel.")
        score, best = scores[data, name], booster.attr("best_score")
        if best is None or (score > float(best) if maximizes(name) else score < float(best)):
            booster.set_attr(best_score=repr(score), best_iteration=str(number))
            return False
        return number - int(booster.attr("best_iteration") or number) >= self._patience


def boost(
    settings: Settings,
    start: bytes | None,
    train: xgboost.DMatrix,
    evaluations: Sequence[tuple[xgboost.DMatrix, str]],
    *,
    after_round: Callable[[xgboost.Booster, int], None] = lambda booster, rounds: None,
    stop_requested: Callable[[], bool] = lambda: False,
    resumable: bool = False,
) -> Outcome:
    """Trains `settings.rounds` rounds, those of a resumed job included.

    Args:
        start: a checkpoint of this job, or a model to add rounds to.
        after_round: called with the model and its number of rounds.
        stop_requested: asked before each round.
        resumable: whether the job may go on from a checkpoint, and must then give the same model.

    Raises:
        AlgorithmError: xgboost refuses data or parameters.
    """
    try:
        return _boost(settings, start, train, evaluations, after_round, stop_requested, resumable)
    except xgboost.core.XGBoostError as error:
        text = model_files.first_sentence(error)
        if "llreduce" in text or "roadcast" in text:
            raise AlgorithmError(f"The connection to another host of the job was lost: {text}") from None
        raise AlgorithmError(f"XGBoost: {text}") from None


def _boost(
    settings: Settings,
    start: bytes | None,
    train: xgboost.DMatrix,
    evaluations: Sequence[tuple[xgboost.DMatrix, str]],
    after_round: Callable[[xgboost.Booster, int], None],
    stop_requested: Callable[[], bool],
    resumable: bool,
) -> Outcome:
    """See `boost`."""
    cache = [train, *(data for data, _ in evaluations)]
    parameters = settings.parameters | ({"seed_per_iteration": "true"} if resumable else {})
    rounds = ResumableRounds(parameters if resumable else {})
    booster = xgboost.Booster(parameters, cache, model_file=bytearray(start) if start else None)
    done = booster.num_boosted_rounds() if start else 0
    first = int(booster.attr(START_ROUND) or done) if start else 0
    if booster.attr(START_ROUND) is None:
        booster.set_attr(**{START_ROUND: str(first), "best_score": None, "best_iteration": None})
    stopping = EarlyStopping(settings.target_metric, settings.patience_rounds) if settings.patience_rounds else None
    evaluator = metrics.evaluator(settings.own_metrics, settings.objective)
    updates = settings.parameters.get("process_type") == "update"
    first, done = (0, 0) if updates else (first, done)
    outcome = Outcome(booster, done)
    for number in range(done, first + settings.rounds):
        if stopping is not None and stopping.was_over(booster, number):
            break
        if stop_requested():
            outcome.stopped = True
            break
        with rounds.quiet(number == done):
            rounds.prepare(booster)
            booster.update(train, iteration=number)
            text = booster.eval_set(evaluations, number, evaluator, output_margin=False)
        outcome.scores = _scores(text)
        log_lines.line(log_line(number, outcome.scores))
        outcome.rounds = number + 1
        over = stopping is not None and stopping.is_over(booster, number, outcome.scores)
        after_round(booster, number + 1)
        if over:
            log_lines.info(f"Stopped early: the best round was {booster.attr('best_iteration')}.")
            break
    return outcome


def finished(outcome: Outcome, settings: Settings) -> xgboost.Booster:
    """The model as it is saved: with its best rounds only when training could stop early, without our attributes."""
    booster = outcome.booster
    booster.set_attr(**{START_ROUND: None})
    best = booster.attr("best_iteration")
    if settings.patience_rounds and best is not None and settings.parameters.get("booster") != "gblinear":
        score = booster.attr("best_score")
        booster = booster[: int(best) + 1]
        booster.set_attr(best_iteration=best, best_score=score)
    return booster


def _scores(text: str) -> dict[tuple[str, str], float]:
    """The metrics in a line of `Booster.eval_set`, in its order."""
    scores = {}
    for item in text.split("\t")[1:]:
        name, _, value = item.rpartition(":")
        data, _, metric = name.partition("-")
        scores[data, metric] = float(value)
    return scores


def log_line(number: int, scores: dict[tuple[str, str], Any]) -> str:
    """The line that the regular expressions of the metrics are made for; "#011" is how a log shows a tab."""
    items = (f"#011{data}-{_shown(metric)}:{value:.5f}" for (data, metric), value in scores.items())
    return f"[{number}]{''.join(items)}"


def _shown(metric: str) -> str:
    """A metric's name in the log: without the power that xgboost puts into the Tweedie likelihood's."""
    return "tweedie-nloglik" if metric.startswith("tweedie-nloglik@") else metric
