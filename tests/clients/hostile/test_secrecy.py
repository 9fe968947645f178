"""Every failure can be found again by its request id, and nothing secret is written where others read."""

from __future__ import annotations

import json
import stat
from pathlib import Path
from typing import Any

import botocore.session
import pytest

from clary.app import coverage
from tests.live_folder import content, files_below

from .confidential import check_no_secret_was_told, check_server_errors_are_logged, logs_of
from .kit import Answer, Attacker, Key, allow, sign

_JSON_APIS = ("sagemaker", "logs", "ecr", "personalize", "rekognition", "textract", "comprehend")


def _not_yet() -> list[tuple[str, str]]:
    """The first operation of each API that nobody answers, as its target."""
    answered = coverage.answered()
    session = botocore.session.get_session()
    found = []
    for api in _JSON_APIS:
        missing = [name for name in coverage.modelled(api) if (api, name) not in answered]
        prefix = session.get_service_model(api).metadata["targetPrefix"]
        found += [(api, f"{prefix}.{name}") for name in missing[:1]]
    return found


@pytest.mark.parametrize(("service", "target"), _not_yet())
def test_what_clary_does_not_have_names_itself_and_its_request(attacker: Attacker, service: str, target: str) -> None:
    answer = attacker.json(target, {}, service=service)
    assert (answer.status, answer.code) == (501, "NotImplemented"), answer.text
    assert target.partition(".")[2] in answer.text
    assert answer.request_id


def test_an_object_whose_file_is_gone_is_an_error_that_the_log_explains(attacker: Attacker, s3: Any) -> None:
    folder = attacker.clary.data / "objects" / "files"
    before = files_below(folder)
    s3.put_object(Bucket="hostile", Key="lost-file", Body=b"y" * 3_000_000)
    (added,) = files_below(folder) - before
    added.unlink()
    answer = attacker.s3("GET", "/hostile/lost-file")
    assert (answer.status, answer.code) == (500, "InternalError"), answer.text[:200]
    assert str(attacker.clary.data) not in answer.text and added.name not in answer.text
    assert answer.request_id in logs_of(attacker.clary.data)["clary.log"]
    (line,) = [line for line in attacker.request_log() if line["request_id"] == answer.request_id]
    assert line["status"] == 500 and line["error_code"].startswith("Internal")
    s3.delete_object(Bucket="hostile", Key="lost-file")


def test_each_request_has_one_line_in_the_log_with_the_id_it_was_told(attacker: Attacker) -> None:
    answers = [
        attacker.s3("GET", "/hostile"),
        attacker.s3("GET", "/hostile/nothing-here"),
        attacker.send("GET", "/hostile"),
        attacker.json("SageMaker.ListModels", {}),
        attacker.json("SageMaker.DescribeModel", {"ModelName": "nobody"}),
        attacker.json("SageMaker.NoSuchOperation", {}),
        attacker.s3("PUT", "/hostile/x?acl", b"<a"),
    ]
    logged = [line["request_id"] for line in attacker.request_log()]
    for answer in answers:
        assert logged.count(answer.request_id) == 1, answer


def tell_everything(attacker: Attacker) -> list[Answer]:
    """Requests with secrets in every place where a careless server would repeat them."""
    user = attacker.user("careless", allow("*"))
    made = attacker.client("sts", user).get_session_token(DurationSeconds=900)["Credentials"]
    session = attacker.remember(Key(made["AccessKeyId"], made["SecretAccessKey"], made["SessionToken"]))
    client = attacker.client("s3", session, signature_version="s3v4")
    url = client.generate_presigned_url("get_object", Params={"Bucket": "hostile", "Key": "none"})
    target = url.removeprefix(attacker.clary.url)
    wrong_key = Key(session.id, "not-the-secret-that-belongs-to-it", session.token)
    signed = sign(session, "PUT", "/hostile/a", "", {"host": attacker.host}, b"a")
    target_header = {"x-amz-target": "SageMaker.CreateModel", "content-type": "application/x-amz-json-1.1"}
    return [
        attacker.send("GET", target),
        attacker.send("GET", f"{target}x"),
        attacker.send("GET", target.replace("/hostile/", "/hostile2/")),
        attacker.s3("GET", "/hostile/a", key=wrong_key),
        attacker.send("PUT", "/hostile/b", signed, b"a"),
        attacker.send("PUT", "/hostile/a", {**signed, "content-md5": "!"}, b"a"),
        attacker.send("PUT", "/hostile/a", {**signed, "authorization": signed["authorization"][:-1]}, b"a"),
        attacker.send("POST", "/", {**signed, **target_header}, b"{"),
        attacker.send("GET", target.replace("/none", "/none\x01")),
    ]


def test_no_secret_token_or_signature_reaches_a_log_or_an_answer(attacker: Attacker) -> None:
    answers = tell_everything(attacker)
    assert {answer.status for answer in answers} >= {403}
    check_no_secret_was_told(attacker)
    check_server_errors_are_logged(attacker)
    log = (attacker.clary.data / "requests.log").read_text()
    assert "none" not in log  # neither keys nor queries: a presigned URL is a secret for as long as it is valid


def test_what_holds_secrets_can_be_read_by_its_owner_alone(attacker: Attacker) -> None:
    data = attacker.clary.data
    assert stat.S_IMODE(data.stat().st_mode) == 0o700
    holders = [path for path in files_below(data) if holds_secret(path, attacker.admin.secret)]
    assert {path.name for path in holders} & {"first-key.json"}
    for path in holders:
        assert not stat.S_IMODE(path.stat().st_mode) & 0o077 or not _reachable(path, data), path
    assert json.loads((data / "first-key.json").read_text())["secret_access_key"] == attacker.admin.secret


def holds_secret(path: Path, secret: str) -> bool:
    return secret.encode() in content(path)


def _reachable(path: Path, data: Path) -> bool:
    """Whether another user could get to a file: every folder on the way would have to let them in."""
    return all(stat.S_IMODE(folder.stat().st_mode) & 0o001 for folder in path.parents if folder.is_relative_to(data))
