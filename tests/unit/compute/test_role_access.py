"""Users' programs act as their role, as long as they run; nobody else's program gets anything."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from clary.compute.contract import Program
from clary.compute.role_access import RoleAccess
from clary.core.address import Address
from clary.storage.database import Database
from clary.storage.identities import SCHEMA, Identities

ACCOUNT = "123456789012"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/ClaryExecutionRole"
KEY = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
PROXIES = ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy", "NO_PROXY", "no_proxy")


@pytest.fixture
def identities(tmp_path: Path) -> Iterator[Identities]:
    database = Database(tmp_path / "identities.db", SCHEMA)
    made = Identities(database, account=ACCOUNT)
    made.bootstrap(ACCOUNT)
    yield made
    database.close()


@pytest.fixture
def access(identities: Identities, monkeypatch: pytest.MonkeyPatch) -> RoleAccess:
    for name in PROXIES:
        monkeypatch.delenv(name, raising=False)
    return RoleAccess(identities, lambda: Address("127.0.0.1", 4566), "job")


def script(**environment: str) -> Program:
    return Program(argv=("python", "train.py"), environment=environment)


def admitted(access: RoleAccess, program: Program, **options: Any) -> Program:
    return access.admit(program, ROLE, **{"network": True, "seconds": 600, **options}).program


def test_a_script_gets_the_address_and_a_session_of_its_role(access: RoleAccess, identities: Identities) -> None:
    environment = admitted(access, script(OWN="1")).environment
    assert environment["AWS_ENDPOINT_URL"] == "http://127.0.0.1:4566"
    assert environment["OWN"] == "1"
    credential = identities.credential(environment[KEY[0]])
    assert credential is not None
    assert (credential.secret, credential.session_token) == (environment[KEY[1]], environment[KEY[2]])
    assert credential.principal.arn == f"arn:aws:sts::{ACCOUNT}:assumed-role/ClaryExecutionRole/SageMaker"
    assert credential.expires is not None and credential.issued is not None
    assert credential.expires - credential.issued == 600


@pytest.mark.parametrize(
    ("program", "network"),
    [(script(), False), (Program(entry="clary.algorithms.train:main"), True)],
    ids=["no network", "built in"],
)
def test_what_has_no_network_or_is_clarys_own_gets_nothing(access: RoleAccess, program: Program, network: bool) -> None:
    assert admitted(access, program, network=network) == program


def test_nothing_is_told_before_clary_listened_anywhere(identities: Identities) -> None:
    assert admitted(RoleAccess(identities, lambda: None, "job"), script()) == script()


@pytest.mark.parametrize(
    "own", ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE", "AWS_CONTAINER_CREDENTIALS_FULL_URI"]
)
def test_an_identity_of_the_users_own_is_not_mixed_with_another(access: RoleAccess, own: str) -> None:
    environment = admitted(access, script(**{own: "mine"})).environment
    assert environment == {own: "mine", "AWS_ENDPOINT_URL": "http://127.0.0.1:4566"}


def test_an_address_of_the_users_own_stays(access: RoleAccess) -> None:
    assert admitted(access, script(AWS_ENDPOINT_URL="http://else")).environment["AWS_ENDPOINT_URL"] == "http://else"


def test_a_role_that_is_not_there_gives_no_credentials(access: RoleAccess) -> None:
    admission = access.admit(script(), f"arn:aws:iam::{ACCOUNT}:role/Nobody", network=True, seconds=60)
    assert not set(KEY) & set(admission.program.environment)


def test_a_proxy_is_not_asked_for_this_machine(access: RoleAccess, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "NO_PROXY" not in admitted(access, script()).environment
    monkeypatch.setenv("HTTP_PROXY", "http://proxy:3128")
    environment = admitted(access, script(NO_PROXY="example.org")).environment
    assert environment["NO_PROXY"] == "example.org,127.0.0.1"
    assert environment["no_proxy"] == "127.0.0.1"


def test_withdrawn_credentials_are_unknown_at_once_and_others_stay(identities: Identities, access: RoleAccess) -> None:
    first, second = [access.admit(script(), ROLE, network=True, seconds=60) for _ in range(2)]
    other = RoleAccess(identities, lambda: Address("127.0.0.1", 4566), "other job")
    third = other.admit(script(), ROLE, network=True, seconds=60)
    assert all(identities.credential(one.access_key_id) for one in (first, second, third))
    access.withdraw(first)
    assert identities.credential(first.access_key_id) is None
    assert identities.credential(second.access_key_id) is not None
    access.withdraw_all()
    assert identities.credential(second.access_key_id) is None
    assert identities.credential(third.access_key_id) is not None


def test_no_secret_is_in_a_repr(access: RoleAccess) -> None:
    admission = access.admit(script(), ROLE, network=True, seconds=60)
    assert not [secret for secret in admission.secrets if secret in repr(admission)]
