"""Access keys and temporary credentials."""

from __future__ import annotations

import secrets
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace

import orjson

from clary.core.call import Principal
from clary.core.ids import secret_key, unique_id
from clary.storage.identity_entities import ROLE, USER, Entities, Entity
from clary.storage.identity_store import IdentityStore, LimitExceeded, NoSuchEntity

ROOT = "root"
_MOST_KEYS = 2
_KEPT_AFTER_EXPIRY_SECONDS = 24 * 3600
"""So long an expired session is answered with "expired" and not with "unknown"."""


@dataclass(frozen=True, slots=True)
class Credential:
    """An active access key.

    Attributes:
        session_token: what must come with a temporary key, None for long-lived keys.
        expires: seconds since 1970, None for long-lived keys. Expired ones are returned too.
        session_policies: documents that limit what the session may do.
        tags: session tags.
    """

    secret: str = field(repr=False)
    principal: Principal
    session_token: str | None = field(default=None, repr=False)
    expires: float | None = None
    issued: float | None = None
    session_policies: tuple[str, ...] = field(default=(), repr=False)
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class AccessKey:
    """A long-lived key; `created` in seconds since 1970."""

    id: str
    account: str
    owner_kind: str
    owner_key: str
    status: str
    created: float
    secret: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Session:
    """New temporary credentials; `expires` in seconds since 1970."""

    access_key_id: str
    secret: str = field(repr=False)
    token: str = field(repr=False)
    expires: float


class Keys:
    """Makes, finds and withdraws keys.

    Args:
        store: the tables.
        entities: whose keys they are.
    """

    def __init__(self, store: IdentityStore, entities: Entities) -> None:
        self._store = store
        self._entities = entities

    def credential(self, access_key_id: str) -> Credential | None:
        """The active key of that id; cached, so that it costs about a microsecond."""
        cache = self._store.cache()
        known = cache.credentials.get(access_key_id)
        if known is not None:
            return known  # type: ignore[no-any-return]
        found = self._session(access_key_id) or self._long_lived(access_key_id)
        if found is not None:
            if len(cache.credentials) >= 10_000:
                cache.credentials.clear()
            cache.credentials[access_key_id] = found
        return found

    def _long_lived(self, access_key_id: str) -> Credential | None:
        row = self._store.row(
            "SELECT account, owner_kind, owner_key, secret, session_name FROM iam_access_keys"
            " WHERE id=? AND status='Active'",
            access_key_id,
        )
        if row is None:
            return None
        account, kind, key, secret, session_name = row
        if kind == ROOT:
            principal = Principal("root", f"arn:aws:iam::{account}:root", account, account, "root", "", access_key_id)
            return Credential(secret, principal)
        entity = self._entities.find(account, kind, key)
        if entity is None:
            return None
        if kind == ROLE:
            return Credential(secret, role_principal(entity, session_name, access_key_id))
        return Credential(secret, user_principal(entity, access_key_id))

    def _session(self, access_key_id: str) -> Credential | None:
        row = self._store.row("SELECT secret, token, issued, expires, body FROM iam_sessions WHERE id=?", access_key_id)
        if row is None:
            return None
        secret, token, issued, expires, text = row
        body = orjson.loads(text)
        principal = replace(Principal(**body["principal"]), limited=bool(body["policies"]))
        return Credential(secret, principal, token, expires, issued, tuple(body["policies"]), body["tags"])

    def create(self, account: str, owner_kind: str, owner: str, session_name: str = "") -> AccessKey:
        """Makes a long-lived key for a user, a role or the account's root.

        Args:
            session_name: for a role, the session as which the key acts.

        Raises:
            NoSuchEntity: the owner is not there.
            LimitExceeded: it has two keys.
        """
        key = AccessKey(
            unique_id("AKIA", 20), account, owner_kind, owner.lower(), "Active", self._store.clock.time(), secret_key()
        )

        def write(connection: sqlite3.Connection) -> AccessKey:
            if owner_kind != ROOT:
                self._entities.get_in(connection, account, owner_kind, owner)
            count = connection.execute(
                "SELECT count(*) FROM iam_access_keys WHERE account=? AND owner_kind=? AND owner_key=?",
                (account, owner_kind, key.owner_key),
            ).fetchone()[0]
            if count >= _MOST_KEYS:
                raise LimitExceeded(f"Cannot exceed quota for AccessKeysPerUser: {_MOST_KEYS}")
            connection.execute(
                "INSERT INTO iam_access_keys VALUES (?,?,?,?,?,?,?,?)",
                (key.id, account, owner_kind, key.owner_key, key.secret, key.status, key.created, session_name),
            )
            return key

        return self._store.write(write)

    def first(self, account: str, owner_kind: str, owner: str, session_name: str) -> AccessKey:
        """The oldest active key of an owner, with its secret; one is made when there is none."""
        row = self._store.row(
            "SELECT id, account, owner_kind, owner_key, status, created, secret FROM iam_access_keys"
            " WHERE account=? AND owner_kind=? AND owner_key=? AND status='Active' ORDER BY created, id",
            account,
            owner_kind,
            owner.lower(),
        )
        return AccessKey(*row) if row else self.create(account, owner_kind, owner, session_name)

    def of(self, account: str, owner_kind: str, owner: str) -> list[AccessKey]:
        """The long-lived keys of an owner, without their secrets."""
        rows = self._store.rows(
            "SELECT id, account, owner_kind, owner_key, status, created FROM iam_access_keys"
            " WHERE account=? AND owner_kind=? AND owner_key=? ORDER BY created, id",
            account,
            owner_kind,
            owner.lower(),
        )
        return [AccessKey(*row) for row in rows]

    def find(self, access_key_id: str) -> AccessKey | None:
        """A long-lived key, active or not, without its secret."""
        row = self._store.row(
            "SELECT id, account, owner_kind, owner_key, status, created FROM iam_access_keys WHERE id=?", access_key_id
        )
        return AccessKey(*row) if row else None

    def set_status(self, account: str, owner_kind: str, owner: str, access_key_id: str, status: str) -> None:
        """Switches a key on ("Active") or off ("Inactive").

        Raises:
            NoSuchEntity: the owner has no such key.
        """
        self._change(
            "UPDATE iam_access_keys SET status=? WHERE id=? AND account=? AND owner_kind=? AND owner_key=?",
            (status, access_key_id, account, owner_kind, owner.lower()),
            access_key_id,
        )

    def delete(self, account: str, owner_kind: str, owner: str, access_key_id: str) -> None:
        """Deletes a key.

        Raises:
            NoSuchEntity: the owner has no such key.
        """
        self._change(
            "DELETE FROM iam_access_keys WHERE id=? AND account=? AND owner_kind=? AND owner_key=?",
            (access_key_id, account, owner_kind, owner.lower()),
            access_key_id,
        )

    def _change(self, sql: str, values: Sequence[str], access_key_id: str) -> None:
        def write(connection: sqlite3.Connection) -> None:
            if not connection.execute(sql, values).rowcount:
                raise NoSuchEntity(f"The Access Key with id {access_key_id} cannot be found.")

        self._store.write(write)

    def issue_session(
        self,
        principal: Principal,
        duration_seconds: int,
        policies: Sequence[str] = (),
        tags: Mapping[str, str] | None = None,
        holder: str = "",
    ) -> Session:
        """Makes temporary credentials.

        Args:
            principal: as whom they act; its `access_key_id` is replaced by the new one.
            duration_seconds: how long they are valid.
            policies: documents of which each must allow what the session does.
            tags: session tags.
            holder: for whom they are made, so that `withdraw_sessions` finds them; "" for nobody in particular.
        """
        now = self._store.clock.time()
        session = Session(unique_id("ASIA", 20), secret_key(), secrets.token_urlsafe(192), now + duration_seconds)
        acting = replace(principal, access_key_id=session.access_key_id)
        body = orjson.dumps(
            {"principal": asdict(acting), "policies": list(policies), "tags": dict(tags or {}), "holder": holder}
        ).decode()

        def write(connection: sqlite3.Connection) -> Session:
            connection.execute("DELETE FROM iam_sessions WHERE expires < ?", (now - _KEPT_AFTER_EXPIRY_SECONDS,))
            connection.execute(
                "INSERT INTO iam_sessions VALUES (?,?,?,?,?,?)",
                (session.access_key_id, session.secret, session.token, now, session.expires, body),
            )
            return session

        return self._store.database.write(write)  # nothing that was read before is changed by a new key

    def withdraw_session(self, access_key_id: str) -> None:
        """Makes temporary credentials worthless at once; nothing happens where there are none of that id."""
        self._withdraw("DELETE FROM iam_sessions WHERE id=?", access_key_id)

    def withdraw_sessions(self, holder: str) -> None:
        """Makes all temporary credentials worthless that were made for a holder."""
        if self._store.row("SELECT 1 FROM iam_sessions WHERE json_extract(body, '$.holder')=?", holder) is not None:
            self._withdraw("DELETE FROM iam_sessions WHERE json_extract(body, '$.holder')=?", holder)

    def _withdraw(self, sql: str, value: str) -> None:
        self._store.write(lambda connection: connection.execute(sql, (value,)).rowcount)


def user_principal(user: Entity, access_key_id: str = "") -> Principal:
    """A user as a caller."""
    return Principal(USER, user.arn, user.account, user.id, user.name, "", access_key_id)


def role_principal(role: Entity, session_name: str, access_key_id: str = "") -> Principal:
    """A session of a role as a caller."""
    return Principal(
        kind="assumed-role",
        arn=f"arn:aws:sts::{role.account}:assumed-role/{role.name}/{session_name}",
        account=role.account,
        user_id=f"{role.id}:{session_name}",
        name=role.name,
        role_arn=role.arn,
        access_key_id=access_key_id,
    )
