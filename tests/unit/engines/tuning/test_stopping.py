from __future__ import annotations

import pytest

from clary.engines.tuning.spaces import Values
from clary.engines.tuning.stopping import Halving, falls_behind_median, has_converged, without_improvement
from clary.engines.tuning.trials import Trial

NOWHERE: Values = {}


def running(*curve: float) -> Trial:
    return Trial(NOWHERE, running=True, curve=curve)


def ended(objective: float | None) -> Trial:
    return Trial(NOWHERE, objective=objective)


OTHERS = [running(0.5, 0.6, 0.7), running(0.4, 0.6, 0.8), running(0.6, 0.7, 0.8)]


def test_a_trial_falls_behind_when_it_is_worse_than_the_median_of_running_averages() -> None:
    # Averages after two steps: 0.55, 0.5, 0.65. Their median is 0.55.
    assert falls_behind_median(running(0.9, 0.54), OTHERS, maximize=True)
    assert not falls_behind_median(running(0.1, 0.56), OTHERS, maximize=True)
    assert falls_behind_median(running(0.1, 0.56), OTHERS, maximize=False)


def test_nothing_falls_behind_before_three_others_have_come_as_far() -> None:
    assert not falls_behind_median(running(0.0), OTHERS[:2], maximize=True)
    assert not falls_behind_median(running(0.0, 0.0, 0.0, 0.0), OTHERS, maximize=True)
    assert not falls_behind_median(running(), OTHERS, maximize=True)


def test_hyperband_compares_at_rungs_that_are_three_times_as_far_each() -> None:
    halving = Halving(1, 81)
    assert halving.brackets == 5
    assert halving.rungs(0) == [1, 3, 9, 27]
    assert halving.rungs(3) == [27]
    assert halving.rungs(4) == []
    counts = [sum(halving.bracket(number) == bracket for number in range(1000)) for bracket in range(5)]
    assert counts == sorted(counts, reverse=True)
    assert min(counts) > 0
    assert Halving(10, 10).brackets == 1


def test_only_the_best_third_survives_a_rung() -> None:
    halving = Halving(2, 6)
    numbers = [number for number in range(40) if halving.bracket(number) == 0][:9]
    trials = [running()] * (numbers[-1] + 1)
    for rank, number in enumerate(numbers):
        trials[number] = running(0.0, float(rank))
    ends = [halving.ends(number, trials, maximize=True) for number in numbers]
    assert ends == [True] * 6 + [False] * 3
    assert [halving.ends(number, trials, maximize=False) for number in numbers] == [False] * 3 + [True] * 6


def test_a_trial_that_has_not_reached_a_rung_goes_on_and_one_with_all_resource_ends() -> None:
    halving = Halving(3, 9)
    assert not halving.ends(0, [running(0.0, 0.0)], maximize=True)
    assert halving.ends(0, [running(*[1.0] * 9)], maximize=True)


def test_results_since_the_best_are_counted_without_failures() -> None:
    trials = [ended(0.5), ended(None), ended(0.9), ended(0.7), ended(None), ended(0.9)]
    assert without_improvement(trials, maximize=True) == 2
    assert without_improvement(trials, maximize=False) == 3
    assert without_improvement([ended(None)], maximize=True) == 0


@pytest.mark.parametrize("maximize", [True, False])
def test_a_search_converges_when_its_best_stays_and_not_while_it_still_improves(maximize: bool) -> None:
    sign = 1 if maximize else -1
    noise = [0.1 * (n * 7 % 10) for n in range(14)]
    assert has_converged([ended(sign * v) for v in [*noise, 2.0, *noise]], 2, maximize=maximize)
    assert not has_converged([ended(sign * v) for v in [*noise, *noise, 2.0]], 2, maximize=maximize)
    assert not has_converged([ended(sign * v) for v in [2.0, *noise[:10]]], 2, maximize=maximize)
