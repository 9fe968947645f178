"""Layers: uploaded in parts, checked against their digest, handed out by an address that is good for an hour."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from clary.core.call import Call
from clary.core.operations import operation
from clary.services.ecr.credentials import RegistryCredentials
from clary.services.ecr.errors import (
    EmptyUploadException,
    InvalidLayerException,
    InvalidLayerPartException,
    InvalidParameterException,
    LayerAlreadyExistsException,
    LayersNotFoundException,
    RepositoryNotFoundException,
    UploadNotFoundException,
)
from clary.services.ecr.lookup import RESOURCE, find_repository, registry_of
from clary.storage.blobs import NoSuchUpload, UploadBusy, WrongDigest, WrongOffset
from clary.storage.image_manifests import is_digest
from clary.storage.images import Images, NoSuchRepository

PART_BYTES = 20 << 20
"""What the clients are told to send at once: as much as ECR says itself."""
_LAYER_MEDIA_TYPE = "application/vnd.docker.image.rootfs.diff.tar.gzip"


class Layers:
    """The layers of repositories."""

    api = "ecr"

    def __init__(self, images: Images, credentials: RegistryCredentials) -> None:
        self._images = images
        self._credentials = credentials

    @operation("BatchCheckLayerAvailability", resource=RESOURCE)
    def check(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Which layers the repository has."""
        record = find_repository(self._images, call, request)
        layers: list[dict[str, Any]] = []
        failures: list[dict[str, Any]] = []
        for digest in request["layerDigests"]:
            size = self._images.layer_bytes(record.arn, digest)
            if not is_digest(digest):
                reason = "Invalid request parameters: layer digest should satisfy the regex 'sha256:[0-9a-f]{64}'"
                failures.append({"layerDigest": digest, "failureCode": "InvalidLayerDigest", "failureReason": reason})
            elif size is None:
                layers.append({"layerDigest": digest, "layerAvailability": "UNAVAILABLE"})
            else:
                layer = {"layerDigest": digest, "layerAvailability": "AVAILABLE", "layerSize": size}
                layers.append({**layer, "mediaType": _LAYER_MEDIA_TYPE})
        return {"layers": layers, "failures": failures}

    @operation("InitiateLayerUpload", resource=RESOURCE)
    def initiate(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Begins the upload of a layer."""
        record = find_repository(self._images, call, request)
        return {"uploadId": self._images.blobs.begin(record.arn), "partSize": PART_BYTES}

    @operation("UploadLayerPart", resource=RESOURCE)
    def upload_part(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Takes the next part of a layer.

        Raises:
            InvalidLayerPartException: it does not begin where the one before it ended, or is not as long as it says.
            InvalidParameterException: another request writes to the upload.
            UploadNotFoundException: there is no such upload.
        """
        record = find_repository(self._images, call, request)
        upload, blob = request["uploadId"], request["layerPartBlob"]
        first, last = request["partFirstByte"], request["partLastByte"]
        names = {"upload": upload, "first": first, "last": last, "size": len(blob)}
        try:
            if last - first + 1 != len(blob):
                received = self._images.blobs.received(record.arn, upload)
                raise InvalidLayerPartException(next=received, lastValidByteReceived=received - 1, **names)
            size = self._images.blobs.append(record.arn, upload, [blob], offset=first)
        except NoSuchUpload as error:
            raise UploadNotFoundException(upload=upload, name=record.name, registry=record.account) from error
        except UploadBusy as error:
            raise InvalidParameterException(f"Another part of the upload {upload} is being received.") from error
        except WrongOffset as error:
            raise InvalidLayerPartException(next=error.size, lastValidByteReceived=error.size - 1, **names) from error
        return {
            "registryId": record.account,
            "repositoryName": record.name,
            "uploadId": upload,
            "lastByteReceived": size - 1,
        }

    @operation("CompleteLayerUpload", resource=RESOURCE)
    def complete(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Makes an upload a layer of the repository.

        Raises:
            EmptyUploadException: nothing was uploaded.
            InvalidLayerException: the bytes do not have the digest that the request names.
            LayerAlreadyExistsException: the repository has it already.
        """
        record = find_repository(self._images, call, request)
        upload, digests = request["uploadId"], request["layerDigests"]
        names = {"name": record.name, "registry": record.account}
        if len(digests) != 1 or not is_digest(digests[0]):
            raise InvalidParameterException(
                "Invalid parameter at 'layerDigests' failed to satisfy constraint: exactly one digest of the form "
                f"sha256:HEX must be given; got {', '.join(digests)}"
            )
        digest = digests[0]
        blobs = self._images.blobs
        try:
            if blobs.received(record.arn, upload) == 0:
                raise EmptyUploadException(upload=upload)
            if self._images.layer_bytes(record.arn, digest) is not None and blobs.touch(digest):
                blobs.abandon(record.arn, upload)
                raise LayerAlreadyExistsException(digest=digest, **names)
            size = blobs.finish(record.arn, upload, digest)
            self._images.add_layer(record.arn, digest, size)
        except NoSuchUpload as error:
            raise UploadNotFoundException(upload=upload, **names) from error
        except UploadBusy as error:
            raise InvalidParameterException(f"A part of the upload {upload} is being received.") from error
        except WrongDigest as error:
            raise InvalidLayerException(f"Layer digest verification failed: {error}, not {digest}.") from error
        except NoSuchRepository as error:
            raise RepositoryNotFoundException(**names) from error
        return {"registryId": record.account, "repositoryName": record.name, "uploadId": upload, "layerDigest": digest}

    @operation("GetDownloadUrlForLayer", resource=RESOURCE)
    def download_url(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """An address from which the layer can be fetched for an hour without further credentials.

        Raises:
            LayersNotFoundException: the repository does not have it.
        """
        record = find_repository(self._images, call, request)
        digest = request["layerDigest"]
        if self._images.layer_bytes(record.arn, digest) is None:
            raise LayersNotFoundException(digests=digest, name=record.name, registry=registry_of(call, request))
        token = self._credentials.for_layer(call, record, digest)
        url = f"{call.endpoint}/v2/{quote(record.name)}/blobs/{digest}?token={quote(token)}"
        return {"downloadUrl": url, "layerDigest": digest}
