"""A registry in a temporary folder, and tiny images for it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from clary.core.call import Principal
from clary.core.clock import FixedClock
from clary.services.ecr.credentials import RegistryCredentials
from clary.services.ecr.resources import resources
from clary.storage import images as image_store
from clary.storage import records as record_store
from clary.storage.blobs import Blobs
from clary.storage.database import Database
from clary.storage.identities import Identities
from clary.storage.image_manifests import DOCKER_MANIFEST
from clary.storage.images import Images
from clary.storage.records import Records

from ..desk import ACCOUNT, Desk


@dataclass(frozen=True)
class World:
    """ECR with its storage; `ecr` calls its operations as the first user."""

    ecr: Desk
    records: Records
    images: Images
    identities: Identities
    credentials: RegistryCredentials
    clock: FixedClock
    user: Principal

    def layer(self, repository: str, data: bytes) -> dict[str, Any]:
        """Uploads a layer by the API; returns its descriptor."""
        upload = self.ecr("InitiateLayerUpload", repositoryName=repository)["uploadId"]
        names = {"repositoryName": repository, "uploadId": upload}
        self.ecr("UploadLayerPart", **names, partFirstByte=0, partLastByte=len(data) - 1, layerPartBlob=data)
        self.ecr("CompleteLayerUpload", **names, layerDigests=[digest_of(data)])
        return {"mediaType": "application/octet-stream", "size": len(data), "digest": digest_of(data)}

    def push(self, repository: str, tag: str = "", content: bytes = b"layer") -> str:
        """Pushes an image by the API; returns its digest."""
        parts = [self._known(repository, data) for data in (b'{"config": 1}', content)]
        manifest = manifest_of(*parts)
        named = {"imageTag": tag} if tag else {}
        put = self.ecr("PutImage", repositoryName=repository, imageManifest=manifest, **named)
        return put["image"]["imageId"]["imageDigest"]

    def _known(self, repository: str, data: bytes) -> dict[str, Any]:
        known = self.ecr("BatchCheckLayerAvailability", repositoryName=repository, layerDigests=[digest_of(data)])
        if known["layers"][0]["layerAvailability"] == "UNAVAILABLE":
            return self.layer(repository, data)
        return {"mediaType": "application/octet-stream", "size": len(data), "digest": digest_of(data)}


def digest_of(data: bytes) -> str:
    return "sha256:" + hashlib.sha256(data).hexdigest()


def manifest_of(config: dict[str, Any], *layers: dict[str, Any]) -> str:
    value = {"schemaVersion": 2, "mediaType": DOCKER_MANIFEST, "config": config, "layers": list(layers)}
    return json.dumps(value)


@pytest.fixture
def world(tmp_path: Path, identities: Identities, clock: FixedClock) -> Iterator[World]:
    database = Database(tmp_path / "records.db", record_store.SCHEMA + image_store.SCHEMA)
    records = Records(database, clock)
    images = Images(records, Blobs(tmp_path / "images"), clock)
    made = identities.bootstrap()
    credential = identities.credential(made.access_key_id)
    assert credential is not None
    credentials = RegistryCredentials(identities, clock, verify=True, account=ACCOUNT, region="us-east-1")
    operations = resources(records=records, images=images, clock=clock, registry_credentials=credentials)
    ecr = Desk("ecr", operations, credential.principal, empty_lists=True)
    ecr("CreateRepository", repositoryName="team/app")
    yield World(ecr, records, images, identities, credentials, clock, credential.principal)
    database.close()
