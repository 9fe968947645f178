"""Decides, quickly: what a principal's policies say is compiled once and remembered until an identity changes."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from clary.core.call import Principal
from clary.core.policy import (
    ALLOWED,
    Decision,
    Effect,
    PolicyDocument,
    Request,
    Statement,
    decide_all,
    decide_together,
)
from clary.core.policy_conditions import Values
from clary.core.policy_documents import MalformedPolicy, PolicyKind, parse
from clary.storage.identity_entities import GROUP, USER, Entities, Entity
from clary.storage.identity_keys import Keys
from clary.storage.identity_policies import Policies
from clary.storage.identity_store import IdentityStore

_MOST_DECISIONS = 8192
_MOST_RESOURCE_POLICIES = 512
_TIMES = frozenset(("aws:currenttime", "aws:epochtime"))
_NOTHING: Mapping[str, Values] = {}

BOUNDARY, SESSION = "permissions boundary", "session policy"


@dataclass(frozen=True, slots=True)
class PolicySource:
    """A policy that counts for somebody.

    Attributes:
        name: the policy's name.
        kind: where it hangs: "user", "group" or "role" (inline), "aws-managed" or "user-managed".
        document: its JSON text.
    """

    name: str
    kind: str
    document: str


class Rights:
    """What one principal may do.

    Attributes:
        statements: of all policies that give rights.
        limits: statements that every permission must pass, by AWS's name for their document.
        names: the condition keys on which anything of it depends, in lower case.
        context: the condition keys that come from the principal itself.
        decisions: what was decided before.
    """

    __slots__ = ("_by_action", "context", "decisions", "limits", "names", "statements")

    def __init__(
        self,
        statements: Iterable[Statement],
        limits: Mapping[str, tuple[Statement, ...]],
        context: Mapping[str, Values],
    ) -> None:
        self.statements = tuple(statements)
        self.limits = limits
        self.context = context
        self.names = frozenset[str]().union(
            *(one.names for one in self.statements), *(one.names for some in limits.values() for one in some)
        )
        self.decisions: dict[Any, Decision] = {}
        self._by_action: dict[str, tuple[Statement, ...]] = {}

    def says(self, request: Request) -> Effect:
        """What the identity policies say."""
        relevant = self._by_action.get(request.action)
        if relevant is None:
            relevant = tuple(one for one in self.statements if one.covers_action(request.action))
            if len(self._by_action) >= _MOST_DECISIONS:
                self._by_action.clear()
            self._by_action[request.action] = relevant
        return decide_all(relevant, request)

    def limited(self, request: Request) -> dict[str, Effect]:
        """What the limiting documents say."""
        return {name: decide_all(some, request) for name, some in self.limits.items()}


class Decisions:
    """Answers "may this principal do that?".

    Args:
        store: knows when what was remembered is out of date.
    """

    def __init__(self, store: IdentityStore, entities: Entities, policies: Policies, keys: Keys) -> None:
        self._store = store
        self._entities = entities
        self._policies = policies
        self._keys = keys
        self._documents: OrderedDict[int, tuple[Mapping[str, Any], PolicyDocument]] = OrderedDict()

    def allowed(
        self,
        principal: Principal,
        action: str,
        resource_arn: str,
        conditions: Mapping[str, Values] = _NOTHING,
        resource_policy: Mapping[str, Any] | PolicyDocument | None = None,
        resource_account: str = "",
    ) -> Decision:
        """Whether a principal may do something; see `Identities.allowed`."""
        rights = self.rights(principal)
        document = self._document(resource_policy) if resource_policy is not None else None
        names = rights.names if document is None else rights.names | document.names
        key: Any = None
        if not names:
            key = (action, resource_arn, resource_account, document)
        elif not names & _TIMES:
            try:
                key = (action, resource_arn, resource_account, document, frozenset(conditions.items()))
            except TypeError:  # a multi-valued condition as a list
                key = None
        if key is not None:
            known = rights.decisions.get(key)
            if known is not None:
                return known
        decision = self._decide(principal, rights, action, resource_arn, conditions, document, resource_account)
        if key is not None:
            if len(rights.decisions) >= _MOST_DECISIONS:
                rights.decisions.clear()
            rights.decisions[key] = decision
        return decision

    def _decide(
        self,
        principal: Principal,
        rights: Rights,
        action: str,
        resource_arn: str,
        conditions: Mapping[str, Values],
        document: PolicyDocument | None,
        resource_account: str,
    ) -> Decision:
        owner = resource_account or account_of(resource_arn) or principal.account
        context: Mapping[str, Values] = _NOTHING
        if rights.names or (document is not None and document.names):
            context = self.context(principal, owner, conditions)
        request = Request(action, resource_arn, context, principal)
        same_account = owner == principal.account
        identity = Effect.ALLOW if principal.kind == "root" else rights.says(request)
        resource = document.decide(request) if document is not None else Effect.NONE
        if identity is Effect.ALLOW and resource is Effect.NONE and same_account and not rights.limits:
            return ALLOWED
        return decide_together(request, identity, resource, same_account=same_account, limits=rights.limited(request))

    def context(
        self, principal: Principal, resource_account: str, conditions: Mapping[str, Values]
    ) -> dict[str, Values]:
        """The condition keys, in lower case, of a request that a principal makes now."""
        given = {name.lower(): value for name, value in conditions.items()}
        own = self.rights(principal).context
        return {**own, **self._now(), "aws:resourceaccount": resource_account, **given}

    def _now(self) -> dict[str, Values]:
        seconds = self._store.clock.time()
        moment = datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        return {"aws:currenttime": moment, "aws:epochtime": str(int(seconds))}

    def rights(self, principal: Principal) -> Rights:
        """What a principal may do, compiled; cached until an identity changes."""
        cache = self._store.cache()
        key = (principal.arn, principal.user_id, principal.access_key_id)
        known = cache.rights.get(key)
        if known is None:
            known = self._compiled(principal)
            if len(cache.rights) >= 10_000:
                cache.rights.clear()
            cache.rights[key] = known
        return known

    def _compiled(self, principal: Principal) -> Rights:
        if principal.is_anonymous:
            return Rights((), {}, {})
        context: dict[str, Values] = {
            "aws:principalarn": principal.role_arn or principal.arn,
            "aws:principalaccount": principal.account,
            "aws:principaltype": {"user": "User", "root": "Account", "assumed-role": "AssumedRole"}.get(
                principal.kind, "Service"
            ),
            "aws:principalisawsservice": "true" if principal.kind == "service" else "false",
            "aws:userid": principal.user_id,
        }
        limits: dict[str, tuple[Statement, ...]] = {}
        self._add_session(principal, context, limits)
        if principal.kind not in ("user", "assumed-role"):
            return Rights((), limits, context)
        if principal.kind == "user":
            context["aws:username"] = principal.name
        entity = self._entities.by_arn(principal.role_arn or principal.arn)
        if entity is None or entity.id != principal.user_id.split(":", 1)[0]:
            return Rights((), limits, context)  # deleted since, or another one of the same name
        context.update({f"aws:principaltag/{key.lower()}": value for key, value in entity.tags.items()})
        boundary = entity.body.get("boundary")
        if boundary:
            limits[BOUNDARY] = _statements([self._policies.document(boundary) or ""])
        return Rights(_statements(source.document for source in self.sources(entity)), limits, context)

    def _add_session(
        self, principal: Principal, context: dict[str, Values], limits: dict[str, tuple[Statement, ...]]
    ) -> None:
        credential = self._keys.credential(principal.access_key_id) if principal.access_key_id else None
        if credential is None or credential.session_token is None:
            return
        context["aws:multifactorauthpresent"] = "false"
        if credential.issued is not None:
            issued = datetime.fromtimestamp(credential.issued, UTC)
            context["aws:tokenissuetime"] = issued.strftime("%Y-%m-%dT%H:%M:%SZ")
        context.update({f"aws:principaltag/{key.lower()}": value for key, value in credential.tags.items()})
        if credential.session_policies:
            limits[SESSION] = _statements(credential.session_policies)

    def sources(self, entity: Entity) -> list[PolicySource]:
        """Every policy that gives rights to a user, group or role."""
        owners = [entity]
        if entity.kind == USER:
            owners += self._entities.containers(entity.account, GROUP, entity.name)
        found: list[PolicySource] = []
        for owner in owners:
            inline = self._policies.inline(owner.account, owner.kind, owner.name)
            found += [PolicySource(name, owner.kind, document) for name, document in inline.items()]
            for arn in self._policies.attached(owner.account, owner.kind, owner.name):
                document = self._policies.document(arn)
                if document is not None:
                    kind = "aws-managed" if arn.startswith("arn:aws:iam::aws:") else "user-managed"
                    found.append(PolicySource(arn.rsplit("/", 1)[-1], kind, document))
        return found

    def _document(self, policy: Mapping[str, Any] | PolicyDocument) -> PolicyDocument:
        """The parsed form of a resource policy; the same object is parsed once, so it must not be changed."""
        if isinstance(policy, PolicyDocument):
            return policy
        known = self._documents.get(id(policy))
        if known is not None and known[0] is policy:
            return known[1]
        try:
            document = parse(policy, PolicyKind.RESOURCE)
        except MalformedPolicy:
            document = PolicyDocument(())  # what cannot be read opens nothing
        self._documents[id(policy)] = (policy, document)
        while len(self._documents) > _MOST_RESOURCE_POLICIES:
            try:
                self._documents.popitem(last=False)
            except KeyError:  # another thread emptied it meanwhile
                break
        return document


def _statements(documents: Iterable[str]) -> tuple[Statement, ...]:
    """The statements of identity policies; a document that cannot be read denies everything."""
    found: list[Statement] = []
    for text in documents:
        try:
            found += parse(text).statements
        except MalformedPolicy:
            found += parse(
                '{"Version":"2012-10-17","Statement":{"Effect":"Deny","Action":"*","Resource":"*"}}'
            ).statements
    return tuple(found)


def account_of(arn: str) -> str:
    """The account in an ARN, "" when it names none."""
    parts = arn.split(":", 5)
    return parts[4] if len(parts) == 6 else ""
