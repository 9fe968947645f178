"""Opaque page tokens: where the next page begins, readable by Clary alone but not secret."""

from __future__ import annotations

import base64
import binascii
import json
from typing import Any


class InvalidToken(ValueError):
    """A token that Clary did not make, or made for another listing."""


def encode_token(*position: Any) -> str:
    """Packs the position after which the next page begins."""
    return base64.urlsafe_b64encode(json.dumps(position, separators=(",", ":")).encode()).decode().rstrip("=")


def decode_token(token: str, length: int) -> list[Any]:
    """Unpacks a token of `length` values.

    Raises:
        InvalidToken: it was not made by `encode_token` with that many values.
    """
    try:
        position = json.loads(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
    except (binascii.Error, ValueError) as error:
        raise InvalidToken(token) from error
    if not isinstance(position, list) or len(position) != length:
        raise InvalidToken(token)
    return position
