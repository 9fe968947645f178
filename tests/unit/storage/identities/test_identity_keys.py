"""The first key, long-lived keys and sessions; their secrets stay where they are."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from clary.core.call import Principal
from clary.core.clock import FixedClock
from clary.core.policy import Effect
from clary.storage.database import Database
from clary.storage.identities import DEFAULT_ROLE, Identities
from clary.storage.identity_entities import ROLE, USER
from clary.storage.identity_store import LimitExceeded, NoSuchEntity

from .kit import ACCOUNT, may

# -- the first key ---------------------------------------------------------------------------------------------------


def test_the_first_key_acts_as_a_session_of_the_execution_role(identities: Identities) -> None:
    first = identities.bootstrap()
    credential = identities.credential(first.access_key_id)
    assert credential is not None
    assert credential.secret == first.secret_access_key
    assert (credential.session_token, credential.expires) == (None, None)
    principal = credential.principal
    assert principal.kind == "assumed-role"
    assert principal.arn.startswith(f"arn:aws:sts::{ACCOUNT}:assumed-role/{DEFAULT_ROLE}/")
    assert principal.role_arn == first.role_arn
    role = identities.role(DEFAULT_ROLE)
    assert role is not None
    assert principal.user_id.startswith(f"{role.id}:")
    assert may(identities, principal, "iam:CreateUser", "*")
    assert may(identities, principal)


@pytest.mark.parametrize("service", ["sagemaker", "personalize", "rekognition", "textract", "comprehend"])
def test_the_execution_role_can_be_handed_to_the_services(identities: Identities, service: str) -> None:
    first = identities.bootstrap()
    role = identities.role(first.role_arn)
    assert role is not None
    assert identities.trusts(role, f"{service}.amazonaws.com")
    assert not identities.trusts(role, "ec2.amazonaws.com")
    principal = identities.role_principal(first.role_arn, "me")
    assert identities.may_pass(principal, first.role_arn, f"{service}.amazonaws.com").allowed
    assert identities.trust_effect(role, principal) is Effect.ALLOW_ACCOUNT


def test_bootstrapping_again_gives_the_same_key(identities: Identities, database: Database) -> None:
    first = identities.bootstrap()
    assert identities.bootstrap() == first
    assert Identities(database).bootstrap() == first
    assert identities.bootstrap("210987654321").account == "210987654321"


def test_a_lost_first_key_is_made_anew(identities: Identities) -> None:
    first = identities.bootstrap()
    identities.keys.delete(ACCOUNT, ROLE, DEFAULT_ROLE, first.access_key_id)
    assert identities.credential(first.access_key_id) is None
    assert identities.bootstrap().access_key_id != first.access_key_id


# -- secrets ---------------------------------------------------------------------------------------------------------


def test_only_the_owner_can_read_the_files_with_the_secrets(identities: Identities, tmp_path: Path) -> None:
    identities.bootstrap()
    files = list(tmp_path.iterdir())
    assert len(files) >= 2  # the database and its write-ahead log
    for file in files:
        assert stat.S_IMODE(file.stat().st_mode) == 0o600, file.name


def test_no_secret_shows_in_a_repr(identities: Identities, alice: Principal) -> None:
    first = identities.bootstrap()
    key = identities.keys.create(ACCOUNT, USER, "alice")
    session = identities.keys.issue_session(alice, 900)
    shown = repr([first, key, session, identities.credential(session.access_key_id), identities.credential(key.id)])
    for secret in (first.secret_access_key, key.secret, session.secret, session.token):
        assert secret not in shown


# -- keys ------------------------------------------------------------------------------------------------------------


def test_a_key_works_while_it_is_active(identities: Identities, alice: Principal) -> None:
    key = identities.keys.create(ACCOUNT, USER, "alice")
    credential = identities.credential(key.id)
    assert credential is not None
    assert credential.principal.arn == alice.arn
    assert credential.principal.access_key_id == key.id
    identities.keys.set_status(ACCOUNT, USER, "alice", key.id, "Inactive")
    assert identities.credential(key.id) is None
    identities.keys.set_status(ACCOUNT, USER, "alice", key.id, "Active")
    assert identities.credential(key.id) is not None
    identities.keys.delete(ACCOUNT, USER, "alice", key.id)
    assert identities.credential(key.id) is None


def test_a_user_has_at_most_two_keys(identities: Identities, alice: Principal) -> None:
    for _ in range(2):
        identities.keys.create(ACCOUNT, USER, "alice")
    with pytest.raises(LimitExceeded, match="AccessKeysPerUser: 2"):
        identities.keys.create(ACCOUNT, USER, "alice")


def test_nobody_can_withdraw_the_key_of_another(identities: Identities, alice: Principal) -> None:
    identities.entities.create(ACCOUNT, USER, "bob")
    key = identities.keys.create(ACCOUNT, USER, "alice")
    with pytest.raises(NoSuchEntity):
        identities.keys.delete(ACCOUNT, USER, "bob", key.id)
    assert identities.credential(key.id) is not None


def test_a_session_carries_token_and_expiry(identities: Identities, alice: Principal, clock: FixedClock) -> None:
    session = identities.keys.issue_session(alice, 900)
    credential = identities.credential(session.access_key_id)
    assert credential is not None
    assert session.access_key_id.startswith("ASIA")
    assert (credential.session_token, credential.expires) == (session.token, clock.time() + 900)
    assert credential.principal.access_key_id == session.access_key_id


def test_sessions_long_over_are_forgotten(
    identities: Identities, alice: Principal, clock: FixedClock, database
) -> None:
    old = identities.keys.issue_session(alice, 900)
    clock.advance(2 * 24 * 3600)
    identities.keys.issue_session(alice, 900)
    assert Identities(database, clock).credential(old.access_key_id) is None
