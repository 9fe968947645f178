"""Decisions, and caches that never serve what is out of date."""

from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from clary.core.call import ANONYMOUS, Principal
from clary.core.clock import FixedClock
from clary.storage.database import Database
from clary.storage.identities import SCHEMA, Identities
from clary.storage.identity_entities import GROUP, USER
from clary.storage.identity_keys import user_principal

from .kit import ACCOUNT, ALLOW_ALL, DENY_ALL, OBJECT, READ_ALL, allow, may

# -- decisions -------------------------------------------------------------------------------------------------------


def test_inline_attached_and_group_policies_all_count(identities: Identities, alice: Principal) -> None:
    assert not may(identities, alice)
    identities.policies.put_inline(ACCOUNT, USER, "alice", "read", READ_ALL)
    assert may(identities, alice)
    identities.policies.delete_inline(ACCOUNT, USER, "alice", "read")
    assert not may(identities, alice)
    policy = identities.policies.create(ACCOUNT, "read", "/", READ_ALL, {})
    identities.policies.attach(ACCOUNT, USER, "alice", policy.arn)
    assert may(identities, alice)
    identities.policies.detach(ACCOUNT, USER, "alice", policy.arn)
    assert not may(identities, alice)
    identities.entities.create(ACCOUNT, GROUP, "readers")
    identities.policies.put_inline(ACCOUNT, GROUP, "readers", "read", READ_ALL)
    identities.entities.add_member(ACCOUNT, GROUP, "readers", USER, "alice")
    assert may(identities, alice)
    identities.entities.remove_member(ACCOUNT, GROUP, "readers", USER, "alice")
    assert not may(identities, alice)


def test_another_version_of_a_policy_counts_at_once(identities: Identities, alice: Principal) -> None:
    policy = identities.policies.create(ACCOUNT, "p", "/", READ_ALL, {})
    identities.policies.attach(ACCOUNT, USER, "alice", policy.arn)
    assert may(identities, alice)
    identities.policies.add_version(policy.arn, DENY_ALL, as_default=True)
    decision = identities.allowed(alice, "s3:GetObject", OBJECT)
    assert (decision.allowed, decision.explicit_deny) == (False, True)
    identities.policies.set_default(policy.arn, "v1")
    assert may(identities, alice)


def test_a_change_by_another_process_counts_soon(tmp_path: Path, alice: Principal, identities: Identities) -> None:
    other_database = Database(tmp_path / "identities.db", SCHEMA)
    try:
        other = Identities(other_database, check_seconds=0.02)
        assert not may(other, alice)
        identities.policies.put_inline(ACCOUNT, USER, "alice", "read", READ_ALL)
        deadline = time.monotonic() + 5
        while not may(other, alice):
            assert time.monotonic() < deadline
        identities.policies.delete_inline(ACCOUNT, USER, "alice", "read")
        while may(other, alice):
            assert time.monotonic() < deadline
    finally:
        other_database.close()


def test_a_decision_under_conditions_is_made_for_each_circumstance(identities: Identities, alice: Principal) -> None:
    rule = allow("s3:GetObject", Condition={"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}})
    identities.policies.put_inline(ACCOUNT, USER, "alice", "home", rule)
    for _ in range(2):
        assert may(identities, alice, conditions={"aws:SourceIp": "10.1.1.1"})
        assert not may(identities, alice, conditions={"aws:SourceIp": "11.1.1.1"})


def test_a_decision_about_the_time_is_made_anew(identities: Identities, alice: Principal, clock: FixedClock) -> None:
    rule = allow("s3:GetObject", Condition={"DateLessThan": {"aws:CurrentTime": "2023-11-14T22:13:30Z"}})
    identities.policies.put_inline(ACCOUNT, USER, "alice", "soon", rule)
    assert may(identities, alice)
    clock.advance(60)
    assert not may(identities, alice)


def test_variables_and_tags_come_from_the_caller(identities: Identities, alice: Principal) -> None:
    rule = allow("s3:*", "arn:aws:s3:::data/${aws:username}/*")
    identities.policies.put_inline(ACCOUNT, USER, "alice", "own", rule)
    assert may(identities, alice, resource="arn:aws:s3:::data/alice/x")
    assert not may(identities, alice, resource="arn:aws:s3:::data/bob/x")
    identities.policies.put_inline(
        ACCOUNT, USER, "alice", "own", allow("s3:*", Condition={"StringEquals": {"aws:PrincipalTag/team": "red"}})
    )
    assert not may(identities, alice)
    identities.entities.update(ACCOUNT, USER, "alice", {"tags": {"team": "red"}})
    assert may(identities, alice)


def test_a_boundary_limits_a_user(identities: Identities, alice: Principal) -> None:
    identities.policies.put_inline(ACCOUNT, USER, "alice", "all", ALLOW_ALL)
    identities.entities.update(ACCOUNT, USER, "alice", {"boundary": "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"})
    assert may(identities, alice)
    decision = identities.allowed(alice, "s3:PutObject", OBJECT)
    assert decision.reason == "because no permissions boundary allows the s3:PutObject action"
    identities.entities.update(ACCOUNT, USER, "alice", {"boundary": "arn:aws:iam::123456789012:policy/gone"})
    assert not may(identities, alice)


def test_a_session_policy_limits_a_session_alone(identities: Identities) -> None:
    role_arn = identities.bootstrap().role_arn
    acting = identities.role_principal(role_arn, "s")
    session = identities.keys.issue_session(acting, 900, [READ_ALL])
    credential = identities.credential(session.access_key_id)
    assert credential is not None
    limited = credential.principal
    assert may(identities, limited)
    assert not may(identities, limited, "s3:PutObject")
    assert may(identities, acting, "s3:PutObject")


def test_who_was_deleted_or_replaced_may_nothing(identities: Identities, alice: Principal) -> None:
    identities.policies.put_inline(ACCOUNT, USER, "alice", "all", ALLOW_ALL)
    assert may(identities, alice)
    identities.policies.delete_inline(ACCOUNT, USER, "alice", "all")
    identities.entities.delete(ACCOUNT, USER, "alice")
    assert not may(identities, alice)
    again = user_principal(identities.entities.create(ACCOUNT, USER, "alice"))
    identities.policies.put_inline(ACCOUNT, USER, "alice", "all", ALLOW_ALL)
    assert may(identities, again)
    assert not may(identities, alice)


BUCKET_POLICY = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::data/*"},
        {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "arn:aws:s3:::data/secret"},
    ],
}


def test_anonymous_callers_reach_what_a_bucket_policy_opens(identities: Identities) -> None:
    assert may(identities, ANONYMOUS, resource_policy=BUCKET_POLICY)
    assert not may(identities, ANONYMOUS)
    assert not may(identities, ANONYMOUS, "s3:PutObject", resource_policy=BUCKET_POLICY)
    assert not may(identities, ANONYMOUS, resource="arn:aws:s3:::data/secret", resource_policy=BUCKET_POLICY)


def test_a_bucket_policy_denies_even_administrators(identities: Identities) -> None:
    boss = identities.role_principal(identities.bootstrap().role_arn, "s")
    decision = identities.allowed(boss, "s3:GetObject", "arn:aws:s3:::data/secret", resource_policy=BUCKET_POLICY)
    assert decision.explicit_deny
    assert decision.reason == "with an explicit deny in a resource-based policy"


def test_another_account_needs_both_sides(identities: Identities) -> None:
    eve = user_principal(identities.entities.create("999999999999", USER, "eve"))
    opened = json.loads(json.dumps(BUCKET_POLICY))
    other = {"resource_account": ACCOUNT}
    assert not may(identities, eve, resource_policy=opened, **other)
    identities.policies.put_inline("999999999999", USER, "eve", "read", READ_ALL)
    assert may(identities, eve, resource_policy=opened, **other)
    assert not may(identities, eve, **other)
    assert may(identities, eve)  # her own account's bucket


def test_a_bucket_policy_that_cannot_be_read_opens_nothing(identities: Identities) -> None:
    assert not may(identities, ANONYMOUS, resource_policy={"Statement": "broken"})


def test_two_policies_are_never_taken_for_one_another(identities: Identities) -> None:
    closed = {"Version": "2012-10-17", "Statement": [{**BUCKET_POLICY["Statement"][0], "Effect": "Deny"}]}
    for _ in range(3):
        assert may(identities, ANONYMOUS, resource_policy=BUCKET_POLICY)
        assert not may(identities, ANONYMOUS, resource_policy=closed)


def test_no_decision_is_out_of_date_while_others_decide(identities: Identities, alice: Principal) -> None:
    with ThreadPoolExecutor(4) as pool:
        stop = time.monotonic() + 0.5

        def decide() -> None:
            while time.monotonic() < stop:
                may(identities, alice)

        work = [pool.submit(decide) for _ in range(3)]
        while time.monotonic() < stop:
            identities.policies.put_inline(ACCOUNT, USER, "alice", "read", READ_ALL)
            assert may(identities, alice)
            identities.policies.delete_inline(ACCOUNT, USER, "alice", "read")
            assert not may(identities, alice)
        for one in work:
            one.result()


def test_a_known_decision_takes_microseconds(identities: Identities) -> None:
    boss = identities.role_principal(identities.bootstrap().role_arn, "s")
    conditions = {"aws:SourceIp": "127.0.0.1", "aws:SecureTransport": "false", "aws:UserAgent": "x"}
    times = []
    for _ in range(200):
        started = time.perf_counter()
        for _ in range(100):
            identities.allowed(boss, "s3:GetObject", OBJECT, conditions)
        times.append((time.perf_counter() - started) / 100)
    assert min(times) < 5e-6
