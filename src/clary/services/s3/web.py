"""What S3's web pages share: where a request points, who may do what, and errors written as XML or HTML.

Websites, form uploads and CORS preflights are no API calls: browsers make them, unsigned, and they have no operation
in the model. Each is one class with `handle(request)`, which answers None to a request that is not for it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any, Protocol
from urllib.parse import unquote

from clary.core.errors import ServiceError
from clary.core.http import HttpRequest, HttpResponse

WEBSITE_PATH = "/_website/"
"""Where websites are found on hosts that name no bucket: `/_website/BUCKET/KEY`; no bucket's name begins so."""


class HostMeaning(Protocol):
    """What a Host header says."""

    @property
    def bucket(self) -> str:
        """The bucket it names, "" for none."""
        ...

    @property
    def website(self) -> bool:
        """Whether it is the bucket's website endpoint."""
        ...


Hosts = Callable[[str], HostMeaning]
"""Reads a Host header."""


def locate(request: HttpRequest, hosts: Hosts) -> tuple[str, str]:
    """The bucket a request names by host or path, "" for none, and the rest of the path, percent-encoded as sent."""
    meaning = hosts(request.headers.get("host", ""))
    if meaning.bucket:
        return meaning.bucket, request.path.removeprefix("/")
    path = request.path
    path = path.removeprefix(WEBSITE_PATH) if path.startswith(WEBSITE_PATH) else path.removeprefix("/")
    bucket, _, rest = path.partition("/")
    return unquote(bucket), rest


def escaped(text: str) -> str:
    """Text for XML and HTML; the standard library's own functions would load its HTTP client and all HTML entities."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")


def xml_document(root: str, members: Mapping[str, Any]) -> bytes:
    """A flat XML document."""
    inside = "".join(f"<{name}>{escaped(str(value))}</{name}>" for name, value in members.items())
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<{root}>{inside}</{root}>'.encode()


def xml_error(error: ServiceError, request_id: str) -> HttpResponse:
    """An error as S3 writes it."""
    details = {name: value for name, value in error.details.items() if not name.startswith("__")}
    members = {"Code": error.wire_code, "Message": error.message, **details, "RequestId": request_id}
    headers = [("Content-Type", "application/xml"), ("x-amz-request-id", request_id)]
    return HttpResponse(type(error).status, headers, xml_document("Error", members))


def html_error(status: int, code: str, message: str, details: Mapping[str, str], request_id: str) -> HttpResponse:
    """An error as a page for people."""
    title = f"{status} {HTTPStatus(status).phrase}"
    facts = {"Code": code, **details, "Request": request_id}
    rows = "".join(f"<dt>{escaped(name)}</dt><dd>{escaped(value)}</dd>" for name, value in facts.items())
    page = (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{title}</title></head>\n'
        f"<body><h1>{title}</h1><p>{escaped(message)}</p><dl>{rows}</dl></body></html>\n"
    )
    headers = [
        ("Content-Type", "text/html; charset=utf-8"),
        ("x-amz-error-code", code),
        ("x-amz-error-message", message),
        ("x-amz-request-id", request_id),
    ]
    return HttpResponse(status, headers, page.encode())
