"""Campaigns: solution versions that answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from clary.core.call import Call
from clary.core.clock import timestamp
from clary.core.operations import operation
from clary.services.personalize import shelf
from clary.services.personalize.errors import InvalidInputException, ResourceInUseException
from clary.services.personalize.job_status import status_of
from clary.services.personalize.names import ACTIVE, CAMPAIGN, SOLUTION, SOLUTION_VERSION, resource_arn, times
from clary.services.personalize.serving.serving_plans import ServingPlans
from clary.services.personalize.solutions import recipe_table as kinds
from clary.services.personalize.solutions.recipe_table import BY_ARN, Recipe
from clary.services.personalize.solutions.solution_versions import SolutionVersions, newest_active
from clary.services.personalize.solutions.training_tasks import TrainingTasks
from clary.storage.records import Record, RecordChanged, RecordExists, Records

LATEST = "/$LATEST"
_RANKED = frozenset({kinds.USERS, kinds.RANKING, kinds.SIMILAR})
_SEGMENTS = frozenset({kinds.ITEM_SEGMENTS, kinds.ATTRIBUTE_SEGMENTS})


class Campaigns:
    """The campaigns of every account.

    Args:
        records: where they are kept.
        versions: what they answer with.
        tasks: tells where the data sets lie.
        plans: runs them.
    """

    api = "personalize"

    def __init__(self, records: Records, versions: SolutionVersions, tasks: TrainingTasks, plans: ServingPlans) -> None:
        self._records = records
        self._versions = versions
        self._tasks = tasks
        self._plans = plans

    @operation("CreateCampaign", resource="campaign/{name}")
    def create(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Deploys a version; returns before it answers.

        Raises:
            InvalidInputException: the version is not active, or its recipe does not answer in campaigns.
            ResourceNotFoundException: there is no such version.
            ResourceAlreadyExistsException: the name is taken.
        """
        tags = shelf.tags_of(request.get("tags", []))
        version = self._version(call, request["solutionVersionArn"])
        recipe = BY_ARN[self._versions.result(version)["recipe"]]
        config = check_config(request.get("campaignConfig", {}), request["solutionVersionArn"], recipe)
        name = request["name"]
        arn = resource_arn(call, CAMPAIGN, name)
        body = {
            "solutionVersionArn": version.arn,
            "asked": request["solutionVersionArn"],
            "minProvisionedTPS": request.get("minProvisionedTPS", 1),
            "campaignConfig": config,
            "group": version.body["datasetGroupArn"],
        }
        record = Record(CAMPAIGN, call.account, call.region, name, arn, ACTIVE, version.parent)
        if self._records.by_arn(arn) is not None:
            raise shelf.already_exists(arn)
        try:
            self._plans.start(record, self._serving_config(version, config), body, tags)
        except RecordExists as error:
            raise shelf.already_exists(arn) from error
        return {"campaignArn": arn}

    @operation("DescribeCampaign", resource="{campaignArn}")
    def describe(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """A campaign."""
        record = shelf.find(self._records, call, CAMPAIGN, request["campaignArn"])
        status, updating, _ = self._plans.state(record)
        body = record.body.get("before", record.body) if updating == "CREATE IN_PROGRESS" else record.body
        campaign = {**self._summary(record), **_told(body)}
        if "update" in record.body and status == ACTIVE:
            moment = timestamp(record.body["update"])
            campaign["latestCampaignUpdate"] = {
                **_told(record.body),
                "status": updating,
                "creationDateTime": moment,
                "lastUpdatedDateTime": timestamp(record.modified),
            }
            if updating == "CREATE FAILED":
                campaign["latestCampaignUpdate"]["failureReason"] = self._plans.state(record)[2]
        return {"campaign": campaign}

    @operation("ListCampaigns")
    def list(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """A page of campaigns."""
        parent = request.get("solutionArn")
        return shelf.listing(self._records, call, CAMPAIGN, request, "campaigns", self._summary, parent=parent)

    @operation("UpdateCampaign", resource="{campaignArn}")
    def update(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Deploys another version or configuration; the old one answers until the new one does.

        Raises:
            InvalidInputException: the version is not active, or of another group.
            ResourceNotFoundException: there is no such campaign or version.
            ResourceInUseException: an update is under way, or the campaign does not answer.
        """
        record = shelf.find(self._records, call, CAMPAIGN, request["campaignArn"])
        asked = request.get("solutionVersionArn", record.body["asked"])
        version = self._version(call, asked)
        if version.body["datasetGroupArn"] != record.body["group"]:
            raise InvalidInputException("solutionVersionArn: the version is of another dataset group.")
        recipe = BY_ARN[self._versions.result(version)["recipe"]]
        config = check_config(request.get("campaignConfig", record.body["campaignConfig"]), asked, recipe)
        changes = {
            "solutionVersionArn": version.arn,
            "asked": asked,
            "minProvisionedTPS": request.get("minProvisionedTPS", record.body["minProvisionedTPS"]),
            "campaignConfig": config,
        }
        self._replace(record, version, changes, call.time.timestamp())
        return {"campaignArn": record.arn}

    @operation("DeleteCampaign", resource="{campaignArn}")
    def delete(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Ends a campaign.

        Raises:
            ResourceInUseException: it is being created or updated.
        """
        record = shelf.find(self._records, call, CAMPAIGN, request["campaignArn"])
        status, updating, _ = self._plans.state(record)
        if "IN_PROGRESS" in status or "IN_PROGRESS" in updating:
            raise ResourceInUseException(f"Campaign {record.arn} is being created or updated. Try again later.")
        shelf.delete(self._records, record)
        self._plans.end(record)
        return {}

    def sync(self, record: Record, now: float) -> None:
        """Deploys the newest version of a campaign that follows its solution, where there is a newer one."""
        if not record.body["campaignConfig"].get("syncWithLatestSolutionVersion"):
            return
        solution = self._records.by_arn(record.parent)
        newest = self._newest(solution) if solution else None
        if newest is None or newest.arn == record.body["solutionVersionArn"]:
            return
        self._replace(record, newest, {"solutionVersionArn": newest.arn}, now)

    def _replace(self, record: Record, version: Record, changes: Mapping[str, Any], now: float) -> None:
        before = {member: value for member, value in record.body.items() if member not in ("before", "serving")}
        body = {**before, **changes, "update": now, "before": before}
        try:
            self._plans.replace(record, self._serving_config(version, body["campaignConfig"]), body)
        except RecordChanged as error:
            raise ResourceInUseException(f"Campaign {record.arn} is being created or updated.") from error

    def _version(self, call: Call, arn: str) -> Record:
        if arn.endswith(LATEST):
            solution = shelf.find(self._records, call, SOLUTION, arn.removesuffix(LATEST))
            version = self._newest(solution)
            if version is None:
                raise InvalidInputException(f"Solution {solution.arn} has no ACTIVE solution version.")
        else:
            version = shelf.find(self._records, call, SOLUTION_VERSION, arn)
        if status_of(version) != ACTIVE:
            raise InvalidInputException(
                f"Solution version {version.arn} is in status {status_of(version)}, not ACTIVE."
            )
        recipe = BY_ARN[self._versions.result(version)["recipe"]]
        if recipe.kind in _SEGMENTS:
            raise InvalidInputException(f"The recipe {recipe.arn} answers in batch segment jobs, not in campaigns.")
        return version

    def _newest(self, solution: Record) -> Record | None:
        return newest_active(self._records.children(SOLUTION_VERSION, solution))

    def _serving_config(self, version: Record, config: Mapping[str, Any]) -> dict[str, Any]:
        group = self._records.by_arn(version.body["datasetGroupArn"])
        return {
            "model": version.body["model"],
            "datasets": self._tasks.datasets(group) if group else {},
            "columns": version.body.get("solutionConfig", {}).get("trainingDataConfig", {}),
            "exploration": config.get("itemExplorationConfig", {}),
            "influence": config.get("rankingInfluence", {}),
        }

    def _summary(self, record: Record) -> dict[str, Any]:
        status, _, reason = self._plans.state(record)
        summary = {"name": record.name, "campaignArn": record.arn, "status": status, **times(record)}
        return {**summary, "failureReason": reason} if status == "CREATE FAILED" and reason else summary


def check_config(config: Mapping[str, Any], version_arn: str, recipe: Recipe) -> dict[str, Any]:
    """A CampaignConfig that Clary can follow.

    Raises:
        InvalidInputException: a number is not one, or it asks for what the recipe does not have.
    """
    check_exploration(config.get("itemExplorationConfig", {}))
    check_influence(config.get("rankingInfluence", {}), recipe)
    if config.get("syncWithLatestSolutionVersion") and not version_arn.endswith(LATEST):
        raise InvalidInputException(
            "syncWithLatestSolutionVersion requires a solutionVersionArn of the form SolutionArn/$LATEST."
        )
    return dict(config)


def check_influence(influence: Mapping[str, float], recipe: Recipe) -> None:
    """Checks a rankingInfluence; names and ranges are the model's.

    Raises:
        InvalidInputException: the recipe's lists are not ranked by relevance.
    """
    if influence and recipe.kind not in _RANKED:
        raise InvalidInputException(
            f"rankingInfluence is possible with recipes for users, rankings and related items, not with {recipe.arn}."
        )


def check_exploration(config: Mapping[str, str]) -> None:
    """Checks an itemExplorationConfig.

    Raises:
        InvalidInputException: a name is unknown, or a value out of its range.
    """
    limits = {"explorationWeight": 1.0, "explorationItemAgeCutOff": 1e6}
    names = {"exploration_weight": "explorationWeight", "exploration_item_age_cut_off": "explorationItemAgeCutOff"}
    for name, text in config.items():
        known = names.get(name, name)
        if known not in limits:
            raise InvalidInputException(f"itemExplorationConfig: {name!r} is not one of {sorted(limits)}.")
        try:
            value = float(text)
        except ValueError as error:
            raise InvalidInputException(f"itemExplorationConfig: {name} must be a number, not {text!r}.") from error
        if not 0 <= value <= limits[known]:
            raise InvalidInputException(f"itemExplorationConfig: {name} must be from 0 to {limits[known]:g}.")


def _told(body: Mapping[str, Any]) -> dict[str, Any]:
    told = {member: body[member] for member in ("solutionVersionArn", "minProvisionedTPS")}
    return {**told, "campaignConfig": body["campaignConfig"]} if body["campaignConfig"] else told
