"""When to stop: one trial that falls behind, a search that no longer gets better. Pure functions of the trials."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from clary.engines.tuning.trials import Trial

LEAST_CURVES = 3  # a median of fewer says little
_REDUCTION = 3


def falls_behind_median(trial: Trial, others: Sequence[Trial], *, maximize: bool) -> bool:
    """The median stopping rule of Golovin et al., "Google Vizier: A Service for Black-Box Optimization" (2017).

    Args:
        trial: one that runs; its curve so far.
        others: the other trials of the search. Those that have come as far count.

    Returns:
        Whether the trial's latest value is worse than the median of the others' running averages up to that step.
    """
    step = len(trial.curve)
    if step == 0:
        return False
    averages = [statistics.fmean(other.curve[:step]) for other in others if len(other.curve) >= step]
    if len(averages) < LEAST_CURVES:
        return False
    median = statistics.median(averages)
    latest = trial.curve[-1]
    return latest < median if maximize else latest > median


@dataclass(frozen=True, slots=True)
class Halving:
    """Hyperband: brackets of asynchronous successive halving, by stopping.

    Li et al., "Hyperband: A Novel Bandit-Based Approach to Hyperparameter Optimization" (2018), and "A System for
    Massively Parallel Hyperparameter Tuning" (2020): a trial that reaches a rung goes on if it is in the best third
    of those that have reached it; brackets differ in where their first rung lies.

    Args:
        least: resource (epochs, rounds) that every trial gets.
        most: resource after which a trial is done.
    """

    least: int
    most: int

    @property
    def brackets(self) -> int:
        """How many brackets there are."""
        return int(math.log(max(self.most / self.least, 1)) / math.log(_REDUCTION) + 1e-9) + 1

    def bracket(self, number: int) -> int:
        """The bracket of the `number`th trial, from 0: the more its trials are cut, the more of them there are."""
        shares = [_REDUCTION ** (self.brackets - 1 - bracket) / (bracket + 1) for bracket in range(self.brackets)]
        place = (number * 0.6180339887498949) % 1.0 * sum(shares)  # the golden ratio spreads evenly
        for bracket, share in enumerate(shares):
            place -= share
            if place < 0:
                return bracket
        return self.brackets - 1

    def rungs(self, bracket: int) -> list[int]:
        """The resources at which a bracket's trials are compared, ascending."""
        rungs = []
        rung = self.least * _REDUCTION**bracket
        while rung < self.most:
            rungs.append(rung)
            rung *= _REDUCTION
        return rungs

    def ends(self, number: int, trials: Sequence[Trial], *, maximize: bool) -> bool:
        """Whether the `number`th trial, from 0, ends now: all resource is used, or it lost at the last rung it reached.

        Args:
            trials: all of the search, in the order they were started.
        """
        reached = len(trials[number].curve)
        if reached >= self.most:
            return True
        bracket = self.bracket(number)
        rungs = [rung for rung in self.rungs(bracket) if rung <= reached]
        return any(not self._survives(number, trials, rung, bracket, maximize=maximize) for rung in rungs)

    def _survives(self, number: int, trials: Sequence[Trial], rung: int, bracket: int, *, maximize: bool) -> bool:
        values = [
            trial.curve[rung - 1]
            for other, trial in enumerate(trials)
            if len(trial.curve) >= rung and self.bracket(other) == bracket
        ]
        kept = max(1, len(values) // _REDUCTION)
        values.sort(reverse=maximize)
        own = trials[number].curve[rung - 1]
        return own >= values[kept - 1] if maximize else own <= values[kept - 1]


def without_improvement(trials: Sequence[Trial], *, maximize: bool) -> int:
    """How many trials with a result have ended since the best one did."""
    known = [trial.objective for trial in trials if trial.objective is not None]
    if not known:
        return 0
    best = max(known) if maximize else min(known)
    return len(known) - 1 - known.index(best)


def has_converged(trials: Sequence[Trial], dimensions: int, *, maximize: bool) -> bool:
    """Whether the best results have stopped getting better.

    The search has converged when, over the last `max(12, 4 * dimensions)` results, the best improved by less than one
    thousandth of the spread (half the distance between the quartiles) of all results so far.
    """
    known = [trial.objective for trial in trials if trial.objective is not None]
    window = max(12, 4 * dimensions)
    if len(known) < 2 * window:
        return False
    best = max if maximize else min
    gain = abs(best(known) - best(known[:-window]))
    low, _, high = statistics.quantiles(known, n=4)
    return gain <= 0.001 * (high - low) / 2
