"""What a training program is told: the recipe with its configuration, and where the data lies at this moment."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from clary.compute.contract import Output
from clary.core.call import Call
from clary.core.errors import ServiceError
from clary.services.personalize.datasets import contents
from clary.services.personalize.datasets import schema_tables as tables
from clary.services.personalize.datasets.datasets import dataset_of
from clary.services.personalize.datasets.imports import REPORTS
from clary.services.personalize.errors import InvalidInputException
from clary.services.personalize.events.event_store import EventStore
from clary.services.personalize.names import IMPORT_JOB
from clary.services.personalize.solutions import recipe_table as kinds
from clary.services.personalize.solutions.recipe_table import BY_ARN, BY_NAME, Recipe
from clary.storage.data_access import DataAccess, parse_uri
from clary.storage.records import Record, Records

_AUTO_ML = ("aws-user-personalization", "aws-popularity-count")


class TrainingTasks:
    """Puts tasks together.

    Args:
        records: solutions, data sets and imports.
        data_access: tells whether a role may write a report.
        events: what was put record by record.
    """

    def __init__(self, records: Records, data_access: DataAccess, events: EventStore) -> None:
        self._records = records
        self._data_access = data_access
        self._events = events

    def of_solution(self, call: Call, solution: Record) -> dict[str, Any]:
        """The task of a solution's next version.

        Raises:
            InvalidInputException: the group lacks a data set that the recipe needs.
        """
        body = solution.body
        config = body.get("solutionConfig", {})
        if "recipeArn" in body:
            recipes = [BY_ARN[body["recipeArn"]]]
        else:
            named = config.get("autoMLConfig", {}).get("recipeList") or [BY_NAME[name].arn for name in _AUTO_ML]
            recipes = [BY_ARN[arn] for arn in named]
        return {
            **self._data(call, solution.parent, recipes[0]),
            "recipes": [recipe.arn for recipe in recipes],
            "parameters": config.get("algorithmHyperParameters", {}),
            "transformation": config.get("featureTransformationParameters", {}),
            "tune": bool(body.get("performHPO")),
            "ranges": config.get("hpoConfig", {}).get("algorithmHyperParameterRanges", {}),
            **_trials(config.get("hpoConfig", {})),
            "events": events_of(body),
            "objective": config.get("optimizationObjective", {}),
            "columns": config.get("trainingDataConfig", {}),
            "title": solution.name,
        }

    def of_recommender(self, call: Call, recommender: Record) -> dict[str, Any]:
        """The task of a recommender's training."""
        recipe = BY_ARN[recommender.body["recipeArn"]]
        config = recommender.body.get("recommenderConfig", {})
        return {
            **self._data(call, recommender.parent, recipe),
            "recipes": [recipe.arn],
            "parameters": {},
            "tune": False,
            "ranges": {},
            "events": [{"type": recipe.event_type}] if recipe.event_type else [],
            "objective": {},
            "columns": config.get("trainingDataConfig", {}),
            "title": recommender.name,
        }

    def is_changed(self, task: Mapping[str, Any], result: Mapping[str, Any]) -> bool:
        """Whether there is something that the version with this result has not learned.

        Args:
            task: of the next version.
            result: what the training of the last one told.
        """
        datasets = task["datasets"]
        if {kind: contents_of(one) for kind, one in datasets.items()} != result.get("contents"):
            return True
        acts = BY_ARN[task["recipes"][0]].kind == kinds.ACTIONS
        log = datasets[tables.ACTION_INTERACTIONS if acts else tables.INTERACTIONS]
        if self._events.last_event(log["id"]) > result["last_event"]:
            return True
        last = result["last_rows"]
        return any(self._events.last_row(one["id"]) > last[kind] for kind, one in datasets.items() if kind in last)

    def datasets(self, group: Record) -> dict[str, dict[str, Any]]:
        """Where the contents of the group's data sets lie, by their type.

        Returns:
            {"id", "schema", "segments": folders, "deletions": {segment: folders of the deletions after it}}.
        """
        found: dict[str, dict[str, Any]] = {}
        deletions = contents.deletions(self._records, group)
        for kind in (tables.INTERACTIONS, tables.ITEMS, tables.USERS, tables.ACTIONS, tables.ACTION_INTERACTIONS):
            dataset = dataset_of(self._records, group, kind)
            schema = self._records.by_arn(dataset.body["schema"]) if dataset else None
            if dataset is not None and schema is not None:
                parts = contents.segments(self._records, dataset)
                found[kind] = {
                    "id": dataset.body["id"],
                    "schema": schema.body["schema"],
                    "segments": [part.folder for part in parts],
                    "deletions": {
                        part.folder: later
                        for part in parts
                        if (later := [gone.folder for gone in deletions if gone.ended >= part.ended])
                    },
                }
        return found

    def _data(self, call: Call, group_arn: str, recipe: Recipe) -> dict[str, Any]:
        group = self._records.by_arn(group_arn)
        assert group is not None  # a group that holds solutions cannot be deleted
        found = self.datasets(group)
        needed = (
            (tables.ACTIONS, tables.ACTION_INTERACTIONS) if recipe.kind == kinds.ACTIONS else (tables.INTERACTIONS,)
        )
        for kind in needed:
            if kind not in found:
                raise InvalidInputException(
                    f"The recipe {recipe.arn} needs a dataset of type {kind} in the dataset group {group_arn}."
                )
        return {"datasets": found, "now": int(call.time.timestamp())}

    def report(self, call: Call, group_arn: str, name: str) -> tuple[str, tuple[Output, ...]]:
        """Role and place for a report: those of the last import of interactions; none where it may not be written."""
        group = self._records.by_arn(group_arn)
        dataset = dataset_of(self._records, group, tables.INTERACTIONS) if group else None
        jobs = self._records.children(IMPORT_JOB, dataset) if dataset else []
        if not jobs:
            return "", ()
        asked: Mapping[str, Any] = jobs[-1].body["request"]
        role = asked["roleArn"]
        bucket, _ = parse_uri(asked["dataSource"]["dataLocation"])
        prefix = f"{REPORTS}/{name}"
        try:
            self._data_access.require(role, "s3:PutObject", bucket, f"{prefix}/report.json")
        except ServiceError:
            return "", ()
        return role, (Output("output/report", f"s3://{bucket}/{prefix}", "files"),)


def _trials(config: Mapping[str, Any]) -> dict[str, int]:
    """How many values are tried, where an hpoConfig says so."""
    most = config.get("hpoResourceConfig", {}).get("maxNumberOfTrainingJobs")
    return {"trials": int(most)} if most else {}


def contents_of(dataset: Mapping[str, Any]) -> list[Any]:
    """What tells one state of a data set's imports and deletions from another."""
    return [dataset["segments"], dataset["deletions"]]


def events_of(body: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The kinds of events that a solution learns from, [] for all.

    Returns:
        {"type", "threshold" (absent for none), "weight" (absent for 1)}; types in lower case.
    """
    config = body.get("solutionConfig", {})
    found = []
    for entry in config.get("eventsConfig", {}).get("eventParametersList", []):
        event: dict[str, Any] = {"type": entry.get("eventType", "").lower()}
        if "eventValueThreshold" in entry:
            event["threshold"] = entry["eventValueThreshold"]
        if "weight" in entry:
            event["weight"] = entry["weight"]
        found.append(event)
    if body.get("eventType"):
        event = {"type": body["eventType"].lower()}
        if "eventValueThreshold" in config:
            event["threshold"] = float(config["eventValueThreshold"])
        found.append(event)
    return found
