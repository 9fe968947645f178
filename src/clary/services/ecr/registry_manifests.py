"""Manifests and tags on the wire of the registry."""

from __future__ import annotations

import asyncio
import re

from clary.core.http import BodyTooLarge, HttpResponse
from clary.services.ecr.images import store_image
from clary.services.ecr.registry_http import Refusal, Visit, answer, body_of, json_answer
from clary.storage.image_manifests import LARGEST_BYTES, OCI_INDEX, InvalidManifest, is_digest, parse_manifest
from clary.storage.images import Images, InUse, StoredImage

_COUNT = re.compile(r"[0-9]{1,9}")
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}")


class RegistryManifests:
    """The manifests of repositories."""

    def __init__(self, images: Images) -> None:
        self._images = images

    async def get(self, visit: Visit) -> HttpResponse:
        """A manifest by tag or digest."""
        image = await asyncio.to_thread(self._find, visit)
        if visit.request.method == "GET":
            await asyncio.to_thread(self._images.note_pull, image)
        return answer(200, {**_headers(image), "Content-Type": image.media_type}, image.text)

    async def put(self, visit: Visit) -> HttpResponse:
        """Stores a manifest whose layers are there; under a tag, or by its digest alone."""
        try:
            text = await body_of(visit.request).read(LARGEST_BYTES)
        except BodyTooLarge as error:
            raise Refusal(413, "MANIFEST_INVALID", str(error)) from error
        try:
            manifest = parse_manifest(text, visit.request.headers.get("content-type", ""))
        except InvalidManifest as error:
            raise Refusal(400, "MANIFEST_INVALID", str(error)) from error
        tag = "" if is_digest(visit.rest) else visit.rest
        if not tag and manifest.digest != visit.rest:
            raise Refusal(400, "DIGEST_INVALID", f"the manifest has the digest {manifest.digest}, not {visit.rest}")
        if tag and not _TAG.fullmatch(tag):
            raise Refusal(400, "TAG_INVALID", f"{tag[:130]!r} is not a tag")
        image = await asyncio.to_thread(store_image, self._images, visit.record, manifest, tag, again=True)
        place = f"/v2/{visit.record.name}/manifests/{image.digest}"
        subject = {"OCI-Subject": manifest.subject} if manifest.subject else {}
        return answer(201, {"Location": place, **_headers(image), **subject, "Content-Length": "0"})

    async def delete(self, visit: Visit) -> HttpResponse:
        """Removes a tag, or a manifest with all its tags."""
        image = await asyncio.to_thread(self._find, visit)
        try:
            if is_digest(visit.rest):
                await asyncio.to_thread(self._images.remove, visit.record.arn, image.digest)
            else:
                await asyncio.to_thread(self._images.untag, visit.record.arn, visit.rest)
        except InUse as error:
            raise Refusal(409, "DENIED", f"the list {error.digest} refers to {image.digest}") from error
        return answer(202, {"Content-Length": "0"})

    async def tags(self, visit: Visit) -> HttpResponse:
        """The tags, in pages if `n` is given."""
        if visit.rest != "list":
            raise Refusal(404, "UNSUPPORTED", "tags are listed at tags/list")
        tags = await asyncio.to_thread(self._images.tags, visit.record.arn)
        tags = [tag for tag in tags if tag > visit.query.get("last", "")]
        wanted = visit.query.get("n", "")
        count = (int(wanted) if _COUNT.fullmatch(wanted) else 0) or len(tags)
        headers = {}
        if len(tags) > count:
            following = f"/v2/{visit.record.name}/tags/list?n={count}&last={tags[count - 1]}"
            headers["Link"] = f'<{following}>; rel="next"'
        return json_answer(200, {"name": visit.record.name, "tags": tags[:count]}, headers)

    async def referrers(self, visit: Visit) -> HttpResponse:
        """What is attached to a manifest: signatures, lists of contents."""
        images = await asyncio.to_thread(self._images.all, visit.record.arn)
        attached = [
            {
                "mediaType": image.media_type,
                "digest": image.digest,
                "size": len(image.text),
                "artifactType": image.manifest.artifact_type,
            }
            for image in images
            if image.manifest.subject == visit.rest
        ]
        index = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": attached}
        return json_answer(200, index, {"Content-Type": OCI_INDEX})

    def _find(self, visit: Visit) -> StoredImage:
        digest, tag = (visit.rest, "") if is_digest(visit.rest) else ("", visit.rest)
        image = self._images.find(visit.record.arn, digest=digest, tag=tag)
        if image is None:
            raise Refusal(
                404, "MANIFEST_UNKNOWN", f"the repository {visit.record.name} has no image {visit.rest[:130]}"
            )
        return image


def _headers(image: StoredImage) -> dict[str, str]:
    return {"Docker-Content-Digest": image.digest, "ETag": f'"{image.digest}"'}
