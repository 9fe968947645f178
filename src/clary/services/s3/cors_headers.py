"""CORS on the wire: preflights, and the headers that let a browser's script read an answer."""

from __future__ import annotations

from clary.core.http import HttpRequest, HttpResponse
from clary.core.ids import request_id
from clary.services.s3.cors import METHODS, CorsMatch, match
from clary.services.s3.errors import AccessForbidden, BadRequest
from clary.services.s3.web import Hosts, locate, xml_error
from clary.storage.objects import Objects

_VARY = ("Vary", "Origin, Access-Control-Request-Headers, Access-Control-Request-Method")
_NOT_ENABLED = "CORSResponse: CORS is not enabled for this bucket."
_NOT_ALLOWED = (
    "CORSResponse: This CORS request is not allowed: no CORS rule of the bucket fits its Origin together with "
    "its Access-Control-Request-Method and Access-Control-Request-Headers."
)


class CorsHeaders:
    """Answers preflights for buckets, and adds CORS headers to S3's other answers.

    Args:
        hosts: reads Host headers.
    """

    def __init__(self, objects: Objects, hosts: Hosts) -> None:
        self._objects = objects
        self._hosts = hosts

    async def handle(self, request: HttpRequest) -> HttpResponse | None:
        """Answers an OPTIONS request to a bucket or object; None to everything else."""
        if request.method != "OPTIONS":
            return None
        name, _ = locate(request, self._hosts)
        if not name:
            return None
        identity = request_id()
        origin = request.headers.get("origin")
        method = request.headers.get("access-control-request-method", "")
        if origin is None:
            return xml_error(BadRequest("Insufficient information. Origin request header needed."), identity)
        if method not in METHODS:
            return xml_error(BadRequest(f"Invalid Access-Control-Request-Method: {method or 'null'}"), identity)
        bucket = self._objects.bucket(name)
        if bucket is None or "cors" not in bucket.settings:
            return xml_error(AccessForbidden(_NOT_ENABLED, Method=method, ResourceType="BUCKET"), identity)
        wanted = [
            part.strip()
            for part in request.headers.get("access-control-request-headers", "").split(",")
            if part.strip()
        ]
        found = match(bucket, origin, method, wanted)
        if found is None:
            return xml_error(AccessForbidden(_NOT_ALLOWED, Method=method, ResourceType="OBJECT"), identity)
        headers = found.headers()
        if wanted:
            headers.append(("Access-Control-Allow-Headers", ", ".join(wanted).lower()))
        return HttpResponse(200, [*headers, _VARY, ("x-amz-request-id", identity)])

    def finish(self, request: HttpRequest, api: str, response: HttpResponse) -> None:
        """Adds the CORS headers to an answer of S3 (`api` "s3", or "" for a page), in place."""
        origin = request.headers.get("origin")
        if origin is None or api not in ("s3", "") or request.method == "OPTIONS":
            return
        found = self._match(request, origin)
        if found is not None:
            response.headers += [*found.headers(), _VARY]

    def _match(self, request: HttpRequest, origin: str) -> CorsMatch | None:
        name, _ = locate(request, self._hosts)
        bucket = self._objects.bucket(name) if name else None
        return match(bucket, origin, request.method) if bucket is not None else None
