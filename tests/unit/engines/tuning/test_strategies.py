"""Strategies as functions of seed and trials, and what they find."""

from __future__ import annotations

import itertools
import statistics
from collections.abc import Callable

import pytest

from clary.engines.tuning.spaces import Categorical, Continuous, Integer, Scale, Space, Values
from clary.engines.tuning.strategies import BayesianSearch, GridSearch, RandomSearch, Strategy, grid
from clary.engines.tuning.trials import Trial

MIXED = Space((Continuous("rate", 1e-4, 1.0, Scale.LOG), Integer("depth", 1, 12), Categorical("kind", ("a", "b", "c"))))


def loss(values: Values) -> float:
    """Least at rate 0.01, depth 7, kind b."""
    import math

    return (math.log10(float(values["rate"])) + 2) ** 2 + (int(values["depth"]) - 7) ** 2 / 9 + (values["kind"] != "b")


def search(
    strategy: Strategy, of: Callable[[Values], float], budget: int, parallel: int = 1, before: tuple[Trial, ...] = ()
) -> list[Trial]:
    trials: list[Trial] = []
    for number in range(budget):
        if number >= parallel:
            trials[number - parallel] = Trial(
                trials[number - parallel].values, objective=of(trials[number - parallel].values)
            )
        values = strategy.suggest(trials, before)
        assert values is not None
        trials.append(Trial(values, running=True))
    return [Trial(trial.values, objective=of(trial.values)) for trial in trials]


def best(trials: list[Trial]) -> float:
    return min(trial.objective for trial in trials if trial.objective is not None)


@pytest.mark.parametrize("strategy", [RandomSearch(MIXED, 3), BayesianSearch(MIXED, 3, maximize=False)])
def test_every_suggestion_lies_in_the_space(strategy: Strategy) -> None:
    for trial in search(strategy, loss, 20, parallel=3):
        assert MIXED.contains(trial.values)
        assert set(trial.values) == {"rate", "depth", "kind"}


@pytest.mark.parametrize("make", [lambda s: RandomSearch(MIXED, s), lambda s: BayesianSearch(MIXED, s, maximize=False)])
def test_the_same_seed_and_trials_give_the_same_suggestion_and_another_seed_another(make) -> None:
    trials = search(make(1), loss, 14)
    assert [trial.values for trial in search(make(1), loss, 14)] == [trial.values for trial in trials]
    assert [trial.values for trial in search(make(2), loss, 14)] != [trial.values for trial in trials]
    # An interrupted search goes on as if it had not been: nothing but the trials is remembered.
    assert make(1).suggest(trials[:13]) == trials[13].values


def test_bayesian_search_beats_random_search() -> None:
    found = [best(search(BayesianSearch(MIXED, seed, maximize=False), loss, 30)) for seed in range(5)]
    drawn = [best(search(RandomSearch(MIXED, seed), loss, 30)) for seed in range(5)]
    assert statistics.mean(found) < statistics.mean(drawn) / 3


def test_bayesian_search_maximises_when_it_is_told_to() -> None:
    strategy = BayesianSearch(MIXED, 5, maximize=True)
    trials = search(strategy, lambda values: -loss(values), 30)
    assert max(trial.objective or -99 for trial in trials) > -0.2


def test_bayesian_search_does_not_try_what_runs_a_second_time() -> None:
    space = Space((Continuous("x", 0.0, 1.0, Scale.LINEAR),))
    trials = [Trial({"x": x}, objective=(x - 0.5) ** 2) for x in (0.0, 0.25, 0.4, 0.6, 0.75, 1.0)]
    for _ in range(4):
        values = BayesianSearch(space, 0, maximize=False).suggest(trials)
        assert values is not None
        trials.append(Trial(values, running=True))
    running = sorted(float(trial.values["x"]) for trial in trials if trial.running)
    assert min(b - a for a, b in itertools.pairwise(running)) > 1e-4


def test_bayesian_search_copes_with_failures_and_with_an_objective_that_never_changes() -> None:
    failed = [Trial(RandomSearch(MIXED, 0).suggest([Trial({})] * n) or {}) for n in range(12)]
    flat = [Trial(trial.values, objective=1.0) for trial in failed]
    huge = [Trial(trial.values, objective=10.0 ** (30 * n)) for n, trial in enumerate(failed[:10])]
    for trials in (failed, flat, huge, flat + failed, [Trial(t.values, running=True) for t in failed]):
        for more in range(2):
            assert MIXED.contains(BayesianSearch(MIXED, 0, maximize=False).suggest(trials[more:]) or {})


def test_results_of_an_earlier_search_spare_the_new_one_its_first_steps() -> None:
    before = tuple(search(BayesianSearch(MIXED, 11, maximize=False), loss, 25))
    gained = [best(search(BayesianSearch(MIXED, seed, maximize=False), loss, 4, before=before)) for seed in range(3)]
    fresh = [best(search(BayesianSearch(MIXED, seed, maximize=False), loss, 4)) for seed in range(3)]
    assert statistics.mean(gained) < statistics.mean(fresh) / 4


def test_a_finite_space_is_searched_without_repetition_until_nothing_is_left() -> None:
    space = Space((Integer("n", 1, 4), Categorical("kind", ("a", "b"))))
    for strategy in (RandomSearch(space, 7), BayesianSearch(space, 7, maximize=False), GridSearch(space, 7)):
        trials = search(strategy, lambda values: float(values["n"]), 8)
        assert {repr(trial.values) for trial in trials} == {repr(values) for values in grid(space)}
        assert strategy.suggest(trials) is None


def test_a_grid_of_words_is_shuffled_by_the_seed() -> None:
    space = Space((Categorical("a", tuple("abcdef")), Categorical("b", tuple("uvw"))))
    first, second = (search(GridSearch(space, seed), lambda values: 0.0, 18) for seed in (1, 2))
    assert [trial.values for trial in first] != [trial.values for trial in second]


def test_many_trials_do_not_make_a_suggestion_slow() -> None:
    import time

    trials = [
        Trial(values, objective=loss(values))
        for number in range(400)
        if (values := RandomSearch(MIXED, 1).suggest([Trial({})] * number)) is not None
    ]
    BayesianSearch(MIXED, 1, maximize=False).suggest(trials[:20])
    started = time.process_time()
    for number in (399, 400):
        BayesianSearch(MIXED, 1, maximize=False).suggest(trials[:number])
    assert time.process_time() - started < 20
