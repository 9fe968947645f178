"""STS: who calls, and temporary credentials for those whom a trust policy lets in."""

from __future__ import annotations

import json

import pytest

from clary.core.call import Principal
from clary.core.clock import FixedClock
from clary.core.errors import AccessDenied
from clary.services.sts.errors import MalformedPolicyDocument, PackedPolicyTooLarge, ValidationError
from clary.services.sts.resources import resources
from clary.storage.identities import DEFAULT_ROLE, Identities
from clary.storage.identity_entities import ROLE, USER
from clary.storage.identity_keys import user_principal

from ..desk import ACCOUNT, Desk

ROLE_ARN = f"arn:aws:iam::{ACCOUNT}:role/worker"
ALICE = f"arn:aws:iam::{ACCOUNT}:user/alice"
ASSUME = {"Effect": "Allow", "Action": "sts:AssumeRole"}


def text(*statements) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


@pytest.fixture
def alice(identities: Identities) -> Principal:
    identities.entities.create(ACCOUNT, USER, "alice")
    key = identities.keys.create(ACCOUNT, USER, "alice")
    credential = identities.credential(key.id)
    assert credential is not None
    return credential.principal


@pytest.fixture
def sts(identities: Identities, alice: Principal) -> Desk:
    return Desk("sts", resources(identities=identities), alice)


def role(identities: Identities, *trust, **body) -> None:
    made = {"trust": text(*trust), "max_session_seconds": 7200, **body}
    identities.entities.create(ACCOUNT, ROLE, "worker", "/", made)


def assume(sts: Desk, **parts):
    return sts("AssumeRole", **{"RoleArn": ROLE_ARN, "RoleSessionName": "job", **parts})


def test_the_first_key_is_an_assumed_role_as_the_sdks_expect(sts: Desk, identities: Identities) -> None:
    first = identities.credential(identities.bootstrap().access_key_id)
    assert first is not None
    answer = sts("GetCallerIdentity", principal=first.principal)
    assert answer["Arn"] == f"arn:aws:sts::{ACCOUNT}:assumed-role/{DEFAULT_ROLE}/clary"
    assert answer["Account"] == ACCOUNT
    assert answer["UserId"].startswith("AROA")


def test_a_user_is_told_its_own_name(sts: Desk, alice: Principal) -> None:
    assert sts("GetCallerIdentity") == {"UserId": alice.user_id, "Account": ACCOUNT, "Arn": ALICE}


def test_a_trusted_user_becomes_a_session_of_the_role(sts: Desk, identities: Identities, clock: FixedClock) -> None:
    role(identities, {**ASSUME, "Principal": {"AWS": ALICE}})
    answer = assume(sts, DurationSeconds=1800)
    assert answer["AssumedRoleUser"]["Arn"] == f"arn:aws:sts::{ACCOUNT}:assumed-role/worker/job"
    assert answer["Credentials"]["Expiration"] == clock.time() + 1800
    credential = identities.credential(answer["Credentials"]["AccessKeyId"])
    assert credential is not None
    assert credential.session_token == answer["Credentials"]["SessionToken"]
    assert credential.secret == answer["Credentials"]["SecretAccessKey"]
    assert credential.principal.role_arn == ROLE_ARN
    me = sts("GetCallerIdentity", principal=credential.principal)
    assert me["Arn"] == answer["AssumedRoleUser"]["Arn"]


@pytest.mark.parametrize(
    ("trust", "own", "allowed"),
    [
        ({**ASSUME, "Principal": {"AWS": ALICE}}, None, True),
        ({**ASSUME, "Principal": {"AWS": ALICE}}, {"Effect": "Deny", "Action": "sts:*", "Resource": "*"}, False),
        ({**ASSUME, "Principal": {"AWS": ACCOUNT}}, None, False),
        ({**ASSUME, "Principal": {"AWS": ACCOUNT}}, {**ASSUME, "Resource": ROLE_ARN}, True),
        ({**ASSUME, "Principal": {"AWS": ACCOUNT}}, {**ASSUME, "Resource": "arn:aws:iam::*:role/other"}, False),
        ({**ASSUME, "Principal": {"Service": "sagemaker.amazonaws.com"}}, {**ASSUME, "Resource": "*"}, False),
        ({**ASSUME, "Effect": "Deny", "Principal": {"AWS": ALICE}}, {**ASSUME, "Resource": "*"}, False),
        ({**ASSUME, "Principal": "*"}, None, True),
    ],
)
def test_trust_and_own_policies_decide_together(sts: Desk, identities: Identities, trust, own, allowed: bool) -> None:
    role(identities, trust)
    if own is not None:
        identities.policies.put_inline(ACCOUNT, USER, "alice", "own", text(own))
    if allowed:
        assume(sts)
    else:
        with pytest.raises(AccessDenied) as caught:
            assume(sts)
        assert caught.value.message == (
            f"User: {ALICE} is not authorized to perform: sts:AssumeRole on resource: {ROLE_ARN}"
        )


def test_a_role_that_does_not_exist_is_denied_alike(sts: Desk) -> None:
    with pytest.raises(AccessDenied, match="is not authorized to perform: sts:AssumeRole"):
        assume(sts)


def test_another_account_needs_its_own_permission_too(sts: Desk, identities: Identities) -> None:
    role(identities, {**ASSUME, "Principal": {"AWS": "999999999999"}})
    eve = user_principal(identities.entities.create("999999999999", USER, "eve"))
    with pytest.raises(AccessDenied):
        assume(sts, principal=eve)
    identities.policies.put_inline("999999999999", USER, "eve", "own", text({**ASSUME, "Resource": ROLE_ARN}))
    assume(sts, principal=eve)


def test_an_external_id_must_be_the_agreed_one(sts: Desk, identities: Identities) -> None:
    condition = {"StringEquals": {"sts:ExternalId": "secret-handshake"}}
    role(identities, {**ASSUME, "Principal": {"AWS": ALICE}, "Condition": condition})
    assume(sts, ExternalId="secret-handshake")
    for parts in ({}, {"ExternalId": "wrong"}):
        with pytest.raises(AccessDenied):
            assume(sts, **parts)


def test_the_longest_session_is_the_roles(sts: Desk, identities: Identities) -> None:
    role(identities, {**ASSUME, "Principal": {"AWS": ALICE}})
    assume(sts, DurationSeconds=7200)
    with pytest.raises(ValidationError, match="exceeds the MaxSessionDuration set for this role"):
        assume(sts, DurationSeconds=7201)


def test_a_role_assumed_by_a_session_lasts_an_hour(sts: Desk, identities: Identities) -> None:
    role(identities, {**ASSUME, "Principal": {"AWS": [ALICE, ROLE_ARN]}})
    first = identities.credential(assume(sts)["Credentials"]["AccessKeyId"])
    assert first is not None
    assume(sts, principal=first.principal, DurationSeconds=3600)
    with pytest.raises(ValidationError, match="role chaining"):
        assume(sts, principal=first.principal, DurationSeconds=3601)


def test_a_session_policy_limits_the_session(sts: Desk, identities: Identities) -> None:
    role(identities, {**ASSUME, "Principal": {"AWS": ALICE}})
    identities.policies.put_inline(
        ACCOUNT, ROLE, "worker", "all", text({"Effect": "Allow", "Action": "*", "Resource": "*"})
    )
    limit = text({"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"})
    answer = assume(sts, Policy=limit, PolicyArns=[{"arn": "arn:aws:iam::aws:policy/AmazonTextractFullAccess"}])
    assert answer["PackedPolicySize"] >= 1
    credential = identities.credential(answer["Credentials"]["AccessKeyId"])
    assert credential is not None
    outcomes = {
        action: identities.allowed(credential.principal, action, "*").allowed
        for action in ("s3:GetObject", "s3:PutObject", "textract:AnalyzeDocument", "iam:CreateUser")
    }
    assert outcomes == {
        "s3:GetObject": True,
        "s3:PutObject": False,
        "textract:AnalyzeDocument": True,
        "iam:CreateUser": False,
    }


@pytest.mark.parametrize(
    ("parts", "error"),
    [
        ({"Policy": "{"}, MalformedPolicyDocument),
        (
            {"Policy": text({"Effect": "Allow", "Action": ["s3:" + "a" * 60] * 40, "Resource": "*"})},
            PackedPolicyTooLarge,
        ),
        ({"PolicyArns": [{"arn": "arn:aws:iam::aws:policy/None"}]}, ValidationError),
        ({"SourceIdentity": "me"}, ValidationError),
        ({"SerialNumber": "arn:aws:iam::1:mfa/x", "TokenCode": "123456"}, AccessDenied),
    ],
)
def test_what_cannot_be_granted_is_refused(sts: Desk, identities: Identities, parts, error) -> None:
    role(identities, {**ASSUME, "Principal": {"AWS": ALICE}})
    with pytest.raises(error):
        assume(sts, **parts)


def test_session_tags_need_permission_and_count_in_conditions(sts: Desk, identities: Identities) -> None:
    role(identities, {**ASSUME, "Principal": {"AWS": ALICE}})
    tags = [{"Key": "team", "Value": "red"}]
    with pytest.raises(AccessDenied, match="sts:TagSession"):
        assume(sts, Tags=tags)
    trust = text({**ASSUME, "Action": ["sts:AssumeRole", "sts:TagSession"], "Principal": {"AWS": ALICE}})
    identities.entities.update(ACCOUNT, ROLE, "worker", {"trust": trust})
    condition = {"StringEquals": {"aws:PrincipalTag/team": "red"}}
    rule = {"Effect": "Allow", "Action": "s3:*", "Resource": "*", "Condition": condition}
    identities.policies.put_inline(ACCOUNT, ROLE, "worker", "reds", text(rule))
    credential = identities.credential(assume(sts, Tags=tags)["Credentials"]["AccessKeyId"])
    assert credential is not None
    assert identities.allowed(credential.principal, "s3:GetObject", "*").allowed
    assert not identities.allowed(identities.role_principal(ROLE_ARN, "x"), "s3:GetObject", "*").allowed


def test_root_assumes_no_role(sts: Desk, identities: Identities) -> None:
    role(identities, {**ASSUME, "Principal": "*"})
    root = Principal("root", f"arn:aws:iam::{ACCOUNT}:root", ACCOUNT)
    with pytest.raises(AccessDenied, match="Roles may not be assumed by root accounts"):
        assume(sts, principal=root)


def test_a_session_token_makes_temporary_keys_of_the_caller(
    sts: Desk, identities: Identities, clock: FixedClock
) -> None:
    answer = sts("GetSessionToken", DurationSeconds=900)["Credentials"]
    assert answer["Expiration"] == clock.time() + 900
    credential = identities.credential(answer["AccessKeyId"])
    assert credential is not None
    assert credential.principal.arn == ALICE
    assert sts("GetSessionToken")["Credentials"]["Expiration"] == clock.time() + 43_200
    with pytest.raises(AccessDenied, match="Cannot call GetSessionToken with session credentials"):
        sts("GetSessionToken", principal=credential.principal)


def test_a_key_tells_its_account(sts: Desk, identities: Identities, alice: Principal) -> None:
    assert sts("GetAccessKeyInfo", AccessKeyId=alice.access_key_id) == {"Account": ACCOUNT}
    session = sts("GetSessionToken")["Credentials"]["AccessKeyId"]
    assert sts("GetAccessKeyInfo", AccessKeyId=session) == {"Account": ACCOUNT}
    with pytest.raises(ValidationError):
        sts("GetAccessKeyInfo", AccessKeyId="AKIAUNKNOWN000000000")
