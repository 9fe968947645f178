"""Managed policies with their versions, attachments, and inline policies."""

from __future__ import annotations

import base64
import hashlib
import sqlite3
from dataclasses import dataclass

import orjson

from clary.storage.identity_catalogue import CREATED, managed_policies
from clary.storage.identity_entities import POLICY, Entities, Entity, not_found
from clary.storage.identity_store import DeleteConflict, IdentityStore, LimitExceeded, NoSuchEntity

_MOST_VERSIONS = 5
_MOST_ATTACHMENTS = 10


@dataclass(frozen=True, slots=True)
class PolicyVersion:
    """One version of a managed policy; `created` in seconds since 1970."""

    number: int
    document: str
    created: float
    is_default: bool

    @property
    def id(self) -> str:
        """AWS's name of the version: "v1"."""
        return f"v{self.number}"


class Policies:
    """What is allowed to whom: attached and inline policies of users, groups and roles.

    Args:
        store: the tables.
        entities: where policies are rows.
    """

    def __init__(self, store: IdentityStore, entities: Entities) -> None:
        self._store = store
        self._entities = entities

    def create(self, account: str, name: str, path: str, document: str, body: dict[str, object]) -> Entity:
        """Stores a customer managed policy with its first version.

        Raises:
            EntityAlreadyExists: the name is taken.
        """

        def write(connection: sqlite3.Connection) -> Entity:
            policy = self._entities.create_in(
                connection, account, POLICY, name, path, {**body, "default_version": 1, "next_version": 2}
            )
            connection.execute(
                "INSERT INTO iam_policy_versions VALUES (?,?,?,?)", (policy.arn, 1, policy.created, document)
            )
            return policy

        return self._store.write(write)

    def get(self, arn: str) -> Entity:
        """A managed policy, AWS's or one's own.

        Raises:
            NoSuchEntity: it is not there.
        """
        managed = managed_policies().get(arn)
        if managed is not None:
            body = {"description": managed.description, "default_version": 1}
            identifier = "ANPA" + _letters(managed.name)
            return Entity("aws", POLICY, managed.name, managed.path, identifier, arn, CREATED, body)
        policy = self._entities.by_arn(arn)
        if policy is None or policy.kind != POLICY:
            raise not_found(POLICY, arn)
        return policy

    def versions(self, arn: str) -> list[PolicyVersion]:
        """The versions of a policy, newest first.

        Raises:
            NoSuchEntity: the policy is not there.
        """
        policy = self.get(arn)
        if policy.account == "aws":
            return [PolicyVersion(1, managed_policies()[arn].document, CREATED, True)]
        rows = self._store.rows(
            "SELECT version, document, created FROM iam_policy_versions WHERE arn=? ORDER BY version DESC", arn
        )
        default = policy.body["default_version"]
        return [PolicyVersion(number, document, created, number == default) for number, document, created in rows]

    def version(self, arn: str, version_id: str) -> PolicyVersion:
        """One version, by its id ("v1").

        Raises:
            NoSuchEntity: policy or version is not there.
        """
        for version in self.versions(arn):
            if version.id == version_id:
                return version
        raise NoSuchEntity(f"Policy {arn} version {version_id} does not exist or is not attachable.")

    def document(self, arn: str) -> str | None:
        """The default version's document, None when the policy is not there."""
        try:
            return next((version.document for version in self.versions(arn) if version.is_default), None)
        except NoSuchEntity:
            return None

    def add_version(self, arn: str, document: str, *, as_default: bool) -> PolicyVersion:
        """Stores another version.

        Raises:
            NoSuchEntity: the policy is not there.
            LimitExceeded: it has five versions.
        """

        def write(connection: sqlite3.Connection) -> PolicyVersion:
            policy = self._own(connection, arn)
            count = connection.execute("SELECT count(*) FROM iam_policy_versions WHERE arn=?", (arn,)).fetchone()[0]
            if count >= _MOST_VERSIONS:
                raise LimitExceeded(
                    f"A managed policy can have up to {_MOST_VERSIONS} versions. Before you create a new version, you "
                    "must delete an existing version."
                )
            number, now = policy.body["next_version"], self._store.clock.time()
            connection.execute("INSERT INTO iam_policy_versions VALUES (?,?,?,?)", (arn, number, now, document))
            policy.body["next_version"] = number + 1
            if as_default:
                policy.body["default_version"] = number
            self._save(connection, policy, now)
            return PolicyVersion(number, document, now, as_default)

        return self._store.write(write)

    def set_default(self, arn: str, version_id: str) -> None:
        """Makes a version the one that counts.

        Raises:
            NoSuchEntity: policy or version is not there.
        """
        version = self.version(arn, version_id)

        def write(connection: sqlite3.Connection) -> None:
            policy = self._own(connection, arn)
            policy.body["default_version"] = version.number
            self._save(connection, policy, self._store.clock.time())

        self._store.write(write)

    def delete_version(self, arn: str, version_id: str) -> None:
        """Deletes a version that is not the default.

        Raises:
            NoSuchEntity: policy or version is not there.
            DeleteConflict: it is the default version.
        """
        version = self.version(arn, version_id)

        def write(connection: sqlite3.Connection) -> None:
            policy = self._own(connection, arn)
            if policy.body["default_version"] == version.number:
                raise DeleteConflict("Cannot delete the default version of a policy.")
            connection.execute("DELETE FROM iam_policy_versions WHERE arn=? AND version=?", (arn, version.number))
            self._save(connection, policy, self._store.clock.time())

        self._store.write(write)

    def _own(self, connection: sqlite3.Connection, arn: str) -> Entity:
        row = connection.execute("SELECT account, name FROM iam_entities WHERE arn=? AND kind=?", (arn, POLICY))
        found = row.fetchone()
        if found is None:
            raise not_found(POLICY, arn)
        return self._entities.get_in(connection, found[0], POLICY, found[1])

    @staticmethod
    def _save(connection: sqlite3.Connection, policy: Entity, now: float) -> None:
        policy.body["updated"] = now
        connection.execute(
            "UPDATE iam_entities SET body=? WHERE account=? AND kind=? AND key=?",
            (orjson.dumps(policy.body).decode(), policy.account, POLICY, policy.key),
        )

    def attach(self, account: str, kind: str, name: str, arn: str) -> None:
        """Attaches a managed policy; attaching it twice is the same as once.

        Raises:
            NoSuchEntity: user, group, role or policy is not there.
            LimitExceeded: ten policies are attached.
        """

        def write(connection: sqlite3.Connection) -> None:
            owner = self._entities.get_in(connection, account, kind, name)
            if arn not in managed_policies():
                row = connection.execute("SELECT account FROM iam_entities WHERE arn=? AND kind=?", (arn, POLICY))
                if row.fetchone() != (account,):
                    raise NoSuchEntity(f"Policy {arn} does not exist or is not attachable.")
            rows = connection.execute(
                "SELECT policy_arn FROM iam_attachments WHERE account=? AND kind=? AND key=?",
                (account, kind, owner.key),
            ).fetchall()
            if (arn,) not in rows and len(rows) >= _MOST_ATTACHMENTS:
                raise LimitExceeded(f"Cannot exceed quota for PoliciesPer{kind.title()}: {_MOST_ATTACHMENTS}")
            connection.execute(
                "INSERT OR IGNORE INTO iam_attachments VALUES (?,?,?,?)", (account, kind, owner.key, arn)
            )

        self._store.write(write)

    def detach(self, account: str, kind: str, name: str, arn: str) -> None:
        """Detaches a managed policy.

        Raises:
            NoSuchEntity: the owner is not there, or the policy is not attached to it.
        """

        def write(connection: sqlite3.Connection) -> None:
            owner = self._entities.get_in(connection, account, kind, name)
            changed = connection.execute(
                "DELETE FROM iam_attachments WHERE account=? AND kind=? AND key=? AND policy_arn=?",
                (account, kind, owner.key, arn),
            ).rowcount
            if not changed:
                raise not_found(POLICY, arn)

        self._store.write(write)

    def attached(self, account: str, kind: str, name: str) -> list[str]:
        """The ARNs of the policies attached to a user, group or role."""
        rows = self._store.rows(
            "SELECT policy_arn FROM iam_attachments WHERE account=? AND kind=? AND key=? ORDER BY policy_arn",
            account,
            kind,
            name.lower(),
        )
        return [arn for (arn,) in rows]

    def owners(self, account: str, arn: str) -> list[tuple[str, str]]:
        """Kind and key of everything in the account that a policy is attached to."""
        return self._store.rows(
            "SELECT kind, key FROM iam_attachments WHERE policy_arn=? AND account=? ORDER BY kind, key", arn, account
        )

    def bounded(self, account: str, arn: str) -> int:
        """How many users and roles of the account have a policy as their permissions boundary."""
        row = self._store.row(
            "SELECT count(*) FROM iam_entities WHERE account=? AND json_extract(body, '$.boundary')=?", account, arn
        )
        return int(row[0]) if row else 0

    def put_inline(self, account: str, kind: str, name: str, policy_name: str, document: str) -> None:
        """Stores an inline policy, replacing one of that name.

        Raises:
            NoSuchEntity: the owner is not there.
        """

        def write(connection: sqlite3.Connection) -> None:
            owner = self._entities.get_in(connection, account, kind, name)
            connection.execute(
                "INSERT OR REPLACE INTO iam_inline_policies VALUES (?,?,?,?,?)",
                (account, kind, owner.key, policy_name, document),
            )

        self._store.write(write)

    def inline(self, account: str, kind: str, name: str) -> dict[str, str]:
        """The inline policies of a user, group or role: documents by name, sorted."""
        rows = self._store.rows(
            "SELECT name, document FROM iam_inline_policies WHERE account=? AND kind=? AND key=? ORDER BY name",
            account,
            kind,
            name.lower(),
        )
        return dict(rows)

    def delete_inline(self, account: str, kind: str, name: str, policy_name: str) -> None:
        """Deletes an inline policy.

        Raises:
            NoSuchEntity: the owner or the policy is not there.
        """

        def write(connection: sqlite3.Connection) -> None:
            owner = self._entities.get_in(connection, account, kind, name)
            changed = connection.execute(
                "DELETE FROM iam_inline_policies WHERE account=? AND kind=? AND key=? AND name=?",
                (account, kind, owner.key, policy_name),
            ).rowcount
            if not changed:
                raise NoSuchEntity(f"The {kind} policy with name {policy_name} cannot be found.")

        self._store.write(write)


def _letters(name: str) -> str:
    """Seventeen letters for the id of an AWS managed policy, always the same for a name."""
    digest = hashlib.sha256(name.encode()).digest()
    return base64.b32encode(digest).decode()[:17]
