"""Identifiers in the forms AWS uses."""

from __future__ import annotations

import secrets
import uuid

_UPPER = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"


def request_id() -> str:
    """A new request id: a UUID in lower case."""
    return str(uuid.uuid4())


def unique_id(prefix: str, length: int = 21) -> str:
    """A new IAM-style id of `length` characters ("AKIA", "ASIA", "AIDA", "AROA", ... and base-32 letters)."""
    return prefix + "".join(secrets.choice(_UPPER) for _ in range(length - len(prefix)))


def secret_key() -> str:
    """A new secret access key of 40 characters."""
    return secrets.token_urlsafe(30)
