"""Collections of faces."""

from __future__ import annotations

import sqlite3
import uuid
from typing import Any

from clary.core.call import Call
from clary.core.clock import timestamp
from clary.core.operations import operation
from clary.services.rekognition import shelf
from clary.services.rekognition.errors import ResourceAlreadyExistsException
from clary.services.rekognition.faces.face_indexes import users_index
from clary.services.rekognition.faces.face_store import EVERYTHING
from clary.services.rekognition.faces.holdings import Holdings, no_collection
from clary.services.rekognition.names import COLLECTION, FACE_MODEL_VERSION, resource_arn
from clary.storage.records import Record, RecordChanged, RecordExists


class Collections:
    """The collections of every account.

    Args:
        held: they and what they hold.
    """

    api = "rekognition"

    def __init__(self, held: Holdings) -> None:
        self._held = held

    @operation("CreateCollection", resource="collection/{CollectionId}")
    def create(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Makes an empty collection.

        Raises:
            ResourceAlreadyExistsException: the name is taken.
            InvalidParameterException: the tags cannot be used.
        """
        name = request["CollectionId"]
        arn = resource_arn(call, COLLECTION, name)
        body = {"faces": str(uuid.uuid4()), "model": FACE_MODEL_VERSION}
        record = Record(COLLECTION, call.account, call.region, name, arn, body=body)
        tags = shelf.tags_of(request.get("Tags", {}))
        try:
            self._held.records.insert(record, tags=tags)
        except RecordExists as error:
            raise ResourceAlreadyExistsException(f"The collection id: {name} already exists") from error
        return {"StatusCode": 200, "CollectionArn": arn, "FaceModelVersion": FACE_MODEL_VERSION}

    @operation("DescribeCollection", resource="collection/{CollectionId}")
    def describe(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """How many faces and users a collection holds, and since when it is there.

        Raises:
            ResourceNotFoundException: there is none of that name.
        """
        record = self._held.collection(call, request["CollectionId"])
        faces, users = self._held.store.counts(record.body["faces"])
        return {
            "FaceCount": faces,
            "UserCount": users,
            "FaceModelVersion": record.body["model"],
            "CollectionARN": record.arn,
            "CreationTimestamp": timestamp(record.created),
        }

    @operation("ListCollections")
    def page(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """A page of the caller's collections, by name.

        Raises:
            InvalidPaginationTokenException: the token is not one of this listing.
        """
        page = shelf.page_of(self._held.records, call, COLLECTION, request, sort="name", default=1000)
        return {
            "CollectionIds": [record.name for record in page.records],
            "FaceModelVersions": [record.body["model"] for record in page.records],
            **shelf.next_token(page),
        }

    @operation("DeleteCollection", resource="collection/{CollectionId}")
    def delete(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Deletes a collection with all its faces; their vectors are off the disk when this returns.

        Raises:
            ResourceNotFoundException: there is none of that name.
        """
        record = self._held.collection(call, request["CollectionId"])
        collection = record.body["faces"]

        def write(connection: sqlite3.Connection) -> bool:
            self._held.records.delete_in(connection, record)
            if not self._held.store.clear_in(connection, collection):
                return False
            for index in (collection, users_index(collection)):
                self._held.store.leave_in(connection, index, [EVERYTHING])
            return True

        try:
            had_any = self._held.records.database.write(write)
        except RecordChanged as error:
            raise no_collection(record.name) from error
        if had_any:
            self._held.indexes.drop(collection)
        return {"StatusCode": 200}
