"""Users, groups, roles and customer managed policies as rows, whatever their kind."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from clary.core.ids import unique_id
from clary.storage.identity_store import DeleteConflict, EntityAlreadyExists, IdentityStore, NoSuchEntity

USER, GROUP, ROLE, POLICY, INSTANCE_PROFILE = "user", "group", "role", "policy", "instance-profile"
_ID_PREFIXES = {USER: "AIDA", GROUP: "AGPA", ROLE: "AROA", POLICY: "ANPA", INSTANCE_PROFILE: "AIPA"}
_COLUMNS = "account, kind, name, path, id, arn, created, body"


@dataclass(frozen=True, slots=True)
class Entity:
    """A user, group, role, policy or instance profile.

    Attributes:
        kind: "user", "group", "role", "policy" or "instance-profile".
        path: begins and ends with a slash.
        id: the unique id ("AIDA...", "AROA...").
        created: seconds since 1970, UTC.
        body: what the kind adds, JSON-compatible: "tags", "boundary"; of a role "trust", "description",
            "max_session_seconds"; of a policy "description", "default_version", "next_version", "updated".
    """

    account: str
    kind: str
    name: str
    path: str
    id: str
    arn: str
    created: float
    body: dict[str, Any] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """The name without regard to case: names that differ in case only are the same to IAM."""
        return self.name.lower()

    @property
    def tags(self) -> dict[str, str]:
        """The tags."""
        return dict(self.body.get("tags", {}))


def not_found(kind: str, name: str) -> NoSuchEntity:
    """The error for an entity that is not there."""
    if kind == POLICY:
        return NoSuchEntity(f"Policy {name} was not found.")
    if kind == INSTANCE_PROFILE:
        return NoSuchEntity(f"Instance Profile {name} cannot be found.")
    return NoSuchEntity(f"The {kind} with name {name} cannot be found.")


class Entities:
    """Creates, finds, lists, changes and deletes entities.

    Args:
        store: the tables.
    """

    def __init__(self, store: IdentityStore) -> None:
        self._store = store

    def create(
        self, account: str, kind: str, name: str, path: str = "/", body: Mapping[str, Any] | None = None
    ) -> Entity:
        """Stores a new entity.

        Raises:
            EntityAlreadyExists: the name is taken.
        """
        return self._store.write(lambda connection: self.create_in(connection, account, kind, name, path, body))

    def create_in(
        self,
        connection: sqlite3.Connection,
        account: str,
        kind: str,
        name: str,
        path: str = "/",
        body: Mapping[str, Any] | None = None,
    ) -> Entity:
        """`create` inside a transaction that somebody else commits."""
        arn = f"arn:aws:iam::{account}:{kind}{path}{name}"
        entity = Entity(
            account, kind, name, path, unique_id(_ID_PREFIXES[kind]), arn, self._store.clock.time(), dict(body or {})
        )
        try:
            connection.execute(
                f"INSERT INTO iam_entities (key, {_COLUMNS}) VALUES (?,?,?,?,?,?,?,?,?)",  # noqa: S608
                (entity.key, *_row(entity)),
            )
        except sqlite3.IntegrityError as error:
            if kind == POLICY:
                text = f"A policy called {name} already exists. Duplicate names are not allowed."
            else:
                text = f"{kind.replace('-', ' ').title()} with name {name} already exists."
            raise EntityAlreadyExists(text) from error
        return entity

    def find(self, account: str, kind: str, name: str) -> Entity | None:
        """The entity, or None."""
        row = self._store.row(
            f"SELECT {_COLUMNS} FROM iam_entities WHERE account=? AND kind=? AND key=?",  # noqa: S608
            account,
            kind,
            name.lower(),
        )
        return _entity(row) if row else None

    def get(self, account: str, kind: str, name: str) -> Entity:
        """The entity.

        Raises:
            NoSuchEntity: it is not there.
        """
        entity = self.find(account, kind, name)
        if entity is None:
            raise not_found(kind, name)
        return entity

    def by_arn(self, arn: str) -> Entity | None:
        """The entity with that ARN, or None."""
        row = self._store.row(f"SELECT {_COLUMNS} FROM iam_entities WHERE arn=?", arn)  # noqa: S608
        return _entity(row) if row else None

    def page(
        self, account: str, kind: str, *, path_prefix: str = "/", after: str = "", limit: int = 100
    ) -> tuple[list[Entity], bool]:
        """Entities in the order of their names.

        Args:
            after: the `key` of the last entity of the page before.

        Returns:
            The page, and whether there is more.
        """
        prefix_end = path_prefix + "\U0010ffff"
        rows = self._store.rows(
            f"SELECT {_COLUMNS} FROM iam_entities WHERE account=? AND kind=? AND key>? AND path>=? AND path<?"  # noqa: S608
            " ORDER BY key LIMIT ?",
            account,
            kind,
            after,
            path_prefix,
            prefix_end,
            limit + 1,
        )
        return [_entity(row) for row in rows[:limit]], len(rows) > limit

    def count(self, account: str, kind: str) -> int:
        """How many there are of a kind."""
        row = self._store.row("SELECT count(*) FROM iam_entities WHERE account=? AND kind=?", account, kind)
        return int(row[0]) if row else 0

    def update(self, account: str, kind: str, name: str, changes: Mapping[str, Any]) -> Entity:
        """Sets entries of the body; an entry that becomes None is removed.

        Raises:
            NoSuchEntity: it is not there.
        """

        def write(connection: sqlite3.Connection) -> Entity:
            entity = self.get_in(connection, account, kind, name)
            for key, value in changes.items():
                if value is None:
                    entity.body.pop(key, None)
                else:
                    entity.body[key] = value
            connection.execute(
                "UPDATE iam_entities SET body=? WHERE account=? AND kind=? AND key=?",
                (orjson.dumps(entity.body).decode(), account, kind, entity.key),
            )
            return entity

        return self._store.write(write)

    def rename(self, account: str, kind: str, name: str, new_name: str, new_path: str) -> Entity:
        """Gives a user or group another name or path; what hangs on it follows.

        Raises:
            NoSuchEntity: it is not there.
            EntityAlreadyExists: the new name is taken.
        """

        def write(connection: sqlite3.Connection) -> Entity:
            old = self.get_in(connection, account, kind, name)
            key, arn = new_name.lower(), f"arn:aws:iam::{account}:{kind}{new_path}{new_name}"
            try:
                connection.execute(
                    "UPDATE iam_entities SET key=?, name=?, path=?, arn=? WHERE account=? AND kind=? AND key=?",
                    (key, new_name, new_path, arn, account, kind, old.key),
                )
            except sqlite3.IntegrityError as error:
                raise EntityAlreadyExists(f"{kind.title()} with name {new_name} already exists.") from error
            for table in ("iam_attachments", "iam_inline_policies"):
                connection.execute(
                    f"UPDATE {table} SET key=? WHERE account=? AND kind=? AND key=?",  # noqa: S608
                    (key, account, kind, old.key),
                )
            connection.execute(
                "UPDATE iam_access_keys SET owner_key=? WHERE account=? AND owner_kind=? AND owner_key=?",
                (key, account, kind, old.key),
            )
            column = "container_key" if kind == GROUP else "member_key"
            connection.execute(
                f"UPDATE iam_members SET {column}=? WHERE account=? AND container_kind=? AND {column}=?",  # noqa: S608
                (key, account, GROUP, old.key),
            )
            return self.get_in(connection, account, kind, new_name)

        return self._store.write(write)

    def get_in(self, connection: sqlite3.Connection, account: str, kind: str, name: str) -> Entity:
        """`get` inside a transaction."""
        row = connection.execute(
            f"SELECT {_COLUMNS} FROM iam_entities WHERE account=? AND kind=? AND key=?",  # noqa: S608
            (account, kind, name.lower()),
        ).fetchone()
        if row is None:
            raise not_found(kind, name)
        return _entity(row)

    def delete(self, account: str, kind: str, name: str) -> None:
        """Deletes an entity on which nothing hangs any more.

        Raises:
            NoSuchEntity: it is not there.
            DeleteConflict: policies, keys or members still hang on it.
        """

        def write(connection: sqlite3.Connection) -> None:
            entity = self.get_in(connection, account, kind, name)
            for sql, text in _OBSTACLES[kind]:
                values = {"account": account, "kind": kind, "key": entity.key, "arn": entity.arn}
                if connection.execute(f"SELECT 1 FROM {sql} LIMIT 1", values).fetchone():  # noqa: S608
                    raise DeleteConflict(text)
            connection.execute(
                "DELETE FROM iam_entities WHERE account=? AND kind=? AND key=?", (account, kind, entity.key)
            )
            connection.execute("DELETE FROM iam_policy_versions WHERE arn=?", (entity.arn,))
            if kind == ROLE:  # a role's long-lived keys, such as the first one of an installation, go with it
                connection.execute(
                    "DELETE FROM iam_access_keys WHERE account=? AND owner_kind=? AND owner_key=?",
                    (account, kind, entity.key),
                )

        self._store.write(write)

    # -- who is in what: users in groups, roles in instance profiles ---------------------------------------------

    def add_member(self, account: str, container_kind: str, container: str, member_kind: str, member: str) -> None:
        """Puts a user into a group, or a role into an instance profile.

        Raises:
            NoSuchEntity: one of the two is not there.
        """

        def write(connection: sqlite3.Connection) -> None:
            outer = self.get_in(connection, account, container_kind, container)
            inner = self.get_in(connection, account, member_kind, member)
            connection.execute(
                "INSERT OR IGNORE INTO iam_members VALUES (?,?,?,?)", (account, container_kind, outer.key, inner.key)
            )

        self._store.write(write)

    def remove_member(self, account: str, container_kind: str, container: str, member_kind: str, member: str) -> None:
        """Takes a member out again.

        Raises:
            NoSuchEntity: one of the two is not there, or it is no member.
        """

        def write(connection: sqlite3.Connection) -> None:
            outer = self.get_in(connection, account, container_kind, container)
            inner = self.get_in(connection, account, member_kind, member)
            changed = connection.execute(
                "DELETE FROM iam_members WHERE account=? AND container_kind=? AND container_key=? AND member_key=?",
                (account, container_kind, outer.key, inner.key),
            ).rowcount
            if not changed:
                raise not_found(member_kind, member)

        self._store.write(write)

    def members(self, account: str, container_kind: str, container: str, member_kind: str) -> list[Entity]:
        """The members of a group or instance profile, by name."""
        rows = self._store.rows(
            "SELECT member_key FROM iam_members WHERE account=? AND container_kind=? AND container_key=?"
            " ORDER BY member_key",
            account,
            container_kind,
            container.lower(),
        )
        found = [self.find(account, member_kind, key) for (key,) in rows]
        return [entity for entity in found if entity is not None]

    def containers(self, account: str, container_kind: str, member: str) -> list[Entity]:
        """The groups of a user, or the instance profiles of a role, by name."""
        rows = self._store.rows(
            "SELECT container_key FROM iam_members WHERE account=? AND container_kind=? AND member_key=?"
            " ORDER BY container_key",
            account,
            container_kind,
            member.lower(),
        )
        found = [self.find(account, container_kind, key) for (key,) in rows]
        return [entity for entity in found if entity is not None]


_OWN = "account=:account AND kind=:kind AND key=:key"
_ATTACHED = (f"iam_attachments WHERE {_OWN}", "Cannot delete entity, must detach all policies first.")
_INLINE = (f"iam_inline_policies WHERE {_OWN}", "Cannot delete entity, must delete policies first.")
_OBSTACLES: Mapping[str, tuple[tuple[str, str], ...]] = {
    USER: (
        (
            "iam_access_keys WHERE account=:account AND owner_kind=:kind AND owner_key=:key",
            "Cannot delete entity, must delete access keys first.",
        ),
        (
            "iam_members WHERE account=:account AND container_kind='group' AND member_key=:key",
            "Cannot delete entity, must remove users from group first.",
        ),
        _ATTACHED,
        _INLINE,
    ),
    GROUP: (
        (
            "iam_members WHERE account=:account AND container_kind=:kind AND container_key=:key",
            "Cannot delete entity, must remove users from group first.",
        ),
        _ATTACHED,
        _INLINE,
    ),
    ROLE: (
        (
            "iam_members WHERE account=:account AND container_kind='instance-profile' AND member_key=:key",
            "Cannot delete entity, must remove roles from instance profile first.",
        ),
        _ATTACHED,
        _INLINE,
    ),
    POLICY: (
        ("iam_attachments WHERE policy_arn=:arn", "Cannot delete a policy attached to entities."),
        (
            "iam_policy_versions WHERE arn=:arn GROUP BY arn HAVING count(*) > 1",
            "This policy has more than one version. Before you delete a policy, you must delete the policy's versions. "
            "The default version is deleted with the policy.",
        ),
    ),
    INSTANCE_PROFILE: (
        (
            "iam_members WHERE account=:account AND container_kind=:kind AND container_key=:key",
            "Cannot delete entity, must remove roles from instance profile first.",
        ),
    ),
}
"""What keeps an entity of each kind from being deleted, in the order in which AWS names it."""


def _row(entity: Entity) -> tuple[Any, ...]:
    return (
        entity.account,
        entity.kind,
        entity.name,
        entity.path,
        entity.id,
        entity.arn,
        entity.created,
        orjson.dumps(entity.body).decode(),
    )


def _entity(row: tuple[Any, ...]) -> Entity:
    account, kind, name, path, identifier, arn, created, body = row
    return Entity(account, kind, name, path, identifier, arn, created, orjson.loads(body))
