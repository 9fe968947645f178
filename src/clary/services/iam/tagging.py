"""Tags of users, roles and policies."""

from __future__ import annotations

from typing import Any

from clary.services.iam.views import check_tag_count, paged, tags_of
from clary.storage.identities import Identities


def add_tags(identities: Identities, account: str, kind: str, name: str, request: dict[str, Any]) -> dict[str, Any]:
    """Adds a request's tags to an entity; a key that is there, in whatever case, gets the new value.

    Raises:
        NoSuchEntity: it is not there.
        LimitExceeded: it would have more than 50 tags.
    """
    entity = identities.entities.get(account, kind, name)
    added = tags_of(request)
    lower = {key.lower() for key in added}
    tags = {key: value for key, value in entity.tags.items() if key.lower() not in lower} | added
    check_tag_count(tags)
    identities.entities.update(account, kind, name, {"tags": tags})
    return {}


def remove_tags(identities: Identities, account: str, kind: str, name: str, request: dict[str, Any]) -> dict[str, Any]:
    """Removes tags from an entity; unknown keys are ignored.

    Raises:
        NoSuchEntity: it is not there.
    """
    entity = identities.entities.get(account, kind, name)
    gone = {key.lower() for key in request["TagKeys"]}
    tags = {key: value for key, value in entity.tags.items() if key.lower() not in gone}
    identities.entities.update(account, kind, name, {"tags": tags})
    return {}


def list_tags(identities: Identities, account: str, kind: str, name: str, request: dict[str, Any]) -> dict[str, Any]:
    """One page of an entity's tags.

    Raises:
        NoSuchEntity: it is not there.
    """
    tags = identities.entities.get(account, kind, name).tags
    return paged(request, "Tags", list(tags), str, lambda key: {"Key": key, "Value": tags[key]})
