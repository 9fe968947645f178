"""Recommenders of domain data set groups: trained and deployed in one step."""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from clary.compute.jobs.scheduler import Jobs
from clary.core.call import Call
from clary.core.clock import timestamp
from clary.core.operations import operation
from clary.services.personalize import job_status, shelf
from clary.services.personalize.errors import ResourceInUseException
from clary.services.personalize.job_specs import job_spec
from clary.services.personalize.names import (
    ACTIVE,
    DATASET_GROUP,
    RECOMMENDER,
    RECOMMENDER_VERSION,
    resource_arn,
    times,
)
from clary.services.personalize.serving.campaigns import check_exploration
from clary.services.personalize.serving.serving_plans import ServingPlans
from clary.services.personalize.sight import MODELS, readable
from clary.services.personalize.solutions.recipes import recipe_of
from clary.services.personalize.solutions.solution_requests import check_columns, check_domain
from clary.services.personalize.solutions.solution_versions import SolutionVersions
from clary.services.personalize.solutions.training_tasks import TrainingTasks
from clary.storage.records import Record, RecordChanged, Records

INACTIVE = "INACTIVE"


class Recommenders:
    """The recommenders of every account.

    A recommender's record holds under "version" the ARN of the training whose model answers or shall answer.

    Args:
        records: where they are kept.
        jobs: trains them.
        tasks: what training is told.
        versions: reads what training found.
        plans: runs them.
        folder: Personalize's folder.
    """

    api = "personalize"

    def __init__(
        self,
        records: Records,
        jobs: Jobs,
        tasks: TrainingTasks,
        versions: SolutionVersions,
        plans: ServingPlans,
        folder: Path,
    ) -> None:
        self._records = records
        self._jobs = jobs
        self._tasks = tasks
        self._versions = versions
        self._plans = plans
        self._folder = folder

    @operation("CreateRecommender", resource="recommender/{name}")
    def create(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Trains a recommender and deploys it; returns before either is done.

        Raises:
            InvalidInputException: recipe and group are of different domains, or the configuration breaks a rule.
            ResourceNotFoundException: there is no such group or recipe.
            ResourceAlreadyExistsException: the name is taken.
            LimitExceededException: five trainings wait or run.
        """
        tags = shelf.tags_of(request.get("tags", []))
        group = shelf.find(self._records, call, DATASET_GROUP, request["datasetGroupArn"])
        recipe = recipe_of(request["recipeArn"])
        check_domain(group, recipe)
        config = request.get("recommenderConfig", {})
        self._check(group, config)
        name = request["name"]
        arn = resource_arn(call, RECOMMENDER, name)
        body = {"recipeArn": recipe.arn, "recommenderConfig": config}
        record = Record(RECOMMENDER, call.account, call.region, name, arn, ACTIVE, group.arn, body=body)
        if self._records.by_arn(arn) is not None:
            raise shelf.already_exists(arn)
        job_status.check_unfinished(self._records, Record(RECOMMENDER_VERSION, call.account, call.region, "", ""))
        self._tasks.of_recommender(call, record)  # refused here, before anything is stored
        stored = shelf.insert(self._records, record, tags)
        self._train(call, stored)
        return {"recommenderArn": arn}

    @operation("DescribeRecommender", resource="{recommenderArn}")
    def describe(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """A recommender."""
        record = shelf.find(self._records, call, RECOMMENDER, request["recommenderArn"])
        recommender = self._summary(record)
        status, updating, reason = self.state(record)
        if status == job_status.FAILED and reason:
            recommender["failureReason"] = reason
        version = self._version(record)
        if status == ACTIVE and version is not None:
            recommender["modelMetrics"] = self._versions.result(version).get("metrics", {})
        if "update" in record.body:
            moment = timestamp(record.body["update"])
            recommender["latestRecommenderUpdate"] = {
                "recommenderConfig": record.body["recommenderConfig"],
                "status": updating or ACTIVE,
                "creationDateTime": moment,
                "lastUpdatedDateTime": timestamp(record.modified),
            }
        return {"recommender": recommender}

    @operation("ListRecommenders")
    def list(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """A page of recommenders."""
        parent = request.get("datasetGroupArn")
        return shelf.listing(self._records, call, RECOMMENDER, request, "recommenders", self._summary, parent=parent)

    @operation("UpdateRecommender", resource="{recommenderArn}")
    def update(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Gives a recommender another configuration; it answers with the old one until the new one is ready.

        Raises:
            InvalidInputException: the configuration breaks a rule.
            ResourceInUseException: it is stopped, or being created or updated.
        """
        record = shelf.find(self._records, call, RECOMMENDER, request["recommenderArn"])
        self._require(record, ACTIVE)
        config = request["recommenderConfig"]
        group = shelf.find(self._records, call, DATASET_GROUP, record.parent)
        self._check(group, config)
        before = record.body["recommenderConfig"]
        body = {**record.body, "recommenderConfig": config, "update": call.time.timestamp()}
        try:
            if config.get("trainingDataConfig") != before.get("trainingDataConfig"):
                self._train(call, self._records.update(record, body=body))
            else:
                version = self._version(record)
                assert version is not None  # it answers
                self._plans.replace(record, self._config(record, version, config), body)
        except RecordChanged as error:
            raise _busy(record) from error
        return {"recommenderArn": record.arn}

    @operation("StartRecommender", resource="{recommenderArn}")
    def start(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Lets a stopped recommender answer again, newly trained.

        Raises:
            ResourceInUseException: it is not stopped.
        """
        record = shelf.find(self._records, call, RECOMMENDER, request["recommenderArn"])
        self._require(record, INACTIVE)
        body = {member: value for member, value in record.body.items() if member != "stopped"}
        try:
            self._train(call, self._records.update(record, body=body))
        except RecordChanged as error:
            raise _busy(record) from error
        return {"recommenderArn": record.arn}

    @operation("StopRecommender", resource="{recommenderArn}")
    def stop(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Ends what answers; the recommender stays and can be started again.

        Raises:
            ResourceInUseException: it does not answer.
        """
        record = shelf.find(self._records, call, RECOMMENDER, request["recommenderArn"])
        self._require(record, ACTIVE)
        body = {member: value for member, value in record.body.items() if member not in ("serving", "update")}
        try:
            self._records.update(record, body={**body, "stopped": True})
        except RecordChanged as error:
            raise _busy(record) from error
        self._plans.end(record)
        return {"recommenderArn": record.arn}

    @operation("DeleteRecommender", resource="{recommenderArn}")
    def delete(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Ends and forgets a recommender, with its model.

        Raises:
            ResourceInUseException: it is being created or updated.
        """
        record = shelf.find(self._records, call, RECOMMENDER, request["recommenderArn"])
        status, updating, _ = self.state(record)
        if "PENDING" in status or "IN_PROGRESS" in status or "IN_PROGRESS" in updating:
            raise _busy(record)
        shelf.delete(self._records, record)
        self._plans.end(record)
        for version in self._records.children(RECOMMENDER_VERSION, record):
            shelf.delete(self._records, version)
            shutil.rmtree(self._folder / version.body["model"], ignore_errors=True)
        return {}

    def deploy(self, record: Record) -> None:
        """Lets the newest training of a recommender answer, once it is done; called when a job may have ended.

        Raises:
            RecordChanged: somebody changed it meanwhile.
        """
        version = self._newest(record)
        if record.body.get("stopped") or version is None or job_status.status_of(version) != ACTIVE:
            return
        if record.body.get("version") == version.arn:
            return
        body = {**record.body, "version": version.arn}
        config = self._config(record, version, record.body["recommenderConfig"])
        if "serving" in record.body:
            self._plans.replace(record, config, body)
        else:
            self._plans.start(record, config, body)

    def state(self, record: Record) -> tuple[str, str, str]:
        """Status, status of the last update, and why one failed."""
        if record.body.get("stopped"):
            return INACTIVE, "", ""
        newest = self._newest(record)
        training = job_status.status_of(newest) if newest is not None else job_status.PENDING
        reason = job_status.failure_of(newest) if newest is not None else ""
        if "serving" in record.body:
            status, updating, why = self._plans.state(record)
            if "update" in record.body and newest is not None and record.body.get("version") != newest.arn:
                return status, training if training != ACTIVE else job_status.IN_PROGRESS, reason
            return status, updating, why
        return (job_status.IN_PROGRESS if training == ACTIVE else training), "", reason

    def _train(self, call: Call, record: Record) -> None:
        name = f"{record.name}/{secrets.token_hex(4)}"
        version = Record(
            RECOMMENDER_VERSION,
            call.account,
            call.region,
            name,
            resource_arn(call, RECOMMENDER, name),
            parent=record.arn,
        )
        task = self._tasks.of_recommender(call, record)
        role, outputs = self._tasks.report(call, record.parent, f"recommenders/{name}")
        spec = job_spec(
            call,
            version,
            "training:main",
            task,
            data=self._folder,
            own=self._folder / MODELS,
            visible=readable(self._folder, task["datasets"]),
            role_arn=role,
            outputs=outputs,
        )
        body = {"model": f"{MODELS}/{spec.id}", "datasetGroupArn": record.parent}
        self._jobs.submit(replace(version, body=body), spec)

    def _newest(self, record: Record) -> Record | None:
        versions = self._records.children(RECOMMENDER_VERSION, record)
        return versions[-1] if versions else None

    def _version(self, record: Record) -> Record | None:
        return self._records.by_arn(record.body["version"]) if "version" in record.body else None

    def _config(self, record: Record, version: Record, config: Mapping[str, Any]) -> dict[str, Any]:
        group = self._records.by_arn(record.parent)
        return {
            "model": version.body["model"],
            "datasets": self._tasks.datasets(group) if group else {},
            "columns": config.get("trainingDataConfig", {}),
            "exploration": config.get("itemExplorationConfig", {}),
        }

    def _check(self, group: Record, config: Mapping[str, Any]) -> None:
        check_exploration(config.get("itemExplorationConfig", {}))
        check_columns(self._records, group, config.get("trainingDataConfig"))

    def _require(self, record: Record, wanted: str) -> None:
        status, updating, _ = self.state(record)
        if status != wanted or "IN_PROGRESS" in updating or "PENDING" in updating:
            raise _busy(record, f"is in status {updating or status}, not {wanted}")

    def _summary(self, record: Record) -> dict[str, Any]:
        return {
            "name": record.name,
            "recommenderArn": record.arn,
            "datasetGroupArn": record.parent,
            "recipeArn": record.body["recipeArn"],
            "recommenderConfig": record.body["recommenderConfig"],
            "status": self.state(record)[0],
            **times(record),
        }


def _busy(record: Record, why: str = "is being created or updated") -> ResourceInUseException:
    return ResourceInUseException(f"Recommender {record.arn} {why}.")
