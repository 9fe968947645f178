"""Everything that is kept on disk, as one thing that is opened and closed."""

from __future__ import annotations

from pathlib import Path

from clary.app.data_folder import DataFolder
from clary.app.settings import Settings
from clary.compute.jobs import queue as job_queue
from clary.core.clock import SystemClock
from clary.services.personalize.events import event_store
from clary.services.personalize.events.event_store import EventStore
from clary.services.rekognition.custom_labels import entry_store
from clary.services.rekognition.custom_labels.entry_store import EntryStore
from clary.services.rekognition.faces import face_store
from clary.services.s3.bucket_rules import bucket_rules
from clary.storage import identities as identity_store
from clary.storage import images as image_store
from clary.storage import logs as log_store
from clary.storage import metrics as metric_store
from clary.storage import object_schema
from clary.storage import records as record_store
from clary.storage.blobs import Blobs
from clary.storage.data_access import DataAccess
from clary.storage.database import Database
from clary.storage.identities import Identities
from clary.storage.images import Images
from clary.storage.logs import Logs
from clary.storage.metrics import Metrics
from clary.storage.objects import Objects
from clary.storage.records import Records


class Stores:
    """Everything that is kept on disk, opened; made by the server and by whoever works beside it."""

    def __init__(self, folder: DataFolder, settings: Settings) -> None:
        self.clock = SystemClock()
        self.databases: dict[str, Database] = {}
        schema = record_store.SCHEMA + job_queue.SCHEMA + image_store.SCHEMA + face_store.SCHEMA
        self.records = Records(self._open(folder.records, schema), self.clock)
        self.images = Images(self.records, Blobs(folder.images), self.clock)
        self.identities = Identities(self._open(folder.identities, identity_store.SCHEMA), self.clock, settings.account)
        self.objects = Objects(self._open(folder.object_index, object_schema.SCHEMA), folder.objects, self.clock)
        log_database = self._open(folder.logs, log_store.SCHEMA + metric_store.SCHEMA)
        self.logs = Logs(log_database, self.clock)
        self.metrics = Metrics(log_database, self.clock)
        _move_in(folder.personalize / event_store.EVENTS / event_store.FILE)
        self.personalize_events = EventStore(folder.personalize)
        self.rekognition_entries = EntryStore(self._open(folder.rekognition / "entries.db", entry_store.SCHEMA))
        self.data_access = DataAccess(self.objects, self.identities, rules=bucket_rules(self.objects))

    def _open(self, path: Path, schema: str) -> Database:
        database = Database(path, schema)
        self.databases[path.stem] = database
        return database

    def close(self) -> None:
        """Finishes what is being written and closes every file."""
        self.objects.close()
        self.personalize_events.close()
        for database in self.databases.values():
            database.close()


def _move_in(database: Path) -> None:
    """Makes a database's folder, and brings it there from the folder above, where it lay before it had one."""
    database.parent.mkdir(parents=True, exist_ok=True)
    # the log first: a database without its log is taken for whole
    for suffix in ("-wal", "-shm", ""):
        before = database.parent.parent / f"{database.name}{suffix}"
        if before.exists():
            before.rename(database.parent / before.name)
