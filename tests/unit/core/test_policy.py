"""What policy documents say: a table of requests and outcomes."""

from __future__ import annotations

import json
from typing import Any

import pytest

from clary.core.call import ANONYMOUS, Principal
from clary.core.policy import Effect, Request, decide_together, denial
from clary.core.policy_documents import PolicyKind, parse

ACCOUNT = "123456789012"
ALICE = Principal("user", f"arn:aws:iam::{ACCOUNT}:user/alice", ACCOUNT, "AIDA1", "alice")
SESSION = Principal(
    "assumed-role",
    f"arn:aws:sts::{ACCOUNT}:assumed-role/R/s",
    ACCOUNT,
    "AROA1:s",
    "R",
    f"arn:aws:iam::{ACCOUNT}:role/R",
)
ROOT = Principal("root", f"arn:aws:iam::{ACCOUNT}:root", ACCOUNT)
STRANGER = Principal("user", "arn:aws:iam::999999999999:user/eve", "999999999999", "AIDA2", "eve")
SERVICE = Principal("service", "personalize.amazonaws.com", "", "", "personalize.amazonaws.com")


def statement(**parts: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": "*", "Resource": "*", **parts}


def without(key: str, **parts: Any) -> dict[str, Any]:
    made = statement(**parts)
    del made[key]
    return made


def says(
    *statements: dict[str, Any],
    action="s3:GetObject",
    resource="arn:aws:s3:::b/k",
    context=None,
    principal=None,
    kind=PolicyKind.IDENTITY,
):
    document = parse(json.dumps({"Version": "2012-10-17", "Statement": list(statements)}), kind)
    return document.decide(Request(action, resource, context or {}, principal))


@pytest.mark.parametrize(
    ("statements", "effect"),
    [
        ([statement()], Effect.ALLOW),
        ([statement(Action="s3:GetObject")], Effect.ALLOW),
        ([statement(Action="S3:getobject")], Effect.ALLOW),
        ([statement(Action=["s3:PutObject", "s3:Get*"])], Effect.ALLOW),
        ([statement(Action="s3:Put*")], Effect.NONE),
        ([statement(Action="ec2:GetObject")], Effect.NONE),
        ([without("Action", NotAction="s3:PutObject")], Effect.ALLOW),
        ([without("Action", NotAction="s3:*")], Effect.NONE),
        ([statement(Resource="arn:aws:s3:::b/*")], Effect.ALLOW),
        ([statement(Resource="arn:aws:s3:::b")], Effect.NONE),
        ([statement(Resource=["arn:aws:s3:::x/*", "arn:aws:s3:::?/k"])], Effect.ALLOW),
        ([without("Resource", NotResource="arn:aws:s3:::b/secret")], Effect.ALLOW),
        ([without("Resource", NotResource="arn:aws:s3:::b/*")], Effect.NONE),
        ([statement(), statement(Effect="Deny", Action="s3:Get*")], Effect.DENY),
        ([statement(Effect="Deny", Action="s3:Get*"), statement()], Effect.DENY),
        ([statement(), statement(Effect="Deny", Action="s3:Put*")], Effect.ALLOW),
        ([statement(Effect="Deny", Action="s3:Put*")], Effect.NONE),
    ],
)
def test_actions_resources_and_effects(statements, effect: Effect) -> None:
    assert says(*statements) is effect


CONTEXT = {
    "aws:sourceip": "10.1.2.3",
    "aws:username": "alice",
    "aws:securetransport": "false",
    "s3:prefix": "home/alice/",
    "s3:max-keys": "10",
    "aws:currenttime": "2026-03-01T12:00:00Z",
    "aws:epochtime": "1772366400",
    "aws:sourcearn": "arn:aws:sns:us-east-1:123456789012:topic",
    "aws:tagkeys": ("team", "stage"),
    "aws:principaltag/team": "red",
}


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        ({"StringEquals": {"aws:username": "alice"}}, True),
        ({"StringEquals": {"AWS:UserName": ["bob", "alice"]}}, True),
        ({"StringEquals": {"aws:username": "ALICE"}}, False),
        ({"StringEquals": {"aws:username": "al*"}}, False),
        ({"StringEqualsIgnoreCase": {"aws:username": "ALICE"}}, True),
        ({"StringNotEqualsIgnoreCase": {"aws:username": "ALICE"}}, False),
        ({"StringNotEquals": {"aws:username": ["bob", "carol"]}}, True),
        ({"StringNotEquals": {"aws:username": ["bob", "alice"]}}, False),
        ({"StringNotEquals": {"aws:absent": "x"}}, True),
        ({"StringEquals": {"aws:absent": "x"}}, False),
        ({"StringEqualsIfExists": {"aws:absent": "x"}}, True),
        ({"StringEqualsIfExists": {"aws:username": "x"}}, False),
        ({"StringLike": {"s3:prefix": ["", "home/${aws:username}/*"]}}, True),
        ({"StringLike": {"s3:prefix": "home/bob/*"}}, False),
        ({"StringNotLike": {"s3:prefix": "home/bob/*"}}, True),
        ({"StringEquals": {"aws:principaltag/team": "red"}}, True),
        ({"NumericLessThan": {"s3:max-keys": "11"}}, True),
        ({"NumericLessThanEquals": {"s3:max-keys": 10}}, True),
        ({"NumericGreaterThan": {"s3:max-keys": "10"}}, False),
        ({"NumericEquals": {"s3:max-keys": "10.0"}}, True),
        ({"NumericNotEquals": {"s3:max-keys": "10"}}, False),
        ({"NumericEquals": {"aws:username": "10"}}, False),
        ({"DateGreaterThan": {"aws:CurrentTime": "2026-01-01T00:00:00Z"}}, True),
        ({"DateLessThan": {"aws:CurrentTime": "2026-01-01"}}, False),
        ({"DateLessThanEquals": {"aws:EpochTime": "1772366400"}}, True),
        ({"Bool": {"aws:SecureTransport": "false"}}, True),
        ({"Bool": {"aws:SecureTransport": True}}, False),
        ({"BoolIfExists": {"aws:MultiFactorAuthPresent": "true"}}, True),
        ({"IpAddress": {"aws:SourceIp": "10.1.0.0/16"}}, True),
        ({"IpAddress": {"aws:SourceIp": ["192.168.0.0/16", "10.1.2.3"]}}, True),
        ({"IpAddress": {"aws:SourceIp": "10.2.0.0/16"}}, False),
        ({"IpAddress": {"aws:SourceIp": "2001:db8::/32"}}, False),
        ({"NotIpAddress": {"aws:SourceIp": "10.2.0.0/16"}}, True),
        ({"ArnLike": {"aws:SourceArn": "arn:aws:sns:*:123456789012:*"}}, True),
        ({"ArnEquals": {"aws:SourceArn": "arn:aws:sns:*:123456789012:topi?"}}, True),
        ({"ArnLike": {"aws:SourceArn": "arn:aws:*:topic"}}, False),
        ({"ArnNotLike": {"aws:SourceArn": "arn:aws:sqs:*:*:*"}}, True),
        ({"Null": {"aws:absent": "true"}}, True),
        ({"Null": {"aws:username": "true"}}, False),
        ({"Null": {"aws:username": False}}, True),
        ({"ForAllValues:StringEquals": {"aws:TagKeys": ["team", "stage", "cost"]}}, True),
        ({"ForAllValues:StringEquals": {"aws:TagKeys": ["team"]}}, False),
        ({"ForAllValues:StringEquals": {"aws:absent": ["team"]}}, True),
        ({"ForAnyValue:StringEquals": {"aws:TagKeys": ["team"]}}, True),
        ({"ForAnyValue:StringEquals": {"aws:TagKeys": ["cost"]}}, False),
        ({"ForAnyValue:StringEquals": {"aws:absent": ["team"]}}, False),
        ({"ForAnyValue:StringNotEquals": {"aws:TagKeys": ["team"]}}, True),
        ({"ForAllValues:StringNotEquals": {"aws:TagKeys": ["team"]}}, False),
        ({"StringEquals": {"aws:username": "alice"}, "Bool": {"aws:SecureTransport": "true"}}, False),
        ({"StringEquals": {"aws:username": "alice", "s3:prefix": "home/alice/"}}, True),
    ],
)
def test_conditions(condition, holds: bool) -> None:
    assert (says(statement(Condition=condition), context=CONTEXT) is Effect.ALLOW) is holds


def test_resources_take_variables() -> None:
    mine = statement(Resource="arn:aws:s3:::b/${aws:username}/*")
    assert says(mine, resource="arn:aws:s3:::b/alice/x", context=CONTEXT) is Effect.ALLOW
    assert says(mine, resource="arn:aws:s3:::b/bob/x", context=CONTEXT) is Effect.NONE
    assert says(mine, resource="arn:aws:s3:::b/bob/x") is Effect.NONE


@pytest.mark.parametrize(
    ("element", "principal", "effect"),
    [
        ("*", ANONYMOUS, Effect.ALLOW),
        ({"AWS": "*"}, ANONYMOUS, Effect.ALLOW),
        ({"AWS": ALICE.arn}, ALICE, Effect.ALLOW),
        ({"AWS": ALICE.arn}, SESSION, Effect.NONE),
        ({"AWS": ALICE.arn}, ANONYMOUS, Effect.NONE),
        ({"AWS": ACCOUNT}, ALICE, Effect.ALLOW_ACCOUNT),
        ({"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, SESSION, Effect.ALLOW_ACCOUNT),
        ({"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, ROOT, Effect.ALLOW),
        ({"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, STRANGER, Effect.NONE),
        ({"AWS": SESSION.role_arn}, SESSION, Effect.ALLOW),
        ({"AWS": SESSION.arn}, SESSION, Effect.ALLOW),
        ({"Service": "personalize.amazonaws.com"}, SERVICE, Effect.ALLOW),
        ({"Service": ["sagemaker.amazonaws.com"]}, SERVICE, Effect.NONE),
        ({"Service": "personalize.amazonaws.com"}, ALICE, Effect.NONE),
    ],
)
def test_principals(element, principal: Principal, effect: Effect) -> None:
    made = statement(Principal=element)
    assert says(made, principal=principal, kind=PolicyKind.RESOURCE) is effect
    denied = Effect.NONE if effect is Effect.NONE else Effect.DENY
    assert says({**made, "Effect": "Deny"}, principal=principal, kind=PolicyKind.RESOURCE) is denied


def test_not_principal_names_the_exceptions() -> None:
    deny = {"Effect": "Deny", "Action": "*", "Resource": "*", "NotPrincipal": {"AWS": ALICE.arn}}
    assert says(deny, principal=ALICE, kind=PolicyKind.RESOURCE) is Effect.NONE
    assert says(deny, principal=SESSION, kind=PolicyKind.RESOURCE) is Effect.DENY


NONE, ALLOW, ACCOUNT_WIDE, DENY = Effect.NONE, Effect.ALLOW, Effect.ALLOW_ACCOUNT, Effect.DENY


@pytest.mark.parametrize(
    ("principal", "same_account", "identity", "resource", "allowed"),
    [
        (ALICE, True, ALLOW, NONE, True),
        (ALICE, True, NONE, ALLOW, True),
        (ALICE, True, NONE, ACCOUNT_WIDE, False),
        (ALICE, True, NONE, NONE, False),
        (ALICE, True, DENY, ALLOW, False),
        (ALICE, True, ALLOW, DENY, False),
        (STRANGER, False, ALLOW, NONE, False),
        (STRANGER, False, NONE, ALLOW, False),
        (STRANGER, False, ALLOW, ALLOW, True),
        (STRANGER, False, ALLOW, ACCOUNT_WIDE, True),
        (ANONYMOUS, False, NONE, ALLOW, True),
        (ANONYMOUS, False, NONE, NONE, False),
        (ANONYMOUS, False, NONE, DENY, False),
        (SERVICE, False, NONE, ALLOW, True),
        (SERVICE, False, NONE, NONE, False),
    ],
)
def test_both_sides_together(principal, same_account: bool, identity, resource, allowed: bool) -> None:
    request = Request("s3:GetObject", "arn:aws:s3:::b/k", {}, principal)
    decision = decide_together(request, identity, resource, same_account=same_account)
    assert decision.allowed is allowed
    assert bool(decision) is allowed
    assert decision.explicit_deny is (DENY in (identity, resource))
    assert (decision.reason == "") is allowed


@pytest.mark.parametrize(("limit", "allowed"), [(ALLOW, True), (NONE, False), (DENY, False)])
def test_a_boundary_limits_what_the_policies_allow(limit, allowed: bool) -> None:
    request = Request("s3:GetObject", "arn:aws:s3:::b/k", {}, ALICE)
    assert decide_together(request, ALLOW, limits={"permissions boundary": limit}).allowed is allowed


def test_a_refusal_reads_as_on_aws() -> None:
    request = Request("s3:GetObject", "arn:aws:s3:::b/k", {}, ALICE)
    assert denial(ALICE, request.action, request.resource, decide_together(request, NONE), quoted=True) == (
        f"User: arn:aws:iam::{ACCOUNT}:user/alice is not authorized to perform: s3:GetObject on resource: "
        '"arn:aws:s3:::b/k" because no identity-based policy allows the s3:GetObject action'
    )
    assert decide_together(request, DENY).reason == "with an explicit deny in an identity-based policy"
    assert decide_together(request, ALLOW, DENY).reason == "with an explicit deny in a resource-based policy"
