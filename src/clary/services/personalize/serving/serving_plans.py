"""What runs for a campaign or a recommender: one process with one model, hosted like an endpoint."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from clary.compute.contract import Program
from clary.compute.hosting import endpoint_states
from clary.compute.hosting.endpoints import Hosting
from clary.compute.hosting.served_models import CHANGING, ServedModels, Serving, failure_of
from clary.services.personalize.sight import readable
from clary.storage.records import Record, Records

_MEMORY_BYTES = 8 << 30


class ServingPlans:
    """Starts, replaces and ends what answers.

    Args:
        records: where campaigns and recommenders are.
        hosting: runs the processes.
        folder: Personalize's folder.
    """

    def __init__(self, records: Records, hosting: Hosting, folder: Path) -> None:
        self._served = ServedModels("personalize", records, hosting)
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
        return self._served.start(owner, self._serving(owner, config), body, tags)

    def replace(self, owner: Record, config: Mapping[str, Any], body: Mapping[str, Any]) -> Record:
        """Lets another model or configuration answer for the owner, without losing a request.

        Raises:
            RecordChanged: an update is under way, or somebody changed the owner meanwhile.
        """
        return self._served.replace(owner, self._serving(owner, config), body)

    def end(self, owner: Record) -> None:
        """Ends the owner's process."""
        self._served.end(owner)

    def state(self, owner: Record) -> tuple[str, str, str]:
        """How it goes: the owner's status, the status of its last update, and why one failed ("" where none did)."""
        serving = self._served.of(owner)
        if serving is None:
            return "DELETE IN_PROGRESS", "", ""
        reason = failure_of(serving)
        if serving.status == endpoint_states.CREATING:
            return "CREATE IN_PROGRESS", "", ""
        if serving.status == endpoint_states.FAILED:
            return "CREATE FAILED", "", reason
        if serving.status in CHANGING:
            return "ACTIVE", "CREATE IN_PROGRESS", ""
        return "ACTIVE", "CREATE FAILED" if reason else "ACTIVE", reason

    def _serving(self, owner: Record, config: Mapping[str, Any]) -> Serving:
        program = Program(
            entry="clary.services.personalize.programs.serving:main",
            args=(str(self._folder), json.dumps(config)),
            visible=readable(self._folder, config["datasets"], config["model"]),
            offline=True,
        )
        kind = owner.kind.partition(":")[2]
        return Serving(program, _MEMORY_BYTES, f"/aws/personalize/{kind}/{owner.name}")
