"""The rules of CreateSolution and UpdateSolution that the model does not state."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from clary.services.personalize.datasets.dataset_groups import domain_of
from clary.services.personalize.datasets.datasets import columns_in, dataset_of
from clary.services.personalize.datasets.schema_tables import DATASET_TYPES, ITEMS
from clary.services.personalize.errors import InvalidInputException
from clary.services.personalize.solutions import recipe_table as kinds
from clary.services.personalize.solutions.recipe_table import BY_ARN, Choice, Number, Recipe
from clary.services.personalize.solutions.recipes import check_parameters
from clary.storage.records import Record, Records

_OPTIMISABLE = frozenset({kinds.USERS})
_NAMES_OF_RANGES = ("integerHyperParameterRanges", "continuousHyperParameterRanges", "categoricalHyperParameterRanges")
NO_INCREMENTAL_UPDATES = (
    "performIncrementalUpdate is supported only for solutions of the semantic-similarity recipe, which Clary does not "
    "have. Create a version with trainingMode UPDATE instead."
)
_SCHEDULE = re.compile(r"rate\((\d+) days?\)")


def check_solution(records: Records, group: Record, recipe: Recipe | None, request: Mapping[str, Any]) -> None:
    """Checks what a solution asks for.

    Args:
        recipe: None with performAutoML.

    Raises:
        InvalidInputException: with the member and the rule.
    """
    config = request.get("solutionConfig", {})
    if recipe is None and not request.get("performAutoML"):
        raise InvalidInputException("recipeArn is required unless performAutoML is true.")
    if recipe is not None and request.get("performAutoML"):
        raise InvalidInputException("recipeArn and performAutoML exclude each other.")
    if recipe is not None:
        _check_recipe(recipe, config)
    check_incremental(request)
    if config.get("eventsConfig") and request.get("eventType"):
        raise InvalidInputException("eventType and solutionConfig.eventsConfig exclude each other.")
    check_weights(config.get("eventsConfig"))
    if "eventValueThreshold" in config:
        _check_threshold(config["eventValueThreshold"], request.get("eventType"))
    check_schedule(config.get("autoTrainingConfig"))
    _check_auto_ml(config.get("autoMLConfig", {}))
    _check_objective(records, group, recipe, config.get("optimizationObjective"))
    check_columns(records, group, config.get("trainingDataConfig"))


def check_incremental(request: Mapping[str, Any]) -> None:
    """Refuses incremental updates.

    Raises:
        InvalidInputException: they are asked for.
    """
    if request.get("performIncrementalUpdate"):
        raise InvalidInputException(NO_INCREMENTAL_UPDATES)


def _check_recipe(recipe: Recipe, config: Mapping[str, Any]) -> None:
    if recipe.domain:
        raise InvalidInputException(
            f"The recipe {recipe.arn} is one of the domain {recipe.domain}: create a recommender with it."
        )
    check_parameters(config.get("algorithmHyperParameters", {}), recipe.parameters, "algorithmHyperParameters")
    check_parameters(
        config.get("featureTransformationParameters", {}), recipe.transformation, "featureTransformationParameters"
    )
    resources = config.get("hpoConfig", {}).get("hpoResourceConfig", {})
    for member, most in (("maxNumberOfTrainingJobs", 40), ("maxParallelTrainingJobs", 10)):
        text = resources.get(member, "1")
        if not text.isdecimal() or not 1 <= int(text) <= most:
            raise InvalidInputException(f"hpoConfig.hpoResourceConfig.{member} must be from 1 to {most}, not {text!r}.")
    ranges = config.get("hpoConfig", {}).get("algorithmHyperParameterRanges", {})
    tunable = {parameter.name: parameter for parameter in recipe.parameters if parameter.tunable}
    for kind in _NAMES_OF_RANGES:
        for entry in ranges.get(kind, []):
            name = entry.get("name")
            if name not in tunable:
                raise InvalidInputException(f"hpoConfig.{kind}: {name!r} is not one of {sorted(tunable)}.")
            _check_range(entry, tunable[name], f"hpoConfig.{kind}")


def _check_range(entry: Mapping[str, Any], parameter: Number | Choice, member: str) -> None:
    if isinstance(parameter, Choice):
        wrong = [value for value in entry.get("values", []) if value.lower() not in parameter.values]
        if wrong or not entry.get("values"):
            raise InvalidInputException(f"{member}: the values of {parameter.name} are {list(parameter.values)}.")
        return
    least, most = entry.get("minValue", parameter.least), entry.get("maxValue", parameter.most)
    if not parameter.least <= least <= most <= parameter.most:
        raise InvalidInputException(
            f"{member}: the range of {parameter.name} must lie in {parameter.least:g} to {parameter.most:g}."
        )


def check_weights(config: Mapping[str, Any] | None) -> None:
    """Checks an eventsConfig; the range of weights is the model's.

    Raises:
        InvalidInputException: no kind of event has any weight.
    """
    events = (config or {}).get("eventParametersList", [])
    if events and not any(event.get("weight", 1.0) for event in events):
        raise InvalidInputException("eventsConfig: at least one eventType needs a weight above 0.")


def _check_threshold(text: str, event_type: str | None) -> None:
    try:
        value = float(text)
    except ValueError as error:
        raise InvalidInputException(f"eventValueThreshold must be a number, not {text!r}.") from error
    if value != value:
        raise InvalidInputException("eventValueThreshold must be a number.")
    if not event_type:
        raise InvalidInputException("eventValueThreshold requires eventType: the type whose values it is held against.")


def check_schedule(config: Mapping[str, Any] | None) -> int:
    """The days between automatic trainings.

    Raises:
        InvalidInputException: they are not from 1 to 30.
    """
    text = (config or {}).get("schedulingExpression", "rate(7 days)")
    match = _SCHEDULE.fullmatch(text)
    days = int(match[1]) if match else 0
    if not 1 <= days <= 30:
        raise InvalidInputException(f"schedulingExpression {text!r} must be rate(N days) with N from 1 to 30.")
    return days


def _check_auto_ml(config: Mapping[str, Any]) -> None:
    for arn in config.get("recipeList", []):
        recipe = BY_ARN.get(arn)
        if recipe is None or recipe.kind not in (kinds.USERS, kinds.POPULAR) or recipe.domain:
            raise InvalidInputException(f"autoMLConfig.recipeList: {arn} is not a recipe that AutoML can choose.")


def _check_objective(
    records: Records, group: Record, recipe: Recipe | None, objective: Mapping[str, Any] | None
) -> None:
    if not objective or objective.get("objectiveSensitivity", "OFF") == "OFF":
        return
    if recipe is None or recipe.kind not in _OPTIMISABLE:
        raise InvalidInputException("optimizationObjective can be set for aws-user-personalization only.")
    name = objective.get("itemAttribute")
    items = dataset_of(records, group, ITEMS)
    columns = {column.name: column for column in columns_in(records, items)} if items else {}
    if name not in columns or not columns[name].is_number:
        raise InvalidInputException(
            f"optimizationObjective.itemAttribute {name!r} is not a numeric field of the items."
        )


def check_columns(records: Records, group: Record, config: Mapping[str, Any] | None) -> None:
    """Checks the columns that training shall leave out or keep to.

    Raises:
        InvalidInputException: there is no such data set or column, or it cannot be left out.
    """
    for member in ("excludedDatasetColumns", "includedDatasetColumns"):
        for text, names in (config or {}).get(member, {}).items():
            kind = DATASET_TYPES.get(text.lower())
            dataset = dataset_of(records, group, kind) if kind else None
            if dataset is None:
                raise InvalidInputException(f"trainingDataConfig.{member}: the dataset group has no {text} dataset.")
            known = {column.name for column in columns_in(records, dataset)}
            unknown = sorted(set(names) - known)
            if unknown:
                raise InvalidInputException(f"trainingDataConfig.{member}: {text} has no fields {unknown}.")
            fixed = sorted({"USER_ID", "ITEM_ID", "TIMESTAMP", "ACTION_ID"} & set(names))
            if fixed and member == "excludedDatasetColumns":
                raise InvalidInputException(f"trainingDataConfig.{member}: {fixed} cannot be left out.")


def check_domain(group: Record, recipe: Recipe) -> None:
    """A recommender's recipe must be of its group's domain.

    Raises:
        InvalidInputException: it is not.
    """
    domain = domain_of(group)
    if not domain or recipe.domain != domain:
        raise InvalidInputException(
            f"The recipe {recipe.arn} is of the domain {recipe.domain or 'CUSTOM'}, the dataset group {group.arn} of "
            f"{domain or 'CUSTOM'}."
        )
