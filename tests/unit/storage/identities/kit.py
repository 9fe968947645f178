"""Policies and a question that the tests of identities share."""

from __future__ import annotations

import json

from clary.core.call import Principal
from clary.storage.identities import Identities

ACCOUNT = "123456789012"
OBJECT = "arn:aws:s3:::data/a.csv"
READ_ALL = json.dumps(
    {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::*"}}
)
DENY_ALL = json.dumps({"Version": "2012-10-17", "Statement": {"Effect": "Deny", "Action": "*", "Resource": "*"}})
ALLOW_ALL = json.dumps({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}})


def allow(action: str, resource: str = "*", **parts) -> str:
    return json.dumps(
        {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": action, "Resource": resource, **parts}}
    )


def may(
    identities: Identities, principal: Principal, action: str = "s3:GetObject", resource: str = OBJECT, **kw
) -> bool:
    return identities.allowed(principal, action, resource, **kw).allowed
