"""Repositories of requests: found, named, changed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from typing import Any, TypeVar
from urllib.parse import urlsplit

from clary.core.arn import Arn
from clary.core.call import Call
from clary.core.pages import InvalidToken, decode_token, encode_token
from clary.services.ecr.errors import InvalidParameterException, RepositoryNotFoundException
from clary.storage.images import Images
from clary.storage.records import Record, RecordChanged, Records

T = TypeVar("T")
RESOURCE = "repository/{repositoryName}"
MUTABLE = "MUTABLE"
_ATTEMPTS = 20


def registry_of(call: Call, request: Mapping[str, Any]) -> str:
    """The account whose registry a request means: its own, or the one it names."""
    return str(request.get("registryId") or call.account)


def repository_arn(account: str, region: str, name: str) -> str:
    """The ARN of a repository."""
    return str(Arn("ecr", region, account, f"repository/{name}"))


def find_repository(images: Images, call: Call, request: Mapping[str, Any]) -> Record:
    """The repository that a request names.

    Raises:
        RepositoryNotFoundException: there is none.
    """
    registry, name = registry_of(call, request), request["repositoryName"]
    record = images.repository(registry, call.region, name)
    if record is None:
        raise RepositoryNotFoundException(name=name, registry=registry)
    return record


def change_repository(
    records: Records, images: Images, call: Call, request: Mapping[str, Any], change: Callable[[dict[str, Any]], T]
) -> T:
    """Changes the body of a repository's record; again when somebody was faster.

    Args:
        change: changes the body in place; its result is passed on, its exceptions change nothing.

    Raises:
        RepositoryNotFoundException: there is none.
    """
    for attempt in range(_ATTEMPTS):
        record = find_repository(images, call, request)
        body = dict(record.body)
        result = change(body)
        try:
            records.update(record, body=body)
        except RecordChanged:
            if attempt == _ATTEMPTS - 1:
                raise
            continue
        return result
    raise AssertionError("unreachable")


def repository_uri(call: Call, record: Record) -> str:
    """The repository's name for `docker`, at the address by which the caller reached Clary.

    A caller who came by AWS's own host names (`clary exec`) gets AWS's form of it.
    """
    host = urlsplit(call.endpoint).netloc
    if not host or host.rpartition(":")[0].endswith("amazonaws.com") or host.endswith("amazonaws.com"):
        host = f"{record.account}.dkr.ecr.{record.region}.amazonaws.com"
    return f"{host}/{record.name}"


def described(call: Call, record: Record) -> dict[str, Any]:
    """A repository as ECR shows it."""
    shown: dict[str, Any] = {
        "repositoryArn": record.arn,
        "registryId": record.account,
        "repositoryName": record.name,
        "repositoryUri": repository_uri(call, record),
        "createdAt": moment(record.created),
        "imageTagMutability": record.body.get("mutability", MUTABLE),
        "imageScanningConfiguration": {"scanOnPush": False},
        "encryptionConfiguration": {"encryptionType": "AES256"},
    }
    if record.body.get("exclusions"):
        shown["imageTagMutabilityExclusionFilters"] = record.body["exclusions"]
    return shown


def may_move(record: Record) -> Callable[[str], bool]:
    """Whether a tag of this repository may go from one image to another."""
    mutability = record.body.get("mutability", MUTABLE)
    filters = [str(one["filter"]) for one in record.body.get("exclusions", [])]

    def decide(tag: str) -> bool:
        is_excluded = any(fnmatchcase(tag, pattern.replace("[", "[[]")) for pattern in filters)
        return mutability.startswith(MUTABLE) is not is_excluded

    return decide


def moment(seconds: float) -> datetime:
    """A time for an answer."""
    return datetime.fromtimestamp(seconds, UTC)


def page(entries: Sequence[T], key: Callable[[T], str], request: Mapping[str, Any]) -> tuple[Sequence[T], str | None]:
    """The part of a listing that a request asks for, and the token of the next part.

    Args:
        entries: all of it, sorted by `key`.

    Raises:
        InvalidParameterException: the token was not given out by this listing.
    """
    if "nextToken" in request:
        try:
            (after,) = decode_token(request["nextToken"], 1)
        except InvalidToken as error:
            raise InvalidParameterException(
                "Invalid parameter at 'nextToken': it was not returned by this operation."
            ) from error
        entries = [entry for entry in entries if key(entry) > str(after)]
    limit = request.get("maxResults", 100)
    token = encode_token(key(entries[limit - 1])) if len(entries) > limit else None
    return entries[:limit], token
