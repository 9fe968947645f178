"""CORS rules of a bucket: how they are set, and which rule speaks of a request."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from clary.core.call import Call
from clary.core.operations import operation
from clary.services.s3.errors import MalformedXML, NoSuchCORSConfiguration
from clary.services.s3.parameters import find_bucket
from clary.storage.object_errors import InvalidRequest
from clary.storage.object_values import Bucket
from clary.storage.objects import Objects

METHODS = ("GET", "PUT", "POST", "DELETE", "HEAD")
_MOST_RULES = 100
_LONGEST_ID = 255


class BucketCors:
    """The CORS rules of a bucket."""

    api = "s3"

    def __init__(self, objects: Objects) -> None:
        self._objects = objects

    @operation("PutBucketCors", action="PutBucketCORS", resource="{Bucket}")
    def put(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Replaces the rules."""
        bucket = find_bucket(self._objects, request)
        rules = request["CORSConfiguration"]["CORSRules"]
        if not 0 < len(rules) <= _MOST_RULES:
            raise MalformedXML
        for rule in rules:
            _check(rule)
        self._objects.set_bucket(bucket.name, "cors", {"CORSRules": rules})
        return {}

    @operation("GetBucketCors", action="GetBucketCORS", resource="{Bucket}")
    def get(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """The rules."""
        bucket = find_bucket(self._objects, request)
        if "cors" not in bucket.settings:
            raise NoSuchCORSConfiguration(BucketName=bucket.name)
        return dict(bucket.settings["cors"])

    @operation("DeleteBucketCors", action="PutBucketCORS", resource="{Bucket}")
    def delete(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Removes the rules."""
        self._objects.set_bucket(find_bucket(self._objects, request).name, "cors", None)
        return {"__status__": 204}


@dataclass(frozen=True, slots=True)
class CorsMatch:
    """A rule that allows a request.

    Attributes:
        allowed_origin: "*" where the rule names everybody, else the request's own origin.
        expose: names of headers that scripts may read.
        max_age_seconds: how long a browser may remember a preflight, None for its own default.
    """

    allowed_origin: str
    methods: Sequence[str]
    expose: Sequence[str]
    max_age_seconds: int | None

    def headers(self) -> list[tuple[str, str]]:
        """The headers that tell a browser so."""
        headers = [
            ("Access-Control-Allow-Origin", self.allowed_origin),
            ("Access-Control-Allow-Methods", ", ".join(self.methods)),
        ]
        if self.allowed_origin != "*":
            headers.append(("Access-Control-Allow-Credentials", "true"))
        if self.expose:
            headers.append(("Access-Control-Expose-Headers", ", ".join(self.expose)))
        if self.max_age_seconds is not None:
            headers.append(("Access-Control-Max-Age", str(self.max_age_seconds)))
        return headers


def match(bucket: Bucket, origin: str, method: str, headers: Sequence[str] = ()) -> CorsMatch | None:
    """The first rule that allows an origin, a method and all of the request's headers; None where none does."""
    for rule in bucket.settings.get("cors", {}).get("CORSRules", ()):
        allowed = next((one for one in rule["AllowedOrigins"] if _fits(one, origin)), None)
        if allowed is None or method not in rule["AllowedMethods"]:
            continue
        if all(any(_fits(one.lower(), name.lower()) for one in rule.get("AllowedHeaders", ())) for name in headers):
            return CorsMatch(
                "*" if allowed == "*" else origin,
                rule["AllowedMethods"],
                rule.get("ExposeHeaders", ()),
                rule.get("MaxAgeSeconds"),
            )
    return None


def _fits(allowed: str, given: str) -> bool:
    head, star, tail = allowed.partition("*")
    if not star:
        return allowed == given
    return len(given) >= len(head) + len(tail) and given.startswith(head) and given.endswith(tail)


def _check(rule: Mapping[str, Any]) -> None:
    if not rule.get("AllowedOrigins") or not rule.get("AllowedMethods") or len(rule.get("ID", "")) > _LONGEST_ID:
        raise MalformedXML
    for method in rule["AllowedMethods"]:
        if method not in METHODS:
            raise InvalidRequest(f"Found unsupported HTTP method in CORS config. Unsupported method is {method}")
    for name in ("AllowedOrigins", "AllowedHeaders"):
        for text in rule.get(name, ()):
            if text.count("*") > 1:
                raise InvalidRequest(f'{name[:-1]} "{text}" can not have more than one wildcard.')
    for text in rule.get("ExposeHeaders", ()):
        if not re.fullmatch(r"[!#$%&'+\-.^_`|~0-9A-Za-z]+", text):
            raise InvalidRequest(
                f'ExposeHeader "{text}" contains wildcard. We currently do not support wildcard for ExposeHeader.'
                if "*" in text
                else f'ExposeHeader "{text}" is not a header name.'
            )
