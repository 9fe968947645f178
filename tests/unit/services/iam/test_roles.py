"""Roles, their trust policies, instance profiles and service-linked roles."""

from __future__ import annotations

import json
from urllib.parse import unquote

import pytest

from clary.services.iam.errors import (
    DeleteConflict,
    EntityAlreadyExists,
    InvalidInput,
    LimitExceeded,
    MalformedPolicyDocument,
    NoSuchEntity,
    UnmodifiableEntity,
)
from clary.storage.identities import DEFAULT_ROLE, Identities

from ..desk import ACCOUNT, Desk


def trust(service: str = "sagemaker.amazonaws.com", **parts) -> str:
    statement = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole", **parts}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def make(iam: Desk, name: str = "worker", **parts):
    return iam("CreateRole", RoleName=name, **{"AssumeRolePolicyDocument": trust(), **parts})["Role"]


def test_a_role_is_made_and_described_with_its_trust_policy_encoded(iam: Desk) -> None:
    made = make(iam, Path="/jobs/", Description="runs jobs", MaxSessionDuration=7200)
    assert made["Arn"] == f"arn:aws:iam::{ACCOUNT}:role/jobs/worker"
    assert made["RoleId"].startswith("AROA")
    role = iam("GetRole", RoleName="worker")["Role"]
    assert "{" not in role["AssumeRolePolicyDocument"]
    assert json.loads(unquote(role["AssumeRolePolicyDocument"])) == json.loads(trust())
    assert (role["Description"], role["MaxSessionDuration"]) == ("runs jobs", 7200)


def test_the_execution_role_is_there_from_the_start(iam: Desk) -> None:
    role = iam("GetRole", RoleName=DEFAULT_ROLE)["Role"]
    assert "sagemaker.amazonaws.com" in unquote(role["AssumeRolePolicyDocument"])
    attached = iam("ListAttachedRolePolicies", RoleName=DEFAULT_ROLE)["AttachedPolicies"]
    assert attached == [
        {"PolicyName": "AdministratorAccess", "PolicyArn": "arn:aws:iam::aws:policy/AdministratorAccess"}
    ]


def test_roles_are_listed_by_path(iam: Desk) -> None:
    make(iam, "a", Path="/jobs/")
    make(iam, "b")
    assert [role["RoleName"] for role in iam("ListRoles", PathPrefix="/jobs/")["Roles"]] == ["a"]
    assert [role["RoleName"] for role in iam("ListRoles")["Roles"]] == ["a", "b", DEFAULT_ROLE]


def test_a_role_name_is_taken_once(iam: Desk) -> None:
    make(iam)
    with pytest.raises(EntityAlreadyExists, match="Role with name worker already exists"):
        make(iam)


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ("not json", "This policy contains invalid Json"),
        (trust(Action="s3:GetObject"), "AssumeRole policy may only specify STS AssumeRole actions."),
        (trust(Resource="*"), "Has prohibited field Resource"),
        (
            trust(Principal={"AWS": f"arn:aws:iam::{ACCOUNT}:user/nobody"}),
            f'Invalid principal in policy: "AWS":"arn:aws:iam::{ACCOUNT}:user/nobody"',
        ),
    ],
)
def test_a_wrong_trust_policy_is_refused_and_changes_nothing(iam: Desk, document: str, message: str) -> None:
    with pytest.raises(MalformedPolicyDocument) as caught:
        make(iam, AssumeRolePolicyDocument=document)
    assert caught.value.message == message
    make(iam)
    with pytest.raises(MalformedPolicyDocument):
        iam("UpdateAssumeRolePolicy", RoleName="worker", PolicyDocument=document)
    assert "sagemaker" in iam("GetRole", RoleName="worker")["Role"]["AssumeRolePolicyDocument"]


def test_a_large_trust_policy_is_refused(iam: Desk) -> None:
    services = [f"service-{number}.amazonaws.com" for number in range(200)]
    with pytest.raises(LimitExceeded, match="Cannot exceed quota for ACLSizePerRole: 2048"):
        make(iam, AssumeRolePolicyDocument=trust(Principal={"Service": services}))


def test_a_changed_trust_policy_counts(iam: Desk, identities: Identities) -> None:
    make(iam)
    iam("UpdateAssumeRolePolicy", RoleName="worker", PolicyDocument=trust("textract.amazonaws.com"))
    role = identities.role("worker")
    assert role is not None
    assert identities.trusts(role, "textract.amazonaws.com")
    assert not identities.trusts(role, "sagemaker.amazonaws.com")


def test_a_role_is_changed_and_tagged(iam: Desk) -> None:
    make(iam)
    iam("UpdateRole", RoleName="worker", Description="new", MaxSessionDuration=5000)
    iam("TagRole", RoleName="worker", Tags=[{"Key": "a", "Value": "b"}])
    role = iam("GetRole", RoleName="worker")["Role"]
    assert (role["Description"], role["MaxSessionDuration"], role["Tags"]) == (
        "new",
        5000,
        [{"Key": "a", "Value": "b"}],
    )
    changed = iam("UpdateRoleDescription", RoleName="worker", Description="newer")
    assert changed["Role"]["Description"] == "newer"
    iam("UntagRole", RoleName="worker", TagKeys=["a"])
    assert iam("ListRoleTags", RoleName="worker")["Tags"] == []


def test_a_role_goes_when_nothing_hangs_on_it(iam: Desk) -> None:
    make(iam)
    policy = "arn:aws:iam::aws:policy/AmazonS3FullAccess"
    iam("AttachRolePolicy", RoleName="worker", PolicyArn=policy)
    with pytest.raises(DeleteConflict, match="must detach all policies first"):
        iam("DeleteRole", RoleName="worker")
    iam("DetachRolePolicy", RoleName="worker", PolicyArn=policy)
    iam("DeleteRole", RoleName="worker")
    with pytest.raises(NoSuchEntity, match="The role with name worker cannot be found"):
        iam("DeleteRole", RoleName="worker")


def test_an_instance_profile_holds_one_role(iam: Desk) -> None:
    make(iam)
    make(iam, "second")
    iam("CreateInstanceProfile", InstanceProfileName="p")
    iam("AddRoleToInstanceProfile", InstanceProfileName="p", RoleName="worker")
    with pytest.raises(EntityAlreadyExists):
        iam("AddRoleToInstanceProfile", InstanceProfileName="p", RoleName="worker")
    with pytest.raises(LimitExceeded):
        iam("AddRoleToInstanceProfile", InstanceProfileName="p", RoleName="second")
    profile = iam("GetInstanceProfile", InstanceProfileName="p")["InstanceProfile"]
    assert [role["RoleName"] for role in profile["Roles"]] == ["worker"]
    assert len(iam("ListInstanceProfilesForRole", RoleName="worker")["InstanceProfiles"]) == 1
    with pytest.raises(DeleteConflict, match="must remove roles from instance profile first"):
        iam("DeleteRole", RoleName="worker")
    with pytest.raises(DeleteConflict):
        iam("DeleteInstanceProfile", InstanceProfileName="p")
    iam("RemoveRoleFromInstanceProfile", InstanceProfileName="p", RoleName="worker")
    iam("DeleteInstanceProfile", InstanceProfileName="p")
    assert iam("ListInstanceProfiles")["InstanceProfiles"] == []


def test_a_service_linked_role_belongs_to_its_service(iam: Desk, identities: Identities) -> None:
    role = iam("CreateServiceLinkedRole", AWSServiceName="application-autoscaling.amazonaws.com")["Role"]
    name = role["RoleName"]
    assert role["Path"] == "/aws-service-role/application-autoscaling.amazonaws.com/"
    found = identities.role(role["Arn"])
    assert found is not None
    assert identities.trusts(found, "application-autoscaling.amazonaws.com")
    policy = "arn:aws:iam::aws:policy/AdministratorAccess"
    for attempt in (
        lambda: iam("AttachRolePolicy", RoleName=name, PolicyArn=policy),
        lambda: iam("UpdateAssumeRolePolicy", RoleName=name, PolicyDocument=trust()),
        lambda: iam("DeleteRole", RoleName=name),
        lambda: iam("PutRolePermissionsBoundary", RoleName=name, PermissionsBoundary=policy),
    ):
        with pytest.raises(UnmodifiableEntity, match=name):
            attempt()
    with pytest.raises(InvalidInput, match="has been taken in this account"):
        iam("CreateServiceLinkedRole", AWSServiceName="application-autoscaling.amazonaws.com")
    task = iam("DeleteServiceLinkedRole", RoleName=name)["DeletionTaskId"]
    assert iam("GetServiceLinkedRoleDeletionStatus", DeletionTaskId=task)["Status"] == "SUCCEEDED"
    with pytest.raises(NoSuchEntity):
        iam("GetRole", RoleName=name)
