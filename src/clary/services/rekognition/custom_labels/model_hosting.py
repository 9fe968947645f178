"""What runs for a model of Custom Labels: processes hosted as an endpoint's are."""

from __future__ import annotations

from pathlib import Path

from clary.compute.contract import Program
from clary.compute.hosting.endpoints import Hosting
from clary.compute.hosting.served_models import ServedModels, Serving
from clary.services.rekognition.videos.video_jobs import EngineEnvironment
from clary.storage.records import Record, Records

MOST_REPLICAS = 4
_MEMORY_BYTES = 2 << 30


class ModelHosting:
    """Starts and ends models.

    Args:
        records: where their versions are.
        hosting: runs the processes.
        environment: tells them where weights are.
    """

    def __init__(self, records: Records, hosting: Hosting, environment: EngineEnvironment) -> None:
        self._records = records
        self._served = ServedModels("rekognition", records, hosting)
        self._environment = environment

    def start(self, version: Record, model: Path, units: int, most_units: int | None) -> Record:
        """Starts a model; returns its version as stored.

        Args:
            model: the model's folder.
            units: inference units: each is a process, up to `MOST_REPLICAS`.

        Raises:
            RecordChanged: somebody changed the version meanwhile.
        """
        program = Program(
            entry="clary.services.rekognition.programs.serving:main",
            args=(str(model),),
            visible=(str(model),),
            environment=dict(self._environment("vision")),
        )
        log_group = f"/aws/rekognition/CustomLabels/{version.name}"
        body = {key: value for key, value in version.body.items() if key not in ("stopping", "most_units")}
        body["units"] = units
        if most_units is not None:
            body["most_units"] = most_units
        return self._served.start(version, Serving(program, _MEMORY_BYTES, log_group, min(units, MOST_REPLICAS)), body)

    def stop(self, version: Record) -> Record:
        """Ends a model's processes; returns its version as stored.

        Raises:
            RecordChanged: somebody changed the version meanwhile.
        """
        stored = self._records.update(version, body={**version.body, "stopping": True})
        self._served.end(stored)
        return stored
