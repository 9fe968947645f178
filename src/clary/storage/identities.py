"""Who there is, with which keys, and what they may do: the local IAM, as the rest of Clary sees it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from clary.core.arn import Arn
from clary.core.call import ACTING_KEY, Principal
from clary.core.clock import Clock
from clary.core.errors import AccessDeniedException
from clary.core.policy import Decision, Effect, PolicyDocument, Request
from clary.core.policy_conditions import Values
from clary.core.policy_documents import MalformedPolicy, PolicyKind, parse
from clary.storage.database import Database
from clary.storage.identity_decisions import Decisions, PolicySource
from clary.storage.identity_entities import ROLE, USER, Entities, Entity
from clary.storage.identity_keys import ROOT, Credential, Keys, role_principal, user_principal
from clary.storage.identity_policies import Policies
from clary.storage.identity_store import SCHEMA, EntityAlreadyExists, IdentityStore, NoSuchEntity

__all__ = ["DEFAULT_ROLE", "SCHEMA", "Credential", "Credentials", "Identities", "Role"]

DEFAULT_ROLE = "ClaryExecutionRole"
_DEFAULT_SESSION = "clary"
_ADMINISTRATOR = "arn:aws:iam::aws:policy/AdministratorAccess"
_TRUSTED_SERVICES = (
    "sagemaker",
    "personalize",
    "rekognition",
    "textract",
    "comprehend",
    "quicksight",
    "events",
    "application-autoscaling",
    "lambda",
    "states",
)
_NOTHING: Mapping[str, Values] = {}


@dataclass(frozen=True, slots=True)
class Role:
    """A role.

    Attributes:
        id: the unique id ("AROA...").
        trust: the trust policy (AssumeRolePolicyDocument) as JSON text.
        created: seconds since 1970, UTC.
        max_session_seconds: the longest session AssumeRole gives.
    """

    name: str
    arn: str
    account: str
    path: str
    id: str
    trust: str
    created: float
    max_session_seconds: int = 3600
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Credentials:
    """What `clary env` gives to a shell."""

    access_key_id: str
    secret_access_key: str = field(repr=False)
    account: str
    role_arn: str


class Identities:
    """The local IAM.

    Promises:
        **Durability.** What a change returned is on disk.
        **Currency.** A change made here counts at once; one made by another process within a tenth of a second.
        **Cost.** `credential` and `allowed` take microseconds once an answer is known.
        **Secrets.** They are in the database file, whose mode is 0600, and in no repr.
        **Threads.** Every method may be called from any thread; only changes wait for the disk.

    Args:
        database: opened with (at least) this module's `SCHEMA`. Its file's mode becomes 0600.
        account: the account that names without an ARN belong to; twelve digits.
        check_seconds: how often changes of other processes are looked for.

    Attributes:
        entities: users, groups, roles and policies as rows.
        policies: managed and inline policies and what they hang on.
        keys: access keys and temporary credentials.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock | None = None,
        account: str = "123456789012",
        check_seconds: float = 0.1,
    ) -> None:
        store = IdentityStore(database, clock, check_seconds)
        self.account = account
        self.entities = Entities(store)
        self.policies = Policies(store, self.entities)
        self.keys = Keys(store, self.entities)
        self._decisions = Decisions(store, self.entities, self.policies, self.keys)

    def credential(self, access_key_id: str) -> Credential | None:
        """The active key of that id, None when there is none; expired temporary keys are returned with their time."""
        return self.keys.credential(access_key_id)

    def allowed(
        self,
        principal: Principal,
        action: str,
        resource_arn: str,
        conditions: Mapping[str, Values] = _NOTHING,
        resource_policy: Mapping[str, Any] | PolicyDocument | None = None,
        resource_account: str = "",
    ) -> Decision:
        """Whether a principal may do something.

        Args:
            action: "s3:GetObject".
            resource_arn: "*" for actions without a resource.
            conditions: condition keys of the request ("aws:SourceIp", "s3:prefix"); those of the principal and of the
                time are added here.
            resource_policy: the policy on the resource, parsed from JSON. It is remembered by identity: hand over
                the same object for the same policy, and do not change it.
            resource_account: the resource's account where the ARN names none (S3); the caller's by default.
        """
        if action.startswith("iam:") and resource_arn.startswith("arn:"):
            resource_arn = self._with_path(resource_arn)
        return self._decisions.allowed(principal, action, resource_arn, conditions, resource_policy, resource_account)

    def _with_path(self, arn: str) -> str:
        """The ARN of an entity that a request names without its path: policies speak of the path, too."""
        account, _, resource = arn.removeprefix("arn:aws:iam::").partition(":")
        kind, _, name = resource.partition("/")
        entity = self.entities.find(account, kind, name) if name and "/" not in name else None
        return entity.arn if entity is not None else arn

    def role(self, arn_or_name: str, account: str = "") -> Role | None:
        """The role of that ARN, or of that name in `account` (the default account), or None."""
        if arn_or_name.startswith("arn:"):
            entity = self.entities.by_arn(arn_or_name)
            return _role(entity) if entity is not None and entity.kind == ROLE else None
        entity = self.entities.find(account or self.account, ROLE, arn_or_name)
        return _role(entity) if entity is not None else None

    def role_principal(self, role_arn: str, session_name: str) -> Principal:
        """A session of a role as a caller: for work that Clary does in a role's name.

        Raises:
            NoSuchEntity: there is no such role.
        """
        entity = self.entities.by_arn(role_arn)
        if entity is None or entity.kind != ROLE:
            raise NoSuchEntity(f"The role with name {role_arn.rsplit('/', 1)[-1]} cannot be found.")
        return role_principal(entity, session_name)

    def principal(self, arn: str, session_name: str) -> Principal:
        """A caller by its ARN: for work that Clary goes on with in the name of whoever asked for it.

        Args:
            arn: of a role, a user, an account's root, or a session of a role; or a caller's `acting_arn`.
            session_name: of the session that a role acts in.

        Raises:
            NoSuchEntity: there is nobody of that ARN, or nothing is known any more of the session that limits it.
        """
        arn, _, key = arn.partition(ACTING_KEY)
        if key:
            credential = self.keys.credential(key)
            if credential is None or credential.principal.arn != arn:
                raise NoSuchEntity(f"The session of {arn} has ended, and with it what was known of its policies.")
            return credential.principal
        try:
            found = Arn.parse(arn)
        except ValueError:
            raise NoSuchEntity(f"{arn!r} names no role and no user.") from None
        if found.service == "iam" and found.resource == "root":
            return Principal(ROOT, arn, found.account, found.account, "root")
        if found.service == "sts":
            kind, _, rest = found.resource.partition("/")
            role = self.entities.find(found.account, ROLE, rest.partition("/")[0]) if kind == "assumed-role" else None
            if role is not None:
                return role_principal(role, rest.partition("/")[2])
        entity = self.entities.by_arn(arn)
        if entity is not None and entity.kind == USER:
            return user_principal(entity)
        return self.role_principal(arn, session_name)

    def trusts(self, role: Role, service_principal: str) -> bool:
        """Whether the role's trust policy lets a service assume it.

        Args:
            service_principal: "sagemaker.amazonaws.com".
        """
        service = Principal("service", service_principal, "", "", service_principal)
        return self.trust_effect(role, service) is Effect.ALLOW

    def trust_effect(
        self,
        role: Role,
        principal: Principal,
        conditions: Mapping[str, Values] = _NOTHING,
        action: str = "sts:AssumeRole",
    ) -> Effect:
        """What a role's trust policy says about a caller that wants to assume it."""
        document = trust_document(role.trust)
        context = self._decisions.context(principal, role.account, conditions)
        return document.decide(Request(action, role.arn, context, principal))

    def sources(self, entity: Entity) -> list[PolicySource]:
        """Every policy that gives rights to a user, group or role."""
        return self._decisions.sources(entity)

    def context(
        self, principal: Principal, resource_account: str, conditions: Mapping[str, Values] = _NOTHING
    ) -> Mapping[str, Values]:
        """The condition keys, in lower case, of a request that a principal makes now."""
        return self._decisions.context(principal, resource_account, conditions)

    def may_pass(self, principal: Principal, role_arn: str, service: str) -> Decision:
        """Whether a caller may hand a role to a service (iam:PassRole).

        Args:
            service: "sagemaker.amazonaws.com".
        """
        return self.allowed(principal, "iam:PassRole", role_arn, {"iam:PassedToService": service})

    def hand_over(self, principal: Principal, role_arn: str, service: str) -> bool:
        """Checks that a caller may hand a role to a service; returns whether the service can take it.

        Args:
            service: "sagemaker.amazonaws.com".

        Returns:
            False when there is no such role, or it does not trust the service.

        Raises:
            AccessDeniedException: the caller may not pass it.
        """
        # A caller without a name gets here only where the owner has switched verification off.
        if not principal.is_anonymous and not self.may_pass(principal, role_arn, service).allowed:
            raise AccessDeniedException(
                f"User: {principal.arn} is not authorized to perform: iam:PassRole on resource: {role_arn} because no "
                "identity-based policy allows the iam:PassRole action"
            )
        role = self.role(role_arn)
        return role is not None and self.trusts(role, service)

    def bootstrap(self, account: str = "") -> Credentials:
        """Makes what a new installation needs, once: the execution role and the first access key.

        The key acts as a session of the role, because the SageMaker SDKs take an assumed-role identity for the role
        that their jobs run as. It is long-lived: a shell that was set up once keeps working.

        Args:
            account: twelve digits; the default account when empty.
        """
        account = account or self.account
        trust = json.dumps(
            {
                "Version": "2012-10-17",
                "Statement": [
                    {
                        "Effect": "Allow",
                        "Principal": {
                            "AWS": f"arn:aws:iam::{account}:root",
                            "Service": [f"{name}.amazonaws.com" for name in _TRUSTED_SERVICES],
                        },
                        "Action": "sts:AssumeRole",
                    }
                ],
            }
        )
        body = {
            "trust": trust,
            "description": "What Clary's jobs and endpoints run as, and whom the first access key belongs to.",
            "max_session_seconds": 43_200,
        }
        try:
            role = self.entities.create(account, ROLE, DEFAULT_ROLE, "/", body)
            self.policies.attach(account, ROLE, DEFAULT_ROLE, _ADMINISTRATOR)
        except EntityAlreadyExists:
            role = self.entities.get(account, ROLE, DEFAULT_ROLE)
        key = self.keys.first(account, ROLE, DEFAULT_ROLE, _DEFAULT_SESSION)
        return Credentials(key.id, key.secret, account, role.arn)


@lru_cache(maxsize=256)
def trust_document(text: str) -> PolicyDocument:
    """A trust policy, parsed; one that cannot be read trusts nobody."""
    try:
        return parse(text, PolicyKind.TRUST)
    except MalformedPolicy:
        return PolicyDocument(())


def _role(entity: Entity) -> Role:
    return Role(
        entity.name,
        entity.arn,
        entity.account,
        entity.path,
        entity.id,
        entity.body["trust"],
        entity.created,
        entity.body.get("max_session_seconds", 3600),
        entity.tags,
    )
