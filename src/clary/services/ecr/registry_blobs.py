"""Layers on the wire of the registry: fetched whole or in part, uploaded in one piece or many, mounted."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable

from clary.core.http import HttpResponse
from clary.services.ecr.registry_http import Refusal, Visit, answer, body_of, file_stream, pieces
from clary.storage.blobs import NoSuchUpload, UploadBusy, WrongDigest, WrongOffset
from clary.storage.image_manifests import is_digest
from clary.storage.images import Images, NoSuchRepository

_RANGE = re.compile(r"bytes=(?P<first>[0-9]{1,18})-(?P<last>[0-9]{0,18})")
_CONTENT_RANGE = re.compile(r"(?:bytes )?(?P<first>[0-9]{1,18})-[0-9]{1,18}(?:/.*)?")
Mountable = Callable[[Visit, str, str], int | None]


class RegistryBlobs:
    """The blobs of repositories.

    Args:
        mountable: the size of a layer in another repository that the caller may take over, or None.
    """

    def __init__(self, images: Images, mountable: Mountable) -> None:
        self._images = images
        self._mountable = mountable

    async def get(self, visit: Visit) -> HttpResponse:
        """A layer, or a part of it."""
        digest = _digest(visit.rest)
        size = await asyncio.to_thread(self._images.layer_bytes, visit.record.arn, digest)
        if size is None:
            raise Refusal(404, "BLOB_UNKNOWN", f"the repository {visit.record.name} has no layer {digest}")
        headers = {
            "Content-Type": "application/octet-stream",
            "Docker-Content-Digest": digest,
            "ETag": f'"{digest}"',
            "Accept-Ranges": "bytes",
        }
        path = str(self._images.blobs.path(digest))
        match = _RANGE.fullmatch(visit.request.headers.get("range", ""))
        if match is None:
            return answer(200, headers, file_stream(path, 0, size))
        first = int(match["first"])
        last = min(int(match["last"] or size - 1), size - 1)
        if first > last:
            raise Refusal(416, "SIZE_INVALID", f"the layer has {size} bytes", {"Content-Range": f"bytes */{size}"})
        headers["Content-Range"] = f"bytes {first}-{last}/{size}"
        return answer(206, headers, file_stream(path, first, last - first + 1))

    async def begin(self, visit: Visit) -> HttpResponse:
        """Begins an upload, does it at once, or takes the layer over from another repository."""
        if visit.rest:
            raise Refusal(405, "UNSUPPORTED", "POST begins an upload; an upload goes on with PATCH and PUT")
        mount, source = visit.query.get("mount", ""), visit.query.get("from", "")
        if is_digest(mount) and source and await asyncio.to_thread(self._mount, visit, source, mount):
            return _stored(visit, mount)
        upload = await asyncio.to_thread(self._images.blobs.begin, visit.record.arn)
        if "digest" in visit.query:
            return await self._finish(visit, upload)
        return _accepted(visit, upload, 0)

    async def status(self, visit: Visit) -> HttpResponse:
        """How far an upload is."""
        try:
            size = await asyncio.to_thread(self._images.blobs.received, visit.record.arn, visit.rest)
        except NoSuchUpload as error:
            raise _unknown(visit) from error
        return _accepted(visit, visit.rest, size, status=204)

    async def append(self, visit: Visit) -> HttpResponse:
        """Adds to an upload."""
        size = await self._receive(visit, visit.rest)
        return _accepted(visit, visit.rest, size)

    async def finish(self, visit: Visit) -> HttpResponse:
        """Adds the rest, checks the digest, and makes the upload a layer."""
        return await self._finish(visit, visit.rest)

    async def abandon(self, visit: Visit) -> HttpResponse:
        """Gives an upload up."""
        try:
            await asyncio.to_thread(self._images.blobs.abandon, visit.record.arn, visit.rest)
        except NoSuchUpload as error:
            raise _unknown(visit) from error
        return answer(204)

    def _mount(self, visit: Visit, source: str, digest: str) -> bool:
        size = self._mountable(visit, source, digest)
        if size is None or not self._images.blobs.touch(digest):
            return False
        self._add(visit, digest, size)
        return True

    def _add(self, visit: Visit, digest: str, size: int) -> None:
        try:
            self._images.add_layer(visit.record.arn, digest, size)
        except NoSuchRepository as error:
            raise Refusal(404, "NAME_UNKNOWN", f"the repository {visit.record.name} was deleted") from error

    async def _finish(self, visit: Visit, upload: str) -> HttpResponse:
        digest = _digest(visit.query.get("digest", ""))
        await self._receive(visit, upload)
        try:
            size = await asyncio.to_thread(self._images.blobs.finish, visit.record.arn, upload, digest)
        except NoSuchUpload as error:
            raise _unknown(visit) from error
        except UploadBusy as error:
            raise _busy() from error
        except WrongDigest as error:
            raise Refusal(400, "DIGEST_INVALID", f"{error}, not {digest}") from error
        await asyncio.to_thread(self._add, visit, digest, size)
        return _stored(visit, digest)

    async def _receive(self, visit: Visit, upload: str) -> int:
        """Appends the body to an upload as it comes; returns the upload's size."""
        blobs, arn = self._images.blobs, visit.record.arn
        match = _CONTENT_RANGE.fullmatch(visit.request.headers.get("content-range", ""))
        offset = int(match["first"]) if match else None
        try:
            size = await asyncio.to_thread(blobs.received, arn, upload)
            if offset is not None and offset != size:
                raise WrongOffset(size)
            async for held in pieces(body_of(visit.request)):
                size = await asyncio.to_thread(blobs.append, arn, upload, held, offset=size)
        except NoSuchUpload as error:
            raise _unknown(visit) from error
        except UploadBusy as error:
            raise _busy() from error
        except WrongOffset as error:
            headers = {"Range": _range(error.size), "Location": _place(visit, upload), "Docker-Upload-UUID": upload}
            raise Refusal(416, "SIZE_INVALID", f"the upload goes on at byte {error.size}", headers) from error
        return size


def _digest(text: str) -> str:
    if not is_digest(text):
        raise Refusal(400, "DIGEST_INVALID", f"{text[:100]!r} is not a digest: sha256: and 64 hexadecimal digits")
    return text


def _unknown(visit: Visit) -> Refusal:
    return Refusal(404, "BLOB_UPLOAD_UNKNOWN", f"the repository {visit.record.name} has no upload {visit.rest[:60]}")


def _busy() -> Refusal:
    return Refusal(409, "BLOB_UPLOAD_INVALID", "another request is writing to the upload")


def _place(visit: Visit, upload: str) -> str:
    return f"/v2/{visit.record.name}/blobs/uploads/{upload}"


def _range(size: int) -> str:
    return f"0-{max(0, size - 1)}"


def _accepted(visit: Visit, upload: str, size: int, *, status: int = 202) -> HttpResponse:
    headers = {"Location": _place(visit, upload), "Docker-Upload-UUID": upload, "Range": _range(size)}
    return answer(status, headers if status == 204 else {**headers, "Content-Length": "0"})


def _stored(visit: Visit, digest: str) -> HttpResponse:
    place = f"/v2/{visit.record.name}/blobs/{digest}"
    return answer(201, {"Location": place, "Docker-Content-Digest": digest, "Content-Length": "0"})
