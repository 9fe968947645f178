"""Users, groups, roles and policies as rows."""

from __future__ import annotations

from pathlib import Path

import pytest

from clary.core.call import Principal
from clary.storage.database import Database
from clary.storage.identities import SCHEMA, Identities
from clary.storage.identity_entities import GROUP, USER
from clary.storage.identity_store import DeleteConflict, EntityAlreadyExists

from .kit import ACCOUNT, READ_ALL, may

# -- entities --------------------------------------------------------------------------------------------------------


def test_names_that_differ_in_case_only_are_the_same(identities: Identities, alice: Principal) -> None:
    with pytest.raises(EntityAlreadyExists, match="User with name ALICE already exists"):
        identities.entities.create(ACCOUNT, USER, "ALICE")
    assert identities.entities.get(ACCOUNT, USER, "Alice").name == "alice"


def test_pages_go_by_name_and_end(identities: Identities) -> None:
    for number in range(5):
        identities.entities.create(ACCOUNT, USER, f"u{number}", "/even/" if number % 2 == 0 else "/odd/")
    first, more = identities.entities.page(ACCOUNT, USER, limit=3)
    assert ([user.name for user in first], more) == (["u0", "u1", "u2"], True)
    rest, more = identities.entities.page(ACCOUNT, USER, after=first[-1].key, limit=3)
    assert ([user.name for user in rest], more) == (["u3", "u4"], False)
    even, _ = identities.entities.page(ACCOUNT, USER, path_prefix="/even/")
    assert [user.name for user in even] == ["u0", "u2", "u4"]


def test_a_renamed_user_keeps_keys_policies_and_groups(identities: Identities, alice: Principal) -> None:
    key = identities.keys.create(ACCOUNT, USER, "alice")
    identities.policies.put_inline(ACCOUNT, USER, "alice", "read", READ_ALL)
    identities.entities.create(ACCOUNT, GROUP, "g")
    identities.entities.add_member(ACCOUNT, GROUP, "g", USER, "alice")
    identities.entities.rename(ACCOUNT, USER, "alice", "carol", "/new/")
    credential = identities.credential(key.id)
    assert credential is not None
    assert credential.principal.arn == f"arn:aws:iam::{ACCOUNT}:user/new/carol"
    assert may(identities, credential.principal)
    assert [user.name for user in identities.entities.members(ACCOUNT, GROUP, "g", USER)] == ["carol"]


def test_what_something_hangs_on_is_not_deleted(identities: Identities, alice: Principal) -> None:
    identities.policies.put_inline(ACCOUNT, USER, "alice", "read", READ_ALL)
    key = identities.keys.create(ACCOUNT, USER, "alice")
    with pytest.raises(DeleteConflict, match="must delete access keys first"):
        identities.entities.delete(ACCOUNT, USER, "alice")
    identities.keys.delete(ACCOUNT, USER, "alice", key.id)
    with pytest.raises(DeleteConflict, match="must delete policies first"):
        identities.entities.delete(ACCOUNT, USER, "alice")
    identities.policies.delete_inline(ACCOUNT, USER, "alice", "read")
    identities.entities.delete(ACCOUNT, USER, "alice")
    assert identities.entities.find(ACCOUNT, USER, "alice") is None


def test_everything_is_there_after_a_restart(tmp_path: Path, identities: Identities, alice: Principal) -> None:
    identities.policies.put_inline(ACCOUNT, USER, "alice", "read", READ_ALL)
    key = identities.keys.create(ACCOUNT, USER, "alice")
    again = Database(tmp_path / "identities.db", SCHEMA)
    try:
        reopened = Identities(again)
        credential = reopened.credential(key.id)
        assert credential is not None
        assert (credential.secret, may(reopened, credential.principal)) == (key.secret, True)
    finally:
        again.close()
