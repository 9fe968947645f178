from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import pytest

from clary.core.call import Principal
from clary.core.clock import FixedClock
from clary.core.errors import AccessDenied
from clary.core.http import ByteStream, Headers, HttpRequest, HttpResponse
from clary.core.policy import Request
from clary.core.policy_documents import PolicyKind, parse
from clary.gateway.addressing import meaning_of_host
from clary.services.s3.cors_headers import CorsHeaders
from clary.services.s3.forms import FormUploads
from clary.services.s3.website_pages import WebsitePages
from clary.storage.database import Database
from clary.storage.objects import SCHEMA, Attributes, Objects

ACCOUNT = "123456789012"
USER = Principal("user", f"arn:aws:iam::{ACCOUNT}:user/ada", ACCOUNT)
READERS = {
    "Effect": "Allow", "Principal": "*", "Action": ["s3:GetObject", "s3:ListBucket"],
    "Resource": ["arn:aws:s3:::site", "arn:aws:s3:::site/*"],
}  # fmt: skip


@dataclass
class Verdict:
    allowed: bool


class ResourcePolicies:
    """Evaluates bucket policies alone; users of the account may do everything."""

    def allowed(self, principal, action, resource_arn, conditions=None, resource_policy=None, resource_account=""):
        if principal.account == resource_account:
            return Verdict(True)
        if resource_policy is None:
            return Verdict(False)
        context = {name.lower(): value for name, value in (conditions or {}).items()}
        effect = parse(resource_policy, PolicyKind.RESOURCE).decide(Request(action, resource_arn, context, principal))
        return Verdict(effect.name == "ALLOW")


class Grant:
    principal = USER

    def check_size(self, size_bytes: int, *, complete: bool = True) -> None:
        if size_bytes > 300_000:
            raise AccessDenied("too large")


class World:
    def __init__(self, path: Path) -> None:
        self.database = Database(path / "objects.db", SCHEMA)
        (path / "files").mkdir()
        self.objects = Objects(self.database, path / "files")
        self.objects.create_bucket("site", ACCOUNT, "us-east-1", {"public-access-block": {}})
        self.forms_seen: list[dict[str, str]] = []
        policies = ResourcePolicies()
        self.website = WebsitePages(self.objects, policies, meaning_of_host)
        self.cors = CorsHeaders(self.objects, meaning_of_host)
        self.forms = FormUploads(self.objects, self.verify, policies, meaning_of_host, FixedClock())

    def verify(self, fields):
        self.forms_seen.append(dict(fields))
        if fields.get("policy") == "bad":
            raise AccessDenied("Invalid according to Policy: Policy expired.")
        return Grant()

    def put(self, key: str, text: str, content_type: str = "text/html", **headers: str) -> None:
        self.objects.put_bytes(
            "site", key, text.encode(), Attributes(headers={"Content-Type": content_type, **headers})
        )

    def configure(self, **website) -> None:
        self.objects.set_bucket("site", "website", {"IndexDocument": {"Suffix": "index.html"}, **website})
        policy = {"Version": "2012-10-17", "Statement": [READERS]}
        self.objects.set_bucket("site", "policy", policy)

    async def get(self, path: str, method: str = "GET", host: str = "127.0.0.1:4566", query: str = "", **headers: str):
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        request = HttpRequest(method, path, query, Headers({"host": host, **named}))
        response = await self.website.handle(request)
        assert response is not None
        if isinstance(response.body, ByteStream):
            response.body = await response.body.read()
        return response


def header(response: HttpResponse, name: str) -> str | None:
    found = [value for known, value in response.headers if known.lower() == name.lower()]
    assert len(found) < 2, f"{name} is there twice"
    return found[0] if found else None


@pytest.fixture
def world(tmp_path: Path):
    world = World(tmp_path)
    yield world
    world.objects.close()
    world.database.close()


@pytest.mark.parametrize(
    ("host", "path"),
    [
        ("127.0.0.1:4566", "/_website/site/"),
        ("127.0.0.1:4566", "/_website/site"),
        ("site.s3-website.localhost:4566", "/"),
        ("site.s3-website-us-east-1.amazonaws.com", "/"),
        ("site.s3-website.eu-central-1.amazonaws.com", "/"),
    ],
)
async def test_a_website_shows_its_index_document(world, host, path):
    world.configure()
    world.put("index.html", "<p>hello</p>", **{"Cache-Control": "no-cache"})
    page = await world.get(path, host=host)
    assert (page.status, page.body) == (200, b"<p>hello</p>")
    assert header(page, "Content-Type") == "text/html"
    assert header(page, "Cache-Control") == "no-cache"


async def test_other_requests_are_none_of_the_websites_business(world):
    for host, path in (("127.0.0.1", "/site/index.html"), ("site.s3.amazonaws.com", "/")):
        assert await world.website.handle(HttpRequest("GET", path, "", Headers({"host": host}))) is None


async def test_only_what_everybody_may_read_is_shown(world):
    world.configure()
    world.put("index.html", "x")
    world.objects.set_bucket("site", "policy", None)
    page = await world.get("/_website/site/")
    assert (page.status, header(page, "x-amz-error-code")) == (403, "AccessDenied")
    assert b"<h1>403 Forbidden</h1>" in page.body


async def test_a_missing_page_is_404_only_for_who_may_list(world):
    world.configure()
    page = await world.get("/_website/site/%3Cscript%3E")
    assert (page.status, header(page, "x-amz-error-code")) == (404, "NoSuchKey")
    assert b"<script>" not in page.body
    assert b"&lt;script&gt;" in page.body
    reader = {**READERS, "Action": "s3:GetObject", "Resource": "arn:aws:s3:::site/*"}
    world.objects.set_bucket("site", "policy", {"Version": "2012-10-17", "Statement": [reader]})
    assert (await world.get("/_website/site/nothing")).status == 403


async def test_a_folder_without_its_slash_is_redirected(world):
    world.configure()
    world.put("a b/index.html", "folder")
    page = await world.get("/_website/site/a%20b")
    assert (page.status, header(page, "Location")) == (302, "/_website/site/a%20b/")
    page = await world.get("/a%20b", host="site.s3-website.localhost")
    assert (page.status, header(page, "Location")) == (302, "/a%20b/")
    assert (await world.get("/_website/site/a%20b/")).body == b"folder"


async def test_the_error_document_keeps_the_status(world):
    world.configure(ErrorDocument={"Key": "sorry.html"})
    world.put("sorry.html", "sorry")
    page = await world.get("/_website/site/nothing", range="bytes=0-1")
    assert (page.status, page.body, header(page, "Content-Type")) == (404, b"sorry", "text/html")


async def test_objects_and_buckets_redirect(world):
    world.configure()
    world.put("old", "", **{"x-amz-website-redirect-location": "/new"})
    world.put("away", "", **{"x-amz-website-redirect-location": "https://example.com/"})
    assert header(await world.get("/old", host="site.s3-website.localhost"), "Location") == "/new"
    page = await world.get("/_website/site/old")
    assert (page.status, header(page, "Location")) == (301, "/_website/site/new")
    assert header(await world.get("/_website/site/away"), "Location") == "https://example.com/"
    target = {"HostName": "example.com", "Protocol": "https"}
    world.objects.set_bucket("site", "website", {"RedirectAllRequestsTo": target})
    page = await world.get("/_website/site/x%20y", query="a=b")
    assert (page.status, header(page, "Location")) == (301, "https://example.com/x%20y?a=b")


async def test_routing_rules_redirect_by_prefix_and_by_error(world):
    rules = [
        {"Condition": {"KeyPrefixEquals": "docs/"}, "Redirect": {"ReplaceKeyPrefixWith": "documents/"}},
        {
            "Condition": {"HttpErrorCodeReturnedEquals": "404", "KeyPrefixEquals": "app/"},
            "Redirect": {"ReplaceKeyWith": "index.html", "HttpRedirectCode": "302", "HostName": "example.com"},
        },
    ]
    world.configure(RoutingRules=rules)
    world.put("app/there", "there")
    page = await world.get("/docs/a", host="site.s3-website.localhost:1")
    assert (page.status, header(page, "Location")) == (301, "http://site.s3-website.localhost:1/documents/a")
    page = await world.get("/_website/site/docs/a")
    assert header(page, "Location") == "http://127.0.0.1:4566/_website/site/documents/a"
    page = await world.get("/_website/site/app/missing")
    assert (page.status, header(page, "Location")) == (302, "http://example.com/index.html")
    assert (await world.get("/_website/site/app/there")).body == b"there"
    assert (await world.get("/_website/site/elsewhere")).status == 404


async def test_conditions_and_ranges_hold(world):
    world.configure()
    world.put("page", "0123456789")
    whole = await world.get("/_website/site/page")
    etag, modified = header(whole, "ETag"), header(whole, "Last-Modified")
    assert (await world.get("/_website/site/page", if_none_match=etag)).status == 304
    assert (await world.get("/_website/site/page", if_modified_since=modified)).status == 304
    assert (await world.get("/_website/site/page", if_modified_since="nonsense")).status == 200
    assert (await world.get("/_website/site/page", if_match='"other"')).status == 412
    part = await world.get("/_website/site/page", range="bytes=2-4")
    assert (part.status, part.body) == (206, b"234")
    assert (header(part, "Content-Range"), header(part, "Content-Length")) == ("bytes 2-4/10", "3")
    beyond = await world.get("/_website/site/page", range="bytes=20-")
    assert (beyond.status, header(beyond, "Content-Range")) == (416, "bytes */10")
    head = await world.get("/_website/site/page", method="HEAD")
    assert (head.status, head.body, header(head, "Content-Length")) == (200, b"", "10")


async def test_what_is_no_website_says_so(world):
    assert (await world.get("/_website/missing/")).status == 404
    page = await world.get("/_website/site/")
    assert header(page, "x-amz-error-code") == "NoSuchWebsiteConfiguration"
    world.configure()
    assert (await world.get("/_website/site/", method="POST")).status == 405
    assert (await world.get("/_website/site/%ff")).status == 400


# CORS

RULES = [
    {
        "AllowedOrigins": ["https://*.example.com"],
        "AllowedMethods": ["PUT", "GET"],
        "AllowedHeaders": ["x-amz-*", "Content-Type"],
        "ExposeHeaders": ["ETag"],
        "MaxAgeSeconds": 60,
    },
    {"AllowedOrigins": ["*"], "AllowedMethods": ["GET"]},
]


async def preflight(world, path="/site/k", **headers: str) -> HttpResponse:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    response = await world.cors.handle(HttpRequest("OPTIONS", path, "", Headers({"host": "127.0.0.1", **named})))
    assert response is not None
    return response


async def test_a_preflight_is_answered_by_the_first_rule_that_fits(world):
    world.objects.set_bucket("site", "cors", {"CORSRules": RULES})
    answer = await preflight(
        world,
        origin="https://app.example.com",
        access_control_request_method="PUT",
        access_control_request_headers="X-Amz-Date, content-type",
    )
    assert answer.status == 200
    assert header(answer, "Access-Control-Allow-Origin") == "https://app.example.com"
    assert header(answer, "Access-Control-Allow-Methods") == "PUT, GET"
    assert header(answer, "Access-Control-Allow-Headers") == "x-amz-date, content-type"
    assert header(answer, "Access-Control-Max-Age") == "60"
    assert header(answer, "Access-Control-Expose-Headers") == "ETag"
    assert header(answer, "Access-Control-Allow-Credentials") == "true"
    anyone = await preflight(world, origin="http://x", access_control_request_method="GET")
    assert header(anyone, "Access-Control-Allow-Origin") == "*"
    assert header(anyone, "Access-Control-Allow-Credentials") is None


async def test_a_preflight_for_what_no_rule_allows_is_refused(world):
    asked = {"origin": "https://app.example.com", "access_control_request_method": "PUT"}
    assert b"CORS is not enabled" in (await preflight(world, **asked)).body
    world.objects.set_bucket("site", "cors", {"CORSRules": RULES})
    assert (await preflight(world, **asked)).status == 200
    for change in (
        {"origin": "https://example.com.evil.org"},
        {"access_control_request_method": "DELETE"},
        {"access_control_request_headers": "authorization"},
    ):
        refused = await preflight(world, **{**asked, **change})
        assert (refused.status, header(refused, "Access-Control-Allow-Origin")) == (403, None)
    assert (await preflight(world, access_control_request_method="PUT")).status == 400
    assert await world.cors.handle(HttpRequest("OPTIONS", "/", "", Headers({"host": "127.0.0.1"}))) is None
    assert await world.cors.handle(HttpRequest("GET", "/site/k", "", Headers({"host": "127.0.0.1"}))) is None


def test_answers_of_s3_carry_cors_headers_and_those_of_others_do_not(world):
    world.objects.set_bucket("site", "cors", {"CORSRules": RULES})

    def finished(api: str, host: str, path: str, **headers: str) -> HttpResponse:
        response = HttpResponse()
        world.cors.finish(HttpRequest("GET", path, "", Headers({"host": host, **headers})), api, response)
        return response

    for host, path in (("127.0.0.1", "/site/k"), ("site.s3.localhost", "/k"), ("127.0.0.1", "/_website/site/k")):
        answer = finished("s3", host, path, origin="https://a.example.com")
        assert header(answer, "Access-Control-Allow-Origin") == "https://a.example.com"
        assert "Origin" in header(answer, "Vary")
    assert finished("s3", "127.0.0.1", "/site/k").headers == []
    assert finished("sagemaker", "127.0.0.1", "/site/k", origin="https://a.example.com").headers == []


# Forms


def form(*parts: tuple[str, str], file: bytes | None = b"content", filename: str = "photo.png") -> bytes:
    text = b""
    for name, value in parts:
        text += f'--XX\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
    if file is not None:
        head = f'--XX\r\nContent-Disposition: form-data; name="file"; filename="{filename}"\r\n'
        text += head.encode() + b"Content-Type: image/png\r\n\r\n" + file + b"\r\n"
    return text + b"--XX--\r\n"


async def post(world, body: bytes, piece: int = 1 << 20, path: str = "/site") -> HttpResponse:
    async def chunks():
        for start in range(0, len(body), piece):
            yield body[start : start + piece]

    headers = Headers({"host": "127.0.0.1:4566", "content-type": "multipart/form-data; boundary=XX"})
    response = await world.forms.handle(HttpRequest("POST", path, "", headers, ByteStream(chunks(), len(body))))
    assert response is not None
    return response


@pytest.mark.parametrize("piece", [1, 7, 1 << 20])
async def test_a_form_stores_its_file_whatever_the_pieces_it_comes_in(world, piece):
    content = b"--XX is not\r\n--X a boundary\n" * 10
    body = form(
        ("key", "in/${filename}"), ("Content-Type", "image/png"), ("x-amz-meta-Who", "ada"), ("empty", ""), file=content
    )
    answer = await post(world, body, piece)
    assert (answer.status, answer.body) == (204, b"")
    stored = world.objects.head("site", "in/photo.png")
    assert world.objects.open(stored).read() == content
    assert (stored.headers["Content-Type"], stored.metadata) == ("image/png", {"who": "ada"})
    assert header(answer, "ETag") == f'"{stored.etag}"'
    assert world.forms_seen[0]["bucket"] == "site"
    assert world.forms_seen[0]["key"] == "in/photo.png"


async def test_the_answer_is_the_one_the_form_asks_for(world):
    answer = await post(world, form(("key", "k"), ("success_action_status", "201")))
    assert answer.status == 201
    assert b"<ETag>&quot;" in answer.body
    assert b"<PostResponse><Location>http://127.0.0.1:4566/site/k</Location><Bucket>site</Bucket>" in answer.body
    assert (await post(world, form(("key", "k"), ("success_action_status", "200")))).status == 200
    assert (await post(world, form(("key", "k"), ("success_action_status", "999")))).status == 204
    answer = await post(world, form(("key", "a b"), ("success_action_redirect", "http://x/done?a=1")))
    etag = world.objects.head("site", "a b").etag
    assert (answer.status, header(answer, "Location")) == (
        303,
        f"http://x/done?a=1&bucket=site&key=a+b&etag=%22{etag}%22",
    )
    assert (await post(world, form(("key", "k"), ("success_action_redirect", "javascript:x")))).status == 204


async def test_tags_and_acls_come_with_a_form(world):
    tagging = "<Tagging><TagSet><Tag><Key>a</Key><Value>1</Value></Tag></TagSet></Tagging>"
    assert (await post(world, form(("key", "k"), ("tagging", tagging)))).status == 204
    assert world.objects.head("site", "k").tags == {"a": "1"}
    refused = await post(world, form(("key", "k"), ("acl", "public-read")))
    assert b"<Code>AccessControlListNotSupported</Code>" in refused.body


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (form(("key", "k"), ("policy", "bad")), 403, b"AccessDenied"),
        (form(("key", "k"), file=b"x" * 400_000), 403, b"AccessDenied"),
        (form(("key", "k"), file=None), 400, b"InvalidArgument"),
        (form(("other", "k")), 400, b"InvalidArgument"),
        (form(("key", "k" * 2000)), 400, b"KeyTooLongError"),
        (form(("key", "k"), ("x-amz-meta-a", "v" * 21_000)), 400, b"MaxPostPreDataLengthExceeded"),
        (form(("key", "k"), ("Content-Type", "a\r\nSet-Cookie: b")), 400, b"InvalidArgument"),
        (form(("key", "k"), ("tagging", "<Tagging>")), 400, b"MalformedXML"),
        (form(("key", "k"))[:-20], 400, b"MalformedPOSTRequest"),
        (b"nonsense", 400, b"MalformedPOSTRequest"),
        (b"n" * 40_000, 400, b"MaxPostPreDataLengthExceeded"),
    ],
)
async def test_a_form_that_is_not_as_it_must_be_stores_nothing(world, body, status, code):
    answer = await post(world, body)
    assert answer.status == status
    assert b"<Code>" + code + b"</Code>" in answer.body
    assert world.objects.list("site").objects == []


async def test_an_anonymous_form_needs_an_open_bucket(world, monkeypatch):
    monkeypatch.setattr(Grant, "principal", Principal("anonymous", "", ""))
    assert (await post(world, form(("key", "k")))).status == 403
    writers = {**READERS, "Action": "s3:PutObject", "Resource": "arn:aws:s3:::site/*"}
    world.objects.set_bucket("site", "policy", json.loads(json.dumps({"Statement": [writers]})))
    assert (await post(world, form(("key", "k")))).status == 204


async def test_a_form_for_a_missing_bucket_or_no_form_at_all(world):
    assert b"NoSuchBucket" in (await post(world, form(("key", "k")), path="/missing")).body
    headers = Headers({"host": "127.0.0.1", "content-type": "application/xml"})
    assert await world.forms.handle(HttpRequest("POST", "/site", "delete", headers)) is None
    headers["content-type"] = "multipart/form-data; boundary=XX"
    assert await world.forms.handle(HttpRequest("POST", "/endpoints/a/invocations", "", headers)) is None
