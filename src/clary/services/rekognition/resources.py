"""Puts the resources of Rekognition together."""

from __future__ import annotations

from clary.compute.engine_hosts import Engines
from clary.core.clock import Clock
from clary.services.rekognition.celebrities import Celebrities, Gallery
from clary.services.rekognition.collections import Collections
from clary.services.rekognition.face_detection import FaceDetection
from clary.services.rekognition.face_indexes import FaceIndexes
from clary.services.rekognition.face_search import FaceSearch
from clary.services.rekognition.face_store import FaceStore
from clary.services.rekognition.faces import Faces
from clary.services.rekognition.human_loops import HumanLoops, NoHumanLoops
from clary.services.rekognition.labels import Labels
from clary.services.rekognition.liveness import LivenessSessions
from clary.services.rekognition.moderation import Moderation
from clary.services.rekognition.pictures import Authorize, Pictures
from clary.services.rekognition.protective_equipment import ProtectiveEquipment
from clary.services.rekognition.request_tokens import RequestTokens
from clary.services.rekognition.tags import Tags
from clary.services.rekognition.texts import Texts
from clary.services.rekognition.user_search import UserSearch
from clary.services.rekognition.users import Users
from clary.services.rekognition.vision import Vision
from clary.storage.objects import Objects
from clary.storage.records import Records


def resources(
    *,
    records: Records,
    objects: Objects,
    authorize: Authorize,
    engines: Engines,
    clock: Clock,
    human_loops: HumanLoops | None = None,
) -> list[object]:
    """The resource classes of Rekognition.

    Args:
        authorize: checks what a caller may do with S3's objects.
        engines: reaches the vision engine.
        human_loops: starts reviews by people; None starts none.
    """
    vision = Vision(engines)
    pictures = Pictures(objects, authorize)
    store = FaceStore(records.database)
    indexes = FaceIndexes(store, vision)
    gallery = Gallery(records, store, indexes)
    return [
        Labels(pictures, vision),
        FaceDetection(pictures, vision),
        Texts(pictures, vision),
        Moderation(pictures, vision, human_loops or NoHumanLoops()),
        ProtectiveEquipment(pictures, vision),
        Celebrities(pictures, vision, gallery, indexes),
        Collections(records, store, indexes),
        Faces(records, store, indexes, pictures, vision),
        FaceSearch(records, store, indexes, pictures, vision),
        Users(records, store, indexes, RequestTokens(records)),
        UserSearch(records, store, indexes, pictures, vision),
        LivenessSessions(records, pictures, clock),
        Tags(records),
    ]
