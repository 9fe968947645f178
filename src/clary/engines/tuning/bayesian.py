"""Bayesian search: well-spread points first, then where a model of the objective promises most.

Two models take turns. A Gaussian process is the stronger where the objective is smooth; the tree-structured Parzen
estimator of optuna (Bergstra et al., "Algorithms for Hyper-Parameter Optimization", 2011) does not care about
smoothness, copes with many categories and costs little with many trials. `benchmarks/tuning_quality.py` measures the
mix against each of them.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.samplers import TPESampler
from optuna.storages import InMemoryStorage
from optuna.study import Study, StudyDirection
from optuna.trial import TrialState, create_trial
from scipy.stats import qmc

from clary.engines.tuning import gaussian_process
from clary.engines.tuning.gaussian_process import Doubles
from clary.engines.tuning.spaces import Categorical, Integer, Space, Value, Values
from clary.engines.tuning.trials import Trial

_MOST_FITTED = 140  # the cost of a Gaussian process grows with the cube of what it is fitted to
_MOST_TRANSFERRED = 100
_TREE_EVERY = 2
_MOST_COORDINATES = 40
_INCUMBENTS = 5

optuna.logging.set_verbosity(optuna.logging.WARNING)


def first_points(dimensions: int) -> int:
    """How many points are spread out before a model is asked."""
    return min(max(4, dimensions + 2), 12)


def suggest(
    space: Space,
    trials: Sequence[Trial],
    transferred: Sequence[Trial],
    seed: int,
    generator: np.random.Generator,
    *,
    maximize: bool,
) -> Values:
    """The next point of a Bayesian search.

    Args:
        trials: all of this search in the order they were started; those that run are taken into account too.
        transferred: finished trials of earlier searches in the same space.
        seed: of the points that are spread out.
        generator: of this suggestion alone.
    """
    dimensions = len(space.dimensions)
    known = [trial for trial in (*transferred[-_MOST_TRANSFERRED:], *trials) if trial.objective is not None]
    wanted = first_points(dimensions)
    if len(trials) < wanted and len(known) < wanted:
        return space.at(_spread_out(dimensions, seed, len(trials)))
    if len(known) < 3:
        return space.at(generator.random(dimensions).tolist())
    coordinates = sum(len(d.choices) if isinstance(d, Categorical) else 1 for d in space.dimensions)
    if len(trials) % _TREE_EVERY == _TREE_EVERY - 1 or coordinates > _MOST_COORDINATES:
        return by_tree(space, [*transferred, *trials], generator, maximize=maximize)
    return by_process(space, known, [t for t in trials if t.running], generator, maximize=maximize)


def by_process(
    space: Space, known: Sequence[Trial], running: Sequence[Trial], generator: np.random.Generator, *, maximize: bool
) -> Values:
    """The point with the greatest expected improvement under a Gaussian process."""
    sign = -1.0 if maximize else 1.0
    losses = np.array([sign * (trial.objective or 0.0) for trial in known])
    if len(known) > _MOST_FITTED:  # the best, and the latest of the others
        leaders = set(np.argsort(losses)[: _MOST_FITTED // 2].tolist())
        others = [number for number in range(len(known)) if number not in leaders]
        chosen = sorted(leaders | set(others[-_MOST_FITTED // 2 :]))
        known, losses = [known[number] for number in chosen], losses[chosen]
    losses = gaussian_process.normalized(losses)
    places = np.array([space.places(trial.values) for trial in known])
    points = coordinates_of(space, places)
    process = gaussian_process.fit(points, losses)
    pending = np.array([space.places(trial.values) for trial in running]).reshape(-1, places.shape[1])
    process, best = gaussian_process.with_pending(process, points, losses, coordinates_of(space, pending))
    incumbents = places[np.argsort(losses)[:_INCUMBENTS]]
    found = gaussian_process.most_promising(
        process, incumbents, best, generator, lambda wanted: coordinates_of(space, wanted)
    )
    return space.at(found.tolist())


def coordinates_of(space: Space, places: Doubles) -> Doubles:
    """What the process sees of places, shape (n, coordinates).

    An integer is moved to the middle of its share of the unit interval, so that the process is flat where the objective
    is (Garrido-Merchán and Hernández-Lobato, 2020); a category has a coordinate for each of its words.
    """
    columns = []
    for number, dimension in enumerate(space.dimensions):
        column = places[:, number]
        match dimension:
            case Categorical():
                size = len(dimension.choices)
                index = np.minimum((column * size).astype(int), size - 1)
                columns.append(np.eye(size)[index] * 0.7)
            case Integer() if dimension.size <= 1000:
                columns.append(np.array([[dimension.place(dimension.at(place))] for place in column]).reshape(-1, 1))
            case _:
                columns.append(column.reshape(-1, 1))
    return np.hstack(columns) if columns else np.zeros((len(places), 0))


def by_tree(space: Space, trials: Sequence[Trial], generator: np.random.Generator, *, maximize: bool) -> Values:
    """What optuna's multivariate tree-structured Parzen estimator suggests; running trials count as bad ones."""
    sampler = TPESampler(seed=int(generator.integers(2**31)), multivariate=True, constant_liar=True, n_startup_trials=0)
    direction = StudyDirection.MAXIMIZE if maximize else StudyDirection.MINIMIZE
    storage = InMemoryStorage()
    storage.create_new_study([direction], "search")
    study = Study("search", storage, sampler=sampler)
    distributions = {dimension.name: _distribution(dimension) for dimension in space.dimensions}
    study.add_trials(
        create_trial(
            state=TrialState.COMPLETE if trial.objective is not None else TrialState.RUNNING,
            value=trial.objective,
            params={d.name: _to_tree(d, trial.values[d.name]) for d in space.dimensions},
            distributions=distributions,
        )
        for trial in trials
        if trial.running or trial.objective is not None
    )
    asked = study.ask(distributions).params
    return {d.name: _from_tree(d, asked[d.name]) for d in space.dimensions}


def _distribution(dimension: object) -> BaseDistribution:
    """Floats and logarithmic integers are searched in the unit interval, where our own scales have put them."""
    match dimension:
        case Categorical():
            return CategoricalDistribution(dimension.choices)
        case Integer() if not dimension.is_logarithmic:
            return IntDistribution(dimension.low, dimension.high)
        case _:
            return FloatDistribution(0.0, 1.0)


def _to_tree(dimension: object, value: Value) -> Value:
    match dimension:
        case Categorical():
            return value
        case Integer() if not dimension.is_logarithmic:
            return value
        case _:
            return float(dimension.place(value))  # type: ignore[attr-defined]


def _from_tree(dimension: object, value: Value) -> Value:
    match dimension:
        case Categorical():
            return str(value)
        case Integer() if not dimension.is_logarithmic:
            return int(value)
        case _:
            return dimension.at(float(value))  # type: ignore[attr-defined,no-any-return]


def _spread_out(dimensions: int, seed: int, number: int) -> list[float]:
    """The `number`th point, from 0, of a scrambled Sobol sequence."""
    sequence = qmc.Sobol(max(dimensions, 1), scramble=True, rng=np.random.default_rng(seed))
    if number:
        sequence.fast_forward(number)
    return [float(place) for place in sequence.random(1)[0][:dimensions]]
