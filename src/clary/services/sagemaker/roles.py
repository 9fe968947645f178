"""May SageMaker use the role a request names, and may the caller hand it over?"""

from __future__ import annotations

from clary.core.arn import Arn
from clary.core.call import Call
from clary.core.errors import ValidationException
from clary.storage.identities import Identities

SERVICE_PRINCIPAL = "sagemaker.amazonaws.com"


def require_role(identities: Identities, call: Call, role_arn: str, member: str = "RoleArn") -> None:
    """Checks a role that SageMaker shall act with.

    Args:
        member: the request's member that names it, for the message.

    Raises:
        ValidationException: it is of another account, does not exist, or does not trust SageMaker.
        AccessDeniedException: the caller may not pass it (iam:PassRole).
    """
    if Arn.parse(role_arn).account != call.account:
        raise ValidationException(f"{member}: Cross-account pass role is not allowed.")
    if not identities.hand_over(call.principal, role_arn, SERVICE_PRINCIPAL):
        raise ValidationException(
            f"Could not assume role {role_arn}. Please ensure that the role exists and allows principal "
            f"'{SERVICE_PRINCIPAL}' to assume the role."
        )
