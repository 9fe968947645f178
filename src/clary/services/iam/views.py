"""Entities as IAM describes them, and its lists in pages."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from clary.core.pages import InvalidToken, decode_token, encode_token
from clary.services.iam.documents import encoded
from clary.services.iam.errors import InvalidInput, LimitExceeded, ValidationError
from clary.storage.identities import Identities
from clary.storage.identity_entities import Entity

T = TypeVar("T")
_DEFAULT_PAGE = 100
_MOST_TAGS = 50


def user_view(user: Entity) -> dict[str, Any]:
    """A user."""
    return _common(user, "User")


def group_view(group: Entity) -> dict[str, Any]:
    """A group."""
    return _common(group, "Group")


def role_view(role: Entity, *, in_list: bool = False) -> dict[str, Any]:
    """A role; lists leave out tags and boundary, as AWS does."""
    view = _common(role, "Role", in_list=in_list)
    view["AssumeRolePolicyDocument"] = encoded(role.body["trust"])
    view["MaxSessionDuration"] = role.body.get("max_session_seconds", 3600)
    if "description" in role.body:
        view["Description"] = role.body["description"]
    if not in_list:
        view["RoleLastUsed"] = {}
    return view


def policy_view(identities: Identities, policy: Entity, account: str, *, in_list: bool = False) -> dict[str, Any]:
    """A managed policy."""
    view: dict[str, Any] = {
        "PolicyName": policy.name,
        "PolicyId": policy.id,
        "Arn": policy.arn,
        "Path": policy.path,
        "DefaultVersionId": f"v{policy.body['default_version']}",
        "AttachmentCount": len(identities.policies.owners(account, policy.arn)),
        "PermissionsBoundaryUsageCount": identities.policies.bounded(account, policy.arn),
        "IsAttachable": True,
        "CreateDate": int(policy.created),
        "UpdateDate": int(policy.body.get("updated", policy.created)),
    }
    if not in_list:
        if policy.body.get("description"):
            view["Description"] = policy.body["description"]
        view["Tags"] = tag_list(policy.tags)
    return view


def _common(entity: Entity, word: str, *, in_list: bool = False) -> dict[str, Any]:
    view: dict[str, Any] = {
        "Path": entity.path,
        f"{word}Name": entity.name,
        f"{word}Id": entity.id,
        "Arn": entity.arn,
        "CreateDate": int(entity.created),
    }
    if in_list or word == "Group":
        return view
    if entity.tags:
        view["Tags"] = tag_list(entity.tags)
    if entity.body.get("boundary"):
        view["PermissionsBoundary"] = {
            "PermissionsBoundaryType": "Policy",
            "PermissionsBoundaryArn": entity.body["boundary"],
        }
    return view


def tag_list(tags: Mapping[str, str]) -> list[dict[str, str]]:
    """Tags as IAM writes them."""
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def tags_of(request: Mapping[str, Any]) -> dict[str, str]:
    """The tags in a request.

    Raises:
        InvalidInput: a key is there twice.
        LimitExceeded: they are more than 50.
    """
    listed = request.get("Tags", ())
    tags = {tag["Key"]: tag["Value"] for tag in listed}
    if len({key.lower() for key in tags}) != len(listed):
        raise InvalidInput("Duplicate tag keys found. Please note that Tag keys are case insensitive.")
    check_tag_count(tags)
    return tags


def check_tag_count(tags: Mapping[str, str]) -> None:
    """Refuses more tags than a resource may have.

    Raises:
        LimitExceeded: they are more than 50.
    """
    if len(tags) > _MOST_TAGS:
        raise LimitExceeded(f"The number of tags has reached the maximum limit: {_MOST_TAGS}.")


def page_size(request: Mapping[str, Any]) -> int:
    """How many entries a page has."""
    return int(request.get("MaxItems", _DEFAULT_PAGE))


def marker_of(request: Mapping[str, Any]) -> str:
    """The place after which the page begins, "" for the first one.

    Raises:
        ValidationError: the marker is not one of ours.
    """
    if "Marker" not in request:
        return ""
    try:
        return str(decode_token(request["Marker"], 1)[0])
    except InvalidToken as error:
        raise ValidationError("Invalid Marker.") from error


def paged(
    request: Mapping[str, Any], member: str, items: Sequence[T], key: Callable[[T], str], view: Callable[[T], Any]
) -> dict[str, Any]:
    """One page of a list that is there in full, sorted by `key`.

    Raises:
        ValidationError: the marker is not one of ours.
    """
    after, limit = marker_of(request), page_size(request)
    rest = sorted((item for item in items if key(item) > after), key=key)
    answer: dict[str, Any] = {member: [view(item) for item in rest[:limit]], "IsTruncated": len(rest) > limit}
    if len(rest) > limit:
        answer["Marker"] = encode_token(key(rest[limit - 1]))
    return answer


def entity_page(
    request: Mapping[str, Any],
    member: str,
    identities: Identities,
    account: str,
    kind: str,
    view: Callable[[Entity], Any],
) -> dict[str, Any]:
    """One page of the users, groups or roles of an account.

    Raises:
        ValidationError: the marker is not one of ours.
    """
    found, more = identities.entities.page(
        account,
        kind,
        path_prefix=request.get("PathPrefix", "/"),
        after=marker_of(request),
        limit=page_size(request),
    )
    answer: dict[str, Any] = {member: [view(entity) for entity in found], "IsTruncated": more}
    if more:
        answer["Marker"] = encode_token(found[-1].key)
    return answer
