"""Identities: keys, decisions, caches that never serve what is out of date."""

from __future__ import annotations

import json
import stat
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from clary.core.call import ANONYMOUS, Principal
from clary.core.clock import FixedClock
from clary.core.policy import Effect
from clary.core.policy_documents import parse
from clary.storage.database import Database
from clary.storage.identities import DEFAULT_ROLE, SCHEMA, Identities
from clary.storage.identity_catalogue import managed_policies
from clary.storage.identity_entities import GROUP, ROLE, USER
from clary.storage.identity_keys import user_principal
from clary.storage.identity_store import DeleteConflict, EntityAlreadyExists, LimitExceeded, NoSuchEntity

ACCOUNT = "123456789012"
OBJECT = "arn:aws:s3:::data/a.csv"
READ_ALL = json.dumps(
    {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::*"}}
)
DENY_ALL = json.dumps({"Version": "2012-10-17", "Statement": {"Effect": "Deny", "Action": "*", "Resource": "*"}})
ALLOW_ALL = json.dumps({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}})


def allow(action: str, resource: str = "*", **parts) -> str:
    return json.dumps(
        {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": action, "Resource": resource, **parts}}
    )


@pytest.fixture
def database(tmp_path: Path):
    opened = Database(tmp_path / "identities.db", SCHEMA)
    yield opened
    opened.close()


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock()


@pytest.fixture
def identities(database: Database, clock: FixedClock) -> Identities:
    return Identities(database, clock, ACCOUNT)


@pytest.fixture
def alice(identities: Identities) -> Principal:
    return user_principal(identities.entities.create(ACCOUNT, USER, "alice"))


def may(
    identities: Identities, principal: Principal, action: str = "s3:GetObject", resource: str = OBJECT, **kw
) -> bool:
    return identities.allowed(principal, action, resource, **kw).allowed


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


# -- AWS's policies --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("arn", managed_policies())
def test_every_managed_policy_can_be_read(arn: str, identities: Identities) -> None:
    assert parse(identities.policies.document(arn) or "").statements
    assert identities.policies.get(arn).arn == arn


def test_ids_of_managed_policies_differ(identities: Identities) -> None:
    assert len({identities.policies.get(arn).id for arn in managed_policies()}) == len(managed_policies())


@pytest.mark.parametrize(
    ("policy", "action", "resource", "allowed"),
    [
        ("AdministratorAccess", "anything:AtAll", "arn:aws:x:::y", True),
        (
            "AmazonSageMakerFullAccess",
            "sagemaker:CreateTrainingJob",
            "arn:aws:sagemaker:us-east-1:123456789012:x",
            True,
        ),
        ("AmazonSageMakerFullAccess", "s3:GetObject", "arn:aws:s3:::sagemaker-us-east-1-123456789012/k", True),
        ("AmazonSageMakerFullAccess", "s3:GetObject", "arn:aws:s3:::private/k", False),
        ("AmazonSageMakerFullAccess", "iam:CreateUser", "*", False),
        ("AmazonS3ReadOnlyAccess", "s3:GetObject", OBJECT, True),
        ("AmazonS3ReadOnlyAccess", "s3:PutObject", OBJECT, False),
        ("AmazonRekognitionFullAccess", "rekognition:DetectFaces", "*", True),
        ("AmazonTextractFullAccess", "textract:AnalyzeDocument", "*", True),
        ("ComprehendFullAccess", "comprehend:DetectSentiment", "*", True),
        ("AmazonAugmentedAIFullAccess", "sagemaker:StartHumanLoop", "*", True),
        ("AmazonEC2ContainerRegistryFullAccess", "ecr:PutImage", "*", True),
        ("CloudWatchLogsFullAccess", "logs:PutLogEvents", "*", True),
        ("IAMFullAccess", "iam:CreateUser", "*", True),
        ("PowerUserAccess", "iam:CreateUser", "*", False),
        ("PowerUserAccess", "s3:PutObject", OBJECT, True),
        ("service-role/AmazonPersonalizeFullAccess", "personalize:CreateSolution", "*", True),
    ],
)
def test_managed_policies_allow_what_their_names_say(
    identities: Identities, alice: Principal, policy: str, action: str, resource: str, allowed: bool
) -> None:
    identities.policies.attach(ACCOUNT, USER, "alice", f"arn:aws:iam::aws:policy/{policy}")
    assert may(identities, alice, action, resource) is allowed


def test_a_role_is_passed_to_the_services_its_policy_names_alone(identities: Identities, alice: Principal) -> None:
    role = identities.bootstrap().role_arn
    identities.policies.attach(ACCOUNT, USER, "alice", "arn:aws:iam::aws:policy/AmazonSageMakerFullAccess")
    assert identities.may_pass(alice, role, "sagemaker.amazonaws.com").allowed
    assert not identities.may_pass(alice, role, "personalize.amazonaws.com").allowed
