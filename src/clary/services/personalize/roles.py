"""May Personalize use the role a request names, and may the caller hand it over?"""

from __future__ import annotations

from clary.core.arn import Arn
from clary.core.call import Call
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
    if not identities.hand_over(call.principal, role_arn, SERVICE_PRINCIPAL):
        raise InvalidInputException(
            f"Amazon Personalize cannot assume the role {role_arn}. The role must exist, and its trust policy must "
            f"allow {SERVICE_PRINCIPAL} to assume it."
        )
    return role_arn
