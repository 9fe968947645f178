"""Buckets as websites: index and error documents, redirects, routing rules, pages for errors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import formatdate, parsedate_to_datetime
from typing import Any
from urllib.parse import quote, unquote

from clary.core.call import ANONYMOUS
from clary.core.http import HttpRequest, HttpResponse, conditions_of
from clary.core.ids import request_id
from clary.core.policy import PolicyEvaluation
from clary.services.s3.access import effective_policy
from clary.services.s3.errors import InvalidRange
from clary.services.s3.parameters import DEFAULT_CONTENT_TYPE, readable_metadata
from clary.services.s3.preconditions import is_unchanged, parse_range
from clary.services.s3.web import WEBSITE_PATH, Hosts, html_error, locate
from clary.storage.object_errors import NoSuchKey, PreconditionFailed
from clary.storage.object_values import Bucket, StoredObject
from clary.storage.objects import Objects

_REDIRECT_HEADER = "x-amz-website-redirect-location"
_LONGEST_KEY_BYTES = 1024


class Refusal(Exception):
    """A page that cannot be shown."""

    def __init__(self, status: int, code: str, message: str, **details: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.details = details


@dataclass(frozen=True, slots=True)
class Site:
    """A website and the request to it.

    Attributes:
        configuration: as PutBucketWebsite took it.
        prefix: the path below which the site lies, "" on a host of its own.
        key: what is asked for, decoded.
    """

    request: HttpRequest
    bucket: Bucket
    configuration: Mapping[str, Any]
    prefix: str
    key: str

    @property
    def suffix(self) -> str:
        """The name of index documents."""
        return str(self.configuration.get("IndexDocument", {}).get("Suffix", "index.html"))

    def url_path(self, key: str) -> str:
        """The path under which a browser finds a key."""
        return f"{self.prefix}/{quote(key)}"


class WebsitePages:
    """Serves buckets with a website configuration to anonymous readers, as far as their policies allow.

    A website is found at `BUCKET.s3-website-REGION.amazonaws.com`, at `BUCKET.s3-website.localhost` and, on any host,
    below `/_website/BUCKET/`.

    Args:
        policies: decides whether everybody may read an object.
        hosts: reads Host headers.
    """

    def __init__(self, objects: Objects, policies: PolicyEvaluation, hosts: Hosts) -> None:
        self._objects = objects
        self._policies = policies
        self._hosts = hosts

    async def handle(self, request: HttpRequest) -> HttpResponse | None:
        """The page, None where the request is not to a website."""
        is_below_path = request.path.startswith(WEBSITE_PATH)
        if not is_below_path and not self._hosts(request.headers.get("host", "")).website:
            return None
        if request.method == "OPTIONS":  # a preflight, which CORS rules answer
            return None
        try:
            site = self._site(request)
            if (redirect := _redirect_of_all(site)) is not None:
                return redirect
            return self._page(site)
        except Refusal as refusal:
            return html_error(refusal.status, refusal.code, refusal.message, refusal.details, request_id())

    def _site(self, request: HttpRequest) -> Site:
        if request.method not in ("GET", "HEAD"):
            raise Refusal(405, "MethodNotAllowed", "Websites answer GET and HEAD only.", Method=request.method)
        name, path = locate(request, self._hosts)
        bucket = self._objects.bucket(name)
        if bucket is None:
            raise Refusal(404, "NoSuchBucket", "There is no bucket of this name.", BucketName=name)
        configuration = bucket.settings.get("website")
        if configuration is None:
            raise Refusal(
                404, "NoSuchWebsiteConfiguration", "This bucket has no website configuration.", BucketName=name
            )
        prefix = f"{WEBSITE_PATH}{quote(name)}" if request.path.startswith(WEBSITE_PATH) else ""
        try:
            key = unquote(path, errors="strict")
        except UnicodeDecodeError:
            raise Refusal(400, "BadRequest", "The path is not UTF-8.") from None
        if len(key.encode(errors="replace")) > _LONGEST_KEY_BYTES:
            raise Refusal(400, "KeyTooLongError", "The path is longer than a key can be.")
        return Site(request, bucket, configuration, prefix, key)

    def _page(self, site: Site) -> HttpResponse:
        if (rule := _rule_for(site, None)) is not None:
            return _redirect(site, rule["Redirect"])
        key = site.key
        try:
            stored = self._find(site, key + site.suffix if not key or key.endswith("/") else key)
        except Refusal as refusal:
            if key and not key.endswith("/") and self._is_readable(site, f"{key}/{site.suffix}"):
                return HttpResponse(302, [("Location", site.url_path(f"{key}/"))])
            return self._error_page(site, refusal)
        location = stored.headers.get(_REDIRECT_HEADER)
        if location is not None:
            return HttpResponse(301, [("Location", site.prefix + location if location.startswith("/") else location)])
        return self._content(site, stored)

    def _find(self, site: Site, key: str) -> StoredObject:
        """An object that everybody may read; who may not list the bucket is not told which keys are missing."""
        try:
            stored = self._objects.head(site.bucket.name, key)
        except NoSuchKey:
            if self._may(site, "s3:ListBucket", site.bucket.arn, None):
                raise Refusal(404, "NoSuchKey", "There is nothing at this address.", Key=key) from None
            raise Refusal(403, "AccessDenied", "Everybody may read only what a bucket policy opens.") from None
        if not self._may(site, "s3:GetObject", f"{site.bucket.arn}/{key}", stored):
            raise Refusal(403, "AccessDenied", "Everybody may read only what a bucket policy opens.")
        return stored

    def _is_readable(self, site: Site, key: str) -> bool:
        try:
            self._find(site, key)
        except Refusal:
            return False
        return True

    def _may(self, site: Site, action: str, arn: str, stored: StoredObject | None) -> bool:
        policy = effective_policy(site.bucket, stored)
        conditions = conditions_of(site.request)
        return self._policies.allowed(ANONYMOUS, action, arn, conditions, policy, site.bucket.account).allowed

    def _error_page(self, site: Site, refusal: Refusal) -> HttpResponse:
        if (rule := _rule_for(site, refusal.status)) is not None:
            return _redirect(site, rule["Redirect"])
        document = site.configuration.get("ErrorDocument", {}).get("Key")
        if document is None:
            raise refusal
        try:
            stored = self._find(site, document)
        except Refusal:
            raise refusal from None
        answer = self._whole(site, stored)
        answer.status = refusal.status
        answer.headers += [("x-amz-error-code", refusal.code), ("x-amz-error-message", refusal.message)]
        return answer

    def _content(self, site: Site, stored: StoredObject) -> HttpResponse:
        """The object, or what the request's conditions and range leave of it."""
        try:
            if is_unchanged(_conditions(site.request), stored):
                return HttpResponse(304, _validators(stored))
            wanted = site.request.headers.get("range")
            window = parse_range(wanted, stored.size) if wanted is not None else None
        except PreconditionFailed:
            raise Refusal(412, "PreconditionFailed", "A condition of the request does not hold.") from None
        except InvalidRange:
            refused = html_error(416, "InvalidRange", "The range lies outside of the object.", {}, request_id())
            refused.headers.append(("Content-Range", f"bytes */{stored.size}"))
            return refused
        if window is None:
            return self._whole(site, stored)
        start, end = window
        answer = self._bytes(site, stored, start, end)
        answer.status = 206
        answer.headers.append(("Content-Range", f"bytes {start}-{end - 1}/{stored.size}"))
        return answer

    def _whole(self, site: Site, stored: StoredObject) -> HttpResponse:
        return self._bytes(site, stored, 0, stored.size)

    def _bytes(self, site: Site, stored: StoredObject, start: int, end: int) -> HttpResponse:
        headers = [
            ("Content-Type", DEFAULT_CONTENT_TYPE),
            *((name, value) for name, value in stored.headers.items() if name != _REDIRECT_HEADER),
            *((f"x-amz-meta-{name}", value) for name, value in readable_metadata(stored.metadata).items()),
            *_validators(stored),
            ("Accept-Ranges", "bytes"),
            ("Content-Length", str(end - start)),
        ]
        if "Content-Type" in stored.headers:
            headers.pop(0)
        if site.request.method == "HEAD":
            return HttpResponse(200, headers)
        try:
            return HttpResponse(200, headers, self._objects.read(stored, start, end))
        except NoSuchKey:  # overwritten or deleted since it was found
            raise Refusal(404, "NoSuchKey", "There is nothing at this address.", Key=stored.key) from None


def _validators(stored: StoredObject) -> list[tuple[str, str]]:
    return [("ETag", f'"{stored.etag}"'), ("Last-Modified", formatdate(int(stored.modified), usegmt=True))]


def _conditions(request: HttpRequest) -> dict[str, Any]:
    """The preconditions of a request under the names of S3's parameters; a date that is none does not count."""
    found: dict[str, Any] = {}
    for header, name in (("if-match", "IfMatch"), ("if-none-match", "IfNoneMatch")):
        if header in request.headers:
            found[name] = request.headers[header]
    for header, name in (("if-modified-since", "IfModifiedSince"), ("if-unmodified-since", "IfUnmodifiedSince")):
        if (moment := _date(request.headers.get(header))) is not None:
            found[name] = moment
    return found


def _date(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _rule_for(site: Site, status: int | None) -> Mapping[str, Any] | None:
    """The first routing rule that speaks of the key and of that error, or of no error."""
    for rule in site.configuration.get("RoutingRules", ()):
        condition = rule.get("Condition", {})
        code = condition.get("HttpErrorCodeReturnedEquals")
        if (None if code is None else int(code)) != status:
            continue
        if site.key.startswith(condition.get("KeyPrefixEquals", "")):
            found: Mapping[str, Any] = rule
            return found
    return None


def _redirect(site: Site, redirect: Mapping[str, str]) -> HttpResponse:
    key = site.key
    if "ReplaceKeyWith" in redirect:
        key = redirect["ReplaceKeyWith"]
    elif "ReplaceKeyPrefixWith" in redirect:
        prefix = _matched_prefix(site, redirect)
        key = redirect["ReplaceKeyPrefixWith"] + key.removeprefix(prefix)
    protocol = redirect.get("Protocol", site.request.scheme)
    host = redirect.get("HostName")
    # On a host of its own the path form's prefix has no meaning.
    path = site.url_path(key) if host is None else f"/{quote(key)}"
    location = f"{protocol}://{host or site.request.headers.get('host', '')}{path}"
    return HttpResponse(int(redirect.get("HttpRedirectCode", "301")), [("Location", location)])


def _matched_prefix(site: Site, redirect: Mapping[str, str]) -> str:
    for rule in site.configuration.get("RoutingRules", ()):
        if rule["Redirect"] is redirect:
            return str(rule.get("Condition", {}).get("KeyPrefixEquals", ""))
    return ""


def _redirect_of_all(site: Site) -> HttpResponse | None:
    target = site.configuration.get("RedirectAllRequestsTo")
    if target is None:
        return None
    query = f"?{site.request.query}" if site.request.query else ""
    protocol = target.get("Protocol", site.request.scheme)
    return HttpResponse(301, [("Location", f"{protocol}://{target['HostName']}/{quote(site.key)}{query}")])
