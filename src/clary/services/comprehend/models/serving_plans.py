"""What runs for an endpoint: replicas of one model, hosted like any endpoint's."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from clary.compute.contract import Program
from clary.compute.hosting import endpoint_states
from clary.compute.hosting.endpoints import Hosting
from clary.compute.hosting.served_models import CHANGING, ServedModels, Serving, failure_of
from clary.storage.records import Record, Records

_MEMORY_BYTES = 4 << 30


class ServingPlans:
    """Starts, replaces and ends what answers for endpoints.

    Args:
        records: where the endpoints are.
        hosting: runs the replicas.
        folder: Comprehend's.
    """

    def __init__(self, records: Records, hosting: Hosting, folder: Path) -> None:
        self._served = ServedModels("comprehend", records, hosting)
        self._folder = folder

    def start(self, owner: Record, model: Record, units: int, tags: Mapping[str, str]) -> Record:
        """Stores a new endpoint and starts its replicas; returns it as stored.

        Args:
            units: its inference units.

        Raises:
            RecordExists: the name is taken.
        """
        return self._served.start(owner, self._serving(owner, model, units), owner.body, tags)

    def change(self, owner: Record, model: Record, units: int, body: Mapping[str, Any]) -> None:
        """Lets another model answer, or as many replicas as other units mean, without losing a request.

        Args:
            body: the endpoint's, changed.

        Raises:
            RecordChanged: a change is under way, or somebody was faster.
        """
        self._served.replace(owner, self._serving(owner, model, units), body, parent=model.arn)

    def end(self, owner: Record) -> None:
        """Ends the endpoint's replicas."""
        self._served.end(owner)

    def state(self, owner: Record) -> tuple[str, str]:
        """How it goes: the endpoint's status in Comprehend's words, and why it or its last change failed, or ""."""
        serving = self._served.of(owner)
        if serving is None:
            return "DELETING", ""
        if serving.status == endpoint_states.CREATING:
            return "CREATING", ""
        if serving.status == endpoint_states.FAILED:
            return "FAILED", failure_of(serving)
        if serving.status in CHANGING:
            return "UPDATING", ""
        return "IN_SERVICE", failure_of(serving)

    def _serving(self, owner: Record, model: Record, units: int) -> Serving:
        place = str(self._folder / model.body["model"])
        program = Program(
            entry="clary.services.comprehend.programs.serving:main",
            args=(json.dumps({"kind": model.kind, "model": place}),),
            visible=(place,),  # nothing of other models, which may be of other accounts, is in its sight
        )
        return Serving(program, _MEMORY_BYTES, f"/aws/comprehend/endpoints/{owner.name}", replicas_for(units))


def replicas_for(units: int) -> int:
    """How many processes answer for so many inference units: more than there are processors would not be faster."""
    return max(1, min(units, os.cpu_count() or 1))
