"""The registry's protocol, request by request."""

from __future__ import annotations

import base64
import json
from types import SimpleNamespace
from typing import Any

import pytest

from clary.core.call import Call
from clary.core.clock import FixedClock
from clary.core.http import ByteStream, Headers, HttpRequest, HttpResponse, stream_of
from clary.services.ecr.credentials import RegistryCredentials
from clary.services.ecr.registry import Registry
from clary.storage.identity_entities import USER
from clary.storage.images import REPOSITORY
from clary.storage.records import Record

from ..desk import ACCOUNT
from .conftest import World, digest_of, manifest_of


class Wire:
    """Speaks to a registry as a client does."""

    def __init__(self, world: World, password: str) -> None:
        self.registry = Registry(
            world.records, world.images, world.credentials, world.identities, lambda host: SimpleNamespace(bucket="")
        )
        self.authorization = "Basic " + base64.b64encode(f"AWS:{password}".encode()).decode()

    async def __call__(
        self, method: str, path: str, body: bytes = b"", *, host: str = "127.0.0.1:4566", **headers: str
    ) -> HttpResponse:
        named = {"host": host, "authorization": self.authorization}
        named |= {name.replace("_", "-"): value for name, value in headers.items()}
        path, _, query = path.partition("?")
        request = HttpRequest(method, path, query, Headers(named), stream_of(body) if body else b"")
        answer = await self.registry.handle(request)
        assert answer is not None
        return answer

    async def push_layer(self, repository: str, data: bytes) -> dict[str, Any]:
        began = await self("POST", f"/v2/{repository}/blobs/uploads/")
        place = dict(began.headers)["Location"]
        await self("PATCH", place, data)
        done = await self("PUT", f"{place}?digest={digest_of(data)}")
        assert done.status == 201, done.body
        return {"mediaType": "application/octet-stream", "size": len(data), "digest": digest_of(data)}


@pytest.fixture
def wire(world: World) -> Wire:
    return Wire(world, password_of(world))


def password_of(world: World, principal: Any = None) -> str:
    given = world.ecr("GetAuthorizationToken", **({"principal": principal} if principal else {}))
    return base64.b64decode(given["authorizationData"][0]["authorizationToken"]).decode().partition(":")[2]


async def content(answer: HttpResponse) -> bytes:
    return await answer.body.read() if isinstance(answer.body, ByteStream) else answer.body


def code_of(answer: HttpResponse) -> tuple[int, str]:
    assert isinstance(answer.body, bytes)
    return answer.status, json.loads(answer.body)["errors"][0]["code"]


async def test_what_is_pushed_on_the_wire_is_what_the_operations_tell_and_the_other_way_round(
    world: World, wire: Wire
) -> None:
    parts = [await wire.push_layer("team/app", data) for data in (b"{}", b"layer")]
    text = manifest_of(*parts)
    put = await wire("PUT", "/v2/team/app/manifests/v1", text.encode())
    assert put.status == 201
    (detail,) = world.ecr("DescribeImages", repositoryName="team/app")["imageDetails"]
    assert dict(put.headers)["Docker-Content-Digest"] == detail["imageDigest"] == digest_of(text.encode())
    again = await wire("PUT", "/v2/team/app/manifests/v1", text.encode())
    assert again.status == 201
    other = world.push("team/app", "v2", content=b"by the API")
    got = await wire("GET", "/v2/team/app/manifests/v2")
    assert dict(got.headers)["Docker-Content-Digest"] == other
    layer = await wire("GET", f"/v2/team/app/blobs/{digest_of(b'by the API')}")
    assert await content(layer) == b"by the API"
    tags = await wire("GET", "/v2/team/app/tags/list")
    assert json.loads(await content(tags)) == {"name": "team/app", "tags": ["v1", "v2"]}


async def test_without_a_valid_password_nothing_is_told(world: World, wire: Wire) -> None:
    for authorization in ("", "Basic nonsense", "Bearer x", wire.authorization[:-8] + "AAAAAAA="):
        wire.authorization = authorization
        answer = await wire("GET", "/v2/")
        assert code_of(answer) == (401, "UNAUTHORIZED")
        assert "Basic" in dict(answer.headers)["WWW-Authenticate"]


async def test_a_password_ends_after_twelve_hours_and_with_its_key(world: World, wire: Wire, clock: FixedClock) -> None:
    world.identities.entities.create(ACCOUNT, USER, "alice")
    key = world.identities.keys.create(ACCOUNT, USER, "alice")
    credential = world.identities.credential(key.id)
    assert credential is not None
    alice = Wire(world, password_of(world, credential.principal))
    assert (await alice("GET", "/v2/")).status == 200
    world.identities.keys.delete(ACCOUNT, USER, "alice", key.id)
    assert (await alice("GET", "/v2/")).status == 401
    assert (await wire("GET", "/v2/")).status == 200
    clock.advance(12 * 3600 + 1)
    assert (await wire("GET", "/v2/")).status == 401


async def test_policies_decide_what_a_caller_may_do(world: World) -> None:
    digest = world.push("team/app", "v1")
    world.identities.entities.create(ACCOUNT, USER, "bob")
    key = world.identities.keys.create(ACCOUNT, USER, "bob")
    credential = world.identities.credential(key.id)
    assert credential is not None
    bob = Wire(world, password_of(world, credential.principal))
    denied = await bob("GET", "/v2/team/app/manifests/v1")
    assert code_of(denied) == (403, "DENIED")
    assert b"is not authorized to perform: ecr:BatchGetImage" in await content(denied)
    assert code_of(await bob("GET", "/v2/absent/manifests/v1")) == (403, "DENIED")  # nor whether it exists
    statement = {
        "Effect": "Allow",
        "Principal": {"AWS": credential.principal.arn},
        "Action": ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    world.ecr("SetRepositoryPolicy", repositoryName="team/app", policyText=policy)
    assert (await bob("GET", f"/v2/team/app/manifests/{digest}")).status == 200
    assert code_of(await bob("POST", "/v2/team/app/blobs/uploads/")) == (403, "DENIED")


async def test_an_upload_goes_on_where_it_was_cut_off(wire: Wire) -> None:
    began = await wire("POST", "/v2/team/app/blobs/uploads/")
    place = dict(began.headers)["Location"]
    assert dict((await wire("PATCH", place, b"abc", content_range="0-2")).headers)["Range"] == "0-2"
    wrong = await wire("PATCH", place, b"xyz", content_range="5-7")
    assert code_of(wrong) == (416, "SIZE_INVALID")
    status = await wire("GET", place)
    assert (status.status, dict(status.headers)["Range"]) == (204, "0-2")
    done = await wire("PUT", f"{place}?digest={digest_of(b'abcdef')}", b"def")
    assert done.status == 201
    part = await wire("GET", f"/v2/team/app/blobs/{digest_of(b'abcdef')}", range="bytes=2-3")
    assert (part.status, await content(part)) == (206, b"cd")
    assert code_of(await wire("PATCH", place, b"x")) == (404, "BLOB_UPLOAD_UNKNOWN")


async def test_bytes_with_another_digest_are_not_stored(world: World, wire: Wire) -> None:
    answer = await wire("POST", f"/v2/team/app/blobs/uploads/?digest={digest_of(b'right')}", b"wrong")
    assert code_of(answer) == (400, "DIGEST_INVALID")
    assert (await wire("HEAD", f"/v2/team/app/blobs/{digest_of(b'right')}")).status == 404
    assert (await wire("HEAD", f"/v2/team/app/blobs/{digest_of(b'wrong')}")).status == 404


async def test_a_layer_is_mounted_from_another_repository_without_being_sent(world: World, wire: Wire) -> None:
    world.layer("team/app", b"shared")
    world.ecr("CreateRepository", repositoryName="other")
    answer = await wire("POST", f"/v2/other/blobs/uploads/?mount={digest_of(b'shared')}&from=team/app")
    assert answer.status == 201
    assert (await wire("HEAD", f"/v2/other/blobs/{digest_of(b'shared')}")).status == 200
    absent = await wire("POST", f"/v2/other/blobs/uploads/?mount={digest_of(b'absent')}&from=team/app")
    assert absent.status == 202


async def test_refusals_have_the_codes_of_the_specification(world: World, wire: Wire) -> None:
    for method, path, body, wanted in (
        ("GET", "/v2/absent/manifests/v1", b"", (404, "NAME_UNKNOWN")),
        ("GET", "/v2/team/app/manifests/absent", b"", (404, "MANIFEST_UNKNOWN")),
        ("GET", f"/v2/team/app/blobs/{digest_of(b'absent')}", b"", (404, "BLOB_UNKNOWN")),
        ("PUT", "/v2/team/app/manifests/v1", b"nonsense", (400, "MANIFEST_INVALID")),
        ("POST", "/v2/team/app/manifests/v1", b"", (405, "UNSUPPORTED")),
        ("GET", "/v2/team/app/nonsense/v1", b"", (404, "UNSUPPORTED")),
    ):
        assert code_of(await wire(method, path, body)) == wanted
    missing = {"mediaType": "x", "size": 1, "digest": digest_of(b"missing")}
    answer = await wire("PUT", "/v2/team/app/manifests/v1", manifest_of(missing).encode())
    assert code_of(answer) == (404, "MANIFEST_BLOB_UNKNOWN")
    world.ecr("PutImageTagMutability", repositoryName="team/app", imageTagMutability="IMMUTABLE")
    world.push("team/app", "fixed", content=b"one")
    parts = [world.layer("team/app", b"another")]
    answer = await wire("PUT", "/v2/team/app/manifests/fixed", manifest_of(*parts).encode())
    assert code_of(answer) == (400, "TAG_INVALID")


async def test_the_address_of_a_layer_opens_this_layer_and_nothing_else(world: World, wire: Wire) -> None:
    world.layer("team/app", b"one")
    world.layer("team/app", b"two")
    call = Call("ecr", "GetDownloadUrlForLayer", ACCOUNT, "us-east-1", world.user, "id", world.clock.now(), "http://h")
    record = world.images.repository(ACCOUNT, "us-east-1", "team/app")
    assert record is not None
    token = world.credentials.for_layer(call, record, digest_of(b"one"))
    wire.authorization = ""
    answer = await wire("GET", f"/v2/team/app/blobs/{digest_of(b'one')}?token={token}")
    assert await content(answer) == b"one"
    for path in (f"/v2/team/app/blobs/{digest_of(b'two')}", "/v2/team/app/manifests/v1", "/v2/team/app/tags/list"):
        assert code_of(await wire("GET", f"{path}?token={token}")) == (403, "DENIED")


async def test_awss_own_address_names_account_and_region(world: World, wire: Wire) -> None:
    world.push("team/app", "v1")
    here = f"{ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com"
    assert (await wire("GET", "/v2/team/app/manifests/v1", host=here)).status == 200
    there = f"{ACCOUNT}.dkr.ecr.eu-west-1.amazonaws.com"
    assert code_of(await wire("GET", "/v2/team/app/manifests/v1", host=there)) == (404, "NAME_UNKNOWN")


async def test_what_is_not_the_registrys_is_left_to_others(wire: Wire) -> None:
    for path, headers in (
        ("/bucket/v2/", {}),
        ("/v20/", {}),
        ("/v2/x/manifests/y", {"authorization": "AWS4-HMAC-SHA256 Credential=..."}),
    ):
        assert await wire.registry.handle(HttpRequest("GET", path, "", Headers(headers))) is None


async def test_where_nothing_is_verified_any_password_will_do(world: World, clock: FixedClock) -> None:
    world.push("team/app", "v1")
    trusting = RegistryCredentials(world.identities, clock, verify=False, account=ACCOUNT, region="us-east-1")
    registry = Registry(world.records, world.images, trusting, None, lambda host: SimpleNamespace(bucket=""))
    headers = Headers({"authorization": "Basic " + base64.b64encode(b"AWS:anything").decode()})
    answer = await registry.handle(HttpRequest("GET", "/v2/team/app/manifests/v1", "", headers))
    assert answer is not None
    assert answer.status == 200


@pytest.mark.parametrize(
    "manifest",
    [
        manifest_of({"size": 2, "digest": digest_of(b"{}")}).encode("utf-16"),
        manifest_of({"size": 1 << 70, "digest": digest_of(b"{}")}).encode(),
        manifest_of({"size": 2, "digest": digest_of(b"{}"), "mediaType": "\ud800"}).encode(),
        b"[" * 100_000,
        manifest_of({"size": 2, "digest": digest_of(b"{}"), "platform": [1]}).encode(),
    ],
    ids=["utf-16", "larger than any number", "half a character", "nested without end", "a list for a platform"],
)
async def test_a_manifest_that_could_not_be_told_again_is_refused(world: World, wire: Wire, manifest: bytes) -> None:
    await wire.push_layer("team/app", b"{}")
    assert code_of(await wire("PUT", "/v2/team/app/manifests/v1", manifest)) == (400, "MANIFEST_INVALID")
    assert world.ecr("DescribeImages", repositoryName="team/app")["imageDetails"] == []


async def test_numbers_without_end_in_headers_and_queries_do_no_harm(world: World, wire: Wire) -> None:
    world.push("team/app", "v1", content=b"layer")
    layer = f"/v2/team/app/blobs/{digest_of(b'layer')}"
    assert (await wire("GET", layer, range="bytes=" + "9" * 5000 + "-")).status == 200  # as if it were not there
    assert (await wire("GET", layer, range="bytes=0-" + "9" * 18)).status == 206
    began = await wire("POST", "/v2/team/app/blobs/uploads/")
    answer = await wire("PATCH", dict(began.headers)["Location"], b"x", content_range="9" * 18 + "-" + "9" * 18)
    assert answer.status == 416
    for count in ("9" * 5000, "\u00b2", "0", "-1"):
        assert (await wire("GET", f"/v2/team/app/tags/list?n={count}")).status == 200


async def test_another_accounts_registry_is_opened_by_its_policy_alone(world: World, wire: Wire) -> None:
    """The password is good, the address another account's: mounting from there is no way in either."""
    other = "210987654321"
    arn = f"arn:aws:ecr:us-east-1:{other}:repository/theirs"
    record = world.records.insert(Record(REPOSITORY, other, "us-east-1", "theirs", arn))
    upload = world.images.blobs.begin(arn)
    world.images.blobs.append(arn, upload, [b"secret"])
    world.images.add_layer(arn, digest_of(b"secret"), world.images.blobs.finish(arn, upload, digest_of(b"secret")))
    there = f"{other}.dkr.ecr.us-east-1.amazonaws.com"
    for method, path in (
        ("HEAD", f"/v2/theirs/blobs/{digest_of(b'secret')}"),
        ("GET", f"/v2/theirs/blobs/{digest_of(b'secret')}"),
        ("POST", "/v2/theirs/blobs/uploads/"),
        ("GET", "/v2/theirs/tags/list"),
        ("GET", "/v2/_catalog"),
    ):
        assert (await wire(method, path, host=there)).status == 403, path
    for source in ("theirs", "../theirs", f"{there}/theirs", other + "/theirs"):
        mounted = await wire("POST", f"/v2/team/app/blobs/uploads/?mount={digest_of(b'secret')}&from={source}")
        assert mounted.status == 202
    assert world.images.layer_bytes(record.arn, digest_of(b"secret")) == 6
    assert (await wire("HEAD", f"/v2/team/app/blobs/{digest_of(b'secret')}")).status == 404


async def test_an_upload_is_of_its_repository_and_of_nobody_elses(world: World, wire: Wire) -> None:
    world.ecr("CreateRepository", repositoryName="other")
    began = dict((await wire("POST", "/v2/team/app/blobs/uploads/")).headers)["Docker-Upload-UUID"]
    for method in ("GET", "PATCH", "DELETE"):
        assert (await wire(method, f"/v2/other/blobs/uploads/{began}", b"x")).status == 404
    for identity in ("..", "..%2F..%2Fclary", "%00", "x" * 5000, began.upper() + "%0d%0aX: y"):
        assert (await wire("PATCH", f"/v2/team/app/blobs/uploads/{identity}", b"x")).status == 404
