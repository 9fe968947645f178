"""What performHPO does: the hyperparameters of a recipe are searched for where its ranges say."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from clary.engines.tuning.question import Question
from clary.engines.tuning.spaces import Categorical, Continuous, Dimension, Integer, Space, Values
from clary.engines.tuning.trials import Trial, best_of
from clary.services.personalize.solutions.recipe_table import Choice, Parameter, Recipe

TRIALS = 8
"""How many points are tried where the solution does not say."""
_SEED = 17
_DIGITS = 4


def space(recipe: Recipe, ranges: Mapping[str, Any]) -> Space:
    """Everything that the recipe lets be tuned, in the ranges that were asked for, else in its own.

    Args:
        ranges: the `algorithmHyperParameterRanges` of an hpoConfig.
    """
    asked = {entry["name"]: entry for entries in ranges.values() for entry in entries}
    tunable = [parameter for parameter in recipe.parameters if parameter.tunable]
    return Space(tuple(_dimension(parameter, asked.get(parameter.name, {})) for parameter in tunable))


def starts(recipe: Recipe, given: Mapping[str, str]) -> dict[str, str]:
    """The hyperparameters that the version would have without a search."""
    return {one.name: given.get(one.name, one.text) for one in recipe.parameters if one.tunable}


def search(
    where: Space, first: Mapping[str, str], trials: int, score: Callable[[dict[str, str]], float]
) -> dict[str, str]:
    """The best hyperparameters of some trials, of equals the first.

    Args:
        first: what is tried first, so that the search does no harm; left out where it lies outside of the space.
        score: how good hyperparameters are, higher is better.

    Returns:
        Their values as AWS writes them; nothing where there is nothing to tune.
    """
    if not where.dimensions:
        return {}
    from clary.engines.tuning.advisor import advise  # noqa: PLC0415 - heavy, and most trainings do not search

    typed = _typed(where, first)
    hints = (typed,) if where.contains(typed) else ()
    tried: list[Trial] = []
    for _ in range(int(min(trials, where.size))):
        values = advise(Question("bayesian", where, _SEED, maximize=True, trials=tuple(tried), hints=hints))
        if values is None:  # a finite space was tried out
            break
        values = {name: round(value, _DIGITS) if isinstance(value, float) else value for name, value in values.items()}
        tried.append(Trial(values, objective=score(_written(values))))
    best = best_of(tried, maximize=True)
    assert best is not None  # there was at least one trial
    return _written(best.values)


def _dimension(parameter: Parameter, asked: Mapping[str, Any]) -> Dimension:
    if isinstance(parameter, Choice):
        return Categorical(parameter.name, tuple(dict.fromkeys(map(str.lower, asked.get("values", parameter.values)))))
    least, most = asked.get("minValue", parameter.least), asked.get("maxValue", parameter.most)
    if parameter.whole:
        return Integer(parameter.name, int(least), int(most))
    return Continuous(parameter.name, float(least), float(most))


def _typed(where: Space, texts: Mapping[str, str]) -> Values:
    found: Values = {}
    for dimension in where.dimensions:
        text = texts[dimension.name]
        match dimension:
            case Integer():
                found[dimension.name] = int(text)
            case Continuous():
                found[dimension.name] = float(text)
            case Categorical():
                found[dimension.name] = text.lower()
    return found


def _written(values: Values) -> dict[str, str]:
    return {name: str(value) for name, value in values.items()}
