"""Images of a repository: put, listed, described, fetched, deleted."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from clary.core.call import Call
from clary.core.operations import operation
from clary.services.ecr.errors import (
    ImageAlreadyExistsException,
    ImageDigestDoesNotMatchException,
    ImageNotFoundException,
    ImageTagAlreadyExistsException,
    InvalidParameterException,
    LayersNotFoundException,
    ReferencedImagesNotFoundException,
    RepositoryNotFoundException,
)
from clary.services.ecr.lookup import RESOURCE, find_repository, may_move, moment, page
from clary.storage.image_manifests import InvalidManifest, Manifest, is_digest, parse_manifest
from clary.storage.images import (
    Images,
    ImageUnchanged,
    InUse,
    MissingImages,
    MissingLayers,
    NoSuchRepository,
    StoredImage,
    TagTaken,
)
from clary.storage.records import Record


def store_image(
    images: Images, record: Record, manifest: Manifest, tag: str = "", *, again: bool = False
) -> StoredImage:
    """Stores a manifest in a repository; both PutImage and `docker push` end here.

    Args:
        tag: "" for none.
        again: whether the very same may be put a second time.

    Raises:
        ImageAlreadyExistsException, ImageTagAlreadyExistsException: see there.
        LayersNotFoundException, ReferencedImagesNotFoundException: it refers to what the repository does not have.
        RepositoryNotFoundException: the repository was deleted meanwhile.
    """
    names = {"name": record.name, "registry": record.account}
    try:
        return images.put(record.arn, manifest, tag, may_move(record), again=again)
    except MissingImages as error:
        raise ReferencedImagesNotFoundException(digests=", ".join(error.digests), **names) from error
    except MissingLayers as error:
        raise LayersNotFoundException(digests=", ".join(error.digests), **names) from error
    except TagTaken as error:
        raise ImageTagAlreadyExistsException(tag=tag, **names) from error
    except ImageUnchanged as error:
        raise ImageAlreadyExistsException(digest=manifest.digest, tag=tag or "null", **names) from error
    except NoSuchRepository as error:
        raise RepositoryNotFoundException(**names) from error


class RepositoryImages:
    """The images of repositories."""

    api = "ecr"

    def __init__(self, images: Images) -> None:
        self._images = images

    @operation("PutImage", resource=RESOURCE)
    def put(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Stores a manifest whose layers are there, and tags it.

        Raises:
            ImageDigestDoesNotMatchException: it has another digest than the request says.
            InvalidParameterException: it is no manifest, or the tag is none.
        """
        record = find_repository(self._images, call, request)
        tag = request.get("imageTag", "")
        try:
            manifest = parse_manifest(request["imageManifest"].encode(), request.get("imageManifestMediaType", ""))
        except InvalidManifest as error:
            raise InvalidParameterException(
                f"Invalid parameter at 'ImageManifest' failed to satisfy constraint: {error}"
            ) from error
        if request.get("imageDigest") not in (None, manifest.digest):
            raise ImageDigestDoesNotMatchException(digest=manifest.digest, sent=request["imageDigest"])
        image = store_image(self._images, record, manifest, tag)
        return {"image": _fetched(record, image, tag)}

    @operation("BatchGetImage", resource=RESOURCE)
    def batch_get(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """The manifests of images by digest or tag."""
        record = find_repository(self._images, call, request)
        found, failures = [], []
        for identity in request["imageIds"]:
            image, failure = self._look_up(record, identity)
            if image is None:
                failures.append(failure)
                continue
            self._images.note_pull(image)
            found.append(_fetched(record, image, identity.get("imageTag", "")))
        return {"images": found, "failures": failures}

    @operation("BatchDeleteImage", resource=RESOURCE)
    def batch_delete(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Removes tags, or images by digest with all their tags; the last tag takes its image along."""
        record = find_repository(self._images, call, request)
        deleted: list[dict[str, str]] = []
        failures = []
        for identity in request["imageIds"]:
            image, failure = self._look_up(record, identity)
            if image is None:
                failures.append(failure)
                continue
            try:
                if "imageTag" in identity:
                    self._images.untag(record.arn, identity["imageTag"])
                    deleted.append({"imageDigest": image.digest, "imageTag": identity["imageTag"]})
                else:
                    self._images.remove(record.arn, image.digest)
                    deleted += image_ids([image])
            except InUse as error:
                reason = f"Requested image referenced by manifest list: [{error.digest}]"
                failures.append(_failure(identity, "ImageReferencedByManifestList", reason))
        return {"imageIds": deleted, "failures": failures}

    @operation("ListImages", resource=RESOURCE)
    def list(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """The ids of images: one for each tag, or for the digest of an image without any."""
        record = find_repository(self._images, call, request)
        images = _filtered(self._images.all(record.arn), request.get("filter", {}))
        identities = sorted(image_ids(images), key=_key)
        shown, token = page(identities, _key, request)
        answer: dict[str, Any] = {"imageIds": shown}
        if token:
            answer["nextToken"] = token
        return answer

    @operation("DescribeImages", resource=RESOURCE)
    def describe(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Sizes, times and tags of images.

        Raises:
            ImageNotFoundException: an image that is named does not exist.
        """
        record = find_repository(self._images, call, request)
        if "imageIds" not in request:
            images = _filtered(self._images.all(record.arn), request.get("filter", {}))
            images = sorted(images, key=lambda image: image.digest)
            shown, token = page(images, lambda image: image.digest, request)
            answer: dict[str, Any] = {"imageDetails": [_detail(record, image) for image in shown]}
            if token:
                answer["nextToken"] = token
            return answer
        if "nextToken" in request or "maxResults" in request:
            raise InvalidParameterException(
                "Invalid parameter: nextToken and maxResults cannot be used together with imageIds."
            )
        found: dict[str, StoredImage] = {}
        for identity in request["imageIds"]:
            image, _ = self._look_up(record, identity)
            if image is None:
                raise ImageNotFoundException(
                    digest=identity.get("imageDigest", "null"),
                    tag=identity.get("imageTag", "null"),
                    name=record.name,
                    registry=record.account,
                )
            found[image.digest] = image
        return {"imageDetails": [_detail(record, image) for image in found.values()]}

    def _look_up(
        self, record: Record, identity: Mapping[str, str]
    ) -> tuple[StoredImage, None] | tuple[None, dict[str, Any]]:
        digest, tag = identity.get("imageDigest", ""), identity.get("imageTag", "")
        if not digest and not tag:
            reason = "Invalid request parameters: image digest and tag cannot both be missing"
            return None, _failure(identity, "MissingDigestAndTag", reason)
        if digest and not is_digest(digest):
            reason = "Invalid request parameters: image digest should satisfy the regex 'sha256:[0-9a-f]{64}'"
            return None, _failure(identity, "InvalidImageDigest", reason)
        image = self._images.find(record.arn, digest=digest, tag=tag)
        if image is not None:
            return image, None
        if digest and tag and self._images.find(record.arn, tag=tag) is not None:
            reason = "Requested image tag does not belong to the requested digest"
            return None, _failure(identity, "ImageTagDoesNotMatchDigest", reason)
        return None, _failure(identity, "ImageNotFound", "Requested image not found")


def image_ids(images: Iterable[StoredImage]) -> list[dict[str, str]]:
    """The ids of images as ECR lists them: one for each tag, one without for an image that has none."""
    found: list[dict[str, str]] = []
    for image in images:
        found += [{"imageDigest": image.digest, "imageTag": tag} for tag in image.tags] or [
            {"imageDigest": image.digest}
        ]
    return found


def _key(identity: Mapping[str, str]) -> str:
    return f"{identity['imageDigest']} {identity.get('imageTag', '')}"


def _filtered(images: Iterable[StoredImage], wanted: Mapping[str, str]) -> list[StoredImage]:
    status = wanted.get("tagStatus", "ANY")
    if wanted.get("imageStatus", "ACTIVE") not in ("ACTIVE", "ANY"):
        return []  # nothing is ever archived here
    return [image for image in images if status == "ANY" or bool(image.tags) is (status == "TAGGED")]


def _failure(identity: Mapping[str, str], code: str, reason: str) -> dict[str, Any]:
    return {"imageId": dict(identity), "failureCode": code, "failureReason": reason}


def _fetched(record: Record, image: StoredImage, tag: str) -> dict[str, Any]:
    identity = {"imageDigest": image.digest, **({"imageTag": tag} if tag else {})}
    return {
        "registryId": record.account,
        "repositoryName": record.name,
        "imageId": identity,
        "imageManifest": image.text.decode(),
        "imageManifestMediaType": image.media_type,
    }


def _detail(record: Record, image: StoredImage) -> dict[str, Any]:
    manifest = image.manifest
    shown: dict[str, Any] = {
        "registryId": record.account,
        "repositoryName": record.name,
        "imageDigest": image.digest,
        "imageSizeInBytes": image.size,
        "imagePushedAt": moment(image.pushed),
        "imageManifestMediaType": image.media_type,
        "imageStatus": "ACTIVE",
    }
    if image.tags:
        shown["imageTags"] = list(image.tags)
    if manifest.artifact_type:
        shown["artifactMediaType"] = manifest.artifact_type
    if manifest.subject:
        shown["subjectManifestDigest"] = manifest.subject
    if image.pulled is not None:
        shown["lastRecordedPullTime"] = moment(image.pulled)
    return shown
