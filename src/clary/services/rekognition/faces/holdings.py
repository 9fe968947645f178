"""Collections and what they hold, for the operations that need all of it."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from clary.core.call import Call
from clary.services.rekognition.errors import ResourceNotFoundException
from clary.services.rekognition.faces.face_indexes import FaceIndexes
from clary.services.rekognition.faces.face_store import FaceStore
from clary.services.rekognition.names import COLLECTION
from clary.storage.records import Record, Records


@dataclass(frozen=True, slots=True)
class Holdings:
    """Where collections are.

    Attributes:
        records: the collections.
        store: the rows of the faces and users that they hold.
        indexes: the vectors of these.
    """

    records: Records
    store: FaceStore
    indexes: FaceIndexes

    def collection(self, call: Call, name: str) -> Record:
        """The caller's collection of that name.

        Raises:
            ResourceNotFoundException: there is none.
        """
        record = self.records.get(COLLECTION, call.account, call.region, name)
        if record is None:
            raise no_collection(name)
        return record

    def is_there(self, connection: sqlite3.Connection, collection: Record) -> bool:
        """Whether, within a transaction, a collection is still the one that was read."""
        row = connection.execute(
            "SELECT json_extract(body, '$.faces') FROM resources WHERE arn=?", (collection.arn,)
        ).fetchone()
        return row is not None and row[0] == collection.body["faces"]


def no_collection(name: str) -> ResourceNotFoundException:
    """The error for a collection that is not there."""
    return ResourceNotFoundException(f"The collection id: {name} does not exist")
