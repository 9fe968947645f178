"""Recipes, their algorithms and featurizations: described from the table."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from clary.core.call import Call
from clary.core.operations import operation
from clary.core.pages import InvalidToken, decode_token, encode_token
from clary.services.personalize.errors import (
    InvalidInputException,
    InvalidNextTokenException,
    ResourceNotFoundException,
)
from clary.services.personalize.names import ACTIVE
from clary.services.personalize.shelf import DEFAULT_PAGE
from clary.services.personalize.solutions.recipe_table import BY_ARN, RECIPES, Choice, Number, Parameter, Recipe

NO_SEMANTIC_SIMILARITY = (
    "The recipe aws-semantic-similarity needs a large language model, which Clary does not have. Use aws-similar-items."
)
_MADE = datetime(2019, 6, 10, tzinfo=UTC)
_TIMES = {"creationDateTime": _MADE, "lastUpdatedDateTime": _MADE, "status": ACTIVE}


class Recipes:
    """The recipes, which are the same for everybody."""

    api = "personalize"

    @operation("ListRecipes")
    def list(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """A page of recipes.

        Raises:
            InvalidNextTokenException: the token is not one of this listing.
        """
        domain = request.get("domain")
        found = [recipe for recipe in RECIPES if domain is None or recipe.domain == domain]
        first = 0
        if "nextToken" in request:
            try:
                (first,) = decode_token(request["nextToken"], 1)
                first = int(first)
            except (InvalidToken, TypeError, ValueError) as error:
                raise InvalidNextTokenException("The nextToken was not returned by this operation.") from error
        last = max(first, 0) + request.get("maxResults", DEFAULT_PAGE)
        answer: dict[str, Any] = {"recipes": [_summary(recipe) for recipe in found[max(first, 0) : last]]}
        return {**answer, "nextToken": encode_token(last)} if last < len(found) else answer

    @operation("DescribeRecipe", resource="{recipeArn}")
    def describe(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """A recipe."""
        recipe = recipe_of(request["recipeArn"])
        more = {
            "algorithmArn": recipe.algorithm_arn,
            "featureTransformationArn": recipe.transformation_arn,
            "description": recipe.text,
            "recipeType": recipe.type,
        }
        summary = {member: value for member, value in _summary(recipe).items() if member != "domain"}
        return {"recipe": {**summary, **more}}

    @operation("DescribeAlgorithm", resource="{algorithmArn}")
    def describe_algorithm(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """The algorithm of a recipe, with its hyperparameters and their ranges."""
        arn = request["algorithmArn"]
        recipe = next((recipe for recipe in RECIPES if recipe.algorithm_arn == arn), None)
        if recipe is None:
            raise ResourceNotFoundException(f"Resource Arn {arn} does not exist.")
        times = {member: value for member, value in _TIMES.items() if member != "status"}
        return {
            "algorithm": {
                "name": recipe.name,
                "algorithmArn": arn,
                "defaultHyperParameters": {parameter.name: parameter.text for parameter in recipe.parameters},
                "defaultHyperParameterRanges": _ranges(recipe.parameters),
                "trainingInputMode": "File",
                **times,
            }
        }

    @operation("DescribeFeatureTransformation", resource="{featureTransformationArn}")
    def describe_transformation(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """The featurization of a recipe."""
        arn = request["featureTransformationArn"]
        recipe = next((recipe for recipe in RECIPES if recipe.transformation_arn == arn), None)
        if recipe is None:
            raise ResourceNotFoundException(f"Resource Arn {arn} does not exist.")
        return {
            "featureTransformation": {
                "name": recipe.transformation_arn.rpartition("/")[2],
                "featureTransformationArn": arn,
                "defaultParameters": {parameter.name: parameter.text for parameter in recipe.transformation},
                **_TIMES,
            }
        }


def recipe_of(arn: str) -> Recipe:
    """The recipe of an ARN.

    Raises:
        ResourceNotFoundException: there is none.
    """
    recipe = BY_ARN.get(arn)
    if recipe is None and arn.endswith("recipe/aws-semantic-similarity"):
        raise ResourceNotFoundException(f"Resource Arn {arn} does not exist: {NO_SEMANTIC_SIMILARITY}")
    if recipe is None:
        raise ResourceNotFoundException(f"Resource Arn {arn} does not exist.")
    return recipe


def check_parameters(sent: dict[str, str], parameters: Iterable[Parameter], member: str) -> None:
    """Checks hyperparameters against a recipe's table.

    Raises:
        InvalidInputException: one is unknown or out of its range.
    """
    by_name = {parameter.name: parameter for parameter in parameters}
    for name, text in sent.items():
        parameter = by_name.get(name)
        if parameter is None:
            raise InvalidInputException(
                f"{member}: the recipe has no hyperparameter {name!r}; it has {sorted(by_name)}."
            )
        if isinstance(parameter, Choice):
            if text.lower() not in {value.lower() for value in parameter.values}:
                raise InvalidInputException(f"{member}: {name} must be one of {list(parameter.values)}, not {text!r}.")
        elif not _in_range(text, parameter):
            kind = "a whole number" if parameter.whole else "a number"
            raise InvalidInputException(
                f"{member}: {name} must be {kind} from {parameter.least:g} to {parameter.most:g}, not {text!r}."
            )


def _in_range(text: str, parameter: Number) -> bool:
    try:
        value = int(text) if parameter.whole else float(text)
    except ValueError:
        return False
    return parameter.least <= value <= parameter.most


def _ranges(parameters: tuple[Parameter, ...]) -> dict[str, Any]:
    ranges: dict[str, list[dict[str, Any]]] = {
        "integerHyperParameterRanges": [],
        "continuousHyperParameterRanges": [],
        "categoricalHyperParameterRanges": [],
    }
    for parameter in parameters:
        common = {"name": parameter.name, "isTunable": parameter.tunable}
        if isinstance(parameter, Choice):
            ranges["categoricalHyperParameterRanges"].append({**common, "values": list(parameter.values)})
        elif parameter.whole:
            limits = {"minValue": int(parameter.least), "maxValue": int(parameter.most)}
            ranges["integerHyperParameterRanges"].append({**common, **limits})
        else:
            limits_real = {"minValue": parameter.least, "maxValue": parameter.most}
            ranges["continuousHyperParameterRanges"].append({**common, **limits_real})
    return ranges


def _summary(recipe: Recipe) -> dict[str, Any]:
    summary = {"name": recipe.name, "recipeArn": recipe.arn, **_TIMES}
    return {**summary, "domain": recipe.domain} if recipe.domain else summary
