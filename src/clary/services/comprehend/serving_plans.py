"""What runs for an endpoint: replicas of one model, hosted like any endpoint's."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from clary.compute.contract import EndpointPlan, Limits, Program, ReplicaPlan, VariantPlan
from clary.compute.hosting import endpoint_states
from clary.compute.hosting.endpoint import PREVIOUS
from clary.compute.hosting.endpoints import Hosting
from clary.core import ids
from clary.core.arn import Arn
from clary.services.comprehend.names import SERVING
from clary.storage.records import Record, RecordChanged, Records

_MEMORY_BYTES = 4 << 30
_STARTUP_SECONDS = 120
_CHANGING = frozenset({endpoint_states.UPDATING, endpoint_states.ROLLING_BACK})


class ServingPlans:
    """Starts, replaces and ends what answers for endpoints.

    The endpoint's record holds the ARN of its serving record under "serving"; both change in one transaction.

    Args:
        records: where both are.
        hosting: runs the replicas.
        folder: Comprehend's.
    """

    def __init__(self, records: Records, hosting: Hosting, folder: Path) -> None:
        self._records = records
        self._hosting = hosting
        self._folder = folder

    def start(self, owner: Record, model: Record, units: int, tags: Mapping[str, str]) -> Record:
        """Stores a new endpoint and starts its replicas; returns it as stored.

        Args:
            units: its inference units.

        Raises:
            RecordExists: the name is taken.
        """
        name = ids.request_id()
        arn = str(Arn("comprehend", owner.region, owner.account, f"serving/{name}"))
        plan = self._plan(owner, arn, 1, model, units)
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
            stored = self._records.insert_in(connection, replace(owner, body={**owner.body, "serving": arn}))
            if tags:
                self._records.set_tags_in(connection, stored.arn, tags)
            return stored

        stored = self._records.database.write(write)
        self._hosting.apply(plan)
        return stored

    def change(self, owner: Record, model: Record, units: int, body: Mapping[str, Any]) -> None:
        """Lets another model answer, or as many replicas as other units mean, without losing a request.

        Args:
            body: the endpoint's, changed.

        Raises:
            RecordChanged: a change is under way, or somebody was faster.
        """
        serving = self._of(owner)
        if serving is None or not endpoint_states.accepts(serving.status, endpoint_states.Event.UPDATE):
            raise RecordChanged(owner.arn)
        generation = int(serving.body["plan"]["generation"]) + 1
        plan = self._plan(owner, serving.arn, generation, model, units)
        before = {member: value for member, value in serving.body.items() if member != PREVIOUS}
        updating = {"plan": asdict(plan), "hosting": before.get("hosting", {}), PREVIOUS: before}

        def write(connection: sqlite3.Connection) -> None:
            self._records.update_in(connection, serving, status=endpoint_states.UPDATING, body=updating)
            self._records.update_in(connection, owner, parent=model.arn, body={**body, "serving": serving.arn})

        self._records.database.write(write)
        self._hosting.apply(plan)

    def end(self, owner: Record) -> None:
        """Ends the endpoint's replicas."""
        self._hosting.remove(owner.body["serving"])

    def state(self, owner: Record) -> tuple[str, str]:
        """How it goes: the endpoint's status in Comprehend's words, and why it or its last change failed, or ""."""
        serving = self._of(owner)
        if serving is None:
            return "DELETING", ""
        reason = str(serving.body.get("hosting", {}).get("failure_reason", ""))
        if serving.status == endpoint_states.CREATING:
            return "CREATING", ""
        if serving.status == endpoint_states.FAILED:
            return "FAILED", reason
        if serving.status in _CHANGING:
            return "UPDATING", ""
        return "IN_SERVICE", reason

    def _of(self, owner: Record) -> Record | None:
        return self._records.by_arn(owner.body["serving"])

    def _plan(self, owner: Record, arn: str, generation: int, model: Record, units: int) -> EndpointPlan:
        place = str(self._folder / model.body["model"])
        program = Program(
            entry="clary.services.comprehend.programs.serving:main",
            args=(json.dumps({"kind": model.kind, "model": place}),),
            visible=(place,),  # nothing of other models, which may be of other accounts, is in its sight
        )
        plan = ReplicaPlan(program, "", "", Limits(cpus=1, memory_bytes=_MEMORY_BYTES), _STARTUP_SECONDS)
        return EndpointPlan(
            arn=arn,
            account=owner.account,
            region=owner.region,
            name=owner.name,
            generation=generation,
            variants=(VariantPlan("answers", plan, replicas=replicas_for(units)),),
            log_group=f"/aws/comprehend/endpoints/{owner.name}",
        )


def replicas_for(units: int) -> int:
    """How many processes answer for so many inference units: more than there are processors would not be faster."""
    return max(1, min(units, os.cpu_count() or 1))
