"""What runs for a campaign or a recommender: one process with one model, hosted like an endpoint."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from clary.compute.contract import EndpointPlan, Limits, Program, ReplicaPlan, VariantPlan
from clary.compute.hosting import endpoint_states
from clary.compute.hosting.endpoint import PREVIOUS
from clary.compute.hosting.endpoints import Hosting
from clary.core import ids
from clary.core.arn import Arn
from clary.services.personalize.names import SERVING
from clary.services.personalize.sight import readable
from clary.storage.records import Record, RecordChanged, Records

_MEMORY_BYTES = 8 << 30
_STARTUP_SECONDS = 120
_CHANGING = frozenset({endpoint_states.UPDATING, endpoint_states.ROLLING_BACK})


class ServingPlans:
    """Starts, replaces and ends what answers.

    The owner's record holds the ARN of its serving record under "serving"; both change in one transaction.

    Args:
        records: where both are.
        hosting: runs the processes.
        folder: Personalize's folder.
    """

    def __init__(self, records: Records, hosting: Hosting, folder: Path) -> None:
        self._records = records
        self._hosting = hosting
        self._folder = folder

    def start(
        self, owner: Record, config: Mapping[str, Any], body: Mapping[str, Any], tags: Mapping[str, str] | None = None
    ) -> Record:
        """Stores the owner, new or changed, and starts a process for it; returns the owner as stored.

        Args:
            config: of `programs.answers.Answers`.
            body: the owner's, without "serving".

        Raises:
            RecordExists: the owner's name is taken.
            RecordChanged: somebody changed the owner meanwhile.
        """
        name = ids.request_id()
        arn = str(Arn("personalize", owner.region, owner.account, f"serving/{name}"))
        plan = self._plan(owner, arn, 1, config)
        serving = Record(
            SERVING,
            owner.account,
            owner.region,
            name,
            arn,
            endpoint_states.CREATING,
            owner.arn,
            body={"plan": asdict(plan)},
        )

        def write(connection: sqlite3.Connection) -> Record:
            self._records.insert_in(connection, serving)
            full = {**body, "serving": arn}
            if owner.version:
                return self._records.update_in(connection, owner, body=full)
            stored = self._records.insert_in(connection, _with_body(owner, full))
            if tags:
                self._records.set_tags_in(connection, stored.arn, tags)
            return stored

        stored = self._records.database.write(write)
        self._hosting.apply(plan)
        return stored

    def replace(self, owner: Record, config: Mapping[str, Any], body: Mapping[str, Any]) -> Record:
        """Lets another model or configuration answer for the owner, without losing a request.

        Raises:
            RecordChanged: an update is under way, or somebody changed the owner meanwhile.
        """
        serving = self.of(owner)
        if serving is None or not endpoint_states.accepts(serving.status, endpoint_states.Event.UPDATE):
            raise RecordChanged(owner.arn)
        generation = int(serving.body["plan"]["generation"]) + 1
        plan = self._plan(owner, serving.arn, generation, config)
        before = {member: value for member, value in serving.body.items() if member != PREVIOUS}
        updating = {"plan": asdict(plan), "hosting": before.get("hosting", {}), PREVIOUS: before}

        def write(connection: sqlite3.Connection) -> Record:
            self._records.update_in(connection, serving, status=endpoint_states.UPDATING, body=updating)
            return self._records.update_in(connection, owner, body={**body, "serving": serving.arn})

        stored = self._records.database.write(write)
        self._hosting.apply(plan)
        return stored

    def end(self, owner: Record) -> None:
        """Ends the owner's process."""
        if "serving" in owner.body:
            self._hosting.remove(owner.body["serving"])

    def of(self, owner: Record) -> Record | None:
        """The serving record of an owner."""
        return self._records.by_arn(owner.body["serving"]) if "serving" in owner.body else None

    def state(self, owner: Record) -> tuple[str, str, str]:
        """How it goes: the owner's status, the status of its last update, and why one failed ("" where none did)."""
        serving = self.of(owner)
        if serving is None:
            return "DELETE IN_PROGRESS", "", ""
        reason = str(serving.body.get("hosting", {}).get("failure_reason", ""))
        if serving.status == endpoint_states.CREATING:
            return "CREATE IN_PROGRESS", "", ""
        if serving.status == endpoint_states.FAILED:
            return "CREATE FAILED", "", reason
        if serving.status in _CHANGING:
            return "ACTIVE", "CREATE IN_PROGRESS", ""
        return "ACTIVE", "CREATE FAILED" if reason else "ACTIVE", reason

    def _plan(self, owner: Record, arn: str, generation: int, config: Mapping[str, Any]) -> EndpointPlan:
        program = Program(
            entry="clary.services.personalize.programs.serving:main",
            args=(str(self._folder), json.dumps(config)),
            visible=readable(self._folder, config["datasets"], config["model"]),
            offline=True,
        )
        replica = ReplicaPlan(program, "", "", Limits(cpus=1, memory_bytes=_MEMORY_BYTES), _STARTUP_SECONDS)
        kind = owner.kind.partition(":")[2]
        return EndpointPlan(
            arn=arn,
            account=owner.account,
            region=owner.region,
            name=owner.name,
            generation=generation,
            variants=(VariantPlan("answers", replica),),
            log_group=f"/aws/personalize/{kind}/{owner.name}",
        )


def _with_body(record: Record, body: Mapping[str, Any]) -> Record:
    return Record(
        record.kind,
        record.account,
        record.region,
        record.name,
        record.arn,
        record.status,
        record.parent,
        body=dict(body),
    )
