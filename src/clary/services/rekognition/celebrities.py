"""RecognizeCelebrities and GetCelebrityInfo, over a gallery that the account fills itself.

The gallery is a collection of the name `GALLERY`: each face's ExternalImageId is a person's name, with underscores for
spaces. A tag of that collection with the same name as its key may hold addresses about the person, and
`gender=Female|Male|Nonbinary|Unlisted`, separated by spaces. Clary brings no celebrities of its own.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

from clary.core.call import Call
from clary.core.operations import operation
from clary.engines.vision.contract import Face
from clary.services.rekognition.errors import ResourceNotFoundException
from clary.services.rekognition.face_views import compared_face, orientation_correction, percent
from clary.services.rekognition.faces.holdings import Holdings
from clary.services.rekognition.names import COLLECTION
from clary.services.rekognition.sight import Sight
from clary.storage.records import Record

GALLERY = "clary-celebrities"
LEAST_SIMILARITY = 0.9
_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_GENDER = "gender="
_GENDERS = ("Female", "Male", "Nonbinary", "Unlisted")
_PAGE = 1000


@dataclass(frozen=True, slots=True)
class Celebrity:
    """A person of the gallery.

    Attributes:
        key: the ExternalImageId of the person's faces.
    """

    key: str
    urls: tuple[str, ...] = ()
    gender: str = ""

    @property
    def id(self) -> str:
        """Eight letters and digits that stay the same as long as the name does."""
        number = int.from_bytes(hashlib.sha256(self.key.encode()).digest()[:8], "big")
        return "".join(_ALPHABET[number // 62**place % 62] for place in range(8))

    def members(self) -> dict[str, Any]:
        """What answers say of the person."""
        return {
            "Name": self.key.replace("_", " "),
            "Urls": list(self.urls),
            "KnownGender": {"Type": self.gender or "Unlisted"},
        }


class Gallery:
    """The persons that an account knows.

    Args:
        held: collections and what they hold.
    """

    def __init__(self, held: Holdings) -> None:
        self._held = held

    def prepare(self) -> None:
        """Puts right what a crash left, before the first question."""
        self._held.indexes.prepare()

    def collection(self, account: str, region: str) -> Record | None:
        """The collection that is the gallery, None where the account has none."""
        return self._held.records.get(COLLECTION, account, region, GALLERY)

    def recognize(self, account: str, region: str, embedding: bytes) -> tuple[Celebrity, float] | None:
        """Whose face it is, and how similar it is, 0..1; None where nobody in the gallery resembles it enough."""
        gallery = self.collection(account, region)
        if gallery is None:
            return None
        name = gallery.body["faces"]
        neighbours = self._held.indexes.search(name, embedding, 10, LEAST_SIMILARITY)
        faces = self._held.store.faces(name, [neighbour["id"] for neighbour in neighbours])
        for neighbour in neighbours:
            face = faces.get(neighbour["id"])
            if face is not None and face.external:
                return self.celebrity(gallery, face.external), neighbour["similarity"]
        return None

    def celebrity(self, gallery: Record, key: str) -> Celebrity:
        """A person with what the gallery's tags say."""
        words = self._held.records.tags(gallery.arn).get(key, "").split()
        gender = next((word.removeprefix(_GENDER) for word in words if word.startswith(_GENDER)), "")
        urls = tuple(word for word in words if not word.startswith(_GENDER))
        return Celebrity(key, urls, gender if gender in _GENDERS else "")

    def by_id(self, account: str, region: str, identifier: str) -> Celebrity | None:
        """The person of an id."""
        gallery = self.collection(account, region)
        after = 0
        while gallery is not None:
            page = self._held.store.page(gallery.body["faces"], after, _PAGE)
            if not page:
                return None
            for face in page:
                if face.external and Celebrity(face.external).id == identifier:
                    return self.celebrity(gallery, face.external)
            after = page[-1].number
        return None


class Celebrities:
    """Celebrities in pictures.

    Args:
        sight: reads them and looks at them.
        gallery: knows whom.
    """

    api = "rekognition"

    def __init__(self, sight: Sight, gallery: Gallery) -> None:
        self._sight = sight
        self._gallery = gallery

    @operation("RecognizeCelebrities")
    def recognize(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Who of the gallery is in a picture, and the faces of everybody else.

        Raises:
            InvalidParameterException, InvalidS3ObjectException, ImageTooLargeException, InvalidImageFormatException:
                the picture cannot be used.
        """
        self._gallery.prepare()
        found = self._sight.look(call, request["Image"], "faces", attributes=True, embeddings=True)
        known, unknown = [], []
        for face in found["faces"]:
            who = self._gallery.recognize(call.account, call.region, face["embedding"])
            if who is None:
                unknown.append(compared_face(face))
            else:
                known.append(_celebrity_face(face, *who))
        return {
            "CelebrityFaces": known,
            "UnrecognizedFaces": unknown,
            **orientation_correction(found["size"]),
        }

    @operation("GetCelebrityInfo")
    def describe(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """What the gallery says of a person.

        Raises:
            ResourceNotFoundException: nobody has that id.
        """
        who = self._gallery.by_id(call.account, call.region, request["Id"])
        if who is None:
            raise ResourceNotFoundException(f"No celebrity with the id {request['Id']} was found.")
        return who.members()


def _celebrity_face(face: Face, who: Celebrity, similarity: float) -> dict[str, Any]:
    return {**who.members(), "Id": who.id, "Face": compared_face(face), "MatchConfidence": percent(similarity)}
