"""Which model of the engine stands behind a recipe, and what of the recipe's configuration it takes."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from clary.engines.recommendation import models
from clary.engines.recommendation.similar import ALIKE_WIDTH
from clary.services.personalize.programs.action_model import ActionModel
from clary.services.personalize.solutions import recipe_table as kinds
from clary.services.personalize.solutions.recipe_table import Number, Recipe

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
        parameters: the recipe's hyperparameters by name. Those of AWS's networks change what stands in their place
            here, in proportion to their defaults: dimensions how closely the regressions may follow the log, `bptt`
            how far back the members look, `recency_mask` whether what is popular at the moment counts.
        objective: the solution's optimizationObjective.
        taken: the code of the event type "taken", for recipes of actions.
    """
    if recipe.kind == kinds.ACTIONS:
        return ActionModel(taken)
    name = _MODELS[recipe.kind]
    if name == "personal":
        options = _personal(recipe, parameters)
        if objective.get("itemAttribute"):
            options["objective"] = objective["itemAttribute"]
            options["objective_weight"] = _SENSITIVITY[objective.get("objectiveSensitivity", "OFF")]
        return models.create(name, **options)
    if name == "trending":
        frequency = parameters.get("trend_discovery_frequency", "2 hours").lower()
        return models.create(name, window_seconds=_SECONDS[frequency])
    if name == "similar":
        return models.create(name, **_similar(recipe, parameters))
    return models.create(name)


def _personal(recipe: Recipe, parameters: Mapping[str, str]) -> dict[str, Any]:
    mask = parameters.get("recency_mask", parameters.get("apply_recency_bias", "true"))
    return {
        "memory": _against_default(recipe, parameters, "bptt"),
        "freedom": _against_default(recipe, parameters, "hidden_dimension"),
        "recency": mask.lower() == "true",
    }


def _similar(recipe: Recipe, parameters: Mapping[str, str]) -> dict[str, Any]:
    defaults = {parameter.name: parameter.text for parameter in recipe.parameters}
    options: dict[str, Any] = {"freedom": _against_default(recipe, parameters, "item_id_hidden_dimension")}
    usual = defaults.get("popularity_discount_factor")
    if usual is not None:
        # a smaller factor asks for popular items, a larger one for rare ones; the default is what was learned
        discount = parameters.get("popularity_discount_factor", usual)
        options["popularity_discount"] = float(discount) - float(usual)
    if "min_cointeraction_count" in defaults:
        name = "min_cointeraction_count"
        options["least_together"] = int(parameters.get(name, defaults[name]))
    if "item_metadata_hidden_dimension" in defaults:
        alike = _against_default(recipe, parameters, "item_metadata_hidden_dimension")
        options["alike_width"] = round(ALIKE_WIDTH * alike)
    return options


def _against_default(recipe: Recipe, parameters: Mapping[str, str], name: str) -> float:
    """A hyperparameter as a multiple of its default; 1 where the recipe has none of that name."""
    found = next((one for one in recipe.parameters if one.name == name), None)
    if not isinstance(found, Number):
        return 1.0
    return float(parameters.get(name, found.default)) / found.default


def load_model(folder: Path) -> Any:
    """What a training saved."""
    return ActionModel.load(folder) if ActionModel.is_in(folder) else models.load(folder)
