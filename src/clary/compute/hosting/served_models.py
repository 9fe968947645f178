"""Models that answer for resources of other services: campaigns, recommenders, models of Custom Labels."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from clary.compute.contract import EndpointPlan, Limits, Program, ReplicaPlan, VariantPlan
from clary.compute.hosting import endpoint_states
from clary.compute.hosting.endpoint import PREVIOUS
from clary.compute.hosting.endpoints import Hosting
from clary.core import ids
from clary.core.arn import Arn
from clary.storage.records import Record, RecordChanged, Records

CHANGING = frozenset({endpoint_states.UPDATING, endpoint_states.ROLLING_BACK})
"""The statuses of a serving record whose model is being replaced."""
_STARTUP_SECONDS = 120


@dataclass(frozen=True, slots=True)
class Serving:
    """What is to answer for a resource.

    Attributes:
        program: a replica.
        memory_bytes: what each replica may take.
        log_group: its replicas' streams are in it.
        replicas: how many there are.
    """

    program: Program
    memory_bytes: int
    log_group: str
    replicas: int = 1


class ServedModels:
    """Starts, replaces and ends what answers for the resources of one service.

    The resource's record ("owner") holds the ARN of its serving record under "serving"; both change in one transaction.

    Args:
        service: "personalize"; serving records are of the kind "personalize:serving".
        records: where both are.
        hosting: runs the replicas.
    """

    def __init__(self, service: str, records: Records, hosting: Hosting) -> None:
        self._service = service
        self._records = records
        self._hosting = hosting

    def start(
        self, owner: Record, serving: Serving, body: Mapping[str, Any], tags: Mapping[str, str] | None = None
    ) -> Record:
        """Stores the owner, new or changed, and starts what answers for it; returns the owner as stored.

        Args:
            body: the owner's, without "serving".
            tags: of a new owner.

        Raises:
            RecordExists: the owner's name is taken.
            RecordChanged: somebody changed the owner meanwhile.
        """
        name = ids.request_id()
        arn = str(Arn(self._service, owner.region, owner.account, f"serving/{name}"))
        plan = _plan(owner, arn, 1, serving)
        record = Record(
            f"{self._service}:serving",
            owner.account,
            owner.region,
            name,
            arn,
            endpoint_states.CREATING,
            owner.arn,
            body={"plan": asdict(plan)},
        )
        full = {**body, "serving": arn}

        def write(connection: sqlite3.Connection) -> Record:
            self._records.insert_in(connection, record)
            if owner.version:
                return self._records.update_in(connection, owner, body=full)
            stored = self._records.insert_in(connection, replace(owner, body=full))
            if tags:
                self._records.set_tags_in(connection, stored.arn, tags)
            return stored

        stored = self._records.database.write(write)
        self._hosting.apply(plan)
        return stored

    def replace(self, owner: Record, serving: Serving, body: Mapping[str, Any], parent: str | None = None) -> Record:
        """Lets something else answer for the owner without losing a request; returns the owner as stored.

        Args:
            body: the owner's, changed.
            parent: the owner's, where it changes too.

        Raises:
            RecordChanged: a replacement is under way, or somebody changed the owner meanwhile.
        """
        record = self.of(owner)
        if record is None or not endpoint_states.accepts(record.status, endpoint_states.Event.UPDATE):
            raise RecordChanged(owner.arn)
        plan = _plan(owner, record.arn, int(record.body["plan"]["generation"]) + 1, serving)
        before = {member: value for member, value in record.body.items() if member != PREVIOUS}
        updating = {"plan": asdict(plan), "hosting": before.get("hosting", {}), PREVIOUS: before}

        def write(connection: sqlite3.Connection) -> Record:
            self._records.update_in(connection, record, status=endpoint_states.UPDATING, body=updating)
            return self._records.update_in(connection, owner, parent=parent, body={**body, "serving": record.arn})

        stored = self._records.database.write(write)
        self._hosting.apply(plan)
        return stored

    def end(self, owner: Record) -> None:
        """Ends what answers for the owner, where anything does."""
        if "serving" in owner.body:
            self._hosting.remove(owner.body["serving"])

    def of(self, owner: Record) -> Record | None:
        """The serving record of an owner; None once its replicas have ended."""
        return self._records.by_arn(owner.body["serving"]) if "serving" in owner.body else None


def failure_of(serving: Record) -> str:
    """Why it, or its last replacement, failed; "" where neither did."""
    return str(serving.body.get("hosting", {}).get("failure_reason", ""))


def _plan(owner: Record, arn: str, generation: int, serving: Serving) -> EndpointPlan:
    limits = Limits(cpus=1, memory_bytes=serving.memory_bytes)
    replica = ReplicaPlan(serving.program, "", "", limits, _STARTUP_SECONDS)
    return EndpointPlan(
        arn=arn,
        account=owner.account,
        region=owner.region,
        name=owner.name.replace("/", "-"),
        generation=generation,
        variants=(VariantPlan("answers", replica, replicas=serving.replicas),),
        log_group=serving.log_group,
    )
