"""The website configuration of a bucket: index and error documents, redirects, routing rules."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from clary.core.call import Call
from clary.core.operations import operation
from clary.services.s3.errors import InvalidArgument, MalformedXML, NoSuchWebsiteConfiguration
from clary.services.s3.parameters import find_bucket
from clary.storage.object_errors import InvalidRequest
from clary.storage.objects import Objects

_MOST_RULES = 50
_REDIRECT_CODES = ("301", "302", "303", "304", "305", "307", "308")


class BucketWebsite:
    """The website configuration of a bucket."""

    api = "s3"

    def __init__(self, objects: Objects) -> None:
        self._objects = objects

    @operation("PutBucketWebsite", resource="{Bucket}")
    def put(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Replaces the configuration."""
        bucket = find_bucket(self._objects, request)
        configuration = request["WebsiteConfiguration"]
        _check(configuration)
        self._objects.set_bucket(bucket.name, "website", configuration)
        return {}

    @operation("GetBucketWebsite", resource="{Bucket}")
    def get(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """The configuration."""
        bucket = find_bucket(self._objects, request)
        if "website" not in bucket.settings:
            raise NoSuchWebsiteConfiguration(BucketName=bucket.name)
        return dict(bucket.settings["website"])

    @operation("DeleteBucketWebsite", resource="{Bucket}")
    def delete(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Ends the website."""
        self._objects.set_bucket(find_bucket(self._objects, request).name, "website", None)
        return {"__status__": 204}


def _check(configuration: Mapping[str, Any]) -> None:
    if "RedirectAllRequestsTo" in configuration:
        if len(configuration) > 1:
            raise InvalidArgument(
                "RedirectAllRequestsTo cannot be provided in conjunction with other Routing Rules.",
                ArgumentName="RedirectAllRequestsTo",
            )
        return
    suffix = configuration.get("IndexDocument", {}).get("Suffix")
    if suffix is None:
        raise InvalidArgument(
            "A value for IndexDocument Suffix must be provided if RedirectAllRequestsTo is empty",
            ArgumentName="IndexDocument",
            ArgumentValue="null",
        )
    if not suffix or "/" in suffix:
        raise InvalidArgument(
            "The IndexDocument Suffix is not well formed", ArgumentName="IndexDocument", ArgumentValue=suffix
        )
    rules = configuration.get("RoutingRules", ())
    if len(rules) > _MOST_RULES:
        raise InvalidRequest(f"{len(rules)} routing rules provided, the number of routing rules is limited to 50.")
    for rule in rules:
        _check_rule(rule)


def _check_rule(rule: Mapping[str, Any]) -> None:
    redirect, condition = rule["Redirect"], rule.get("Condition")
    if not redirect or (condition is not None and not condition):
        raise MalformedXML
    if "ReplaceKeyWith" in redirect and "ReplaceKeyPrefixWith" in redirect:
        raise InvalidRequest("You can only define ReplaceKeyPrefix or ReplaceKey but not both.")
    code = redirect.get("HttpRedirectCode")
    if code is not None and code not in _REDIRECT_CODES:
        raise InvalidRequest(f"The provided HTTP redirect code ({code}) is not valid. Valid codes are 3XX except 300.")
    error = (condition or {}).get("HttpErrorCodeReturnedEquals")
    if error is not None and not (error.isdigit() and 400 <= int(error) < 600):
        raise InvalidRequest(f"The provided HTTP error code ({error}) is not valid. Valid codes are 4XX or 5XX.")
