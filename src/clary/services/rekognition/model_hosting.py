"""What runs for a model of Custom Labels: processes hosted as an endpoint's are."""

from __future__ import annotations

import sqlite3
from dataclasses import asdict
from pathlib import Path

from clary.compute.contract import EndpointPlan, Limits, Program, ReplicaPlan, VariantPlan
from clary.compute.hosting import endpoint_states
from clary.compute.hosting.endpoints import Hosting
from clary.core import ids
from clary.core.arn import Arn
from clary.services.rekognition.names import SERVING
from clary.services.rekognition.video_jobs import EngineEnvironment
from clary.storage.records import Record, Records

MOST_REPLICAS = 4
_MEMORY_BYTES = 2 << 30
_STARTUP_SECONDS = 120


class ModelHosting:
    """Starts and ends models. A version's record holds the ARN of its serving record under "serving".

    Args:
        records: where both are.
        hosting: runs the processes.
        environment: tells them where weights are.
    """

    def __init__(self, records: Records, hosting: Hosting, environment: EngineEnvironment) -> None:
        self._records = records
        self._hosting = hosting
        self._environment = environment

    def start(self, version: Record, model: Path, units: int, most_units: int | None) -> Record:
        """Starts a model; returns its version as stored.

        Args:
            model: the model's folder.
            units: inference units: each is a process, up to `MOST_REPLICAS`.

        Raises:
            RecordChanged: somebody changed the version meanwhile.
        """
        name = ids.request_id()
        arn = str(Arn("rekognition", version.region, version.account, f"serving/{name}"))
        program = Program(
            entry="clary.services.rekognition.programs.serving:main",
            args=(str(model),),
            visible=(str(model),),
            environment=dict(self._environment("vision")),
        )
        replica = ReplicaPlan(program, "", "", Limits(cpus=1, memory_bytes=_MEMORY_BYTES), _STARTUP_SECONDS)
        plan = EndpointPlan(
            arn=arn,
            account=version.account,
            region=version.region,
            name=version.name.replace("/", "-"),
            generation=1,
            variants=(VariantPlan("model", replica, replicas=min(units, MOST_REPLICAS)),),
            log_group=f"/aws/rekognition/CustomLabels/{version.name}",
        )
        serving = Record(
            SERVING,
            version.account,
            version.region,
            name,
            arn,
            endpoint_states.CREATING,
            version.arn,
            body={"plan": asdict(plan)},
        )
        body = {key: value for key, value in version.body.items() if key not in ("stopping", "most_units")}
        body |= {"serving": arn, "units": units}
        if most_units is not None:
            body["most_units"] = most_units

        def write(connection: sqlite3.Connection) -> Record:
            self._records.insert_in(connection, serving)
            return self._records.update_in(connection, version, body=body)

        stored = self._records.database.write(write)
        self._hosting.apply(plan)
        return stored

    def stop(self, version: Record) -> Record:
        """Ends a model's processes; returns its version as stored.

        Raises:
            RecordChanged: somebody changed the version meanwhile.
        """
        stored = self._records.update(version, body={**version.body, "stopping": True})
        self._hosting.remove(version.body["serving"])
        return stored
