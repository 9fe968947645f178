"""The registry that `docker login`, `push` and `pull` speak to: the distribution specification under `/v2/`.

Its truth is the ECR operations' own (`storage.images`): what was pushed is described, what was put can be pulled. The
caller is known by the password that GetAuthorizationToken gave out, and may do what the ECR actions in policies allow.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Protocol
from urllib.parse import unquote

from clary.core.errors import ServiceError
from clary.core.http import HttpRequest, HttpResponse, conditions_of
from clary.core.policy import PolicyEvaluation, denial
from clary.services.ecr.credentials import Pass, RegistryCredentials
from clary.services.ecr.lookup import repository_arn
from clary.services.ecr.policies import policy_of
from clary.services.ecr.registry_blobs import RegistryBlobs
from clary.services.ecr.registry_http import Refusal, Visit, json_answer, query_of, refused
from clary.services.ecr.registry_manifests import RegistryManifests
from clary.storage.images import REPOSITORY, Images
from clary.storage.records import Records

_PATH = re.compile(
    r"/v2/(?P<name>[a-z0-9][a-z0-9._/-]*?)/(?P<kind>blobs/uploads|blobs|manifests|tags|referrers)/(?P<rest>[^/]*)"
)
_HOST = re.compile(r"(?P<account>[0-9]{12})\.dkr\.ecr\.(?P<region>[a-z0-9-]+)\.amazonaws\.com(?::[0-9]+)?")
_REALM = 'Basic realm="Clary ECR",service="ecr.amazonaws.com"'
_CATALOG = 1000

# What a request is in the words of policies.
_ACTIONS: Mapping[tuple[str, str], str] = {
    ("blobs", "GET"): "GetDownloadUrlForLayer",
    ("blobs", "HEAD"): "BatchCheckLayerAvailability",
    ("blobs/uploads", "POST"): "InitiateLayerUpload",
    ("blobs/uploads", "GET"): "UploadLayerPart",
    ("blobs/uploads", "PATCH"): "UploadLayerPart",
    ("blobs/uploads", "PUT"): "CompleteLayerUpload",
    ("blobs/uploads", "DELETE"): "UploadLayerPart",
    ("manifests", "GET"): "BatchGetImage",
    ("manifests", "HEAD"): "BatchGetImage",
    ("manifests", "PUT"): "PutImage",
    ("manifests", "DELETE"): "BatchDeleteImage",
    ("tags", "GET"): "ListImages",
    ("referrers", "GET"): "BatchGetImage",
}
_CODES = {  # of the distribution specification, for errors of ECR
    "RepositoryNotFoundException": (404, "NAME_UNKNOWN"),
    "ImageTagAlreadyExistsException": (400, "TAG_INVALID"),
    "LayersNotFoundException": (404, "MANIFEST_BLOB_UNKNOWN"),
    "ReferencedImagesNotFoundException": (404, "MANIFEST_UNKNOWN"),
}


class _Host(Protocol):
    """What a Host header says."""

    @property
    def bucket(self) -> str:
        """The bucket it names, or ""."""
        ...


class Registry:
    """Answers what comes under `/v2/`; a page of the gateway.

    Args:
        policies: decides what a caller may do; None lets everybody do everything.
        hosts: reads Host headers: the address of a bucket is not the registry's.
    """

    def __init__(
        self,
        records: Records,
        images: Images,
        credentials: RegistryCredentials,
        policies: PolicyEvaluation | None,
        hosts: Callable[[str], _Host],
    ) -> None:
        self._records = records
        self._images = images
        self._credentials = credentials
        self._policies = policies
        self._hosts = hosts
        blobs = RegistryBlobs(images, self._mountable)
        manifests = RegistryManifests(images)
        self._handlers: Mapping[tuple[str, str], Callable[[Visit], Awaitable[HttpResponse]]] = {
            ("blobs", "GET"): blobs.get,
            ("blobs", "HEAD"): blobs.get,
            ("blobs/uploads", "POST"): blobs.begin,
            ("blobs/uploads", "GET"): blobs.status,
            ("blobs/uploads", "PATCH"): blobs.append,
            ("blobs/uploads", "PUT"): blobs.finish,
            ("blobs/uploads", "DELETE"): blobs.abandon,
            ("manifests", "GET"): manifests.get,
            ("manifests", "HEAD"): manifests.get,
            ("manifests", "PUT"): manifests.put,
            ("manifests", "DELETE"): manifests.delete,
            ("tags", "GET"): manifests.tags,
            ("referrers", "GET"): manifests.referrers,
        }

    async def handle(self, request: HttpRequest) -> HttpResponse | None:
        """The answer to a request for the registry, None for any other."""
        if request.path not in ("/v2", "/v2/") and not request.path.startswith("/v2/"):
            return None
        authorization = request.headers.get("authorization", "")
        if authorization.startswith("AWS") or self._hosts(request.headers.get("host", "")).bucket:
            return None
        try:
            return await self._answer(request, authorization)
        except Refusal as refusal:
            return refused(refusal)
        except ServiceError as error:
            status, code = _CODES.get(error.wire_code, (400, "UNKNOWN"))
            return refused(Refusal(status, code, error.message))

    async def _answer(self, request: HttpRequest, authorization: str) -> HttpResponse:
        query = query_of(request)
        caller = await asyncio.to_thread(self._caller, authorization, query.get("token", ""))
        path = unquote(request.path)
        if path in ("/v2", "/v2/"):
            return json_answer(200, {})
        caller = _at_host(caller, request.headers.get("host", ""))
        if path == "/v2/_catalog" and request.method == "GET" and not caller.layer:
            return await asyncio.to_thread(self._catalog, request, caller)
        match = _PATH.fullmatch(path)
        if match is None:
            raise Refusal(404, "UNSUPPORTED", f"there is nothing at {path[:300]}")
        handler = self._handlers.get((match["kind"], request.method))
        if handler is None:
            raise Refusal(405, "UNSUPPORTED", f"{request.method} does not go with {match['kind']}")
        visit = await asyncio.to_thread(self._let_in, request, caller, match, query)
        return await handler(visit)

    def _caller(self, authorization: str, token: str) -> Pass:
        found = self._credentials.of_header(authorization) if authorization else None
        if found is None and token and not authorization:
            found = self._credentials.of_token(token)
        if found is None:
            message = (
                "Your authorization token has expired or is not valid. Reauthenticate and try again."
                if authorization or token
                else "no basic auth credentials: log in with the password of `aws ecr get-login-password`"
            )
            raise Refusal(401, "UNAUTHORIZED", message, {"WWW-Authenticate": _REALM})
        return found

    def _let_in(self, request: HttpRequest, caller: Pass, match: re.Match[str], query: dict[str, str]) -> Visit:
        name, kind = match["name"], match["kind"]
        arn = repository_arn(caller.account, caller.region, name)
        if caller.layer and (kind != "blobs" or caller.layer != f"{arn}@{match['rest']}"):
            raise Refusal(403, "DENIED", "this address is for another layer")
        record = self._images.repository(caller.account, caller.region, name)
        document = policy_of(record) if record is not None else None
        self._require(request, caller, _ACTIONS[kind, request.method], arn, document)
        if record is None:
            raise Refusal(
                404,
                "NAME_UNKNOWN",
                f"The repository with name '{name}' does not exist in the registry with id '{caller.account}'",
            )
        return Visit(request, caller, record, match["rest"], query)

    def _require(self, request: HttpRequest, caller: Pass, action: str, arn: str, document: Any = None) -> None:
        if self._policies is None:
            return
        conditions = {**conditions_of(request), "aws:RequestedRegion": caller.region}
        decision = self._policies.allowed(caller.principal, f"ecr:{action}", arn, conditions, document, caller.account)
        if not decision.allowed:
            raise Refusal(403, "DENIED", denial(caller.principal, f"ecr:{action}", arn, decision))

    def _mountable(self, visit: Visit, name: str, digest: str) -> int | None:
        """The size of a layer of another repository, when the caller may read it there; else None."""
        record = self._images.repository(visit.caller.account, visit.caller.region, name)
        if record is None:
            return None
        try:
            self._require(visit.request, visit.caller, "GetDownloadUrlForLayer", record.arn, policy_of(record))
        except Refusal:
            return None
        return self._images.layer_bytes(record.arn, digest)

    def _catalog(self, request: HttpRequest, caller: Pass) -> HttpResponse:
        self._require(request, caller, "DescribeRepositories", repository_arn(caller.account, caller.region, "*"))
        page = self._records.page(REPOSITORY, caller.account, caller.region, sort="name", limit=_CATALOG)
        return json_answer(200, {"repositories": [record.name for record in page.records]})


def _at_host(caller: Pass, host: str) -> Pass:
    """The registry that AWS's own form of the address names, else the one that the password was given out for."""
    match = _HOST.fullmatch(host.lower())
    if match is None:
        return caller
    return Pass(caller.principal, match["account"], match["region"], caller.layer)
