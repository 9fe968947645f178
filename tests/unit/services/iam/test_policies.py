"""Managed policies, versions, attachments, inline policies and boundaries."""

from __future__ import annotations

import json
from urllib.parse import unquote

import pytest

from clary.core.errors import AccessDenied
from clary.services.iam.errors import (
    DeleteConflict,
    EntityAlreadyExists,
    InvalidInput,
    LimitExceeded,
    MalformedPolicyDocument,
    NoSuchEntity,
)
from clary.storage.identities import Identities
from clary.storage.identity_entities import USER
from clary.storage.identity_keys import user_principal

from ..desk import ACCOUNT, Desk

ADMINISTRATOR = "arn:aws:iam::aws:policy/AdministratorAccess"


def document(action: str = "s3:GetObject", **parts) -> str:
    statement = {"Effect": "Allow", "Action": action, "Resource": "*", **parts}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


@pytest.fixture
def policy(iam: Desk) -> str:
    return iam("CreatePolicy", PolicyName="reading", PolicyDocument=document(), Description="reads")["Policy"]["Arn"]


def test_a_policy_is_made_and_described(iam: Desk, policy: str) -> None:
    assert policy == f"arn:aws:iam::{ACCOUNT}:policy/reading"
    described = iam("GetPolicy", PolicyArn=policy)["Policy"]
    assert (described["DefaultVersionId"], described["AttachmentCount"], described["Description"]) == ("v1", 0, "reads")
    version = iam("GetPolicyVersion", PolicyArn=policy, VersionId="v1")["PolicyVersion"]
    assert json.loads(unquote(version["Document"])) == json.loads(document())
    with pytest.raises(EntityAlreadyExists, match="A policy called Reading already exists"):
        iam("CreatePolicy", PolicyName="Reading", PolicyDocument=document())


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "Syntax errors in policy."),
        (document("GetObject"), "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc."),
        (document(Resource="bucket"), 'Resource bucket must be in ARN format or "*".'),
        (document(Principal="*"), "Policy document should not specify a principal."),
    ],
)
def test_a_malformed_policy_is_refused(iam: Desk, text: str, message: str) -> None:
    with pytest.raises(MalformedPolicyDocument) as caught:
        iam("CreatePolicy", PolicyName="p", PolicyDocument=text)
    assert caught.value.message == message
    assert iam("ListPolicies", Scope="Local")["Policies"] == []


def test_a_large_policy_is_refused_but_white_space_is_free(iam: Desk) -> None:
    with pytest.raises(LimitExceeded, match="Cannot exceed quota for PolicySize: 6144"):
        iam("CreatePolicy", PolicyName="p", PolicyDocument=document(Action=["s3:" + "a" * 60] * 100))
    iam("CreatePolicy", PolicyName="p", PolicyDocument=document() + " " * 10_000)


def test_a_policy_has_five_versions_of_which_one_counts(iam: Desk, policy: str, identities: Identities) -> None:
    for number in range(2, 6):
        made = iam("CreatePolicyVersion", PolicyArn=policy, PolicyDocument=document(f"s3:Put{number}"))["PolicyVersion"]
        assert (made["VersionId"], made["IsDefaultVersion"]) == (f"v{number}", False)
    with pytest.raises(LimitExceeded, match="can have up to 5 versions"):
        iam("CreatePolicyVersion", PolicyArn=policy, PolicyDocument=document())
    iam("SetDefaultPolicyVersion", PolicyArn=policy, VersionId="v3")
    assert "Put3" in (identities.policies.document(policy) or "")
    with pytest.raises(DeleteConflict, match="Cannot delete the default version"):
        iam("DeletePolicyVersion", PolicyArn=policy, VersionId="v3")
    with pytest.raises(DeleteConflict, match="more than one version"):
        iam("DeletePolicy", PolicyArn=policy)
    for number in (1, 2, 4, 5):
        iam("DeletePolicyVersion", PolicyArn=policy, VersionId=f"v{number}")
    versions = iam("ListPolicyVersions", PolicyArn=policy)["Versions"]
    assert [(version["VersionId"], version["IsDefaultVersion"]) for version in versions] == [("v3", True)]
    made = iam("CreatePolicyVersion", PolicyArn=policy, PolicyDocument=document(), SetAsDefault=True)["PolicyVersion"]
    assert made["VersionId"] == "v6"  # numbers are never used again
    with pytest.raises(NoSuchEntity):
        iam("GetPolicyVersion", PolicyArn=policy, VersionId="v1")


def test_a_policy_is_attached_counted_and_detached(iam: Desk, policy: str) -> None:
    iam("CreateUser", UserName="alice")
    iam("CreateGroup", GroupName="g")
    for name, member in (("AttachUserPolicy", {"UserName": "alice"}), ("AttachGroupPolicy", {"GroupName": "g"})):
        iam(name, PolicyArn=policy, **member)
        iam(name, PolicyArn=policy, **member)
    assert iam("GetPolicy", PolicyArn=policy)["Policy"]["AttachmentCount"] == 2
    entities = iam("ListEntitiesForPolicy", PolicyArn=policy)
    assert [user["UserName"] for user in entities["PolicyUsers"]] == ["alice"]
    assert [group["GroupName"] for group in entities["PolicyGroups"]] == ["g"]
    assert iam("ListEntitiesForPolicy", PolicyArn=policy, EntityFilter="User")["PolicyGroups"] == []
    assert iam("ListAttachedUserPolicies", UserName="alice")["AttachedPolicies"][0]["PolicyArn"] == policy
    with pytest.raises(DeleteConflict, match="Cannot delete a policy attached to entities"):
        iam("DeletePolicy", PolicyArn=policy)
    iam("DetachUserPolicy", UserName="alice", PolicyArn=policy)
    iam("DetachGroupPolicy", GroupName="g", PolicyArn=policy)
    with pytest.raises(NoSuchEntity):
        iam("DetachUserPolicy", UserName="alice", PolicyArn=policy)
    iam("DeletePolicy", PolicyArn=policy)
    with pytest.raises(NoSuchEntity, match=f"Policy {policy} was not found"):
        iam("GetPolicy", PolicyArn=policy)


def test_only_policies_that_exist_are_attached(iam: Desk) -> None:
    iam("CreateUser", UserName="alice")
    for name in ("AmazonSageMakerFullAccess", "AmazonS3FullAccess"):
        iam("AttachUserPolicy", UserName="alice", PolicyArn=f"arn:aws:iam::aws:policy/{name}")
    with pytest.raises(NoSuchEntity, match="does not exist or is not attachable"):
        iam("AttachUserPolicy", UserName="alice", PolicyArn="arn:aws:iam::aws:policy/NoSuchPolicy")
    with pytest.raises(InvalidInput, match="is not valid"):
        iam("AttachUserPolicy", UserName="alice", PolicyArn="x" * 30)
    with pytest.raises(NoSuchEntity, match="The user with name bob"):
        iam("AttachUserPolicy", UserName="bob", PolicyArn=ADMINISTRATOR)


def test_policies_are_listed_by_scope_in_pages(iam: Desk, policy: str) -> None:
    local = iam("ListPolicies", Scope="Local")["Policies"]
    assert [entry["Arn"] for entry in local] == [policy]
    names: list[str] = []
    page = iam("ListPolicies", MaxItems=7)
    while page["IsTruncated"]:
        names += [entry["PolicyName"] for entry in page["Policies"]]
        page = iam("ListPolicies", MaxItems=7, Marker=page["Marker"])
    names += [entry["PolicyName"] for entry in page["Policies"]]
    aws = iam("ListPolicies", Scope="AWS", MaxItems=1000)["Policies"]
    assert len(names) == len(set(names)) == len(aws) + 1
    attached = iam("ListPolicies", OnlyAttached=True)["Policies"]
    assert [entry["PolicyName"] for entry in attached] == ["AdministratorAccess"]


def test_policies_of_aws_are_read_only(iam: Desk) -> None:
    assert iam("GetPolicyVersion", PolicyArn=ADMINISTRATOR, VersionId="v1")["PolicyVersion"]["IsDefaultVersion"]
    for attempt in (
        lambda: iam("DeletePolicy", PolicyArn=ADMINISTRATOR),
        lambda: iam("CreatePolicyVersion", PolicyArn=ADMINISTRATOR, PolicyDocument=document()),
        lambda: iam("TagPolicy", PolicyArn=ADMINISTRATOR, Tags=[{"Key": "a", "Value": "b"}]),
    ):
        with pytest.raises(AccessDenied):
            attempt()


def test_a_policy_is_tagged(iam: Desk, policy: str) -> None:
    iam("TagPolicy", PolicyArn=policy, Tags=[{"Key": "a", "Value": "b"}])
    assert iam("ListPolicyTags", PolicyArn=policy)["Tags"] == [{"Key": "a", "Value": "b"}]
    iam("UntagPolicy", PolicyArn=policy, TagKeys=["a"])
    assert iam("GetPolicy", PolicyArn=policy)["Policy"]["Tags"] == []


OWNERS = [
    pytest.param("User", "CreateUser", {}, id="user"),
    pytest.param("Group", "CreateGroup", {}, id="group"),
    pytest.param(
        "Role",
        "CreateRole",
        {
            "AssumeRolePolicyDocument": json.dumps(
                {
                    "Version": "2012-10-17",
                    "Statement": {"Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "Action": "sts:AssumeRole"},
                }
            )
        },
        id="role",
    ),
]


@pytest.mark.parametrize(("word", "maker", "parts"), OWNERS)
def test_inline_policies_are_put_read_listed_and_deleted(iam: Desk, word: str, maker: str, parts) -> None:
    owner = {f"{word}Name": "x"}
    iam(maker, **owner, **parts)
    iam(f"Put{word}Policy", **owner, PolicyName="p", PolicyDocument=document())
    got = iam(f"Get{word}Policy", **owner, PolicyName="p")
    assert json.loads(unquote(got["PolicyDocument"])) == json.loads(document())
    iam(f"Put{word}Policy", **owner, PolicyName="q", PolicyDocument=document())
    assert iam(f"List{word}Policies", **owner)["PolicyNames"] == ["p", "q"]
    with pytest.raises(DeleteConflict, match="must delete policies first"):
        iam(f"Delete{word}", **owner)
    for name in ("p", "q"):
        iam(f"Delete{word}Policy", **owner, PolicyName=name)
    with pytest.raises(NoSuchEntity, match=f"The {word.lower()} policy with name p cannot be found"):
        iam(f"Get{word}Policy", **owner, PolicyName="p")
    with pytest.raises(MalformedPolicyDocument):
        iam(f"Put{word}Policy", **owner, PolicyName="p", PolicyDocument="{}")


def test_inline_policies_are_limited_together(iam: Desk) -> None:
    iam("CreateUser", UserName="alice")
    large = document(Action=["s3:" + "a" * 50] * 20)
    iam("PutUserPolicy", UserName="alice", PolicyName="one", PolicyDocument=large)
    iam("PutUserPolicy", UserName="alice", PolicyName="one", PolicyDocument=large)
    with pytest.raises(LimitExceeded, match="Maximum policy size of 2048 bytes exceeded for user alice"):
        iam("PutUserPolicy", UserName="alice", PolicyName="two", PolicyDocument=large)


def test_a_boundary_is_set_shown_and_removed(iam: Desk, identities: Identities) -> None:
    iam("CreateUser", UserName="alice", PermissionsBoundary=ADMINISTRATOR)
    shown = iam("GetUser", UserName="alice")["User"]["PermissionsBoundary"]
    assert shown == {"PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": ADMINISTRATOR}
    used = iam("ListPolicies", PolicyUsageFilter="PermissionsBoundary")["Policies"]
    assert [(entry["Arn"], entry["PermissionsBoundaryUsageCount"]) for entry in used] == [(ADMINISTRATOR, 1)]
    boundary = "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"
    iam("PutUserPermissionsBoundary", UserName="alice", PermissionsBoundary=boundary)
    iam("AttachUserPolicy", UserName="alice", PolicyArn=ADMINISTRATOR)
    alice = user_principal(identities.entities.get(ACCOUNT, USER, "alice"))
    assert not identities.allowed(alice, "s3:PutObject", "arn:aws:s3:::b/k").allowed
    iam("DeleteUserPermissionsBoundary", UserName="alice")
    assert identities.allowed(alice, "s3:PutObject", "arn:aws:s3:::b/k").allowed
    with pytest.raises(NoSuchEntity):
        iam("DeleteUserPermissionsBoundary", UserName="alice")
