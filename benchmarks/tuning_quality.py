"""How good the points are that Clary's Bayesian search finds, against random search and plain optuna TPE.

Four functions of the field and three tables (XGBoost and scikit-learn models over scikit-learn's own data sets), the
same budget for everybody, several seeds. Told is the mean rank of the best value found (1 is the best of the three)
with a 95 % bootstrap interval over problems and seeds, one trial at a time and four at a time.

.venv/bin/python -m benchmarks.tuning_quality [--write] [--seeds 20] [--budget 40] [--all]

`--all` adds the two models that the Bayesian search is a mix of, each alone.
"""

from __future__ import annotations

import argparse
import functools
import itertools
import math
import multiprocessing
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import optuna
import xgboost
from optuna.samplers import TPESampler
from scipy.stats import rankdata
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits
from sklearn.ensemble import RandomForestRegressor
from sklearn.model_selection import cross_val_score
from sklearn.svm import SVC

from benchmarks.report import machine, report, table
from clary.engines.tuning import bayesian
from clary.engines.tuning.spaces import Categorical, Continuous, Integer, Scale, Space, Values
from clary.engines.tuning.strategies import BayesianSearch, RandomSearch
from clary.engines.tuning.trials import Trial

Ask = Callable[[Sequence[Trial]], Values]


@dataclass(frozen=True)
class Problem:
    """Something to minimise."""

    name: str
    space: Space
    loss: Callable[[Values], float]


def floats(count: int, low: float, high: float) -> Space:
    return Space(tuple(Continuous(f"x{number}", low, high, Scale.LINEAR) for number in range(count)))


def vector(values: Values) -> np.ndarray:
    return np.array(list(values.values()), float)


def branin(values: Values) -> float:
    a, b = vector(values) * 15 + (-5, 0)
    bend = b - 5.1 / (4 * math.pi**2) * a**2 + 5 / math.pi * a - 6
    return float(bend**2 + 10 * (1 - 1 / (8 * math.pi)) * math.cos(a) + 10)


def hartmann6(values: Values) -> float:
    weights = np.array([1.0, 1.2, 3.0, 3.2])
    steep = np.array(
        [[10, 3, 17, 3.5, 1.7, 8], [0.05, 10, 17, 0.1, 8, 14], [3, 3.5, 1.7, 10, 17, 8], [17, 8, 0.05, 10, 0.1, 14]]
    )
    centre = 1e-4 * np.array(
        [
            [1312, 1696, 5569, 124, 8283, 5886],
            [2329, 4135, 8307, 3736, 1004, 9991],
            [2348, 1451, 3522, 2883, 3047, 6650],
            [4047, 8828, 8732, 5743, 1091, 381],
        ]
    )
    return -float(weights @ np.exp(-(steep * (vector(values) - centre) ** 2).sum(axis=1)))


def ackley(values: Values) -> float:
    x = vector(values)
    return float(-20 * np.exp(-0.2 * np.sqrt((x**2).mean())) - np.exp(np.cos(2 * np.pi * x).mean()) + 20 + math.e)


def rosenbrock(values: Values) -> float:
    x = vector(values)
    return float((100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2).sum())


class Table:
    """A loss that is looked up; every point of a finite space was computed before."""

    def __init__(self, axes: dict[str, Sequence[float | str]], losses: np.ndarray) -> None:
        self.axes = axes
        self.losses = losses

    @property
    def space(self) -> Space:
        """Its axes as dimensions; numbers by their place on the axis."""
        return Space(
            tuple(
                Categorical(name, tuple(map(str, axis)))
                if isinstance(axis[0], str)
                else Integer(name, 0, len(axis) - 1, Scale.LINEAR)
                for name, axis in self.axes.items()
            )
        )

    def __call__(self, values: Values) -> float:
        """The loss at a point of `space`."""
        index = tuple(
            list(axis).index(values[name]) if isinstance(axis[0], str) else int(values[name])
            for name, axis in self.axes.items()
        )
        return float(self.losses[index])


def tabulated(axes: dict[str, Sequence[float | str]], loss: Callable[..., float], pool) -> Table:
    points = list(itertools.product(*axes.values()))
    losses = pool.map(functools.partial(_call, loss), points, chunksize=8)
    return Table(axes, np.array(losses).reshape([len(axis) for axis in axes.values()]))


def _call(loss: Callable[..., float], point: Sequence[float | str]) -> float:
    return loss(*point)


def xgboost_loss(eta: float, depth: float, subsample: float, decay: float) -> float:
    rows, labels = load_breast_cancer(return_X_y=True)
    order = np.random.default_rng(0).permutation(len(rows))
    half = len(rows) // 2
    parts = [xgboost.DMatrix(rows[part], labels[part]) for part in (order[:half], order[half:])]
    settings = {
        "objective": "binary:logistic", "eta": eta, "max_depth": int(depth), "subsample": subsample, "lambda": decay,
        "nthread": 1, "seed": 0,
    }  # fmt: skip
    told: dict = {}
    xgboost.train(settings, parts[0], 20, evals=[(parts[1], "v")], evals_result=told, verbose_eval=False)
    return told["v"]["logloss"][-1]


def svm_loss(kernel: str, c: float, gamma: float) -> float:
    rows, labels = load_digits(return_X_y=True)
    model = SVC(C=c, gamma=gamma, kernel=kernel, degree=2)
    return 1 - float(cross_val_score(model, rows[:600] / 16, labels[:600], cv=3).mean())


def forest_loss(criterion: str, features: float, leaf: float, depth: float) -> float:
    rows, labels = load_diabetes(return_X_y=True)
    model = RandomForestRegressor(
        20, criterion=criterion, max_features=features, min_samples_leaf=int(leaf), max_depth=int(depth), random_state=0
    )
    return -float(cross_val_score(model, rows, labels, cv=3, scoring="r2").mean())


def problems(pool) -> list[Problem]:
    logs = np.geomspace
    tables = {
        "XGBoost, breast cancer": tabulated(
            {"eta": logs(0.02, 1, 10), "depth": range(1, 9), "rows": (0.4, 0.6, 0.8, 1.0), "l2": logs(0.01, 100, 7)},
            xgboost_loss,
            pool,
        ),
        "SVM, digits": tabulated(
            {"kernel": ("linear", "poly", "rbf", "sigmoid"), "c": logs(1e-3, 1e3, 13), "gamma": logs(1e-4, 10, 11)},
            svm_loss,
            pool,
        ),
        "forest, diabetes": tabulated(
            {
                "criterion": ("squared_error", "poisson"), "features": (0.1, 0.3, 0.5, 0.7, 0.9),
                "leaf": (1, 2, 4, 6, 9, 13, 18, 25), "depth": (2, 3, 4, 5, 6, 8, 10, 14),
            },
            forest_loss,
            pool,
        ),
    }  # fmt: skip
    return [
        Problem("Branin", floats(2, 0, 1), branin),
        Problem("Hartmann 6", floats(6, 0, 1), hartmann6),
        Problem("Ackley 5", floats(5, -20, 30), ackley),
        Problem("Rosenbrock 4", floats(4, -5, 10), rosenbrock),
        *(Problem(name, found.space, found) for name, found in tables.items()),
    ]


def searched(problem: Problem, ask: Ask, budget: int, parallel: int) -> float:
    """The best loss when `parallel` trials run at a time and end in the order they were started."""
    trials: list[Trial] = []
    for number in range(budget):
        if number >= parallel:
            trials[number - parallel] = ended(problem, trials[number - parallel])
        trials.append(Trial(ask(trials), running=True))
    return min(problem.loss(trial.values) for trial in trials)


def ended(problem: Problem, trial: Trial) -> Trial:
    return Trial(trial.values, objective=problem.loss(trial.values))


def plain_optuna(problem: Problem, seed: int, budget: int, parallel: int) -> float:
    """optuna as its tutorial has it, a study with the default sampler."""
    study = optuna.create_study(sampler=TPESampler(seed=seed))
    running: list[tuple[optuna.Trial, Values]] = []
    for number in range(budget):
        if number >= parallel:
            first, values = running.pop(0)
            study.tell(first, problem.loss(values))
        trial = study.ask()
        values: Values = {}
        for d in problem.space.dimensions:
            match d:
                case Categorical():
                    values[d.name] = trial.suggest_categorical(d.name, d.choices)
                case Integer():
                    values[d.name] = trial.suggest_int(d.name, d.low, d.high)
                case Continuous():
                    values[d.name] = trial.suggest_float(d.name, d.low, d.high)
        running.append((trial, values))
    for trial, values in running:
        study.tell(trial, problem.loss(values))
    return float(study.best_value)


def _by_tree(space: Space, seed: int, trials: Sequence[Trial]) -> Values:
    if len(trials) < 10:
        return RandomSearch(space, seed).suggest(trials) or {}
    return bayesian.by_tree(space, trials, np.random.default_rng([seed, len(trials)]), maximize=False)


def _by_process(space: Space, seed: int, trials: Sequence[Trial]) -> Values:
    generator = np.random.default_rng([seed, len(trials)])
    known = [trial for trial in trials if trial.objective is not None]
    if len(trials) < bayesian.first_points(len(space.dimensions)) or len(known) < 3:
        return bayesian.suggest(space, trials, (), seed, generator, maximize=False)
    return bayesian.by_process(space, known, [t for t in trials if t.running], generator, maximize=False)


def run(name: str, problem: Problem, seed: int, budget: int, parallel: int) -> float:
    space = problem.space
    asks: dict[str, Ask] = {
        "Clary Bayesian": lambda trials: BayesianSearch(space, seed, maximize=False).suggest(trials) or {},
        "Clary Random": lambda trials: RandomSearch(space, seed).suggest(trials) or {},
        "its tree alone": functools.partial(_by_tree, space, seed),
        "its process alone": functools.partial(_by_process, space, seed),
    }
    if name == "optuna TPE":
        return plain_optuna(problem, seed, budget, parallel)
    return searched(problem, asks[name], budget, parallel)


def interval(ranks: np.ndarray) -> str:
    """Mean rank and its 95 % interval, shape of `ranks`: (problems, seeds)."""
    generator = np.random.default_rng(0)
    flat = ranks.reshape(-1)
    means = flat[generator.integers(flat.size, size=(2000, flat.size))].mean(axis=1)
    low, high = np.quantile(means, [0.025, 0.975])
    return f"{flat.mean():.2f} ({low:.2f} to {high:.2f})"


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--all", action="store_true")
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--budget", type=int, default=40)
    options = parser.parse_args()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    names = ["Clary Bayesian", "optuna TPE", "Clary Random"]
    if options.all:
        names += ["its tree alone", "its process alone"]
    parts = [f"{machine()}; {options.seeds} seeds, {options.budget} trials each.\n"]
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        chosen = problems(pool)
        for parallel in (1, 4):
            jobs = [
                (name, problem, seed, options.budget, parallel)
                for name in names
                for problem in chosen
                for seed in range(options.seeds)
            ]
            found = np.array(pool.starmap(run, jobs, chunksize=1)).reshape(len(names), len(chosen), options.seeds)
            ranks = rankdata(np.round(found, 12), axis=0)
            rows = [
                [name, *(f"{found[n, p].mean():.4g} / {ranks[n, p].mean():.2f}" for p in range(len(chosen))),
                 interval(ranks[n])]
                for n, name in enumerate(names)
            ]  # fmt: skip
            head = [f"{parallel} at a time: mean best / mean rank", *(p.name for p in chosen), "mean rank (95 %)"]
            parts.append(table(head, rows) + "\n")
            print(parts[-1], flush=True)
    report("tuning quality", "\n".join(parts))


if __name__ == "__main__":
    main()
