"""Whoever cannot sign, or signed something else, gets nothing."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import hmac
import sqlite3
import time
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import botocore.auth
import botocore.crt.auth
import pytest
from botocore.exceptions import ClientError

from .kit import EMPTY, IMAGE, REGION, Answer, Attacker, Key, allow, deny, policy, sign, signing_key

SKEW_SECONDS = 15 * 60


@pytest.fixture(scope="module")
def secret_object(s3: Any) -> str:
    s3.put_object(Bucket="hostile", Key="secret", Body=b"classified")
    return "/hostile/secret"


def code_of(attacker: Attacker, answer: Answer) -> str:
    assert "classified" not in answer.text
    assert attacker.admin.secret not in answer.text
    return f"{answer.status} {answer.code}"


def test_an_unknown_key_and_a_wrong_secret_are_refused(attacker: Attacker, secret_object: str) -> None:
    stranger, guesser = Key("AKIANOBODYHASTHISKEY", "guessed" * 6), Key(attacker.admin.id, "guessed" * 6)
    assert code_of(attacker, attacker.s3("GET", secret_object, key=stranger)) == "403 InvalidAccessKeyId"
    assert code_of(attacker, attacker.s3("GET", secret_object, key=guesser)) == "403 SignatureDoesNotMatch"
    for api, key, code in (
        ("sagemaker", stranger, "UnrecognizedClientException"),
        ("sagemaker", guesser, "InvalidSignatureException"),
        ("sts", stranger, "InvalidClientTokenId"),
        ("sts", guesser, "SignatureDoesNotMatch"),
    ):
        client = attacker.client(api, key)
        with pytest.raises(ClientError, match=code):
            client.list_models() if api == "sagemaker" else client.get_caller_identity()


def test_the_signed_request_itself_is_answered(attacker: Attacker, secret_object: str) -> None:
    assert attacker.s3("GET", f"{secret_object}?x-id=GetObject").body == b"classified"


@pytest.mark.parametrize("changed", ["header", "query", "path", "method", "body", "hash", "unsigned header", "host"])
def test_a_request_that_was_changed_after_it_was_signed_is_refused(
    attacker: Attacker, secret_object: str, s3: Any, changed: str
) -> None:
    given = {"host": attacker.host, "x-amz-meta-colour": "red", "content-type": "text/plain"}
    headers = sign(attacker.admin, "PUT", "/hostile/tampered", "", given, b"original")
    method, target, body = "PUT", "/hostile/tampered", b"original"
    match changed:
        case "header":
            headers["x-amz-meta-colour"] = "blue"
        case "query":
            target += "?acl"
        case "path":
            target = "/hostile/tampered2"
        case "method":
            method = "POST"
        case "body":
            body = b"changed!"
        case "hash":
            body, headers["x-amz-content-sha256"] = b"changed!", hashlib.sha256(b"changed!").hexdigest()
        case "unsigned header":
            headers["x-amz-acl"] = "public-read-write"
        case "host":
            headers["host"] = f"hostile.s3.{REGION}.amazonaws.com"
    answer = attacker.send(method, target, headers, body)
    assert answer.status in (400, 403), answer.text
    assert answer.code in ("SignatureDoesNotMatch", "XAmzContentSHA256Mismatch", "AccessDenied"), answer.text
    assert s3.list_objects_v2(Bucket="hostile", Prefix="tampered")["KeyCount"] == 0


def test_a_json_call_whose_body_or_target_was_changed_is_refused(attacker: Attacker) -> None:
    json = "application/x-amz-json-1.1"
    given = {"host": attacker.host, "x-amz-target": "SageMaker.ListModels", "content-type": json}
    headers = sign(attacker.admin, "POST", "/", "", given, b"{}", service="sagemaker")
    assert attacker.send("POST", "/", headers, b"{}").status == 200
    assert attacker.send("POST", "/", headers, b"{ }").code == "InvalidSignatureException"
    other = {**headers, "x-amz-target": "SageMaker.ListEndpoints"}
    assert attacker.send("POST", "/", other, b"{}").code == "InvalidSignatureException"
    loose = {name: value for name, value in given.items() if name != "x-amz-target"}
    headers = sign(attacker.admin, "POST", "/", "", loose, b"{}", service="sagemaker")
    unsigned_target = {**headers, "x-amz-target": "SageMaker.ListModels"}
    assert attacker.send("POST", "/", unsigned_target, b"{}").code == "InvalidSignatureException"


@pytest.mark.parametrize("offset_seconds", [-SKEW_SECONDS - 30, SKEW_SECONDS + 30, -86_400, 86_400 * 365])
def test_a_request_signed_long_ago_or_for_later_is_refused(
    attacker: Attacker, secret_object: str, offset_seconds: int
) -> None:
    when = time.time() + offset_seconds
    assert code_of(attacker, attacker.s3("GET", secret_object, when=when)) == "403 RequestTimeTooSkewed"
    assert attacker.json("SageMaker.ListModels", {}, when=when).code == "InvalidSignatureException"


def test_a_date_that_is_none_is_refused(attacker: Attacker, secret_object: str) -> None:
    headers = sign(attacker.admin, "GET", secret_object, "", {"host": attacker.host})
    for date in ("yesterday", "20261399T000000Z", "", "2026\xb9\xb2\xb3\xb9T000000Z"):
        assert attacker.send("GET", secret_object, {**headers, "x-amz-date": date}).status in (400, 403)


@pytest.mark.parametrize(
    "scope", [{"service": "sagemaker"}, {"service": "nothing"}, {"terminator": "aws5_request"}, {"region": ""}]
)
def test_a_credential_scope_of_another_service_is_no_key_to_s3(
    attacker: Attacker, secret_object: str, scope: dict[str, str]
) -> None:
    answer = attacker.s3("GET", secret_object, **scope)
    assert answer.status >= 400
    assert "classified" not in answer.text


def test_the_region_of_a_scope_cannot_be_changed(attacker: Attacker, secret_object: str) -> None:
    headers = sign(attacker.admin, "GET", secret_object, "", {"host": attacker.host})
    moved = {**headers, "authorization": headers["authorization"].replace(REGION, "eu-west-1")}
    assert code_of(attacker, attacker.send("GET", secret_object, moved)) == "403 SignatureDoesNotMatch"


def chunked_upload(attacker: Attacker, key: str, chunks: list[bytes]) -> tuple[dict[str, str], list[bytes]]:
    """The headers and the encoded chunks of an upload in signed chunks."""
    path = f"/hostile/{key}"
    length = str(sum(map(len, chunks)))
    given = {"host": attacker.host, "content-encoding": "aws-chunked", "x-amz-decoded-content-length": length}
    headers = sign(attacker.admin, "PUT", path, "", given, payload="STREAMING-AWS4-HMAC-SHA256-PAYLOAD")
    date, previous = headers["x-amz-date"], headers["authorization"].rpartition("=")[2]
    secret = signing_key(attacker.admin, date, REGION, "s3")
    encoded = []
    for chunk in [*chunks, b""]:
        stem = f"AWS4-HMAC-SHA256-PAYLOAD\n{date}\n{date[:8]}/{REGION}/s3/aws4_request\n{previous}\n{EMPTY}\n"
        text = stem + hashlib.sha256(chunk).hexdigest()
        previous = hmac.digest(secret, text.encode(), "sha256").hex()
        encoded.append(f"{len(chunk):x};chunk-signature={previous}\r\n".encode() + chunk + b"\r\n")
    return headers, encoded


@pytest.mark.parametrize("attack", ["replayed", "swapped", "changed", "left out", "cut off", "unsigned"])
def test_a_chunk_of_a_signed_stream_cannot_be_replayed_or_changed(attacker: Attacker, s3: Any, attack: str) -> None:
    key = f"chunks-{attack.replace(' ', '-')}"
    one, two = b"1" * 9000, b"2" * 9000
    headers, (first, second, last) = chunked_upload(attacker, key, [one, two])
    body = {
        "replayed": first + first + last,
        "swapped": second + first + last,
        "changed": first.replace(b"111", b"777", 1) + second + last,
        "left out": first + last,
        "cut off": first + second,
        "unsigned": first + b"2328\r\n" + two + b"\r\n" + last,
    }[attack]
    answer = attacker.send("PUT", f"/hostile/{key}", headers, body)
    assert answer.code in ("SignatureDoesNotMatch", "IncompleteBody"), answer.text
    assert s3.list_objects_v2(Bucket="hostile", Prefix=key)["KeyCount"] == 0
    assert attacker.send("PUT", f"/hostile/{key}", headers, first + second + last).status == 200
    assert s3.get_object(Bucket="hostile", Key=key)["Body"].read() == one + two


def target_of(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.path}?{parts.query}"


@pytest.mark.parametrize("version", ["s3v4", "s3"])
def test_a_presigned_get_is_for_reading_that_object_until_its_time(
    attacker: Attacker, secret_object: str, version: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = attacker.client("s3", signature_version=version)

    def presigned(**options: Any) -> str:
        return target_of(
            client.generate_presigned_url("get_object", Params={"Bucket": "hostile", "Key": "secret"}, **options)
        )

    url = presigned(ExpiresIn=300)
    assert attacker.send("GET", url).body == b"classified"
    for method in ("PUT", "DELETE", "POST"):
        assert attacker.send(method, url, body=b"mine").status in (403, 405)
    assert attacker.send("GET", url.replace("/secret", "/secret2")).code == "SignatureDoesNotMatch"
    longer = url.replace("X-Amz-Expires=300", "X-Amz-Expires=301").replace("Expires=1", "Expires=2")
    assert code_of(attacker, attacker.send("GET", longer)) == "403 SignatureDoesNotMatch"
    earlier = time.time() - 400
    monkeypatch.setattr(botocore.auth.time, "time", lambda: earlier)
    for module in (botocore.auth, botocore.crt.auth):
        monkeypatch.setattr(module, "get_current_datetime", lambda *_, **__: datetime.fromtimestamp(earlier, UTC))
    expired = presigned(ExpiresIn=300)
    monkeypatch.undo()
    answer = attacker.send("GET", expired)
    assert code_of(attacker, answer) == "403 AccessDenied"
    assert "expired" in answer.text
    assert attacker.s3("GET", secret_object).body == b"classified"


def test_a_presigned_url_beside_an_authorization_header_is_refused(attacker: Attacker, secret_object: str) -> None:
    url = attacker.client("s3", signature_version="s3v4").generate_presigned_url(
        "get_object", Params={"Bucket": "hostile", "Key": "secret"}
    )
    headers = sign(attacker.admin, "GET", secret_object, urlsplit(url).query, {"host": attacker.host})
    assert code_of(attacker, attacker.send("GET", target_of(url), headers)) == "400 InvalidArgument"


def test_a_session_works_only_with_its_own_token_and_until_its_end(attacker: Attacker, secret_object: str) -> None:
    user = attacker.user("session-maker", allow("*"))
    sts = attacker.client("sts", user)

    def session() -> Key:
        made = sts.get_session_token(DurationSeconds=900)["Credentials"]
        return attacker.remember(Key(made["AccessKeyId"], made["SecretAccessKey"], made["SessionToken"]))

    one, two = session(), session()
    assert attacker.s3("GET", secret_object, key=one).body == b"classified"
    for wrong in (
        Key(one.id, one.secret, two.token),
        Key(one.id, one.secret),
        Key(one.id, one.secret, f"{one.token}x"),
        Key(attacker.admin.id, attacker.admin.secret, one.token),
    ):
        assert code_of(attacker, attacker.s3("GET", secret_object, key=wrong)) == "400 InvalidToken"
    attacker.client("iam").delete_user_policy(UserName="session-maker", PolicyName="policy")
    assert code_of(attacker, attacker.s3("GET", secret_object, key=one)) == "403 AccessDenied"


def test_a_session_that_has_ended_is_refused(attacker: Attacker, secret_object: str) -> None:
    made = attacker.client("sts", attacker.user("short-lived", allow("*"))).get_session_token(DurationSeconds=900)
    fresh = made["Credentials"]
    session = attacker.remember(Key(fresh["AccessKeyId"], fresh["SecretAccessKey"], fresh["SessionToken"]))
    # Sessions last 900 seconds at least, so time is moved where it is written.
    with contextlib.closing(sqlite3.connect(attacker.clary.data / "identities.db")) as database, database:
        changed = database.execute("UPDATE iam_sessions SET expires=? WHERE id=?", (time.time() - 1, session.id))
        assert changed.rowcount == 1
    assert code_of(attacker, attacker.s3("GET", secret_object, key=session)) == "400 ExpiredToken"
    with pytest.raises(ClientError, match="ExpiredTokenException"):
        attacker.client("sagemaker", session).list_models()


@pytest.mark.parametrize("attack", ["none", "key", "policy", "signature", "expired", "field"])
def test_a_form_is_taken_only_as_it_was_signed(attacker: Attacker, s3: Any, attack: str) -> None:
    client = attacker.client("s3", signature_version="s3v4")
    expires_seconds = -1 if attack == "expired" else 300
    form = client.generate_presigned_post("hostile", f"form-{attack}", ExpiresIn=expires_seconds)["fields"]
    if attack == "key":
        form["key"] = "form-elsewhere"
    elif attack == "policy":
        form["policy"] = base64.b64encode(
            base64.b64decode(form["policy"]).replace(b"form-policy", b"form-polici")
        ).decode()
    elif attack == "signature":
        form["x-amz-signature"] = "0" * 64
    elif attack == "field":
        form["x-amz-meta-more"] = "than was signed"
    parts = "".join(
        f'--edge\r\ncontent-disposition: form-data; name="{name}"\r\n\r\n{value}\r\n' for name, value in form.items()
    )
    file = '--edge\r\ncontent-disposition: form-data; name="file"; filename="f"\r\n\r\nhello\r\n--edge--\r\n'
    headers = {"content-type": "multipart/form-data; boundary=edge"}
    answer = attacker.send("POST", "/hostile", headers, (parts + file).encode())
    stored = s3.list_objects_v2(Bucket="hostile", Prefix="form-")["KeyCount"]
    if attack == "none":
        assert (answer.status, stored) == (204, 1), answer.text
        s3.delete_object(Bucket="hostile", Key="form-none")
    else:
        assert (answer.status, stored) == (403, 0), answer.text


def test_a_forwarded_for_header_does_not_change_where_a_caller_is(attacker: Attacker, secret_object: str) -> None:
    inside = {"IpAddress": {"aws:SourceIp": "10.9.8.0/24"}}
    user = attacker.user("insider", allow("s3:*", Condition=inside))
    for headers in (
        {"x-forwarded-for": "10.9.8.7"},
        {"forwarded": "for=10.9.8.7"},
        {"x-real-ip": "10.9.8.7"},
        {"x-amz-source-ip": "10.9.8.7"},
    ):
        answer = attacker.s3("GET", secret_object, key=user, headers=headers)
        assert code_of(attacker, answer) == "403 AccessDenied", headers
    here = {"IpAddress": {"aws:SourceIp": "127.0.0.0/8"}}
    attacker.client("iam").put_user_policy(
        UserName="insider", PolicyName="policy", PolicyDocument=policy(allow("s3:*", Condition=here))
    )
    assert attacker.s3("GET", secret_object, key=user).body == b"classified"


def test_an_explicit_deny_wins_over_every_permission(attacker: Attacker, secret_object: str) -> None:
    user = attacker.user("banned", allow("*"), deny("s3:GetObject", "arn:aws:s3:::hostile/*"))
    answer = attacker.s3("GET", secret_object, key=user)
    assert code_of(attacker, answer) == "403 AccessDenied"
    assert "explicit deny" in answer.text
    assert attacker.s3("HEAD", secret_object, key=user).status == 403
    copy = attacker.s3("PUT", "/hostile/copy", key=user, headers={"x-amz-copy-source": "/hostile/secret"})
    assert code_of(attacker, copy) == "403 AccessDenied"


def test_nobody_hands_over_a_role_without_the_permission_to_pass_it(attacker: Attacker) -> None:
    user = attacker.user("climber", allow("sagemaker:*"))
    with pytest.raises(ClientError, match="not authorized to perform: iam:PassRole") as caught:
        attacker.client("sagemaker", user).create_model(
            ModelName="climber", ExecutionRoleArn=attacker.role, PrimaryContainer={"Image": IMAGE}
        )
    assert caught.value.response["Error"]["Code"] == "AccessDeniedException"


def test_the_nameless_reach_only_what_a_bucket_policy_opens(attacker: Attacker, s3: Any, secret_object: str) -> None:
    s3.create_bucket(Bucket="hostile-open")
    s3.delete_public_access_block(Bucket="hostile-open")
    s3.put_object(Bucket="hostile-open", Key="shown/a", Body=b"for all")
    s3.put_object(Bucket="hostile-open", Key="hidden", Body=b"classified")
    opened = allow("s3:GetObject", "arn:aws:s3:::hostile-open/shown/*", Principal="*")
    s3.put_bucket_policy(Bucket="hostile-open", Policy=policy(opened))
    assert attacker.send("GET", "/hostile-open/shown/a").body == b"for all"
    for method, target in (
        ("GET", "/hostile-open/hidden"),
        ("GET", "/hostile-open/shown/../hidden"),
        ("GET", "/hostile-open/shown%2F..%2Fhidden"),
        ("GET", "/hostile-open/shown/a?acl"),
        ("GET", "/hostile-open"),
        ("PUT", "/hostile-open/shown/a"),
        ("DELETE", "/hostile-open/shown/a"),
        ("GET", secret_object),
        ("GET", "/"),
        ("PUT", "/mine-now"),
    ):
        answer = attacker.send(method, target)
        assert answer.status in (403, 404), (method, target, answer.text)
        assert answer.code in ("AccessDenied", "NoSuchKey") and "classified" not in answer.text
    json = {"content-type": "application/x-amz-json-1.1"}
    for target in ("SageMaker.ListModels", "SageMaker.CreateModel", "Logs_20140328.DescribeLogGroups"):
        answer = attacker.send("POST", "/", {**json, "x-amz-target": target}, b"{}")
        assert answer.code == "MissingAuthenticationTokenException"
    form = {"content-type": "application/x-www-form-urlencoded"}
    assert attacker.send("POST", "/", form, b"Action=ListUsers&Version=2010-05-08").status == 403
    assert attacker.send("POST", "/endpoints/any/invocations", body=b"1,2").status in (400, 403, 404, 405)
