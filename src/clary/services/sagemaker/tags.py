"""Tags of any SageMaker resource."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from clary.core.arn import Arn
from clary.core.call import Call
from clary.core.errors import ValidationException
from clary.core.operations import operation
from clary.core.pages import InvalidToken, decode_token, encode_token
from clary.services.sagemaker.names import tag_list
from clary.storage.records import Records

MOST_TAGS = 50


def tags_of(sent: Sequence[dict[str, str]]) -> dict[str, str]:
    """The tags of a request, checked.

    Raises:
        ValidationException: a key comes twice or begins with "aws:", which is AWS's own.
    """
    tags: dict[str, str] = {}
    for tag in sent:
        key = tag["Key"]
        if key in tags:
            raise ValidationException(f"Duplicate tag keys are not allowed: {key!r} appears more than once.")
        if key.lower().startswith("aws:"):
            raise ValidationException(f"Invalid tag key {key!r}: keys that begin with aws: are reserved for AWS.")
        tags[key] = tag["Value"]
    return tags


class Tags:
    """AddTags, ListTags and DeleteTags.

    Args:
        records: where resources and their tags are.
    """

    api = "sagemaker"

    def __init__(self, records: Records) -> None:
        self._records = records

    @operation("AddTags", resource="{ResourceArn}")
    def add(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Adds tags, or gives them new values; answers with all tags of the resource."""
        arn = self._require(call, request["ResourceArn"])
        added = tags_of(request["Tags"])
        if len({*self._records.tags(arn), *added}) > MOST_TAGS:
            raise ValidationException(f"A resource can have at most {MOST_TAGS} tags: {arn} would have more.")
        self._records.set_tags(arn, added)
        return {"Tags": tag_list(self._records.tags(arn))}

    @operation("ListTags", resource="{ResourceArn}")
    def list(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """A page of a resource's tags, by key."""
        arn = self._require(call, request["ResourceArn"])
        tags = tag_list(self._records.tags(arn))
        if "NextToken" in request:
            try:
                (after,) = decode_token(request["NextToken"], 1)
            except InvalidToken as error:
                raise ValidationException("Invalid NextToken: it was not returned by this operation.") from error
            tags = [tag for tag in tags if tag["Key"] > str(after)]
        page = tags[: request.get("MaxResults", MOST_TAGS)]
        if len(page) < len(tags):
            return {"Tags": page, "NextToken": encode_token(page[-1]["Key"])}
        return {"Tags": page}

    @operation("DeleteTags", resource="{ResourceArn}")
    def delete(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Removes tags; keys that the resource does not have are ignored."""
        self._records.remove_tags(self._require(call, request["ResourceArn"]), request["TagKeys"])
        return {}

    def _require(self, call: Call, text: str) -> str:
        """The ARN of an existing resource of the caller's account, in SageMaker's lower case."""
        arn = Arn.parse(text)
        kind, _, name = arn.resource.partition("/")
        exact = str(Arn(arn.service, arn.region, arn.account, f"{kind}/{name.lower()}", arn.partition))
        if arn.account != call.account or self._records.by_arn(exact) is None:
            raise ValidationException(f"Could not find the resource {text}.")
        return exact
