"""Who calls what, when: the frozen value that travels with every request."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType

ACTING_KEY = "#"
"""Between an ARN and the key of a session whose policies count; no ARN holds it."""


@dataclass(frozen=True, slots=True)
class Principal:
    """An authenticated (or anonymous) caller.

    Attributes:
        kind: "root", "user", "assumed-role", "service" or "anonymous".
        arn: `arn:aws:iam::ACCOUNT:user/NAME`, `arn:aws:sts::ACCOUNT:assumed-role/ROLE/SESSION`, "" when anonymous.
        account: twelve digits, "" when anonymous.
        user_id: the unique id STS reports ("AIDA...", "AROA...:session").
        name: user or role name, without path.
        role_arn: for an assumed role, the ARN of the role itself; its policies are the ones that count.
        access_key_id: the key the request was signed with, "" when anonymous.
        limited: whether the key is a session's that has policies of its own, which limit what it may do.
    """

    kind: str
    arn: str
    account: str
    user_id: str = ""
    name: str = ""
    role_arn: str = ""
    access_key_id: str = ""
    limited: bool = False

    @property
    def acting_arn(self) -> str:
        """Names the caller to work that goes on in its name: its ARN, with the key of a session that is limited."""
        return f"{self.arn}{ACTING_KEY}{self.access_key_id}" if self.limited else self.arn

    @property
    def is_anonymous(self) -> bool:
        """Whether the request carried no signature."""
        return self.kind == "anonymous"


ANONYMOUS = Principal(kind="anonymous", arn="", account="")


@dataclass(frozen=True, slots=True)
class Call:
    """The circumstances of one request, handed to its handler.

    Attributes:
        api: botocore's name of the API ("sagemaker", "sagemaker-runtime", "s3", ...).
        operation: the operation's name in the model.
        account: the account that is acted on (the caller's own).
        region: from the signing scope, else the default region.
        endpoint: scheme, host and port the client used ("http://127.0.0.1:4566"), for URLs in answers.
        conditions: condition keys for policies ("aws:SourceIp", "aws:SecureTransport", "aws:UserAgent", ...).
    """

    api: str
    operation: str
    account: str
    region: str
    principal: Principal
    request_id: str
    time: datetime
    endpoint: str = ""
    conditions: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
