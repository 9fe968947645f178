"""Recommendation ids: random, but they tell which campaign or recommender answered.

Whoever reports an event sends the id back; nothing is stored for it. Its first half is a hash of the answering
resource's ARN, so that among the few of a data set group the right one is found again.
"""

from __future__ import annotations

import hashlib
import re
import secrets
import uuid

_ID = re.compile(r"RID-([0-9a-f]{8})-([0-9a-f]{4})-")


def recommendation_id(arn: str) -> str:
    """A new id of an answer that a resource gave."""
    return f"RID-{uuid.UUID(bytes=_mark(arn) + secrets.token_bytes(10))}"


def is_from(identifier: str, arn: str) -> bool:
    """Whether a resource gave the answer with that id."""
    found = _ID.match(identifier)
    return found is not None and bytes.fromhex(found[1] + found[2]) == _mark(arn)


def _mark(arn: str) -> bytes:
    return hashlib.blake2b(arn.encode(), digest_size=6).digest()
