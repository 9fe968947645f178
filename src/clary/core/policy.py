"""IAM policy documents: what they say, and whether a request is allowed. Pure: no storage, no clock, no network.

    document = policy_documents.parse('{"Version": "2012-10-17", "Statement": {...}}')
    document.decide(Request("s3:GetObject", "arn:aws:s3:::data/a.csv", {"aws:sourceip": "10.0.0.1"}))

Which documents count together, and in which order, is `decide_together`: an explicit deny anywhere wins; in one
account a permission from either side suffices; across accounts both sides must allow; somebody anonymous is allowed
by resource policies alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Protocol

from clary.core.call import Principal
from clary.core.policy_conditions import Condition, Context, Values, value_of
from clary.core.policy_patterns import Pattern


class Effect(Enum):
    """What a document says about a request."""

    NONE = "none"
    ALLOW = "allow"
    ALLOW_ACCOUNT = "allow-account"
    """A resource policy names the caller's whole account: the account's own policies decide."""
    DENY = "deny"


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked of a policy.

    Attributes:
        action: "s3:GetObject".
        resource: an ARN, or "*" for actions that have none.
        context: condition keys in lower case.
        principal: the caller, for documents that name principals.
    """

    action: str
    resource: str
    context: Context = field(default_factory=dict)
    principal: Principal | None = None


@dataclass(frozen=True, slots=True)
class Principals:
    """The `Principal` element.

    Attributes:
        is_everyone: "*" or {"AWS": "*"}.
        arns: ARNs and account ids as written; the root ARN of an account stands for the account.
        services: "sagemaker.amazonaws.com", ...
        others: federated and canonical users: nobody here has such an identity.
    """

    is_everyone: bool = False
    arns: frozenset[str] = frozenset()
    services: frozenset[str] = frozenset()
    others: frozenset[str] = frozenset()

    def match(self, principal: Principal | None) -> Effect:
        """`ALLOW` when the caller is named, `ALLOW_ACCOUNT` when its account is, else `NONE`."""
        if self.is_everyone:
            return Effect.ALLOW
        if principal is None or principal.is_anonymous:
            return Effect.NONE
        if principal.kind == "service":
            return Effect.ALLOW if principal.name in self.services else Effect.NONE
        if principal.arn in self.arns or (principal.role_arn and principal.role_arn in self.arns):
            return Effect.ALLOW
        root = f"arn:aws:iam::{principal.account}:root"
        if principal.account in self.arns or root in self.arns:
            return Effect.ALLOW if principal.kind == "root" else Effect.ALLOW_ACCOUNT
        return Effect.NONE


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement; the `not_` flags say that the list names the exceptions."""

    allows: bool
    actions: tuple[Pattern, ...]
    not_actions: bool = False
    resources: tuple[Pattern, ...] = ()
    not_resources: bool = False
    principals: Principals | None = None
    not_principals: bool = False
    conditions: tuple[Condition, ...] = ()
    sid: str = ""

    def covers_action(self, action: str) -> bool:
        """Whether the statement speaks of this action."""
        return any(pattern.matches(action) for pattern in self.actions) is not self.not_actions

    def covers_resource(self, resource: str, context: Context) -> bool:
        """Whether the statement speaks of this resource; a trust policy's speak of the role they hang on."""
        if not self.resources:
            return True
        hit = any(
            pattern.matches(resource, lambda name: value_of(context, name))
            if pattern.names
            else pattern.matches(resource)
            for pattern in self.resources
        )
        return hit is not self.not_resources

    @property
    def names(self) -> frozenset[str]:
        """The condition keys its outcome depends on, in lower case."""
        found: frozenset[str] = frozenset()
        for condition in self.conditions:
            found |= condition.names
        for pattern in self.resources:
            found |= pattern.names
        return found

    def match_principal(self, principal: Principal | None) -> Effect:
        """How the statement names the caller; identity policies name nobody and mean their owner."""
        if self.principals is None:
            return Effect.ALLOW
        effect = self.principals.match(principal)
        if self.not_principals:
            return Effect.ALLOW if effect is Effect.NONE else Effect.NONE
        if effect is Effect.ALLOW_ACCOUNT and not self.allows:
            return Effect.ALLOW
        return effect

    def decide(self, request: Request) -> Effect:
        """What this one statement says."""
        if not self.covers_action(request.action) or not self.covers_resource(request.resource, request.context):
            return Effect.NONE
        effect = self.match_principal(request.principal)
        if effect is Effect.NONE or not all(condition.holds(request.context) for condition in self.conditions):
            return Effect.NONE
        return effect if self.allows else Effect.DENY


@dataclass(frozen=True, eq=False)
class PolicyDocument:
    """A parsed policy; `policy_documents.parse` makes it. Two are the same only when they are one object.

    Attributes:
        names: the condition keys its outcome depends on, in lower case.
    """

    statements: tuple[Statement, ...]
    version: str = "2012-10-17"
    names: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        names = frozenset[str]().union(*(statement.names for statement in self.statements))
        object.__setattr__(self, "names", names)

    def decide(self, request: Request) -> Effect:
        """What the statements say together: a deny beats every allow."""
        return decide_all(self.statements, request)


def decide_all(statements: Iterable[Statement], request: Request) -> Effect:
    """What statements say together: DENY, else ALLOW, else ALLOW_ACCOUNT, else NONE."""
    best = Effect.NONE
    for statement in statements:
        effect = statement.decide(request)
        if effect is Effect.DENY:
            return effect
        if effect is Effect.ALLOW or (effect is Effect.ALLOW_ACCOUNT and best is Effect.NONE):
            best = effect
    return best


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether a request is allowed.

    Attributes:
        explicit_deny: whether a policy forbids it; otherwise a refusal means that none allows it.
        reason: the end of AWS's sentence ("because no identity-based policy allows the s3:GetObject action"), "" when
            allowed.
    """

    allowed: bool
    explicit_deny: bool = False
    reason: str = ""

    def __bool__(self) -> bool:
        return self.allowed


ALLOWED = Decision(True)


class PolicyEvaluation(Protocol):
    """Evaluates the policies of a principal (storage's `Identities`)."""

    def allowed(
        self,
        principal: Principal,
        action: str,
        resource_arn: str,
        conditions: Mapping[str, Values] = ...,
        resource_policy: Mapping[str, Any] | PolicyDocument | None = ...,
        resource_account: str = ...,
    ) -> Decision:
        """Decides."""
        ...


def denial(principal: Principal, action: str, resource: str, decision: Decision, *, quoted: bool = False) -> str:
    """AWS's sentence for a refusal.

    Args:
        quoted: whether the resource stands in quotation marks, as S3 writes it.
    """
    thing = f'"{resource}"' if quoted else resource
    who = f"User: {principal.arn}" if principal.arn else "User: anonymous"
    return f"{who} is not authorized to perform: {action} on resource: {thing} {decision.reason}".rstrip()


def decide_together(
    request: Request,
    identity: Effect,
    resource: Effect = Effect.NONE,
    *,
    same_account: bool = True,
    limits: Mapping[str, Effect] | None = None,
) -> Decision:
    """Joins what the policies of both sides say.

    Args:
        identity: what the caller's own policies say.
        resource: what the resource's policy says.
        same_account: whether caller and resource belong to one account.
        limits: documents that only limit, by AWS's word for them ("permissions boundary", "session policy").
    """
    action = request.action
    for name, effect in (("identity-based policy", identity), ("resource-based policy", resource)):
        if effect is Effect.DENY:
            return Decision(False, True, f"with an explicit deny in a {name}".replace("a i", "an i"))
    for name, effect in (limits or {}).items():
        if effect is Effect.DENY:
            return Decision(False, True, f"with an explicit deny in a {name}")
    principal = request.principal
    stranger = principal is None or principal.is_anonymous or principal.kind == "service"
    by_resource = resource is Effect.ALLOW
    if stranger:
        if by_resource:
            return ALLOWED
        return Decision(False, False, f"because no resource-based policy allows the {action} action")
    for name, effect in (limits or {}).items():
        if effect is not Effect.ALLOW:
            return Decision(False, False, f"because no {name} allows the {action} action")
    if same_account:
        if identity is Effect.ALLOW or by_resource:
            return ALLOWED
        return Decision(False, False, f"because no identity-based policy allows the {action} action")
    if identity is not Effect.ALLOW:
        return Decision(False, False, f"because no identity-based policy allows the {action} action")
    if resource in (Effect.ALLOW, Effect.ALLOW_ACCOUNT):
        return ALLOWED
    return Decision(False, False, f"because no resource-based policy allows the {action} action")
