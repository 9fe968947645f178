"""Which model of the engine stands behind a recipe, and what of the recipe's configuration it takes."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from clary.engines.recommendation import models
from clary.services.personalize import recipe_table as kinds
from clary.services.personalize.programs.action_model import ActionModel
from clary.services.personalize.recipe_table import Recipe

_SENSITIVITY = {"OFF": 0.0, "LOW": 0.3, "MEDIUM": 0.6, "HIGH": 1.0}
_SECONDS = {"30 minutes": 1800, "1 hour": 3600, "2 hours": 7200, "3 hours": 10_800, "1 day": 86_400}
_MODELS = {
    kinds.USERS: "personal",
    kinds.RANKING: "personal",
    kinds.SIMILAR: "similar",
    kinds.POPULAR: "popularity",
    kinds.TRENDING: "trending",
    kinds.ITEM_SEGMENTS: "affinity",
    kinds.ATTRIBUTE_SEGMENTS: "affinity",
}


def new_model(recipe: Recipe, parameters: Mapping[str, str], objective: Mapping[str, Any], taken: int = -1) -> Any:
    """An untrained model for a recipe.

    Args:
        parameters: the recipe's hyperparameters; those of AWS's networks (`hidden_dimension`, `bptt`) have no
            counterpart in the engine.
        objective: the solution's optimizationObjective.
        taken: the code of the event type "taken", for recipes of actions.
    """
    if recipe.kind == kinds.ACTIONS:
        return ActionModel(taken)
    name = _MODELS[recipe.kind]
    options: dict[str, Any] = {}
    if name == "personal" and objective.get("itemAttribute"):
        options["objective"] = objective["itemAttribute"]
        options["objective_weight"] = _SENSITIVITY[objective.get("objectiveSensitivity", "OFF")]
    if name == "trending":
        options["window_seconds"] = _SECONDS[parameters.get("trend_discovery_frequency", "2 hours").lower()]
    if name == "similar":
        defaults = {parameter.name: parameter.text for parameter in recipe.parameters}
        usual = defaults.get("popularity_discount_factor")
        if usual is not None:
            # a smaller factor asks for popular items, a larger one for rare ones; the default is what was learned
            discount = parameters.get("popularity_discount_factor", usual)
            options["popularity_discount"] = float(discount) - float(usual)
    return models.create(name, **options)


def load_model(folder: Path) -> Any:
    """What a training saved."""
    return ActionModel.load(folder) if ActionModel.is_in(folder) else models.load(folder)
