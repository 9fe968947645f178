"""May Personalize use the role a request names, and may the caller hand it over?"""

from __future__ import annotations

from clary.core.arn import Arn
from clary.core.call import Call
from clary.core.errors import AccessDeniedException
from clary.services.personalize.errors import InvalidInputException
from clary.storage.identities import Identities

SERVICE_PRINCIPAL = "personalize.amazonaws.com"


def require_role(identities: Identities, call: Call, role_arn: str | None) -> str:
    """Checks a role that Personalize shall act with, and returns it.

    Raises:
        InvalidInputException: none is given, it is of another account, does not exist, or does not trust Personalize.
        AccessDeniedException: the caller may not pass it (iam:PassRole).
    """
    if not role_arn:
        raise InvalidInputException("roleArn is required: Personalize reads and writes S3 with this role.")
    if Arn.parse(role_arn).account != call.account:
        raise InvalidInputException(f"roleArn {role_arn}: the role must belong to the account {call.account}.")
    # A caller without a name gets here only where the owner has switched verification off.
    if not call.principal.is_anonymous and not identities.may_pass(call.principal, role_arn, SERVICE_PRINCIPAL).allowed:
        raise AccessDeniedException(
            f"User: {call.principal.arn} is not authorized to perform: iam:PassRole on resource: {role_arn} because no "
            "identity-based policy allows the iam:PassRole action"
        )
    role = identities.role(role_arn)
    if role is None or not identities.trusts(role, SERVICE_PRINCIPAL):
        raise InvalidInputException(
            f"Amazon Personalize cannot assume the role {role_arn}. The role must exist, and its trust policy must "
            f"allow {SERVICE_PRINCIPAL} to assume it."
        )
    return role_arn
