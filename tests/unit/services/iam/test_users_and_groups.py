"""Users, their keys and tags, and groups."""

from __future__ import annotations

import pytest

from clary.core.clock import FixedClock
from clary.core.errors import AccessDenied
from clary.services.iam.errors import (
    DeleteConflict,
    EntityAlreadyExists,
    InvalidInput,
    LimitExceeded,
    NoSuchEntity,
    ValidationError,
)
from clary.storage.identities import Identities
from clary.storage.identity_entities import USER
from clary.storage.identity_keys import user_principal

from ..desk import ACCOUNT, Desk


def as_user(identities: Identities, name: str):
    return user_principal(identities.entities.get(ACCOUNT, USER, name))


def test_a_user_is_made_described_listed_and_deleted(iam: Desk) -> None:
    made = iam("CreateUser", UserName="alice", Path="/team/", Tags=[{"Key": "a", "Value": "1"}])["User"]
    assert made["Arn"] == f"arn:aws:iam::{ACCOUNT}:user/team/alice"
    assert made["UserId"].startswith("AIDA")
    assert made["Tags"] == [{"Key": "a", "Value": "1"}]
    assert iam("GetUser", UserName="alice")["User"] == made
    assert [user["UserName"] for user in iam("ListUsers")["Users"]] == ["alice"]
    assert iam("ListUsers", PathPrefix="/other/")["Users"] == []
    iam("DeleteUser", UserName="alice")
    with pytest.raises(NoSuchEntity, match="The user with name alice cannot be found"):
        iam("GetUser", UserName="alice")


def test_times_are_told_in_whole_seconds(iam: Desk, clock: FixedClock) -> None:
    clock.advance(0.75)
    made = iam("CreateUser", UserName="alice")["User"]["CreateDate"]
    assert (made, type(made)) == (int(clock.time()), int)


def test_a_user_may_ask_for_itself_without_a_name(iam: Desk, identities: Identities) -> None:
    iam("CreateUser", UserName="alice")
    assert iam("GetUser", principal=as_user(identities, "alice"))["User"]["UserName"] == "alice"
    with pytest.raises(ValidationError, match="Must specify userName"):
        iam("GetUser")


def test_a_name_is_taken_once(iam: Desk) -> None:
    iam("CreateUser", UserName="alice")
    with pytest.raises(EntityAlreadyExists, match="User with name Alice already exists"):
        iam("CreateUser", UserName="Alice")


def test_a_user_is_renamed(iam: Desk) -> None:
    iam("CreateUser", UserName="alice")
    iam("CreateUser", UserName="bob")
    iam("UpdateUser", UserName="alice", NewUserName="carol", NewPath="/x/")
    assert iam("GetUser", UserName="carol")["User"]["Path"] == "/x/"
    with pytest.raises(EntityAlreadyExists):
        iam("UpdateUser", UserName="carol", NewUserName="bob")


def test_lists_come_in_pages(iam: Desk) -> None:
    for number in range(7):
        iam("CreateUser", UserName=f"user-{number}")
    names: list[str] = []
    page = iam("ListUsers", MaxItems=3)
    while True:
        names += [user["UserName"] for user in page["Users"]]
        if not page["IsTruncated"]:
            break
        page = iam("ListUsers", MaxItems=3, Marker=page["Marker"])
    assert names == [f"user-{number}" for number in range(7)]
    with pytest.raises(ValidationError, match="Invalid Marker"):
        iam("ListUsers", Marker="???")


def test_keys_are_made_switched_off_and_deleted(iam: Desk, identities: Identities) -> None:
    iam("CreateUser", UserName="alice")
    key = iam("CreateAccessKey", UserName="alice")["AccessKey"]
    assert (key["Status"], len(key["SecretAccessKey"])) == ("Active", 40)
    listed = iam("ListAccessKeys", UserName="alice")["AccessKeyMetadata"]
    assert [entry["AccessKeyId"] for entry in listed] == [key["AccessKeyId"]]
    assert "SecretAccessKey" not in listed[0]
    assert identities.credential(key["AccessKeyId"]) is not None
    iam("UpdateAccessKey", UserName="alice", AccessKeyId=key["AccessKeyId"], Status="Inactive")
    assert identities.credential(key["AccessKeyId"]) is None
    assert iam("ListAccessKeys", UserName="alice")["AccessKeyMetadata"][0]["Status"] == "Inactive"
    with pytest.raises(DeleteConflict, match="must delete access keys first"):
        iam("DeleteUser", UserName="alice")
    iam("DeleteAccessKey", UserName="alice", AccessKeyId=key["AccessKeyId"])
    with pytest.raises(NoSuchEntity, match="The Access Key with id"):
        iam("DeleteAccessKey", UserName="alice", AccessKeyId=key["AccessKeyId"])


def test_a_user_has_two_keys_at_most(iam: Desk) -> None:
    iam("CreateUser", UserName="alice")
    iam("CreateAccessKey", UserName="alice")
    iam("CreateAccessKey", UserName="alice")
    with pytest.raises(LimitExceeded, match="Cannot exceed quota for AccessKeysPerUser: 2"):
        iam("CreateAccessKey", UserName="alice")


def test_a_user_makes_its_own_key_without_a_name(iam: Desk, identities: Identities) -> None:
    iam("CreateUser", UserName="alice")
    assert iam("CreateAccessKey", principal=as_user(identities, "alice"))["AccessKey"]["UserName"] == "alice"
    with pytest.raises(ValidationError):
        iam("CreateAccessKey")


def test_the_first_key_can_be_withdrawn_by_its_own_role(iam: Desk, identities: Identities) -> None:
    (key,) = iam("ListAccessKeys")["AccessKeyMetadata"]
    iam("DeleteAccessKey", AccessKeyId=key["AccessKeyId"])
    assert identities.credential(key["AccessKeyId"]) is None


def test_a_key_tells_its_owner_to_its_account_alone(iam: Desk) -> None:
    iam("CreateUser", UserName="alice")
    key = iam("CreateAccessKey", UserName="alice")["AccessKey"]["AccessKeyId"]
    assert iam("GetAccessKeyLastUsed", AccessKeyId=key)["UserName"] == "alice"
    with pytest.raises(AccessDenied):
        iam("GetAccessKeyLastUsed", AccessKeyId="AKIAUNKNOWN000000000")


def test_tags_are_added_replaced_and_removed(iam: Desk) -> None:
    iam("CreateUser", UserName="alice", Tags=[{"Key": "team", "Value": "red"}])
    iam("TagUser", UserName="alice", Tags=[{"Key": "Team", "Value": "blue"}, {"Key": "stage", "Value": "x"}])
    assert iam("ListUserTags", UserName="alice")["Tags"] == [
        {"Key": "Team", "Value": "blue"},
        {"Key": "stage", "Value": "x"},
    ]
    iam("UntagUser", UserName="alice", TagKeys=["team", "unknown"])
    assert iam("ListUserTags", UserName="alice")["Tags"] == [{"Key": "stage", "Value": "x"}]
    with pytest.raises(InvalidInput, match="Duplicate tag keys"):
        iam("TagUser", UserName="alice", Tags=[{"Key": "a", "Value": ""}, {"Key": "A", "Value": ""}])
    with pytest.raises(LimitExceeded):
        iam("TagUser", UserName="alice", Tags=[{"Key": f"k{number}", "Value": ""} for number in range(50)])


def test_groups_hold_users(iam: Desk) -> None:
    iam("CreateUser", UserName="alice")
    group = iam("CreateGroup", GroupName="readers")["Group"]
    assert group["Arn"] == f"arn:aws:iam::{ACCOUNT}:group/readers"
    iam("AddUserToGroup", GroupName="readers", UserName="alice")
    assert [user["UserName"] for user in iam("GetGroup", GroupName="readers")["Users"]] == ["alice"]
    assert [entry["GroupName"] for entry in iam("ListGroupsForUser", UserName="alice")["Groups"]] == ["readers"]
    with pytest.raises(DeleteConflict):
        iam("DeleteGroup", GroupName="readers")
    with pytest.raises(DeleteConflict):
        iam("DeleteUser", UserName="alice")
    iam("UpdateGroup", GroupName="readers", NewGroupName="writers")
    iam("RemoveUserFromGroup", GroupName="writers", UserName="alice")
    iam("DeleteGroup", GroupName="writers")
    assert iam("ListGroups")["Groups"] == []
    with pytest.raises(NoSuchEntity, match="The group with name writers cannot be found"):
        iam("AddUserToGroup", GroupName="writers", UserName="alice")


def test_counts_are_counted(iam: Desk) -> None:
    iam("CreateUser", UserName="alice")
    summary = iam("GetAccountSummary")["SummaryMap"]
    assert (summary["Users"], summary["Roles"], summary["Groups"]) == (1, 1, 0)
    assert iam("ListMFADevices", UserName="alice")["MFADevices"] == []
    assert iam("ListAccountAliases")["AccountAliases"] == []
    with pytest.raises(NoSuchEntity, match="Login Profile for User alice"):
        iam("GetLoginProfile", UserName="alice")
