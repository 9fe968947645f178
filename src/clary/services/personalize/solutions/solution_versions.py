"""Solution versions: a solution trained on what its data sets hold at that moment."""

from __future__ import annotations

import json
import secrets
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from clary.compute.jobs.scheduler import Jobs
from clary.core.call import Call
from clary.core.operations import operation
from clary.services.personalize import shelf
from clary.services.personalize.errors import InvalidInputException, ResourceInUseException
from clary.services.personalize.job_specs import job_spec
from clary.services.personalize.job_status import (
    IN_PROGRESS,
    PENDING,
    STOPPED,
    check_unfinished,
    state_members,
    status_of,
)
from clary.services.personalize.names import ACTIVE, SOLUTION, SOLUTION_VERSION, resource_arn
from clary.services.personalize.sight import MODELS, readable
from clary.services.personalize.solutions.recipe_table import BY_ARN
from clary.services.personalize.solutions.training_tasks import TrainingTasks
from clary.storage.records import Record, RecordExists, Records

_COPIED = ("performHPO", "performAutoML", "recipeArn", "eventType", "solutionConfig")


class SolutionVersions:
    """The solution versions of every account.

    Args:
        records: where they are kept.
        jobs: trains them.
        tasks: what training is told.
        folder: Personalize's folder, where models lie.
    """

    api = "personalize"

    def __init__(self, records: Records, jobs: Jobs, tasks: TrainingTasks, folder: Path) -> None:
        self._records = records
        self._jobs = jobs
        self._tasks = tasks
        self._folder = folder

    @operation("CreateSolutionVersion", resource="{solutionArn}")
    def create(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Puts a training into the queue; it is on disk when this returns.

        Raises:
            InvalidInputException: the mode does not fit the recipe, or nothing has changed that an update could learn.
            ResourceNotFoundException: there is no such solution.
            ResourceAlreadyExistsException: the solution has a version of that name.
            LimitExceededException: five trainings wait or run.
        """
        solution = shelf.find(self._records, call, SOLUTION, request["solutionArn"])
        mode = request.get("trainingMode", "FULL")
        name = request.get("name")
        versions = self._records.children(SOLUTION_VERSION, solution)
        if name and any(version.body.get("name") == name for version in versions):
            raise shelf.already_exists(f"{solution.arn}/{name}")
        if mode == "UPDATE":
            self._check_update(call, solution, versions)
        if mode == "AUTOTRAIN" and not solution.body.get("performAutoTraining"):
            raise InvalidInputException("trainingMode AUTOTRAIN needs a solution with performAutoTraining.")
        tags = shelf.tags_of(request.get("tags", []))
        return {"solutionVersionArn": self.train(call, solution, mode=mode, name=name, tags=tags).arn}

    def _check_update(self, call: Call, solution: Record, versions: Sequence[Record]) -> None:
        recipe = BY_ARN.get(solution.body.get("recipeArn", ""))
        if recipe is None or not recipe.updates:
            able = sorted(one.name for one in BY_ARN.values() if one.updates)
            raise InvalidInputException(f"trainingMode UPDATE is possible with these recipes only: {', '.join(able)}.")
        base = newest_active(versions)
        if base is None:
            raise InvalidInputException("trainingMode UPDATE needs an ACTIVE version that was trained FULL.")
        if not self._tasks.is_changed(self._tasks.of_solution(call, solution), self.result(base)):
            raise InvalidInputException(
                "Cannot create a solution version. There should be updates to at least one dataset after last active "
                "solution version with training mode set to FULL."
            )

    def train(
        self,
        call: Call,
        solution: Record,
        *,
        mode: str = "FULL",
        name: str | None = None,
        training_type: str = "MANUAL",
        tags: dict[str, str] | None = None,
    ) -> Record:
        """Puts a training of a solution into the queue.

        Raises:
            InvalidInputException: the group lacks a data set that the recipe needs.
            LimitExceededException: five trainings wait or run.
        """
        version = f"{solution.name}/{secrets.token_hex(4)}"
        arn = resource_arn(call, SOLUTION, version)
        record = Record(SOLUTION_VERSION, call.account, call.region, version, arn, parent=solution.arn)
        check_unfinished(self._records, record)
        task = self._tasks.of_solution(call, solution)
        base = newest_active(self._records.children(SOLUTION_VERSION, solution)) if mode == "UPDATE" else None
        if base is not None:
            task["base"] = base.body["model"]
        role, outputs = self._tasks.report(call, solution.parent, f"solution-versions/{version}")
        spec = job_spec(
            call,
            record,
            "training:main",
            task,
            data=self._folder,
            own=self._folder / MODELS,
            visible=readable(self._folder, task["datasets"], *([task["base"]] if base else [])),
            role_arn=role,
            outputs=outputs,
        )
        body = {
            **{str(member): solution.body[member] for member in _COPIED if member in solution.body},
            "datasetGroupArn": solution.parent,
            "trainingMode": mode,
            "trainingType": training_type,
            "model": f"{MODELS}/{spec.id}",
            **({"name": name} if name else {}),
        }
        try:
            return self._jobs.submit(replace(record, body=body), spec, tags=tags)
        except RecordExists as error:
            raise shelf.already_exists(arn) from error

    @operation("DescribeSolutionVersion", resource="{solutionVersionArn}")
    def describe(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """A version."""
        record = shelf.find(self._records, call, SOLUTION_VERSION, request["solutionVersionArn"])
        members = ("name", "datasetGroupArn", "performHPO", "performAutoML", "recipeArn", "eventType", "solutionConfig")
        version = {
            "performHPO": False,
            "performAutoML": False,
            **version_summary(record),
            **{member: record.body[member] for member in members if member in record.body},
            "solutionArn": record.parent,
        }
        seconds = record.body.get("job", {}).get("billable_seconds")
        if seconds is not None:
            version["trainingHours"] = round(seconds / 3600, 6)
        result = self.result(record)
        if result.get("recipe"):
            version["recipeArn"] = result["recipe"]
        if result.get("tuned"):
            version["tunedHPOParams"] = {"algorithmHyperParameters": result["tuned"]}
        return {"solutionVersion": version}

    @operation("ListSolutionVersions")
    def list(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """A page of versions.

        Raises:
            ResourceNotFoundException: there is no such solution.
        """
        parent = request.get("solutionArn")
        if parent is not None:
            shelf.find(self._records, call, SOLUTION, parent)
        return shelf.listing(
            self._records, call, SOLUTION_VERSION, request, "solutionVersions", version_summary, parent=parent
        )

    @operation("StopSolutionVersionCreation", resource="{solutionVersionArn}")
    def stop(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Stops a training; nothing is left of it.

        Raises:
            ResourceInUseException: it has ended.
        """
        record = shelf.find(self._records, call, SOLUTION_VERSION, request["solutionVersionArn"])
        if status_of(record) not in (PENDING, IN_PROGRESS):
            raise ResourceInUseException(
                f"Solution version {record.arn} is in status {status_of(record)}: only one whose training waits or "
                "runs can be stopped."
            )
        self._jobs.stop(record.arn)
        return {}

    @operation("GetSolutionMetrics", resource="{solutionVersionArn}")
    def metrics(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """How good a version is, by AWS's protocol: on users it was not trained on.

        Raises:
            ResourceInUseException: it is not active.
        """
        record = shelf.find(self._records, call, SOLUTION_VERSION, request["solutionVersionArn"])
        if status_of(record) != ACTIVE:
            raise ResourceInUseException(f"Solution version {record.arn} is in status {status_of(record)}, not ACTIVE.")
        return {"solutionVersionArn": record.arn, "metrics": self.result(record).get("metrics", {})}

    def result(self, record: Record) -> dict[str, Any]:
        """What the training told at its end, {} before."""
        if status_of(record) != ACTIVE:
            return {}
        text = (self._folder / record.body["model"] / "result.json").read_text(encoding="utf-8")
        result: dict[str, Any] = json.loads(text)
        return result

    def best_recipe(self, versions: Sequence[Record]) -> str:
        """The recipe that AutoML chose last, "" where none was."""
        return next((self.result(version)["recipe"] for version in reversed(versions) if self.result(version)), "")

    def forget(self, record: Record) -> None:
        """Deletes a version with its model."""
        shelf.delete(self._records, record)
        shutil.rmtree(self._folder / record.body["model"], ignore_errors=True)


def newest_active(versions: Sequence[Record]) -> Record | None:
    """The version that was made last of those that are active."""
    return next((version for version in reversed(versions) if status_of(version) == ACTIVE), None)


def version_summary(record: Record) -> dict[str, Any]:
    """A version as lists show it."""
    members = state_members(record)
    if members["status"] == STOPPED:
        members.pop("failureReason", None)
    return {
        "solutionVersionArn": record.arn,
        "trainingMode": record.body["trainingMode"],
        "trainingType": record.body["trainingType"],
        **members,
    }
