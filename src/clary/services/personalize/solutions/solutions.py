"""Solutions: a recipe with its configuration, of which versions are trained."""

from __future__ import annotations

from typing import Any

from clary.core.call import Call
from clary.core.clock import timestamp
from clary.core.operations import operation
from clary.services.personalize import shelf
from clary.services.personalize.errors import LimitExceededException, ResourceInUseException
from clary.services.personalize.job_status import UNFINISHED, status_of
from clary.services.personalize.names import (
    ACTIVE,
    CAMPAIGN,
    DATASET_GROUP,
    SOLUTION,
    SOLUTION_VERSION,
    resource_arn,
    times,
)
from clary.services.personalize.solutions.recipes import NO_SEMANTIC_SIMILARITY, recipe_of
from clary.services.personalize.solutions.solution_requests import (
    NO_INCREMENTAL_UPDATES,
    check_incremental,
    check_schedule,
    check_solution,
    check_weights,
)
from clary.services.personalize.solutions.solution_versions import SolutionVersions, version_summary
from clary.storage.records import Record, RecordChanged, Records

MOST_SOLUTIONS = 500
_MEMBERS = (
    "performHPO",
    "performAutoML",
    "performAutoTraining",
    "performIncrementalUpdate",
    "recipeArn",
    "eventType",
    "solutionConfig",
)


class Solutions:
    """The solutions of every account.

    Args:
        records: where they are kept.
        versions: what deletes their versions.
    """

    api = "personalize"

    def __init__(self, records: Records, versions: SolutionVersions) -> None:
        self._records = records
        self._versions = versions

    @operation(
        "CreateSolution",
        resource="solution/{name}",
        refuses=(NO_INCREMENTAL_UPDATES, NO_SEMANTIC_SIMILARITY),
    )
    def create(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Makes a solution; nothing is trained yet.

        Raises:
            InvalidInputException: the configuration does not fit recipe or data.
            ResourceNotFoundException: there is no such group or recipe.
            ResourceAlreadyExistsException: the name is taken.
            LimitExceededException: the account has 500.
        """
        tags = shelf.tags_of(request.get("tags", []))
        group = shelf.find(self._records, call, DATASET_GROUP, request["datasetGroupArn"])
        recipe = recipe_of(request["recipeArn"]) if "recipeArn" in request else None
        check_solution(self._records, group, recipe, request)
        if self._records.count(SOLUTION, call.account, call.region) >= MOST_SOLUTIONS:
            raise LimitExceededException(f"More than {MOST_SOLUTIONS} solutions in the account {call.account}.")
        name = request["name"]
        arn = resource_arn(call, SOLUTION, name)
        body = {str(member): request[member] for member in _MEMBERS if member in request}
        body.setdefault("performAutoTraining", True)
        record = Record(SOLUTION, call.account, call.region, name, arn, ACTIVE, group.arn, body=body)
        shelf.insert(self._records, record, tags)
        return {"solutionArn": arn}

    @operation("DescribeSolution", resource="{solutionArn}")
    def describe(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """A solution."""
        record = shelf.find(self._records, call, SOLUTION, request["solutionArn"])
        body = {member: value for member, value in record.body.items() if member != "update"}
        solution = {
            "performHPO": False,
            "performAutoML": False,
            **_summary(record),
            **body,
            "datasetGroupArn": record.parent,
        }
        versions = self._records.children(SOLUTION_VERSION, record)
        if versions:
            solution["latestSolutionVersion"] = version_summary(versions[-1])
        if record.body.get("performAutoML"):
            found = self._versions.best_recipe(versions)
            if found:
                solution["autoMLResult"] = {"bestRecipeArn": found}
        update = record.body.get("update")
        if update:
            moment = timestamp(update["time"])
            solution["latestSolutionUpdate"] = {
                **update["request"],
                "status": ACTIVE,
                "creationDateTime": moment,
                "lastUpdatedDateTime": moment,
            }
        return {"solution": solution}

    @operation("ListSolutions")
    def list(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """A page of solutions."""
        parent = request.get("datasetGroupArn")
        return shelf.listing(self._records, call, SOLUTION, request, "solutions", _summary, parent=parent)

    @operation("UpdateSolution", resource="{solutionArn}", refuses=(NO_INCREMENTAL_UPDATES,))
    def update(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Switches automatic training, or changes its schedule and the weights of events.

        Raises:
            InvalidInputException: the schedule is not one, or incremental updates are asked for.
            ResourceInUseException: it is being changed.
        """
        record = shelf.find(self._records, call, SOLUTION, request["solutionArn"])
        check_incremental(request)
        config = request.get("solutionUpdateConfig", {})
        check_schedule(config.get("autoTrainingConfig"))
        check_weights(config.get("eventsConfig"))
        changes = {member: request[member] for member in ("performAutoTraining",) if member in request}
        solution_config = {**record.body.get("solutionConfig", {}), **config}
        asked = {member: value for member, value in request.items() if member != "solutionArn"}
        body = {
            **record.body,
            **changes,
            **({"solutionConfig": solution_config} if solution_config else {}),
            "update": {"request": asked, "time": call.time.timestamp()},
        }
        try:
            self._records.update(record, body=body)
        except RecordChanged as error:
            raise ResourceInUseException(f"Solution {record.arn} is being changed. Try again.") from error
        return {"solutionArn": record.arn}

    @operation("DeleteSolution", resource="{solutionArn}")
    def delete(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Forgets a solution with its versions and their models.

        Raises:
            ResourceInUseException: a campaign uses it, or a version is being trained.
        """
        record = shelf.find(self._records, call, SOLUTION, request["solutionArn"])
        campaigns = self._records.children(CAMPAIGN, record)
        if campaigns:
            raise ResourceInUseException(f"Solution {record.arn} is used by {campaigns[0].arn}: delete it first.")
        versions = self._records.children(SOLUTION_VERSION, record)
        for version in versions:
            if status_of(version) in UNFINISHED:
                raise ResourceInUseException(f"Solution {record.arn} has a version in progress: {version.arn}.")
        shelf.delete(self._records, record)
        for version in versions:
            self._versions.forget(version)
        return {}


def _summary(record: Record) -> dict[str, Any]:
    summary = {"name": record.name, "solutionArn": record.arn, "status": record.status, **times(record)}
    return {**summary, "recipeArn": record.body["recipeArn"]} if "recipeArn" in record.body else summary
