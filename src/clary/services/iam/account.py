"""The account as a whole: counts and aliases."""

from __future__ import annotations

from typing import Any

from clary.core.call import Call
from clary.core.operations import operation
from clary.services.iam.documents import INLINE_LIMITS, MANAGED_LIMIT, TRUST_LIMIT
from clary.storage.identities import Identities
from clary.storage.identity_entities import GROUP, INSTANCE_PROFILE, POLICY, ROLE, USER


class Account:
    """What IAM says of the account itself."""

    api = "iam"

    def __init__(self, identities: Identities) -> None:
        self._identities = identities

    @operation("GetAccountSummary")
    def summary(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Counts entities and names the quotas that Clary enforces."""
        counted = {
            "Users": USER,
            "Groups": GROUP,
            "Roles": ROLE,
            "Policies": POLICY,
            "InstanceProfiles": INSTANCE_PROFILE,
        }
        summary = {name: self._identities.entities.count(call.account, kind) for name, kind in counted.items()}
        return {
            "SummaryMap": summary
            | {
                "AccessKeysPerUserQuota": 2,
                "AttachedPoliciesPerUserQuota": 10,
                "AttachedPoliciesPerGroupQuota": 10,
                "AttachedPoliciesPerRoleQuota": 10,
                "VersionsPerPolicyQuota": 5,
                "PolicySizeQuota": MANAGED_LIMIT,
                "UserPolicySizeQuota": INLINE_LIMITS["user"],
                "GroupPolicySizeQuota": INLINE_LIMITS["group"],
                "RolePolicySizeQuota": INLINE_LIMITS["role"],
                "AssumeRolePolicySizeQuota": TRUST_LIMIT,
            }
        }

    @operation("ListAccountAliases")
    def aliases(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Lists aliases: accounts of Clary have none."""
        return {"AccountAliases": [], "IsTruncated": False}
