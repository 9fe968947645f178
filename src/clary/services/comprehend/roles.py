"""May Comprehend use the role a request names, and may the caller hand it over?"""

from __future__ import annotations

from clary.core.arn import Arn
from clary.core.call import Call
from clary.services.comprehend.errors import InvalidRequestException
from clary.storage.identities import Identities

SERVICE_PRINCIPAL = "comprehend.amazonaws.com"


def require_role(identities: Identities, call: Call, role_arn: str) -> str:
    """Checks a role that Comprehend shall act with, and returns it.

    Raises:
        InvalidRequestException: it is of another account, does not exist, or does not trust Comprehend.
        AccessDeniedException: the caller may not pass it (iam:PassRole).
    """
    if Arn.parse(role_arn).account != call.account:
        raise InvalidRequestException(f"DataAccessRoleArn {role_arn}: the role must belong to the account.")
    if not identities.hand_over(call.principal, role_arn, SERVICE_PRINCIPAL):
        raise InvalidRequestException(
            f"Amazon Comprehend cannot assume the role {role_arn}. The role must exist, and its trust policy must "
            f"allow {SERVICE_PRINCIPAL} to assume it."
        )
    return role_arn
