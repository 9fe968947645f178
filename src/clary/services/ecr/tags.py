"""Tags of repositories (of the resource; tags of images are another thing)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from clary.core.arn import Arn
from clary.core.call import Call
from clary.core.operations import operation
from clary.services.ecr.errors import (
    InvalidParameterException,
    InvalidTagParameterException,
    RepositoryNotFoundException,
    TooManyTagsException,
)
from clary.storage.images import Images
from clary.storage.records import Records

MOST_TAGS = 50


def checked_tags(sent: Sequence[dict[str, str]]) -> dict[str, str]:
    """The tags of a request.

    Raises:
        InvalidTagParameterException: a key comes twice or begins with "aws:".
        TooManyTagsException: there are more than fifty.
    """
    tags: dict[str, str] = {}
    for tag in sent:
        key = tag["Key"]
        if key in tags:
            raise InvalidTagParameterException(f"Duplicate tag keys are not allowed: {key!r} appears more than once.")
        if key.lower().startswith("aws:"):
            raise InvalidTagParameterException(f"Invalid tag key {key!r}: keys that begin with aws: are AWS's own.")
        tags[key] = tag["Value"]
    if len(tags) > MOST_TAGS:
        raise TooManyTagsException(f"A repository can have at most {MOST_TAGS} tags; {len(tags)} were sent.")
    return tags


class RepositoryTags:
    """TagResource, UntagResource and ListTagsForResource."""

    api = "ecr"

    def __init__(self, records: Records, images: Images) -> None:
        self._records = records
        self._images = images

    @operation("TagResource", resource="{resourceArn}")
    def tag(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Adds tags, or gives them new values."""
        arn = self._require(request["resourceArn"])
        tags = checked_tags(request["tags"])
        if len({*self._records.tags(arn), *tags}) > MOST_TAGS:
            raise TooManyTagsException(f"A repository can have at most {MOST_TAGS} tags: {arn} would have more.")
        self._records.set_tags(arn, tags)
        return {}

    @operation("UntagResource", resource="{resourceArn}")
    def untag(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Removes tags; unknown keys are ignored."""
        self._records.remove_tags(self._require(request["resourceArn"]), request["tagKeys"])
        return {}

    @operation("ListTagsForResource", resource="{resourceArn}")
    def list(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """All tags of a repository."""
        tags = self._records.tags(self._require(request["resourceArn"]))
        return {"tags": [{"Key": key, "Value": value} for key, value in tags.items()]}

    def _require(self, text: str) -> str:
        try:
            arn = Arn.parse(text)
        except ValueError as error:
            raise InvalidParameterException(
                f"Invalid parameter at 'resourceArn' failed to satisfy constraint: {text!r} is not an ARN"
            ) from error
        kind, _, name = arn.resource.partition("/")
        if arn.service != "ecr" or kind != "repository":
            raise InvalidParameterException(
                f"Invalid parameter at 'resourceArn' failed to satisfy constraint: {text!r} is not a repository's ARN"
            )
        if self._images.repository(arn.account, arn.region, name) is None:
            raise RepositoryNotFoundException(name=name, registry=arn.account)
        return text
